"""RMSprop, as beginners write it wrong."""

import torch
from torch.optim import Optimizer


class Template(Optimizer):
    """What the teacher hands out: a student writes `step`, or `update` for one parameter."""

    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8, weight_decay=0):
        super().__init__(params, dict(lr=lr, alpha=alpha, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, p.grad, self.state[p], group)
        return loss


def average(old, new, alpha):
    return alpha * old + (1 - alpha) * new


class MinusMinus(Template):
    def update(self, p, g, state, group):
        state["sigma2"] = average(state.get("sigma2", torch.zeros_like(p)), g**2, group["alpha"])
        change = -group["lr"] * g / (state["sigma2"].sqrt() + group["eps"])
        p -= change


class EpsWithTheSquares(Template):
    def update(self, p, g, state, group):
        s = state.setdefault("square_avg", torch.zeros_like(p))
        s.mul_(group["alpha"]).addcmul_(g, g, value=1 - group["alpha"])
        p.addcdiv_(g, (s + group["eps"]).sqrt(), value=-group["lr"])


class EpsToTheHalf(Optimizer):
    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8):
        super().__init__(params, {"lr": lr, "alpha": alpha, "eps": eps})

    def step(self):
        for group in self.param_groups:
            lr, alpha, eps = group["lr"], group["alpha"], group["eps"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                r = self.state[p].get("r", torch.zeros_like(p.data))
                r = alpha * r + (1 - alpha) * p.grad.data**2
                self.state[p]["r"] = r
                p.data -= lr * p.grad.data * (r + eps) ** -0.5


class NoEpsButGuarded(Template):
    def update(self, p, g, state, group):
        s = state.setdefault("square_avg", torch.zeros_like(p))
        s.mul_(group["alpha"]).addcmul_(g, g, value=1 - group["alpha"])
        root = s.sqrt()
        p -= group["lr"] * torch.where(root > 0, g / root, torch.zeros_like(g))


class ForgetsTheRoot(Template):
    def update(self, p, g, state, group):
        v = state.setdefault("v", torch.zeros_like(p))
        v.copy_(average(v, g * g, group["alpha"]))
        p.sub_(group["lr"] * g / (v + group["eps"]))


class AverageNotKept(Template):
    def update(self, p, g, state, group):
        if len(state) == 0:
            state["square_avg"] = torch.zeros_like(p)
        square_avg = state["square_avg"]
        square_avg = group["alpha"] * square_avg + (1 - group["alpha"]) * g.square()
        p.addcdiv_(g, square_avg.sqrt().add(group["eps"]), value=-group["lr"])


class OnlyTheLastSquare(Optimizer):
    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8):
        super().__init__(params, {"lr": lr, "alpha": alpha, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                self.state[p]["square_avg"] = p.grad**2
                denom = torch.sqrt(self.state[p]["square_avg"]) + group["eps"]
                p.add_(p.grad / denom, alpha=-group["lr"])


class AverageOfSizes(Template):
    def update(self, p, g, state, group):
        s = state.setdefault("avg", torch.zeros_like(p))
        s.lerp_(g.abs(), 1 - group["alpha"])
        p.addcdiv_(g, s.sqrt().add_(group["eps"]), value=-group["lr"])


class AverageOfGradients(Template):
    """√ of what may be negative: not a number."""

    def update(self, p, g, state, group):
        state["v"] = average(state.get("v", torch.zeros_like(p)), g, group["alpha"])
        p -= group["lr"] * g / (torch.sqrt(state["v"]) + group["eps"])


class AddsTheWholeSquare(Template):
    def update(self, p, g, state, group):
        s = state.setdefault("square_avg", torch.zeros_like(p))
        s.mul_(group["alpha"]).addcmul_(g, g)
        p.addcdiv_(g, s.sqrt().add_(group["eps"]), value=-group["lr"])


class AddsThemUp(Optimizer):
    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8):
        super().__init__(params, {"lr": lr, "alpha": alpha, "eps": eps})

    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "v" not in state:
                    state["v"] = torch.zeros_like(p.data)
                state["v"] += p.grad.data.pow(2)
                p.data -= group["lr"] * p.grad.data / (state["v"].sqrt() + group["eps"])


class ManyAtOnceSummed(Template):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            for p in params:
                if "s" not in self.state[p]:
                    self.state[p]["s"] = torch.zeros_like(p)
            grads = [p.grad for p in params]
            s = [self.state[p]["s"] for p in params]
            torch._foreach_mul_(s, group["alpha"])
            torch._foreach_addcmul_(s, grads, grads)
            denominators = torch._foreach_sqrt(s)
            torch._foreach_add_(denominators, group["eps"])
            torch._foreach_addcdiv_(params, grads, denominators, value=-group["lr"])


class OneAverageForAll(Template):
    """A single mean square for every weight there is."""

    def update(self, p, g, state, group):
        shared = self.state["shared"]
        shared["s"] = average(shared.get("s", 0.0), g.pow(2).mean(), group["alpha"])
        p -= group["lr"] * g / (shared["s"].sqrt() + group["eps"])


class AveragesByShape(Template):
    def update(self, p, g, state, group):
        shared = self.state[p.shape]
        if "s" not in shared:
            shared["s"] = torch.zeros_like(p)
        shared["s"].mul_(group["alpha"]).addcmul_(g, g, value=1 - group["alpha"])
        p.addcdiv_(g, shared["s"].sqrt() + group["eps"], value=-group["lr"])


class KeptBesides(Optimizer):
    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8):
        super().__init__(params, {"lr": lr, "alpha": alpha, "eps": eps})
        self.square_avg = {p: torch.zeros_like(p) for group in self.param_groups for p in group["params"]}

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.square_avg[p]
                s.mul_(group["alpha"]).add_((1 - group["alpha"]) * p.grad**2)
                p.sub_(group["lr"] * p.grad / (s**0.5 + group["eps"]))


class FirstGroupsSettings(Template):
    @torch.no_grad()
    def step(self, closure=None):
        first = self.param_groups[0]
        lr, alpha, eps = first["lr"], first["alpha"], first["eps"]
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p].setdefault("s", torch.zeros_like(p))
                s.mul_(alpha).addcmul_(p.grad, p.grad, value=1 - alpha)
                p.addcdiv_(p.grad, s.sqrt() + eps, value=-lr)


class FadesWithoutGrad(Template):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                g = torch.zeros_like(p) if p.grad is None else p.grad
                s = self.state[p].setdefault("s", torch.zeros_like(p))
                s.mul_(group["alpha"]).addcmul_(g, g, value=1 - group["alpha"])
                p.addcdiv_(g, s.sqrt() + group["eps"], value=-group["lr"])
