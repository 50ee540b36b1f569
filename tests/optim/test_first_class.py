"""What a torch.optim.Optimizer can do, ours can."""

import copy
import inspect

import pytest
import torch
from counterparts import (
    COUNTERPARTS,
    EVERY,
    assert_same,
    copies,
    give_gradients,
    parameters,
    torch_class,
    walk,
)
from torch.optim import lr_scheduler
from torch.optim.optimizer import register_optimizer_step_post_hook

from corelab import optim
from corelab.optim.parity import varied

CONVENTIONS = [(cls, convention) for cls in EVERY for convention in cls.conventions]
LEFT_OUT = {"differentiable", "fused"}
ANOTHER_CLASS = {
    "nesterov",
    "decoupled_weight_decay",
}  # Nesterov and AdamW are classes of their own


def signature(cls):
    return [p for p in inspect.signature(cls).parameters.values() if p.name != "convention"]


@pytest.mark.parametrize("cls", EVERY)
def test_names_order_and_defaults_are_torchs(cls):
    theirs = signature(torch_class(cls))
    theirs = {p.name: p for p in theirs if p.name not in LEFT_OUT | ANOTHER_CLASS}
    ours = {p.name: p for p in signature(cls)}
    defaults = {name: p.default for name, p in theirs.items()}
    if cls is optim.GradientDescent:
        del defaults["momentum"], defaults["dampening"]
    elif "dampening" in defaults:
        defaults["momentum"] = 0.9  # SGD's is 0
    assert {name: p.default for name, p in ours.items()} == defaults
    assert list(ours) == [name for name in theirs if name in ours]
    if cls is not optim.GradientDescent:  # its third argument would be a momentum in torch
        for name, p in ours.items():
            assert p.kind == theirs[name].kind, name
    assert inspect.signature(cls).parameters["convention"].kind is inspect.Parameter.KEYWORD_ONLY


@pytest.mark.parametrize("cls", EVERY)
def test_closure(cls):
    x = torch.tensor([3.0], requires_grad=True)
    optimizer = cls([x], lr=0.1)

    def closure():
        assert torch.is_grad_enabled()
        optimizer.zero_grad()
        loss = (x**2).sum()
        loss.backward()
        return loss

    with torch.no_grad():
        assert optimizer.step(closure).item() == 9
    assert x.item() < 3
    assert optimizer.step() is None
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("cls", EVERY)
def test_sparse_gradients_are_refused(cls):
    embedding = torch.nn.Embedding(4, 2, sparse=True)
    embedding(torch.tensor([1])).sum().backward()
    with pytest.raises(RuntimeError, match=f"{cls.__name__} does not support sparse gradients"):
        cls(embedding.parameters()).step()


@pytest.mark.parametrize("cls", EVERY)
def test_state_holds_nothing_but_torchs_keys(cls):
    params, others = parameters(), parameters()
    ours, theirs = cls(params), COUNTERPARTS[cls](others)
    walk([ours, theirs], [params, others], 2)
    for p, q in zip(params, others, strict=True):
        assert list(ours.state.get(p, {})) == list(theirs.state.get(q, {}))
        for key, value in ours.state.get(p, {}).items():
            other = theirs.state[q][key]
            assert (value.dtype, value.shape, value.device) == (
                other.dtype,
                other.shape,
                other.device,
            )


@pytest.mark.parametrize("cls", EVERY)
def test_hooks(cls):
    said = []
    params = parameters()
    optimizer = cls(params)
    optimizer.register_step_pre_hook(lambda *_: said.append("before"))
    optimizer.register_step_post_hook(lambda *_: said.append("after"))
    optimizer.register_state_dict_post_hook(lambda _, state: state | {"said": len(said)})
    optimizer.register_load_state_dict_pre_hook(
        lambda _, state: said.append(f"loading {state['said']}")
    )
    handle = register_optimizer_step_post_hook(lambda *_: said.append("after all"))
    walk([optimizer], [params], 1)
    handle.remove()
    optimizer.load_state_dict(optimizer.state_dict())
    assert said == ["before", "after", "after all", "loading 3"]


@pytest.mark.parametrize("cls", EVERY)
def test_add_param_group(cls):
    """A group that joins later goes the way of one that had no gradients until then."""
    params, others = parameters(), parameters()
    late = {"lr": 0.01, "weight_decay": 0.5}
    ours = cls(params[:2], lr=0.1)
    theirs = COUNTERPARTS[cls]([{"params": others[:2]}, {"params": others[2:], **late}], lr=0.1)
    walk([ours, theirs], [params[:2], others[:2]], 2)
    ours.add_param_group({"params": params[2:], **late})
    walk([ours, theirs], [params, others], 3, start=2)
    assert_same(params, others)
    with pytest.raises(ValueError, match="Invalid learning rate: -1"):
        ours.add_param_group({"params": [torch.zeros(1)], "lr": -1})
    assert len(ours.param_groups) == 2
    with pytest.raises(TypeError, match="param_group must be a dict"):
        ours.add_param_group([torch.zeros(1)])


