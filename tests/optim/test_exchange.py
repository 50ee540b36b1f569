"""A `state_dict` goes to torch.optim and back in mid-run; what does not belong is refused."""

import copy

import pytest
import torch
from counterparts import (
    COUNTERPARTS,
    IN_THE_SLIDES,
    assert_same,
    assert_same_state,
    copies,
    parameters,
    walk,
)

from corelab import optim
from corelab.optim.parity import varied


@pytest.mark.parametrize("direction", ["to torch", "from torch"])
@pytest.mark.parametrize("cls", COUNTERPARTS)
def test_goes_on_identically(cls, direction):
    """One optimizer runs on; another, made with its defaults, takes over its state after four
    steps."""
    pair = (cls, COUNTERPARTS[cls]) if direction == "to torch" else (COUNTERPARTS[cls], cls)
    params = parameters()
    stays = pair[0](params, lr=0.1, **varied(cls))
    walk([stays], [params], 4)
    others = copies(params)
    takes_over = pair[1](others)
    takes_over.load_state_dict(copy.deepcopy(stays.state_dict()))
    for step in range(4, 9):
        walk([stays, takes_over], [params, others], 1, start=step)
        assert_same(params, others)
        assert_same_state(stays, takes_over, params, others)


@pytest.mark.parametrize("cls", IN_THE_SLIDES)
def test_a_state_of_torch_leaves_the_convention(cls):
    theirs = COUNTERPARTS[cls](parameters())
    groups = [{"params": parameters()[:2], "convention": "course"}, {"params": parameters()[2:]}]
    two = COUNTERPARTS[cls]([{"params": parameters()[:2]}, {"params": parameters()[2:]}])
    ours = cls(parameters(), convention="course")
    ours.load_state_dict(theirs.state_dict())
    assert ours.param_groups[0]["convention"] == "course"
    ours = cls(groups)
    ours.load_state_dict(two.state_dict())
    assert [group["convention"] for group in ours.param_groups] == ["course", "torch"]


@pytest.mark.parametrize("cls", IN_THE_SLIDES)
def test_a_state_of_ours_brings_its_convention(cls):
    params = parameters()
    stays = cls(params, lr=0.1, convention="course")
    walk([stays], [params], 3)
    others = copies(params)
    takes_over = cls(others)
    takes_over.load_state_dict(copy.deepcopy(stays.state_dict()))
    walk([stays, takes_over], [params, others], 3, start=3)
    assert_same(params, others)


@pytest.mark.parametrize(
    ("ours", "theirs", "message"),
    [
        (
            optim.GradientDescent,
            {"momentum": 0.9},
            "Invalid momentum value: 0.9, but GradientDescent has 0",
        ),
        (
            optim.Momentum,
            {"momentum": 0.9, "nesterov": True},
            "Invalid nesterov value: True, but Momentum has False",
        ),
        (optim.Nesterov, {"momentum": 0.9}, "Invalid nesterov value: False, but Nesterov has True"),
    ],
)
def test_the_state_of_another_optimizer_is_refused(ours, theirs, message):
    state = torch.optim.SGD(parameters(), lr=0.1, **theirs).state_dict()
    with pytest.raises(ValueError, match=message):
        ours(parameters()).load_state_dict(state)


def test_adam_and_adamw_are_told_apart():
    state = optim.AdamW(parameters()).state_dict()
    with pytest.raises(
        ValueError, match="Invalid decoupled_weight_decay value: True, but Adam has False"
    ):
        optim.Adam(parameters()).load_state_dict(state)


@pytest.mark.parametrize("foreach", [False, True])
@pytest.mark.parametrize("cls", COUNTERPARTS)
def test_a_step_that_was_saved_as_a_number(cls, foreach):
    """As torch before 1.12 saved it, and other libraries do."""
    params = parameters()
    stays = cls(params, lr=0.1)
    walk([stays], [params], 3)
    saved = copy.deepcopy(stays.state_dict())
    for state in saved["state"].values():
        if "step" in state:
            state["step"] = int(state["step"])
    others = copies(params)
    takes_over = cls(others, foreach=foreach)
    takes_over.load_state_dict(saved)
    walk([stays, takes_over], [params, others], 3, start=3)
    assert_same(params, others)
    assert_same_state(stays, takes_over, params, others)
