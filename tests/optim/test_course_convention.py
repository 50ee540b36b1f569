"""convention="course": the slides to the letter, and a clear refusal where they have nothing."""

import math

import pytest
import torch
from counterparts import EVERY, IN_THE_SLIDES

from corelab import optim
from corelab.optim.parity import varied


def path(make, gradients, lrs=None, start=1.0):
    """Where one number goes under these gradients."""
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    optimizer = make([x])
    places = []
    for t, g in enumerate(gradients):
        if lrs:
            optimizer.param_groups[0]["lr"] = lrs[t]
        x.grad = torch.tensor(g, dtype=torch.float64)
        optimizer.step()
        places.append(x.item())
    return places, optimizer.state[x]


def test_momentum_keeps_the_lr_inside_v():
    make = lambda params: optim.Momentum(params, momentum=0.5, convention="course")  # noqa: E731
    places, state = path(make, [1.0, 1.0], lrs=[0.1, 0.01])
    # v = −0.1, then 0.5·(−0.1) − 0.01 = −0.06
    assert places == pytest.approx([0.9, 0.84], rel=1e-15)
    assert state["momentum_buffer"].item() == pytest.approx(-0.06, rel=1e-15)
    # torch's v = 1, then 1.5, times 0.01
    places, state = path(
        lambda params: optim.Momentum(params, momentum=0.5), [1.0, 1.0], lrs=[0.1, 0.01]
    )
    assert places == pytest.approx([0.9, 0.885], rel=1e-15)
    assert state["momentum_buffer"].item() == 1.5


def test_adagrad_as_printed():
    make = lambda params: optim.Adagrad(params, lr=0.1, convention="course")  # noqa: E731
    places, state = path(make, [3.0, 4.0])
    sigma, eta = math.sqrt((9 + 16) / 2), 0.1 / math.sqrt(2)
    assert places == pytest.approx([0.9, 0.9 - eta / sigma * 4], rel=1e-15)
    assert (state["sum"].item(), state["step"].item()) == (25, 2)


def test_rmsprop_starts_at_the_first_gradient():
    make = lambda params: optim.RMSprop(params, lr=0.1, alpha=0.5, convention="course")  # noqa: E731
    places, state = path(make, [-3.0, 4.0])
    sigma = math.sqrt(0.5 * 9 + 0.5 * 16)
    assert places == pytest.approx([1.1, 1.1 - 0.1 / sigma * 4], rel=1e-15)
    assert state["square_avg"].item() == 12.5


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("foreach", [False, True])
@pytest.mark.parametrize("cls", IN_THE_SLIDES)
def test_a_zero_gradient_moves_nothing(cls, foreach, dtype):
    x = torch.ones(3, dtype=dtype, requires_grad=True)
    optimizer = cls([x], lr=0.1, foreach=foreach, convention="course")
    for _ in range(3):
        x.grad = torch.tensor([0.0, 1.0, -1.0], dtype=dtype)
        optimizer.step()
    assert x[1] < x[0] == 1 < x[2]
    assert x.isfinite().all()


@pytest.mark.parametrize("cls", [optim.Adagrad, optim.RMSprop])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_0_over_0_changes_no_other_step(cls, dtype):
    """Every other g/σ is what it was, and where only g² is rounded to 0, g/σ stays below 1."""
    info = torch.finfo(dtype)
    least = info.smallest_normal * info.eps
    x = torch.zeros(4, dtype=torch.float64).to(dtype).requires_grad_()
    x.grad = torch.tensor([0.0, least, math.sqrt(least), 1.0], dtype=torch.float64).to(dtype)
    cls([x], lr=1.0, convention="course").step()
    moved = (-x).tolist()
    assert moved[0] == 0 <= moved[1] < 1
    assert moved[2:] == [1, 1]


@pytest.mark.parametrize("cls", [cls for cls in EVERY if cls not in IN_THE_SLIDES])
def test_not_in_the_slides(cls):
    with pytest.raises(
        ValueError, match=f"Invalid convention: 'course', but {cls.__name__} is not in the slides"
    ):
        cls([torch.zeros(1)], convention="course")


@pytest.mark.parametrize(
    ("cls", "setting"),
    [(cls, {key: varied(cls)[key]}) for cls in IN_THE_SLIDES for key in cls.not_in_slides],
)
def test_settings_not_in_the_slides(cls, setting):
    (key,) = setting
    with pytest.raises(
        ValueError, match=f"Invalid {key} value: {setting[key]}, but the slides have none"
    ):
        cls([torch.zeros(1)], convention="course", **setting)
    cls([torch.zeros(1)], **setting)


@pytest.mark.parametrize("cls", EVERY)
def test_unknown_convention(cls):
    with pytest.raises(
        ValueError, match="Invalid convention: 'keras', expected 'torch' or 'course'"
    ):
        cls([torch.zeros(1)], convention="keras")
    with pytest.raises(ValueError, match="Invalid convention"):
        cls([{"params": [torch.zeros(1)], "convention": "Course"}])


def test_the_course_has_these_five():
    names = ["GradientDescent", "Momentum", "Adagrad", "RMSprop", "Adam"]
    assert [cls.__name__ for cls in IN_THE_SLIDES] == names


def test_each_group_has_its_own_convention():
    x, y = (torch.ones((), requires_grad=True) for _ in range(2))
    optimizer = optim.RMSprop([{"params": [x]}, {"params": [y], "convention": "course"}], lr=0.1)
    x.grad, y.grad = torch.tensor(2.0), torch.tensor(2.0)
    optimizer.step()
    assert x.item() == pytest.approx(0, abs=1e-6)  # 1 − 0.1·2/√(0.01·4)
    assert y.item() == pytest.approx(0.9)
