"""PyTorch's own optimizer cases, from the installed wheel: settings that must work, errors that
must come.

Nobody here wrote them. If a version of torch moves or empties them, this file fails; it never
skips.
"""

import copy

import pytest
import torch
from counterparts import (
    COUNTERPARTS,
    assert_same,
    assert_same_state,
    copies,
    give_gradients,
    parameters,
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
FAMILIES = {
    torch.optim.SGD: (optim.GradientDescent, optim.Momentum, optim.Nesterov),
    torch.optim.Adagrad: (optim.Adagrad,),
    torch.optim.RMSprop: (optim.RMSprop,),
    torch.optim.Adam: (optim.Adam,),
    torch.optim.AdamW: (optim.AdamW,),
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
    kwargs = dict(kwargs)
    if theirs is not torch.optim.SGD:
        return FAMILIES[theirs][0], kwargs
    if kwargs.pop("nesterov", False):
        return optim.Nesterov, kwargs
    return (optim.Momentum if kwargs.get("momentum") else optim.GradientDescent), kwargs


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
            if device == "cpu" and not (
                foreach and dtype.is_complex
            ):  # torch's two paths differ there by an ulp
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
