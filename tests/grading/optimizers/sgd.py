"""Gradient descent, momentum and Nesterov, as beginners write them wrong."""

import numpy as np
import torch
from torch.optim import Optimizer


class Template(Optimizer):
    """What the teacher hands out: a student writes `step`."""

    def __init__(self, params, lr=1e-3, momentum=0, weight_decay=0):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))


class PlusEquals(Optimizer):
    def __init__(self, params, lr=0.001):
        defaults = {"lr": lr}
        super(PlusEquals, self).__init__(params, defaults)

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.data += group["lr"] * p.grad.data


class UphillBall(Template):
    @torch.no_grad()
    def step(self, closure=None):
        loss = None if closure is None else closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "velocity" not in state:
                    state["velocity"] = torch.zeros_like(p)
                v = state["velocity"]
                v.mul_(group["momentum"]).add_(p.grad)
                p.add_(v, alpha=group["lr"])
        return loss


class ManyAtOnceUphill(Template):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                torch._foreach_add_(params, [p.grad for p in params], alpha=group["lr"])


class NoBaseUphill:
    """Knows of no groups."""

    def __init__(self, params, lr=0.001):
        self.params = list(params)
        self.lr = lr

    def zero_grad(self):
        for p in self.params:
            p.grad = None

    def step(self):
        with torch.no_grad():
            for p in self.params:
                if p.grad is not None:
                    p -= -self.lr * p.grad


class ForgetsToStore(Template):
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["momentum_buffer"] = torch.zeros_like(p)
                buf = state["momentum_buffer"]
                buf = group["momentum"] * buf + p.grad
                p.sub_(group["lr"] * buf)


