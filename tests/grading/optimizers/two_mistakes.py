"""Two mistakes at once."""

import torch
from torch.optim import Optimizer


class Template(Optimizer):
    """What the teacher hands out for all of them: a student writes `update` for one parameter."""

    settings: dict = {}

    def __init__(self, params, lr=1e-3, **settings):
        super().__init__(params, {"lr": lr, **self.settings, **settings})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, p.grad, self.state[p], group)


class BallTemplate(Template):
    settings = {"momentum": 0.9, "weight_decay": 0}


class AdamTemplate(Template):
    settings = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0}


class UphillNoHats(AdamTemplate):
    def update(self, p, g, state, group):
        b1, b2 = group["betas"]
        m = state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
        v = state["v"] = b2 * state.get("v", 0) + (1 - b2) * g**2
        p += group["lr"] * m / (v.sqrt() + group["eps"])


class SwappedWithEpsInside(AdamTemplate):
    def update(self, p, g, state, group):
        b2, b1 = group["betas"]
        t = state["t"] = state.get("t", 0) + 1
        m = state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
        v = state["v"] = b2 * state.get("v", 0) + (1 - b2) * g**2
        p -= group["lr"] * (m / (1 - b1**t)) / torch.sqrt(v / (1 - b2**t) + group["eps"])


class SwappedAndCountedAfter(AdamTemplate):
    def update(self, p, g, state, group):
        if not state:
            state["t"], state["m"], state["v"] = 1, torch.zeros_like(p), torch.zeros_like(p)
        state["t"] += 1
        b1, b2, t = group["betas"][1], group["betas"][0], state["t"]
        state["m"].lerp_(g, 1 - b1)
        state["v"].lerp_(g.square(), 1 - b2)
        p.addcdiv_(
            state["m"] / (1 - b1**t), (state["v"] / (1 - b2**t)).sqrt() + group["eps"], value=-group["lr"]
        )


class NoHatsNoRoot(AdamTemplate):
    def update(self, p, g, state, group):
        b1, b2 = group["betas"]
        m = state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
        v = state["v"] = b2 * state.get("v", 0) + (1 - b2) * g**2
        p -= group["lr"] * m / (v + group["eps"])


class UphillAverage(BallTemplate):
    def update(self, p, g, state, group):
        v = state.setdefault("v", torch.zeros_like(p))
        v.lerp_(g, 1 - group["momentum"])
        p.add_(v, alpha=group["lr"])


class SummedWithEpsInside(Template):
    settings = {"alpha": 0.99, "eps": 1e-8}

    def update(self, p, g, state, group):
        s = state.setdefault("s", torch.zeros_like(p))
        s.mul_(group["alpha"]).addcmul_(g, g)
        p.addcdiv_(g, (s + group["eps"]).sqrt(), value=-group["lr"])


class AveragedWithoutRoot(Template):
    settings = {"eps": 1e-10}

    def update(self, p, g, state, group):
        t = state["t"] = state.get("t", 0) + 1
        state["sum"] = state.get("sum", 0) + g**2
        p -= group["lr"] * g / (state["sum"] / t + group["eps"])


class CoupledNoHats(AdamTemplate):
    settings = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2}

    def update(self, p, g, state, group):
        b1, b2 = group["betas"]
        g = g + group["weight_decay"] * p
        m = state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
        v = state["v"] = b2 * state.get("v", 0) + (1 - b2) * g**2
        p -= group["lr"] * m / (v.sqrt() + group["eps"])


class LateDecayNoRoot(AdamTemplate):
    settings = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 1e-2}

    def update(self, p, g, state, group):
        b1, b2 = group["betas"]
        t = state["t"] = state.get("t", 0) + 1
        m = state["m"] = b1 * state.get("m", 0) + (1 - b1) * g
        v = state["v"] = b2 * state.get("v", 0) + (1 - b2) * g**2
        p -= group["lr"] * (m / (1 - b1**t)) / (v / (1 - b2**t) + group["eps"])
        p -= group["lr"] * group["weight_decay"] * p


class FirstGroupMinus(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self):
        group = self.param_groups[0]
        for p in group["params"]:
            if p.grad is None:
                continue
            v = self.state[p].setdefault("v", torch.zeros_like(p))
            v.mul_(-group["momentum"]).add_(p.grad)
            p.sub_(v, alpha=group["lr"])


class LostUphill(BallTemplate):
    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, lr=lr, momentum=momentum)
        self.v = {}

    def update(self, p, g, state, group):
        self.v[p] = group["momentum"] * self.v.get(p, 0) + g
        p.add_(self.v[p], alpha=group["lr"])


class LostNoHats(AdamTemplate):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, lr=lr, betas=betas, eps=eps)
        self.m, self.v = {}, {}

    def update(self, p, g, state, group):
        b1, b2 = group["betas"]
        self.m[id(p)] = b1 * self.m.get(id(p), 0) + (1 - b1) * g
        self.v[id(p)] = b2 * self.v.get(id(p), 0) + (1 - b2) * g * g
        p -= group["lr"] * self.m[id(p)] / (self.v[id(p)].sqrt() + group["eps"])


class RollsOnDampened(BallTemplate):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            lam = group["momentum"]
            for p in group["params"]:
                g = torch.zeros_like(p) if p.grad is None else p.grad
                v = self.state[p].setdefault("v", torch.zeros_like(p))
                v.mul_(lam).add_(g, alpha=1 - lam)
                p.sub_(v, alpha=group["lr"])
