"""What is not torch's, and no mistake; and what two people would call by two names."""

import torch
from torch.optim import Optimizer


class SlideBall(Optimizer):
    """The rate inside of v."""

    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "v" not in state:
                    state["v"] = torch.zeros_like(p.data)
                state["v"] = group["momentum"] * state["v"] - group["lr"] * p.grad.data
                p.data += state["v"]


class RateWithTheGrad(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0, weight_decay=0):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                buf = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                buf.mul_(group["momentum"]).add_(p.grad, alpha=group["lr"])
                p.sub_(buf)


class ManySlideBalls(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            vs = [self.state[p].setdefault("v", torch.zeros_like(p)) for p in params]
            torch._foreach_mul_(vs, group["momentum"])
            torch._foreach_add_(vs, [p.grad for p in params], alpha=-group["lr"])
            torch._foreach_add_(params, vs)


class KerasNesterov(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            lr, mu = group["lr"], group["momentum"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                m.mul_(mu).sub_(lr * p.grad)
                p.add_(mu * m - lr * p.grad)


class KerasAdagrad(Optimizer):
    """ε inside of the root, as Keras and d2l have it."""

    def __init__(self, params, lr=1e-2, eps=1e-10):
        super().__init__(params, dict(lr=lr, eps=eps))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p].setdefault("s", torch.zeros_like(p))
                s += p.grad**2
                p -= group["lr"] * p.grad * torch.rsqrt(s + group["eps"])


class OptaxRMSprop(Optimizer):
    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8):
        super().__init__(params, dict(lr=lr, alpha=alpha, eps=eps))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                nu = self.state[p].get("nu", torch.zeros_like(p))
                nu = (1 - group["alpha"]) * p.grad**2 + group["alpha"] * nu
                self.state[p]["nu"] = nu
                updates = p.grad * torch.rsqrt(nu + group["eps"])
                p.add_(-group["lr"] * updates)


class EpsHat(Optimizer):
    """Keras's Adam: ε beside √v before its correction."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                t = s["t"] = s.get("t", 0) + 1
                m = s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * p.grad
                v = s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * p.grad**2
                alpha = group["lr"] * (1 - beta2**t) ** 0.5 / (1 - beta1**t)
                p -= alpha * m / (v.sqrt() + group["eps"])


class LargerEps(Optimizer):
    """1e-7 and no choice, as in another library."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999)):
        super().__init__(params, dict(lr=lr, betas=betas))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                t = s["t"] = s.get("t", 0) + 1
                m = s["m"] = beta1 * s.get("m", 0) + (1 - beta1) * p.grad
                v = s["v"] = beta2 * s.get("v", 0) + (1 - beta2) * p.grad**2
                p -= group["lr"] * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + 1e-7)


class SinglePrecision(Optimizer):
    """Buffers in float32 whatever the parameters are: right, to seven digits."""

    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                v = self.state[p].setdefault("v", torch.zeros(p.shape))
                v.mul_(group["momentum"]).add_(p.grad)
                p.add_(v, alpha=-group["lr"])


class CountsOnceAStep(Optimizer):
    """One t for a group: too large for a parameter that had no gradient for a while."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, t=0))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            group["t"] += 1
            t, (beta1, beta2) = group["t"], group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                if not s:
                    s["m"], s["v"] = torch.zeros_like(p), torch.zeros_like(p)
                s["m"].lerp_(p.grad, 1 - beta1)
                s["v"].lerp_(p.grad**2, 1 - beta2)
                p -= (
                    group["lr"]
                    * (s["m"] / (1 - beta1**t))
                    / ((s["v"] / (1 - beta2**t)).sqrt() + group["eps"])
                )


class KeepsTheGradItself(Optimizer):
    """Its first buffer is the gradient, not a copy of it: right while gradients are made anew."""

    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if "v" not in self.state[p]:
                    self.state[p]["v"] = p.grad
                else:
                    self.state[p]["v"].mul_(group["momentum"]).add_(p.grad)
                p.sub_(self.state[p]["v"], alpha=group["lr"])


class FlatDescent:
    """Right, for a list of parameters; knows of no groups."""

    def __init__(self, params, lr=1e-3):
        self.params, self.lr = list(params), lr

    def step(self):
        with torch.no_grad():
            for p in self.params:
                if p.grad is not None:
                    p -= self.lr * p.grad
