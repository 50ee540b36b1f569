"""Any settings, any parameters, any history: every step is the one of the counterpart in
torch.optim."""

import copy
import inspect
import io
import pickle
from dataclasses import dataclass
from typing import Any

import torch
from counterparts import (
    CLOSE,
    COUNTERPARTS,
    EVERY,
    assert_same,
    assert_same_state,
    copies,
    parameters,
)
from hypothesis import given, settings
from hypothesis import strategies as st

SHAPES = ((), (1,), (3,), (2, 3), (2, 1, 2), (0,))


def settings_of(cls):
    """Any settings within the bounds of an optimizer, most of them at or near the default."""
    strategies = {}
    for name, parameter in inspect.signature(cls).parameters.items():
        default = parameter.default
        if isinstance(default, bool) and name != "capturable":
            strategies[name] = st.booleans()
        elif isinstance(default, tuple):
            strategies[name] = st.tuples(*[st.floats(0.0, 0.99)] * len(default))
        elif name in cls.bounds and name != "lr":
            strategies[name] = st.sampled_from([default, 0.1]) | st.floats(0.1, 0.9)
    return st.fixed_dictionaries(strategies | COMMON)


COMMON = {
    "lr": st.floats(1e-3, 0.5) | st.floats(1e-3, 0.5).map(torch.tensor),
    "weight_decay": st.sampled_from([0, 0.1]),
}


@dataclass
class Event:
    """One step: what comes first, which gradients come, and what the lr is multiplied by
    afterwards."""

    first: str | None
    present: list[bool]
    zero: bool
    factor: float


@dataclass
class History:
    ours: Any
    settings: dict[str, Any]
    foreach: bool
    second_group: dict[str, Any]
    shapes: list[tuple[int, ...]]
    in_first_group: int
    dtype: torch.dtype
    frozen: tuple[int, int, int]  # which parameter, from which step to which
    events: list[Event]


@st.composite
def histories(draw):
    ours = draw(st.sampled_from(EVERY))
    shapes = draw(st.lists(st.sampled_from(SHAPES), min_size=1, max_size=4))
    events = st.builds(
        Event,
        first=st.sampled_from([None, None, None, "save", "deepcopy", "pickle", "exchange"]),
        present=st.lists(
            st.sampled_from([True, True, False]), min_size=len(shapes), max_size=len(shapes)
        ),
        zero=st.booleans(),
        factor=st.sampled_from([1, 0.5, 1.1]),
    )
    chosen = draw(settings_of(ours))
    return History(
        ours=ours,
        settings=chosen,
        foreach=not isinstance(chosen["lr"], torch.Tensor) and draw(st.booleans()),
        second_group=draw(
            st.fixed_dictionaries(
                {}, optional={"lr": st.floats(1e-3, 0.5), "weight_decay": COMMON["weight_decay"]}
            )
        ),
        shapes=shapes,
        in_first_group=draw(st.integers(1, len(shapes))),
        dtype=draw(st.sampled_from(list(CLOSE))),
        frozen=draw(
            st.tuples(st.integers(0, len(shapes) - 1), st.integers(0, 3), st.integers(0, 6))
        ),
        events=draw(st.lists(events, min_size=2, max_size=7)),
    )


def groups(history, params):
    n = history.in_first_group
    second = [{"params": params[n:], **history.second_group}] if params[n:] else []
    return [{"params": params[:n]}, *second]


def all_params(optimizer):
    return [p for group in optimizer.param_groups for p in group["params"]]


def after(what, history, ours, theirs, mine, yours):
    """Both optimizers after what happens to them between two steps."""
    make, counterpart = history.ours, COUNTERPARTS[history.ours]
    if what == "deepcopy":
        return copy.deepcopy(ours), theirs
    if what == "pickle":
        return pickle.loads(pickle.dumps(ours)), theirs
    if what == "save":
        file = io.BytesIO()
        torch.save(ours.state_dict(), file)
        file.seek(0)
        ours = make(groups(history, mine), lr=1.0)  # all else comes from the file
        ours.load_state_dict(torch.load(file))
        return ours, theirs
    if what == "exchange":
        states = copy.deepcopy(ours.state_dict()), copy.deepcopy(theirs.state_dict())
        ours, theirs = (
            make(groups(history, mine), lr=1.0),
            counterpart(groups(history, yours), lr=1.0),
        )
        theirs.load_state_dict(states[0])
        ours.load_state_dict(states[1])
        for group in ours.param_groups:
            assert group["convention"] == "torch"
    return ours, theirs


@settings(max_examples=300, deadline=None, derandomize=True)
@given(histories())
def test_every_step_is_torchs(history):
    mine = parameters(history.dtype, shapes=history.shapes)
    yours = copies(mine)
    mine_groups, yours_groups = groups(history, mine), groups(history, yours)
    ours = history.ours(mine_groups, foreach=history.foreach, **copy.deepcopy(history.settings))
    theirs = COUNTERPARTS[history.ours](
        yours_groups, foreach=False, **copy.deepcopy(history.settings)
    )
    generator = torch.Generator().manual_seed(0)
    which, start, stop = history.frozen
    for step, event in enumerate(history.events):
        ours, theirs = after(event.first, history, ours, theirs, mine, yours)
        mine = all_params(ours)
        for i, (p, q) in enumerate(zip(mine, yours, strict=True)):
            g = torch.randn(p.shape, dtype=history.dtype, generator=generator) * (
                0 if event.zero else 1
            )
            frozen = i == which and start <= step < stop
            for x in (p, q):
                x.requires_grad_(not frozen)
                x.grad = g.clone() if event.present[i] and not frozen else None
        ours.step()
        theirs.step()
        for optimizer in (ours, theirs):
            for group in optimizer.param_groups:
                group["lr"] = group["lr"] * event.factor
        assert_same(mine, yours)
        assert_same_state(ours, theirs, mine, yours)
