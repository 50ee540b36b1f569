"""All ways that a fair human would accept get all points, whatever the hidden data."""

from __future__ import annotations

import pytest
from answers import ADVICE, RIGHT, failed, judge, right, solution, texts

OPTIMIZERS = [
    "torch.optim.SGD(p, lr=0.001)",
    "torch.optim.SGD(p, lr=0.3)",
    "torch.optim.SGD(p, lr=0.01, momentum=0.99)",
    "torch.optim.SGD(p, lr=0.05, momentum=0.9, nesterov=True, weight_decay=1e-3)",
    "torch.optim.Adam(p, lr=0.03, amsgrad=True)",
    "torch.optim.AdamW(p, lr=0.01, weight_decay=0.1)",
    "torch.optim.Adadelta(p)",
    "torch.optim.NAdam(p)",
    "torch.optim.Rprop(p)",
    "corelab.optim.GradientDescent(p, lr=0.02)",
    "corelab.optim.Momentum(p, lr=0.02, convention='course')",
    "corelab.optim.Nesterov(p, lr=0.02)",
    "corelab.optim.Adagrad(p, lr=0.01, convention='course')",
    "corelab.optim.RMSprop(p, lr=0.001, convention='course')",
    "corelab.optim.Adam(p)",
    "corelab.optim.AdamW(p)",
]


@pytest.mark.parametrize(("seed", "name"), list(enumerate(RIGHT)))
def test_every_style(seed: int, name: str):
    checks = judge(name[:8], right(name), seed)
    assert not failed(checks)
    assert {code for check in checks.values() for code in check.codes} == ADVICE.get(name, set())
    for check, text in texts(name[:8], right(name), seed).items():
        assert bool(text.help) == bool(checks[check].codes)


@pytest.mark.parametrize("exercise", ["corelab1", "corelab2", "corelab3"])
def test_the_kits_own_answers(exercise: str):
    assert not failed(judge(exercise, solution(exercise), seed=3))


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_any_optimizer(optimizer: str):
    source = solution("corelab2").replace(
        "torch.optim.Adam(model.parameters(), lr=0.001)",
        optimizer.replace("(p", "(model.parameters()", 1),
    )
    assert optimizer.split("(")[0] in source
    assert not failed(judge("corelab2", source, seed=4))


@pytest.mark.parametrize(
    "activation", ["Sigmoid", "ELU", "SiLU", "Softplus", "Hardtanh", "PReLU", "Softsign"]
)
def test_any_activation(activation: str):
    assert not failed(
        judge("corelab3", solution("corelab3").replace("nn.ReLU()", f"nn.{activation}()"), seed=5)
    )


def test_a_part_that_crashes_does_not_spoil_the_others():
    source = solution("corelab3").replace(
        "def build_model():", "def build_model():\n    raise OSError('no')"
    )
    assert failed(judge("corelab3", source, seed=0)) == {"five-layers", "activation", "logits"}
    source = right("corelab1_slices").replace(
        "    return [\n", "    assert len(x) >= batch_size\n    return [\n"
    )
    assert failed(judge("corelab1", source, seed=0)) == {"last-batch"}
