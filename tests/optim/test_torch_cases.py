"""PyTorch's own optimizer cases, from the installed wheel: settings that must work, errors that
must come.

Nobody here wrote them. If a version of torch moves or empties them, this file fails; it never
skips.
"""

import copy
import inspect

import pytest
import torch
from counterparts import (
    COUNTERPARTS,
    EVERY,
    assert_same,
    assert_same_state,
    copies,
    give_gradients,
    parameters,
    torch_class,
)

from corelab import optim

try:
    from torch.testing._internal.common_optimizers import OptimizerErrorEnum, optim_db
except ImportError as error:
    raise ImportError(
        f"PyTorch's own optimizer cases could not be imported from torch {torch.__version__} "
        f"({error}). "
        "They need the package expecttest; if it is there, torch moved them, and this file has "
        "to follow."
    ) from error

INFOS = {info.optim_cls: info for info in optim_db}
FAMILIES = {  # a class of torch.optim, and those of ours that its settings make of it
    theirs: [cls for cls in EVERY if torch_class(cls) is theirs]
    for theirs in dict.fromkeys(map(torch_class, EVERY))
}
FUSED = {
    "`fused` and `foreach` cannot be `True` together",
    "`fused` does not support `differentiable`",
}
# Error cases about an argument which the class on purpose has not got.
NOT_OFFERED = {
    "cpu": {(optim.GradientDescent, "momentum should be between 0 and 1")},
    "cuda": {(cls, desc) for cls in (optim.Adagrad, optim.Adam, optim.AdamW) for desc in FUSED},
}
DEVICES = ["cpu", pytest.param("cuda", marks=pytest.mark.cuda)]


def ours_for(theirs, kwargs):
    """The class of ours that a setting of torch's is, and the setting without what this class
    stands for."""
    defaults = {name: p.default for name, p in inspect.signature(theirs).parameters.items()}
    for ours in FAMILIES[theirs]:
        if ours.torch_only | defaults | kwargs == defaults | kwargs | ours.torch_only:
            return ours, {key: x for key, x in kwargs.items() if key not in ours.torch_only}
    raise AssertionError(f"none of ours is {theirs.__name__} with {kwargs}")


def inputs(device, dtype=torch.float32):
    for theirs in FAMILIES:
        for case in INFOS[theirs].optim_inputs_func(device=device, dtype=dtype):
            yield theirs, *ours_for(theirs, case.kwargs), case


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("foreach", [None, False, True])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.complex128, torch.complex64])
def test_every_setting_goes_torchs_way(device, dtype, foreach):
    for theirs, ours, kwargs, case in inputs(device, dtype):
        params = [p.detach().to(device).requires_grad_() for p in parameters(dtype)]
        others = copies(params)
        a = ours(params, foreach=foreach, **copy.deepcopy(kwargs))
        b = theirs(others, foreach=foreach, **copy.deepcopy(case.kwargs))
        for step in range(7):
            give_gradients(params, others, seed=step)
            a.step()
            b.step()
            if device == "cpu":
                assert_same(params, others)
                assert_same_state(a, b, params, others)
            else:
                for p, q in zip(params, others, strict=True):
                    torch.testing.assert_close(
                        p, q, msg=lambda m, c=case, o=ours: f"{o.__name__} {c.desc}: {m}"
                    )


def test_the_settings_are_still_there():
    seen = [(ours, case.desc) for _, ours, _, case in inputs("cpu")]
    assert {ours for ours, _ in seen} == set(COUNTERPARTS)
    for theirs in FAMILIES:
        assert len(INFOS[theirs].optim_inputs_func(device="cpu")) >= 5, (
            f"torch's cases for {theirs} are gone"
        )
        assert len(INFOS[theirs].optim_error_inputs_func(device="cpu", dtype=torch.float32)) >= 7


@pytest.mark.parametrize("device", DEVICES)
def test_every_error_is_raised_in_torchs_words(device):
    not_offered = set()
    for theirs, family in FAMILIES.items():
        for error in INFOS[theirs].optim_error_inputs_func(device=device, dtype=torch.float32):
            case = error.optimizer_error_input
            assert error.error_on is OptimizerErrorEnum.CONSTRUCTION_ERROR, (
                "a new kind of case: run it too"
            )
            expect = pytest.warns if issubclass(error.error_type, Warning) else pytest.raises
            for ours in family:
                params = copy.deepcopy(
                    case.params
                )  # the groups of a case are filled in by whoever takes them
                try:
                    with expect(error.error_type, match=error.error_regex):
                        ours(params, **case.kwargs)
                except TypeError as refused:
                    if "unexpected keyword argument" not in str(refused):
                        raise
                    not_offered.add((ours, case.desc))
    assert not_offered == NOT_OFFERED[device]
