"""Both paths, one parameter at a time and many together, tied to each other; and what needs a
GPU."""

import inspect

import pytest
import torch
from counterparts import (
    COUNTERPARTS,
    EVERY,
    IN_THE_SLIDES,
    assert_same,
    assert_same_state,
    copies,
    give_gradients,
    parameters,
    walk,
)

from corelab import optim
from corelab.optim.parity import varied

CASES = [
    *((cls, {}) for cls in EVERY),
    *((cls, varied(cls)) for cls in EVERY),
    *((cls, {"convention": "course"}) for cls in IN_THE_SLIDES),
]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.complex128, torch.complex64])
@pytest.mark.parametrize(("cls", "settings"), CASES)
def test_both_paths_bit_for_bit(cls, settings, dtype):
    """On the CPU both call the same kernels in the same order. One parameter comes late, so that t
    differs.

    (Not so in half precision, where torch's multi-tensor multiplication rounds the factor first.)
    """
    params = parameters(dtype)
    others = copies(params)
    one_by_one, together = (
        cls(params, foreach=False, **settings),
        cls(others, foreach=True, **settings),
    )
    for step in range(6):
        give_gradients(params, others, seed=step)
        if step < 2:
            params[1].grad = others[1].grad = None
        one_by_one.step()
        together.step()
        assert_same(params, others, exactly=True)
        assert_same_state(one_by_one, together, params, others, exactly=True)


def test_mixed_dtypes_together():
    sides = [[*parameters(torch.float64), *parameters(torch.float32, seed=1)] for _ in range(2)]
    walk([optim.Adam(sides[0], foreach=True), optim.Adam(sides[1], foreach=False)], sides, 4)
    assert_same(*sides, exactly=True)


def test_tensor_betas():
    """t and β are tensors then: float32, hence the tolerance."""
    params, others = parameters(), parameters()
    betas = (torch.tensor(0.8), torch.tensor([0.9]))
    ours, theirs = optim.Adam(params, betas=betas), optim.Adam(others, betas=(0.8, 0.9))
    walk([ours, theirs], [params, others], 5)
    for p, q in zip(params, others, strict=True):
        torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-6)


# From here on, a GPU is needed. None was at hand when this was written.


def on_cuda(dtype=torch.float64):
    return [p.detach().cuda().requires_grad_() for p in parameters(dtype)]


@pytest.mark.cuda
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize(("cls", "settings"), CASES)
def test_both_paths_on_cuda(cls, settings, dtype):
    """The kernels are not the same there: a few ulp."""
    params, others = on_cuda(dtype), on_cuda(dtype)
    one_by_one, together = cls(params, foreach=False, **settings), cls(others, **settings)
    for step in range(6):
        walk([one_by_one, together], [params, others], 1, start=step)
        for p, q in zip(params, others, strict=True):
            torch.testing.assert_close(
                p, q, rtol=1e-12 if dtype == torch.float64 else 1e-5, atol=1e-6
            )


@pytest.mark.cuda
@pytest.mark.parametrize("cls", COUNTERPARTS)
def test_cuda_default_is_torchs(cls):
    params, others = on_cuda(), on_cuda()
    ours, theirs = cls(params, lr=0.1), COUNTERPARTS[cls](others, lr=0.1)
    for step in range(6):
        walk([ours, theirs], [params, others], 1, start=step)
        for p, q in zip(params, others, strict=True):
            torch.testing.assert_close(p, q, rtol=1e-12, atol=1e-12)


@pytest.mark.cuda
@pytest.mark.parametrize("lr", [0.1, torch.tensor(0.1)], ids=["float lr", "tensor lr"])
@pytest.mark.parametrize(("cls", "settings"), CASES)
def test_captured_in_a_cuda_graph(cls, settings, lr):
    """Replayed five times, a captured step does what five steps do."""
    settings = {key: x for key, x in settings.items() if key != "lr_decay"}
    if "capturable" in inspect.signature(cls).parameters:
        settings["capturable"] = True
    lr = lr.cuda() if isinstance(lr, torch.Tensor) else lr
    params, others = on_cuda(), on_cuda()
    captured, plain = cls(params, lr=lr, **settings), cls(others, lr=float(lr), **settings)
    walk([captured, plain], [params, others], 1)  # makes the state, before the graph
    give_gradients(params, others, seed=1)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        captured.step()
    for _ in range(5):
        graph.replay()
        plain.step()
    for p, q in zip(params, others, strict=True):
        torch.testing.assert_close(p, q, rtol=1e-5, atol=1e-6)


@pytest.mark.cuda
@pytest.mark.parametrize(
    ("cls", "settings"), [(optim.RMSprop, {}), (optim.Adam, {}), (optim.Adagrad, {"lr_decay": 0.1})]
)
def test_capture_without_capturable_is_refused(cls, settings):
    params = on_cuda()
    optimizer = cls(params, **settings)
    walk([optimizer], [params], 1)
    with (
        pytest.raises(RuntimeError, match="capturable is False"),
        torch.cuda.graph(torch.cuda.CUDAGraph()),
    ):
        optimizer.step()
