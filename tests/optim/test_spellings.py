"""An update may be spelled in any tensor arithmetic: foreach=True runs it as foreach=False does."""

import math

import pytest
import torch
from counterparts import assert_same, copies, give_gradients, parameters

from corelab import optim


def operators(self, theta, g, state, group):
    state["step"] += 1
    state["sum"] = state["sum"] + g**2
    theta -= group["lr"] * g / (state["sum"] ** 0.5 + group["eps"])


def functions(self, theta, g, state, group):
    state["step"] = torch.add(input=state["step"], other=1)
    state["sum"].copy_(torch.add(state["sum"], torch.square(g)))
    denominator = torch.mul(torch.sqrt(state["sum"]), other=1) + group["eps"]
    theta.copy_(torch.sub(theta, torch.div(g, denominator), alpha=group["lr"]))


def guards(self, theta, g, state, group):
    state["step"].add_(1)
    state["sum"].add_(g.abs() * abs(g))
    root = torch.maximum(state["sum"], torch.zeros_like(g)).sqrt()
    quotient = torch.where(root == 0, 0.0, g / root)
    quotient[g == 0] = 0.0
    theta.sub_(quotient, alpha=group["lr"])


def reflected(self, theta, g, state, group):
    t = 1 + state["step"]
    state["step"] = t
    state["sum"] = g * g + state["sum"]
    theta += -group["lr"] * g * (1 / (group["eps"] + state["sum"].sqrt())) * (2 - t**0)


def counting(self, theta, g, state, group):
    t = state["step"].add_(1)
    if t == 1:
        state["sum"] = g.square()
    else:
        state["sum"].add_(g.square())
    rate = group["lr"] / math.sqrt(t) * float(t) ** 0.5 / (1 + int(t)) * (1 + t.item())
    theta.sub_(rate * g / (state["sum"].sqrt() + group["eps"]))


def sums_and_norms(self, theta, g, state, group):
    """Each parameter has its own."""
    state["step"] += 1
    state["sum"].mul_(0.9).add_(g * g)
    largest, _where = g.flatten().max(0)
    size = g.norm().item() + g.pow(2).sum() + largest.abs()
    theta.data -= group["lr"] * g / size


def in_numbers(self, theta, g, state, group):
    """State in plain numbers, and under keys of its own."""
    count = state["count"] = state.get("count", 0) + 1
    state.setdefault("mean", torch.zeros_like(g)).mul_(1 - 1 / count).add_(g / count)
    state["last"], last = g.clone(), state.pop("last", None)
    theta.sub_(group["lr"] * (state["mean"] if last is None else state["mean"] + last))


def stacked(self, theta, g, state, group):
    state["step"] += 1
    state["sum"] += torch.stack([g, -g]).amax(0) ** 2
    theta.lerp_(theta - g / (state["sum"].sqrt() + 1), group["lr"])


SPELLINGS = [
    operators,
    functions,
    guards,
    reflected,
    counting,
    sums_and_norms,
    in_numbers,
    stacked,
]


def steps_of_both(update, params, **settings):
    """Both paths step by step: optimizers and parameters. One joins late, so that its t differs."""
    cls = type("Mine", (optim.Adagrad,), {"update": update})
    sides = params, copies(params)
    pair = [cls(sides[i], lr=0.1, foreach=bool(i), **settings) for i in range(2)]
    for step in range(5):
        give_gradients(*sides, seed=step)
        for side in sides:
            side[0].grad[0] = 0
            side[1].grad = side[1].grad if step >= 2 else None
        for optimizer in pair:
            optimizer.step()
        yield pair, sides


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("update", SPELLINGS)
def test_a_spelling_goes_one_way_on_both_paths(update, dtype):
    start = parameters(dtype)
    for pair, sides in steps_of_both(update, copies(start), weight_decay=0.1, maximize=True):
        assert_same(*sides, exactly=True)
        for p, q in zip(*sides, strict=True):
            one, other = (dict(o.state[x]) for o, x in zip(pair, (p, q), strict=True))
            assert one.pop("count", None) == other.pop("count", None)
            torch.testing.assert_close(one, other, rtol=0, atol=0)
    assert not torch.equal(sides[0][0], start[0])


def test_sizes_are_each_parameters_own():
    def update(_self, theta, g, _state, group):
        theta.sub_(group["lr"] * g / g.numel() - 1 / g.numel() + g.dim())

    for _, sides in steps_of_both(update, parameters()):
        assert_same(*sides, exactly=True)


@pytest.mark.parametrize("update", [operators, functions, reflected])
def test_the_usual_spellings_are_torchs_adagrad(update):
    """With complex parameters, too: they are pairs of real numbers for it."""
    for dtype in (torch.float64, torch.complex128):
        others = parameters(dtype)
        theirs = torch.optim.Adagrad(others, lr=0.1)
        for step, (_, sides) in enumerate(steps_of_both(update, parameters(dtype))):
            give_gradients(others, seed=step)
            others[0].grad[0] = 0
            others[1].grad = others[1].grad if step >= 2 else None
            theirs.step()
            for side in sides:
                for p, q in zip(side, others, strict=True):
                    torch.testing.assert_close(p, q, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("update", [operators, functions, reflected, stacked])
def test_t_that_is_never_read(update):
    """capturable: t stays on the device, one for each parameter. float32, hence the tolerance."""

    class Mine(optim.RMSprop):
        def update(self, theta, g, state, group):
            state["sum"] = state["square_avg"]
            update(self, theta, g, state, group)
            state["square_avg"] = state.pop("sum")

    sides = parameters(), parameters()
    pair = Mine(sides[0], lr=0.1, foreach=False), Mine(sides[1], lr=0.1, capturable=True)
    for step in range(4):
        give_gradients(*sides, seed=step)
        for optimizer in pair:
            optimizer.step()
    for p, q in zip(*sides, strict=True):
        torch.testing.assert_close(p, q, rtol=1e-6, atol=1e-6)


def clips(self, theta, g, state, group):
    if g.norm() > 1:
        theta.sub_(g)


def reads_a_number(self, theta, g, state, group):
    theta.sub_(g, alpha=1 / math.sqrt(g.norm()))


def goes_through_rows(self, theta, g, state, group):
    for x, y in zip(theta, g, strict=True):
        x.sub_(y)


def asks_for_the_shape(self, theta, g, state, group):
    theta.sub_(g * torch.ones(theta.shape))


def keeps_a_list(self, theta, g, state, group):
    state["past"] = [g]


@pytest.mark.parametrize(
    "update", [clips, reads_a_number, goes_through_rows, asks_for_the_shape, keeps_a_list]
)
def test_what_cannot_be_done_at_once_is_refused_with_the_way_out(update):
    cls = type("Mine", (optim.GradientDescent,), {"update": update, "stateful": True})
    params = parameters()
    give_gradients(params, seed=0)
    with pytest.raises(TypeError, match=r"many parameters at once: .*torch.where.*foreach=False"):
        cls(params, foreach=True).step()
    cls(params[:2], foreach=False).step()
