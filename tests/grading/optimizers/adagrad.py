"""Adagrad, as beginners write it wrong."""

from collections import defaultdict

import torch
from torch.optim import Optimizer


class Template(Optimizer):
    """What the teacher hands out: a student writes `step`, or `update` for one parameter."""

    def __init__(self, params, lr=1e-2, weight_decay=0, eps=1e-10):
        super().__init__(params, dict(lr=lr, weight_decay=weight_decay, eps=eps))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, p.grad, self.state[p], group)


class Climbs(Template):
    def update(self, p, g, state, group):
        s = state.setdefault("sum", torch.zeros_like(p))
        s.addcmul_(g, g)
        p.addcdiv_(g, s.sqrt() + group["eps"], value=group["lr"])


class EpsUnderTheRoot(Template):
    def update(self, p, g, state, group):
        state["sum"] = state.get("sum", 0) + g**2
        p -= group["lr"] / torch.sqrt(state["sum"] + group["eps"]) * g


class NoEps(Optimizer):
    def __init__(self, params, lr=1e-2, eps=1e-10):
        super().__init__(params, {"lr": lr, "eps": eps})

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                grad = p.grad.data
                st = self.state[p]
                if len(st) == 0:
                    st["G"] = torch.zeros_like(p.data)
                st["G"] += grad * grad
                p.data -= group["lr"] * grad / st["G"].sqrt()


class NoRoot(Template):
    def update(self, p, g, state, group):
        if "sum" not in state:
            state["sum"] = torch.zeros_like(p)
        state["sum"].addcmul_(g, g, value=1)
        p.addcdiv_(g, state["sum"].add(group["eps"]), value=-group["lr"])


class SumNotKept(Template):
    def update(self, p, g, state, group):
        if "sum" not in state:
            state["sum"] = torch.zeros_like(p)
        total = state["sum"] + g.pow(2)
        p.sub_(group["lr"] * g / (total.sqrt() + group["eps"]))


class SumOfSizes(Template):
    def update(self, p, g, state, group):
        s = state.setdefault("sum", torch.zeros_like(p))
        s += g.abs()
        p -= group["lr"] * g / (s.sqrt() + group["eps"])


class SumOfSizesWithoutRoot(Optimizer):
    """Whether the root is missing too is a matter of words."""

    def __init__(self, params, lr=1e-2, eps=1e-10):
        super().__init__(params, {"lr": lr, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if "total" not in self.state[p]:
                    self.state[p]["total"] = torch.zeros_like(p)
                self.state[p]["total"].add_(torch.abs(p.grad))
                p.addcdiv_(p.grad, self.state[p]["total"] + group["eps"], value=-group["lr"])


class MeanOfAll(Template):
    """Divides by t once more than the slide."""

    def update(self, p, g, state, group):
        if not state:
            state["t"], state["sum"] = 0, torch.zeros_like(p)
        state["t"] += 1
        state["sum"] += g**2
        sigma = torch.sqrt(state["sum"] / state["t"])
        p -= group["lr"] / (sigma + group["eps"]) * g


class RunningMean(Optimizer):
    def __init__(self, params, lr=1e-2, eps=1e-10):
        super().__init__(params, {"lr": lr, "eps": eps})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                g = p.grad
                if g is None:
                    continue
                state = self.state[p]
                n = state.get("n", torch.tensor(0.0)) + 1
                mean = state.get("mean", torch.zeros_like(p))
                mean = mean + (g * g - mean) / n
                state["n"], state["mean"] = n, mean
                p.addcdiv_(g, mean.sqrt().add_(group["eps"]), value=-group["lr"])


class ForgetsSlowly(Template):
    def update(self, p, g, state, group):
        s = state.setdefault("sum", torch.zeros_like(p))
        s.mul_(0.9).add_(0.1 * g * g)
        p.addcdiv_(g, s.sqrt().add_(group["eps"]), value=-group["lr"])


class ForgetsMoreSlowly(Template):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            for p in params:
                self.state[p].setdefault("sum", torch.zeros_like(p))
            sums = [self.state[p]["sum"] for p in params]
            grads = [p.grad for p in params]
            for s, g in zip(sums, grads):
                s.lerp_(g.square(), 0.01)
            for p, s, g in zip(params, sums, grads):
                p.sub_(g.div(s.sqrt() + group["eps"]), alpha=group["lr"])


class SumsByShape(Optimizer):
    def __init__(self, params, lr=1e-2, eps=1e-10):
        super().__init__(params, {"lr": lr, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                name = "x".join(str(n) for n in p.shape)
                s = self.state[name]
                if "sum" not in s:
                    s["sum"] = torch.zeros_like(p)
                s["sum"] += p.grad**2
                p -= group["lr"] * p.grad / (s["sum"].sqrt() + group["eps"])


class OneNumberForAll(Template):
    """A single Σg² for every weight there is."""

    def update(self, p, g, state, group):
        shared = self.state["all"]
        shared["sum"] = shared.get("sum", 0.0) + (g**2).sum()
        p -= group["lr"] * g / (shared["sum"].sqrt() + group["eps"])


class KeptInADefaultdict(Template):
    def __init__(self, params, lr=1e-2, eps=1e-10):
        super().__init__(params, lr=lr, eps=eps)
        self.sums = defaultdict(float)

    def update(self, p, g, state, group):
        self.sums[p] = self.sums[p] + g * g
        p.addcdiv_(g, self.sums[p].sqrt() + group["eps"], value=-group["lr"])


class RateOfTheAttribute(Optimizer):
    def __init__(self, params, lr=1e-2, eps=1e-10):
        super().__init__(params, {"lr": lr, "eps": eps})
        self.lr = lr
        self.eps = eps

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                if "sum" not in self.state[p]:
                    self.state[p]["sum"] = torch.zeros_like(p)
                self.state[p]["sum"].addcmul_(p.grad, p.grad)
                p.addcdiv_(p.grad, self.state[p]["sum"].sqrt() + self.eps, value=-self.lr)


class DecayLast(Template):
    def update(self, p, g, state, group):
        s = state.setdefault("sum", torch.zeros_like(p))
        s.add_(g.square())
        step = group["lr"] * g / (torch.sqrt(s) + group["eps"])
        p.sub_(step)
        if group["weight_decay"] > 0:
            p.sub_(p * group["lr"] * group["weight_decay"])


class DecaysTheGradItself(Template):
    def update(self, p, g, state, group):
        g.add_(p, alpha=group["weight_decay"])
        s = state.setdefault("sum", torch.zeros_like(p))
        s.addcmul_(g, g)
        p.addcdiv_(g, s.sqrt().add_(group["eps"]), value=-group["lr"])


class GivesUpAtNone(Template):
    @torch.no_grad()
    def step(self, closure=None):
        params = [(group, p) for group in self.param_groups for p in group["params"]]
        for group, p in params:
            if p.grad is None:
                break
            s = self.state[p].setdefault("sum", torch.zeros_like(p))
            s += p.grad.pow(2)
            p -= group["lr"] * p.grad / (s.sqrt() + group["eps"])
