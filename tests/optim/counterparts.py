"""Each of ours and what of torch.optim it is compared with; parameters and gradients for it."""

import torch

from corelab import optim

EVERY = [getattr(optim, name) for name in optim.__all__]
IN_THE_SLIDES = [cls for cls in EVERY if "course" in cls.conventions]
COUNTERPARTS = {cls: cls.counterpart for cls in EVERY}


def torch_class(cls):
    """The class of torch.optim that is the counterpart of one of ours, without its settings."""
    return getattr(cls.counterpart, "func", cls.counterpart)


def parameters(dtype=torch.float64, seed=0, shapes=((4, 3), (3,), (), (2, 2, 2))):
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randn(shape, dtype=dtype, generator=generator).requires_grad_() for shape in shapes
    ]


def copies(params):
    return [p.detach().clone().requires_grad_(p.requires_grad) for p in params]


def give_gradients(*sides, seed):
    """The same random gradients to the parameters of every side."""
    generator = torch.Generator().manual_seed(1000 + seed)
    for row in zip(*sides, strict=True):
        g = torch.randn(row[0].shape, dtype=row[0].dtype, generator=generator).to(row[0].device)
        for p in row:
            p.grad = g.clone()


def walk(optimizers, sides, steps, start=0):
    """Give every side the same gradients and step all optimizers, `steps` times."""
    for step in range(start, start + steps):
        give_gradients(*sides, seed=step)
        for optimizer in optimizers:
            optimizer.step()


# How far rounding may take a number: another spelling of a formula rounds otherwise.
CLOSE = {torch.float64: 1e-12, torch.complex128: 1e-12, torch.float32: 2e-6, torch.complex64: 2e-6}


def assert_close(actual, expected, exactly=False):
    """Equal up to rounding in their own precision, or bit for bit."""
    close = 0 if exactly else CLOSE[expected.dtype]
    torch.testing.assert_close(actual, expected, rtol=close, atol=close, equal_nan=True)


def assert_same(params, others, exactly=False):
    for p, q in zip(params, others, strict=True):
        assert_close(p, q, exactly)


def assert_same_state(optimizer, other, params, others, exactly=False):
    for p, q in zip(params, others, strict=True):
        ours, theirs = optimizer.state.get(p, {}), other.state.get(q, {})
        assert ours.keys() == theirs.keys()
        for key in ours:
            assert_close(ours[key], theirs[key], exactly)