@pytest.mark.parametrize("cls", EVERY)
def test_zero_grad(cls):
    params = parameters()
    optimizer = cls(params)
    give_gradients(params, seed=0)
    optimizer.zero_grad(set_to_none=False)
    assert all(p.grad.eq(0).all() for p in params)
    optimizer.zero_grad()
    assert all(p.grad is None for p in params)
    before = copies(params)
    optimizer.step()
    assert_same(params, before, exactly=True)


@pytest.mark.parametrize("cls", EVERY)
@pytest.mark.parametrize("bad", [-1, float("nan"), torch.tensor(-1.0)])
def test_bad_learning_rates(cls, bad):
    with pytest.raises(ValueError, match=f"Invalid learning rate: {bad}"):
        cls([torch.zeros(1)], lr=bad)


SCHEDULES = {
    "StepLR": lambda o: lr_scheduler.StepLR(o, step_size=2, gamma=0.5),
    "LambdaLR": lambda o: lr_scheduler.LambdaLR(o, lambda epoch: 1 / (1 + epoch)),
    "OneCycleLR": lambda o: lr_scheduler.OneCycleLR(
        o, max_lr=0.1, total_steps=10, cycle_momentum=False
    ),
    "CosineAnnealingWarmRestarts": lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, T_0=3),
    "SequentialLR": lambda o: lr_scheduler.SequentialLR(
        o, [lr_scheduler.ConstantLR(o, 0.1, 2), lr_scheduler.ExponentialLR(o, 0.9)], milestones=[3]
    ),
    "ReduceLROnPlateau": lambda o: lr_scheduler.ReduceLROnPlateau(o, patience=1),
}


def walk_by_schedule(cls, schedule, **settings):
    params, others = parameters(), parameters()
    optimizers = [cls(params, **settings), COUNTERPARTS[cls](others, **copy.deepcopy(settings))]
    schedulers = [schedule(optimizer) for optimizer in optimizers]
    lrs = set()
    for step in range(8):
        walk(optimizers, [params, others], 1, start=step)
        assert_same(params, others)
        for scheduler in schedulers:
            scheduler.step(
                *([1.0] if isinstance(scheduler, lr_scheduler.ReduceLROnPlateau) else [])
            )
        lrs.add(float(optimizers[0].param_groups[0]["lr"]))
    assert len(lrs) > 1


@pytest.mark.parametrize("schedule", SCHEDULES.values(), ids=SCHEDULES)
@pytest.mark.parametrize("cls", EVERY)
def test_schedulers(cls, schedule):
    walk_by_schedule(cls, schedule, lr=0.1)
    walk_by_schedule(cls, schedule, lr=torch.tensor(0.1))


@pytest.mark.parametrize("cls", [optim.Momentum, optim.Nesterov, optim.Adam, optim.AdamW])
def test_a_scheduler_of_momentum(cls):
    """OneCycleLR moves momentum, or β₁, against the lr."""
    walk_by_schedule(cls, lambda o: lr_scheduler.OneCycleLR(o, max_lr=0.1, total_steps=10))


@pytest.mark.parametrize("cls", EVERY)
def test_grad_scaler(cls):
    """A step whose scaled gradients overflow is skipped, the others are torch's."""
    params, others = parameters(torch.float32), parameters(torch.float32)
    optimizers = [cls(params, lr=0.1), COUNTERPARTS[cls](others, lr=0.1)]
    scalers = [torch.amp.GradScaler("cpu", init_scale=1024.0) for _ in optimizers]
    for step in range(5):
        give_gradients(params, others, seed=step)
        for optimizer, scaler, side in zip(optimizers, scalers, (params, others), strict=True):
            scaler.scale(torch.ones(()))
            for p in side:
                p.grad *= scaler.get_scale()
            if step == 2:
                side[0].grad[0] = float("inf")
            before = copies(side)
            scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
            if step == 2:
                assert_same(side, before, exactly=True)
        assert_same(params, others)
    assert scalers[0].get_scale() == 512


OPTIONS = [
    *((cls, {"convention": "course"}) for cls in EVERY if "course" in cls.conventions),
    *((cls, varied(cls) | {"lr": torch.tensor(0.1)}) for cls in EVERY),
    (optim.Adam, {"betas": (torch.tensor(0.8), torch.tensor(0.9))}),
]


@pytest.mark.parametrize(("cls", "settings"), OPTIONS)
def test_compiles_whole(cls, settings):
    """fullgraph=True raises where a graph would break. Inside, t is a float32 tensor: hence the
    tolerance."""
    torch._dynamo.reset()
    params, others = parameters(torch.float32), parameters(torch.float32)
    compiled, plain = (
        cls(p, **({"weight_decay": 0.1} | copy.deepcopy(settings))) for p in (params, others)
    )
    step = torch.compile(compiled.step, fullgraph=True, backend="aot_eager")
    for seed in range(3):
        give_gradients(params, others, seed=seed)
        step()
        plain.step()
        for p, q in zip(params, others, strict=True):
            torch.testing.assert_close(p, q, rtol=2e-6, atol=2e-6)
