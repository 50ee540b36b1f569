"""Beside torch's default path on the CPU, every bit is the same: the only tests of a spelling.

They need torch's own operations in torch's own order: θ.add_(g, alpha=−η), not θ −= η g;
s.addcmul_(g, g), not s += g²; √v / √(1 − β₂ᵗ), not √(v / (1 − β₂ᵗ)). All others hold for any
spelling of a formula.
"""

import pytest
import torch
from counterparts import (
    COUNTERPARTS,
    EVERY,
    assert_same,
    assert_same_state,
    copies,
    parameters,
    walk,
)

from corelab.optim import parity
from corelab.optim.parity import varied


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.complex128, torch.complex64])
@pytest.mark.parametrize("settings", [lambda _: {}, varied], ids=["default", "varied"])
@pytest.mark.parametrize("cls", EVERY)
def test_default_path(cls, settings, dtype):
    params = parameters(dtype)
    others = copies(params)
    ours, theirs = (
        each(p, lr=0.1, **settings(cls)) for each, p in ((cls, params), (COUNTERPARTS[cls], others))
    )
    for step in range(20):
        walk([ours, theirs], [params, others], 1, start=step)
        assert_same(params, others, exactly=True)
        assert_same_state(ours, theirs, params, others, exactly=True)


def test_parity_of_torchs_convention():
    rows = [row for row in parity.rows("cpu") if row["convention"] == "torch"]
    assert {row["optimizer"] for row in rows} == {cls.__name__ for cls in EVERY}
    assert [row for row in rows if row["largest_difference"] != 0] == []