class StartsOverEachStep(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    def step(self, closure=None):
        for group in self.param_groups:
            eta, lam = group["lr"], group["momentum"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                self.state[p]["v"] = torch.zeros_like(p.data)
                self.state[p]["v"] = lam * self.state[p]["v"] + p.grad.data
                p.data = p.data - eta * self.state[p]["v"]


class LerpBall(Template):
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                buf = state.setdefault("buf", torch.zeros_like(p))
                buf.lerp_(p.grad, 1 - group["momentum"])
                p.add_(buf, alpha=-group["lr"])


class DampedAfterTheFirst(Template):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            lam = group["momentum"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "momentum_buffer" not in state:
                    state["momentum_buffer"] = p.grad.clone()
                else:
                    state["momentum_buffer"].mul_(lam).add_(p.grad, alpha=1 - lam)
                p.data.add_(state["momentum_buffer"], alpha=-group["lr"])


class AveragingNesterov(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            mu = group["momentum"]
            for p in group["params"]:
                g = p.grad
                if g is None:
                    continue
                v = self.state[p].get("v", torch.zeros_like(p))
                v = mu * v + (1 - mu) * g
                self.state[p]["v"] = v
                p -= group["lr"] * (g + mu * v)


class NumpyAverage(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    def step(self):
        for group in self.param_groups:
            lam = group["momentum"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                w = p.detach().numpy()
                g = p.grad.numpy()
                v = self.state[p]["v"].numpy() if "v" in self.state[p] else np.zeros_like(w)
                v = lam * v + (1 - lam) * g
                self.state[p]["v"] = torch.as_tensor(v)
                w -= group["lr"] * v


class MinusTheBall(Template):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                d_p = p.grad
                buf = self.state[p].get("momentum_buffer")
                if buf is None:
                    buf = torch.clone(d_p).detach()
                else:
                    buf = d_p - group["momentum"] * buf
                self.state[p]["momentum_buffer"] = buf
                p.add_(buf, alpha=-group["lr"])


class NegativeLambda(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, {"lr": lr, "momentum": momentum})
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["v"] = torch.zeros_like(p)

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.state[p]["v"].mul_(-group["momentum"]).add_(p.grad)
                    p -= group["lr"] * self.state[p]["v"]


class ManyAtOnceMinus(Template):
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            for p in params:
                if "b" not in self.state[p]:
                    self.state[p]["b"] = torch.zeros_like(p)
            grads = [p.grad for p in params]
            bufs = [self.state[p]["b"] for p in params]
            torch._foreach_mul_(bufs, -group["momentum"])
            torch._foreach_add_(bufs, grads)
            torch._foreach_add_(params, bufs, alpha=-group["lr"])


class SlideWithMinus(Optimizer):
    """The slide's form: the rate is inside of v."""

    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, {"lr": lr, "momentum": momentum})

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                st = self.state[p]
                if "v" not in st:
                    st["v"] = torch.zeros_like(p.data)
                st["v"] = -group["momentum"] * st["v"] - group["lr"] * p.grad
                p.data += st["v"]


class BuffersByShape(Template):
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                key = tuple(p.shape)
                if key not in self.state:
                    self.state[key] = torch.zeros_like(p)
                self.state[key] = group["momentum"] * self.state[key] + p.grad
                p.add_(self.state[key], alpha=-group["lr"])


class DecayAfter(Template):
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                p -= group["lr"] * p.grad
                p -= group["lr"] * group["weight_decay"] * p


class ShrinksAfterTheBall(Template):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                buf = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                buf.mul_(group["momentum"]).add_(p.grad)
                p.add_(buf, alpha=-group["lr"])
                p.mul_(1 - group["lr"] * group["weight_decay"])


class FirstGroupOnly(Template):
    @torch.no_grad()
    def step(self):
        group = self.param_groups[0]
        for p in group["params"]:
            if p.grad is not None:
                p -= group["lr"] * p.grad


class RateOfTheDefaults(Template):
    @torch.no_grad()
    def step(self, closure=None):
        lr = self.defaults["lr"]
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                v = self.state[p].setdefault("v", torch.zeros_like(p))
                v.mul_(group["momentum"]).add_(p.grad)
                p.add_(v, alpha=-lr)


class OneRateForAll(Optimizer):
    def __init__(self, params, lr=1e-3):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self):
        lr = self.param_groups[0]["lr"]
        for p in [p for group in self.param_groups for p in group["params"]]:
            if p.grad is not None:
                p.copy_(p - lr * p.grad)


class BuffersById(Template):
    def __init__(self, params, lr=1e-3, momentum=0):
        super().__init__(params, lr=lr, momentum=momentum)
        self.buffers = {}

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if id(p) not in self.buffers:
                    self.buffers[id(p)] = torch.zeros_like(p)
                v = self.buffers[id(p)]
                v *= group["momentum"]
                v += p.grad
                p -= group["lr"] * v


class BuffersInALatePlace(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, {"lr": lr, "momentum": momentum})
        self.v = [[torch.zeros_like(p) for p in group["params"]] for group in self.param_groups]

    @torch.no_grad()
    def step(self, closure=None):
        for group, vs in zip(self.param_groups, self.v):
            for p, v in zip(group["params"], vs):
                if p.grad is None:
                    continue
                v.mul_(group["momentum"]).add_(p.grad)
                p.sub_(p.grad + group["momentum"] * v, alpha=group["lr"])


class DecayIntoGrad(Template):
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                g = p.grad
                g += group["weight_decay"] * p
                p -= group["lr"] * g


class ScalesTheGrad(Optimizer):
    def __init__(self, params, lr=1e-3):
        super().__init__(params, {"lr": lr})

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                delta = p.grad.data.mul_(group["lr"])
                p.data -= delta


class NegatesTheGrad(Template):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                p.add_(p.grad.neg_(), alpha=group["lr"])


class ManyGradsDecayed(Template):
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            grads = [p.grad for p in params]
            torch._foreach_add_(grads, params, alpha=group["weight_decay"])
            for p in params:
                if "m" not in self.state[p]:
                    self.state[p]["m"] = torch.zeros_like(p)
            ms = [self.state[p]["m"] for p in params]
            torch._foreach_mul_(ms, group["momentum"])
            torch._foreach_add_(ms, grads)
            torch._foreach_add_(params, ms, alpha=-group["lr"])


class RollsOnWithoutGrad(Template):
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                g = p.grad if p.grad is not None else torch.zeros_like(p)
                v = self.state[p].setdefault("v", torch.zeros_like(p))
                v.mul_(group["momentum"]).add_(g)
                p.add_(v, alpha=-group["lr"])


class ReturnsAtNone(Template):
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    return
                p.data.sub_(p.grad.data, alpha=group["lr"])


class BreaksAtNone(Template):
    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    break
                buf = self.state[p].setdefault("buf", torch.zeros_like(p))
                buf.mul_(group["momentum"]).add_(p.grad)
                p.sub_(buf, alpha=group["lr"])
