"""Each of ours and what of torch.optim it is compared with; parameters and gradients for it."""

import torch

from corelab import optim

EVERY = [getattr(optim, name) for name in optim.__all__]
IN_THE_SLIDES = [cls for cls in EVERY if "course" in cls.conventions]
COUNTERPARTS = {cls: cls.counterpart for cls in EVERY}


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


def assert_same(params, others):
    """Bit for bit."""
    for p, q in zip(params, others, strict=True):
        torch.testing.assert_close(p, q, rtol=0, atol=0, equal_nan=True)


def assert_same_state(optimizer, other, params, others):
    for p, q in zip(params, others, strict=True):
        ours, theirs = optimizer.state.get(p, {}), other.state.get(q, {})
        assert ours.keys() == theirs.keys()
        for key in ours:
            torch.testing.assert_close(ours[key], theirs[key], rtol=0, atol=0, equal_nan=True)
