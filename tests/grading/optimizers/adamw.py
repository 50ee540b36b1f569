"""AdamW, as beginners write it wrong."""

import torch
from torch.optim import Optimizer


class Template(Optimizer):
    """What the teacher hands out: a student writes `step`, or `update` for one parameter."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["step"] = 0
                    state["exp_avg"] = torch.zeros_like(p)
                    state["exp_avg_sq"] = torch.zeros_like(p)
                self.update(p, p.grad, state, group)


def adam_direction(state, g, betas, eps):
    """A right step of Adam, before lr."""
    beta1, beta2 = betas
    state["step"] += 1
    state["exp_avg"].mul_(beta1).add_(g, alpha=1 - beta1)
    state["exp_avg_sq"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
    m_hat = state["exp_avg"] / (1 - beta1 ** state["step"])
    v_hat = state["exp_avg_sq"] / (1 - beta2 ** state["step"])
    return m_hat / (v_hat.sqrt() + eps)


class AddsToTheGradient(Template):
    def update(self, p, g, state, group):
        g = g.add(p, alpha=group["weight_decay"])
        p.sub_(group["lr"] * adam_direction(state, g, group["betas"], group["eps"]))


class JustTorchsAdam(torch.optim.Adam):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)


class LongHand(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            wd = group["weight_decay"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                grad = p.grad.data + wd * p.data
                s = self.state[p]
                t = s["t"] = s.get("t", 0) + 1
                m = s["m"] = b1 * s.get("m", torch.zeros_like(grad)) + (1 - b1) * grad
                v = s["v"] = b2 * s.get("v", torch.zeros_like(grad)) + (1 - b2) * grad**2
                p.data -= group["lr"] * (m / (1 - b1**t)) / (torch.sqrt(v / (1 - b2**t)) + group["eps"])


class ManyAtOnce(Template):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            grads = torch._foreach_add([p.grad for p in params], params, alpha=group["weight_decay"])
            for p, g in zip(params, grads):
                s = self.state[p]
                if not s:
                    s["step"], s["exp_avg"], s["exp_avg_sq"] = 0, torch.zeros_like(p), torch.zeros_like(p)
                p -= group["lr"] * adam_direction(s, g, group["betas"], group["eps"])


class ShrinksLast(Template):
    def update(self, p, g, state, group):
        p.sub_(group["lr"] * adam_direction(state, g, group["betas"], group["eps"]))
        p.mul_(1 - group["lr"] * group["weight_decay"])


class ShrinksLastByHand(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                if "m" not in s:
                    s["t"], s["m"], s["v"] = torch.zeros(()), torch.zeros_like(p), torch.zeros_like(p)
                s["t"] += 1
                t = s["t"].item()
                s["m"].lerp_(p.grad, 1 - b1)
                s["v"].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
                p.addcdiv_(
                    s["m"] / (1 - b1**t), (s["v"] / (1 - b2**t)).sqrt() + group["eps"], value=-group["lr"]
                )
                decay = group["lr"] * group["weight_decay"] * p
                p.sub_(decay)


class NoHats(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        p *= 1 - group["lr"] * group["weight_decay"]
        state["exp_avg"].lerp_(g, 1 - beta1)
        state["exp_avg_sq"].lerp_(g.square(), 1 - beta2)
        p.addcdiv_(state["exp_avg"], state["exp_avg_sq"].sqrt() + group["eps"], value=-group["lr"])


class CountsTooEarly(Template):
    def update(self, p, g, state, group):
        if state["step"] == 0:
            state["step"] = 1
        p -= group["lr"] * group["weight_decay"] * p
        p -= group["lr"] * adam_direction(state, g, group["betas"], group["eps"])


class EpsUnderTheRoot(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        state["step"] += 1
        t = state["step"]
        p.mul_(1 - group["lr"] * group["weight_decay"])
        state["exp_avg"].lerp_(g, 1 - beta1)
        state["exp_avg_sq"].lerp_(g.square(), 1 - beta2)
        root = (state["exp_avg_sq"] / (1 - beta2**t) + group["eps"]).sqrt()
        p.addcdiv_(state["exp_avg"], root, value=-group["lr"] / (1 - beta1**t))


class ForgetsTheRoot(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        state["step"] += 1
        t = state["step"]
        p.mul_(1 - group["lr"] * group["weight_decay"])
        state["exp_avg"].lerp_(g, 1 - beta1)
        state["exp_avg_sq"].lerp_(g.square(), 1 - beta2)
        p -= (
            group["lr"]
            * state["exp_avg"]
            / (1 - beta1**t)
            / (state["exp_avg_sq"] / (1 - beta2**t) + group["eps"])
        )


class CountsEveryParameter(Template):
    def update(self, p, g, state, group):
        counter = self.state["counter"]
        counter["t"] = counter.get("t", 0) + 1
        state["step"] = counter["t"] - 1
        p.mul_(1 - group["lr"] * group["weight_decay"])
        p.sub_(group["lr"] * adam_direction(state, g, group["betas"], group["eps"]))


class ShrinksWithoutGrad(Template):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p.mul_(1 - group["lr"] * group["weight_decay"])
                if p.grad is None:
                    continue
                s = self.state[p]
                if not s:
                    s["step"], s["exp_avg"], s["exp_avg_sq"] = 0, torch.zeros_like(p), torch.zeros_like(p)
                p.sub_(group["lr"] * adam_direction(s, p.grad, group["betas"], group["eps"]))


class UnpacksBackwards(Template):
    def update(self, p, g, state, group):
        second, first = group["betas"]
        p.mul_(1 - group["lr"] * group["weight_decay"])
        p.sub_(group["lr"] * adam_direction(state, g, (first, second), group["eps"]))
