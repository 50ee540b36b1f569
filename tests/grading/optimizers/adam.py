"""Adam, as beginners write it wrong."""

import math

import torch
from torch.optim import Optimizer


class Template(Optimizer):
    """What the teacher hands out: a student writes `step`, or `update` for one parameter."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if len(state) == 0:
                    state["t"] = 0
                    state["m"] = torch.zeros_like(p)
                    state["v"] = torch.zeros_like(p)
                self.update(p, p.grad, state, group)


class Uphill(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        state["t"] += 1
        m, v, t = state["m"], state["v"], state["t"]
        m.mul_(beta1).add_(g, alpha=1 - beta1)
        v.mul_(beta2).addcmul_(g, g, value=1 - beta2)
        m_hat = m / (1 - beta1**t)
        v_hat = v / (1 - beta2**t)
        p.add_(group["lr"] * m_hat / (v_hat.sqrt() + group["eps"]))


class NegativeGrad(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                g = -p.grad
                s = self.state[p]
                if "step" not in s:
                    s["step"] = torch.tensor(0.0)
                    s["exp_avg"], s["exp_avg_sq"] = torch.zeros_like(p), torch.zeros_like(p)
                s["step"] += 1
                s["exp_avg"].lerp_(g, 1 - b1)
                s["exp_avg_sq"].lerp_(g * g, 1 - b2)
                t = s["step"].item()
                step_size = group["lr"] / (1 - b1**t)
                denom = s["exp_avg_sq"].sqrt() / math.sqrt(1 - b2**t) + group["eps"]
                p.addcdiv_(s["exp_avg"], denom, value=-step_size)


class NoHats(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        m = beta1 * state["m"] + (1 - beta1) * g
        v = beta2 * state["v"] + (1 - beta2) * g**2
        state["m"], state["v"] = m, v
        p -= group["lr"] * m / (torch.sqrt(v) + group["eps"])


class NoHatsAtOnce(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            beta1, beta2 = group["betas"]
            for p in params:
                if not self.state[p]:
                    self.state[p].update(m=torch.zeros_like(p), v=torch.zeros_like(p))
            grads = [p.grad for p in params]
            ms = [self.state[p]["m"] for p in params]
            vs = [self.state[p]["v"] for p in params]
            torch._foreach_lerp_(ms, grads, 1 - beta1)
            torch._foreach_mul_(vs, beta2)
            torch._foreach_addcmul_(vs, grads, grads, value=1 - beta2)
            roots = torch._foreach_sqrt(vs)
            torch._foreach_add_(roots, group["eps"])
            torch._foreach_addcdiv_(params, ms, roots, value=-group["lr"])


class CountsButForgetsTheHats(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        state["t"] += 1
        state["m"].mul_(beta1).add_((1 - beta1) * g)
        state["v"].mul_(beta2).add_((1 - beta2) * g * g)
        _mhat = state["m"] / (1 - beta1 ** state["t"])
        _vhat = state["v"] / (1 - beta2 ** state["t"])
        p.addcdiv_(state["m"], state["v"].sqrt() + group["eps"], value=-group["lr"])


class CountsAfterwards(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        t = max(1, state["t"])
        state["m"].mul_(beta1).add_(g, alpha=1 - beta1)
        state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
        m_hat = state["m"] / (1 - beta1**t)
        v_hat = state["v"] / (1 - beta2**t)
        p -= group["lr"] * m_hat / (v_hat.sqrt() + group["eps"])
        state["t"] += 1


class CountsAfterwardsUnguarded(Template):
    """0/0 at the first step."""

    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        state["m"] = beta1 * state["m"] + (1 - beta1) * g
        state["v"] = beta2 * state["v"] + (1 - beta2) * g**2
        m_hat = state["m"] / (1 - beta1 ** state["t"])
        v_hat = state["v"] / (1 - beta2 ** state["t"])
        p -= group["lr"] * m_hat / (v_hat.sqrt() + group["eps"])
        state["t"] += 1


class CountsFromOne(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    def step(self, closure=None):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                grad, state = p.grad.data, self.state[p]
                if not state:
                    state["step"] = 1
                    state["exp_avg"] = torch.zeros_like(p.data)
                    state["exp_avg_sq"] = torch.zeros_like(p.data)
                state["step"] += 1
                state["exp_avg"].mul_(beta1).add_(grad, alpha=1 - beta1)
                state["exp_avg_sq"].mul_(beta2).addcmul_(grad, grad, value=1 - beta2)
                c1, c2 = 1 - beta1 ** state["step"], 1 - beta2 ** state["step"]
                denom = (state["exp_avg_sq"].sqrt() / math.sqrt(c2)).add_(group["eps"])
                p.data.addcdiv_(state["exp_avg"], denom, value=-group["lr"] / c1)


class PowersOneTooFar(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        m, v, t = state["m"], state["v"], state["t"] = state["m"], state["v"], state["t"] + 1
        m.lerp_(g, 1 - beta1)
        v.lerp_(g**2, 1 - beta2)
        m_hat, v_hat = m / (1 - beta1 ** (t + 1)), v / (1 - beta2 ** (t + 1))
        p.addcdiv_(m_hat, v_hat.sqrt() + group["eps"], value=-group["lr"])


class UnpacksBackwards(Template):
    def update(self, p, g, state, group):
        beta2, beta1 = group["betas"]
        state["t"] += 1
        t = state["t"]
        state["m"] = beta1 * state["m"] + (1 - beta1) * g
        state["v"] = beta2 * state["v"] + (1 - beta2) * g * g
        m_hat = state["m"] / (1 - beta1**t)
        v_hat = state["v"] / (1 - beta2**t)
        p -= group["lr"] * m_hat / (v_hat.sqrt() + group["eps"])


class IndexesBackwards(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                t = s["t"] = s.get("t", 0) + 1
                m = s["m"] = group["betas"][1] * s.get("m", 0) + (1 - group["betas"][1]) * p.grad
                v = s["v"] = group["betas"][0] * s.get("v", 0) + (1 - group["betas"][0]) * p.grad**2
                m_hat = m / (1 - group["betas"][1] ** t)
                v_hat = v / (1 - group["betas"][0] ** t)
                p -= group["lr"] * m_hat / (v_hat.sqrt() + group["eps"])


class SwappedInTheHelper(Template):
    @staticmethod
    def moments(m, v, g, beta1, beta2):
        m.mul_(beta2).add_(g, alpha=1 - beta2)
        v.mul_(beta1).addcmul_(g, g, value=1 - beta1)
        return m, v

    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        state["t"] += 1
        m, v = self.moments(state["m"], state["v"], g, beta1, beta2)
        bias1, bias2 = 1 - beta2 ** state["t"], 1 - beta1 ** state["t"]
        p.addcdiv_(m / bias1, (v / bias2).sqrt() + group["eps"], value=-group["lr"])


class EpsUnderTheRoot(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        state["t"] += 1
        state["m"].mul_(beta1).add_(g, alpha=1 - beta1)
        state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
        m_hat = state["m"] / (1 - beta1 ** state["t"])
        v_hat = state["v"] / (1 - beta2 ** state["t"])
        p.sub_(group["lr"] * m_hat / torch.sqrt(v_hat + group["eps"]))


class ForgetsEps(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        state["t"] += 1
        state["m"] = beta1 * state["m"] + (1 - beta1) * g
        state["v"] = beta2 * state["v"] + (1 - beta2) * g**2
        m_hat = state["m"] / (1 - beta1 ** state["t"])
        v_hat = state["v"] / (1 - beta2 ** state["t"])
        p -= group["lr"] * m_hat / torch.sqrt(v_hat)


class NanToZero(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                if len(s) == 0:
                    s["step"], s["m"], s["v"] = torch.zeros(()), torch.zeros_like(p), torch.zeros_like(p)
                s["step"] += 1
                s["m"].lerp_(p.grad, 1 - b1)
                s["v"].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
                t = s["step"].item()
                ratio = (s["m"] / (1 - b1**t)) / (s["v"] / (1 - b2**t)).sqrt()
                p.sub_(torch.nan_to_num(ratio), alpha=group["lr"])


class ForgetsTheRoot(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        state["t"] += 1
        state["m"].mul_(beta1).add_(g, alpha=1 - beta1)
        state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
        m_hat = state["m"] / (1 - beta1 ** state["t"])
        v_hat = state["v"] / (1 - beta2 ** state["t"])
        p.addcdiv_(m_hat, v_hat + group["eps"], value=-group["lr"])


class MomentsNotKept(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        state["t"] += 1
        m, v = state["m"], state["v"]
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g.pow(2)
        m_hat, v_hat = m / (1 - beta1 ** state["t"]), v / (1 - beta2 ** state["t"])
        p.sub_(group["lr"] * m_hat / (v_hat.sqrt() + group["eps"]))


class SizesForSquares(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        state["t"] += 1
        state["m"].lerp_(g, 1 - beta1)
        state["v"].lerp_(torch.abs(g), 1 - beta2)
        m_hat, v_hat = state["m"] / (1 - beta1 ** state["t"]), state["v"] / (1 - beta2 ** state["t"])
        p.addcdiv_(m_hat, v_hat.sqrt() + group["eps"], value=-group["lr"])


class SumsBoth(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        state["t"] += 1
        state["m"] = beta1 * state["m"] + g
        state["v"] = beta2 * state["v"] + g**2
        m_hat = state["m"] / (1 - beta1 ** state["t"])
        v_hat = state["v"] / (1 - beta2 ** state["t"])
        p -= group["lr"] * m_hat / (v_hat.sqrt() + group["eps"])


class SumsTheFirst(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                if len(s) == 0:
                    s["t"], s["m"], s["v"] = 0, torch.zeros_like(p), torch.zeros_like(p)
                s["t"] += 1
                s["m"].mul_(b1).add_(p.grad)
                s["v"].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
                denom = (s["v"].sqrt() / (1 - b2 ** s["t"]) ** 0.5).add_(group["eps"])
                p.addcdiv_(s["m"], denom, value=-group["lr"] / (1 - b1 ** s["t"]))


class MomentsByShape(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                mine = self.state[p]
                ours = self.state[("shape", *p.shape)]
                mine["t"] = mine.get("t", 0) + 1
                if "m" not in ours:
                    ours["m"], ours["v"] = torch.zeros_like(p), torch.zeros_like(p)
                ours["m"].mul_(b1).add_(p.grad, alpha=1 - b1)
                ours["v"].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
                m_hat = ours["m"] / (1 - b1 ** mine["t"])
                v_hat = ours["v"] / (1 - b2 ** mine["t"])
                p -= group["lr"] * m_hat / (v_hat.sqrt() + group["eps"])


class CountsEveryParameter(Template):
    """One counter, and it is an attribute: lost when saved."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, lr=lr, betas=betas, eps=eps)
        self.t = 0

    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        self.t += 1
        state["m"].mul_(beta1).add_(g, alpha=1 - beta1)
        state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
        m_hat = state["m"] / (1 - beta1**self.t)
        v_hat = state["v"] / (1 - beta2**self.t)
        p.sub_(group["lr"] * m_hat / (v_hat.sqrt() + group["eps"]))


class CountsInTheFirstGroup(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        first = self.param_groups[0]
        first["t"] = first.get("t", 0) + 1
        state["m"] = beta1 * state["m"] + (1 - beta1) * g
        state["v"] = beta2 * state["v"] + (1 - beta2) * g**2
        m_hat = state["m"] / (1 - beta1 ** first["t"])
        v_hat = state["v"] / (1 - beta2 ** first["t"])
        p -= group["lr"] * m_hat / (v_hat.sqrt() + group["eps"])


class CountsInTheState(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})
        self.state["t"] = torch.zeros(())

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                self.state["t"] = self.state["t"] + 1
                t = float(self.state["t"])
                s = self.state[p]
                if len(s) == 0:
                    s["m"], s["v"] = torch.zeros_like(p), torch.zeros_like(p)
                s["m"].lerp_(p.grad, 1 - b1)
                s["v"].lerp_(p.grad * p.grad, 1 - b2)
                p.addcdiv_(
                    s["m"] / (1 - b1**t), (s["v"] / (1 - b2**t)).sqrt() + group["eps"], value=-group["lr"]
                )


class FirstGroupOnly(Template):
    @torch.no_grad()
    def step(self, closure=None):
        group = self.param_groups[0]
        beta1, beta2 = group["betas"]
        for p in group["params"]:
            if p.grad is None:
                continue
            s = self.state[p]
            if not s:
                s["t"], s["m"], s["v"] = 0, torch.zeros_like(p), torch.zeros_like(p)
            s["t"] += 1
            s["m"].lerp_(p.grad, 1 - beta1)
            s["v"].lerp_(p.grad**2, 1 - beta2)
            m_hat, v_hat = s["m"] / (1 - beta1 ** s["t"]), s["v"] / (1 - beta2 ** s["t"])
            p -= group["lr"] * m_hat / (v_hat.sqrt() + group["eps"])


class ListsOfMoments(Optimizer):
    """All parameters have a counter of their own."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps})
        everything = [p for group in self.param_groups for p in group["params"]]
        self.m = [torch.zeros_like(p) for p in everything]
        self.v = [torch.zeros_like(p) for p in everything]
        self.t = [0 for _ in everything]

    @torch.no_grad()
    def step(self):
        i = -1
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                i += 1
                if p.grad is None:
                    continue
                self.t[i] += 1
                self.m[i] = beta1 * self.m[i] + (1 - beta1) * p.grad
                self.v[i] = beta2 * self.v[i] + (1 - beta2) * p.grad**2
                m_hat = self.m[i] / (1 - beta1 ** self.t[i])
                v_hat = self.v[i] / (1 - beta2 ** self.t[i])
                p -= group["lr"] * m_hat / (v_hat.sqrt() + group["eps"])


class MomentsInDicts(Template):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, lr=lr, betas=betas, eps=eps)
        self.moments = {}

    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        m, v, t = self.moments.get(id(p), (torch.zeros_like(p), torch.zeros_like(p), 0))
        m, v, t = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g, t + 1
        self.moments[id(p)] = m, v, t
        p -= group["lr"] * (m / (1 - beta1**t)) / ((v / (1 - beta2**t)).sqrt() + group["eps"])


class DecayIntoGrad(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        state["t"] += 1
        g.add_(p.data, alpha=group["weight_decay"])
        state["m"].mul_(beta1).add_(g, alpha=1 - beta1)
        state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
        m_hat = state["m"] / (1 - beta1 ** state["t"])
        v_hat = state["v"] / (1 - beta2 ** state["t"])
        p.sub_(group["lr"] * m_hat / (v_hat.sqrt() + group["eps"]))


class DecayAtTheEnd(Template):
    def update(self, p, g, state, group):
        beta1, beta2 = group["betas"]
        state["t"] += 1
        state["m"].mul_(beta1).add_(g, alpha=1 - beta1)
        state["v"].mul_(beta2).addcmul_(g, g, value=1 - beta2)
        m_hat = state["m"] / (1 - beta1 ** state["t"])
        v_hat = state["v"] / (1 - beta2 ** state["t"])
        p.sub_(group["lr"] * m_hat / (v_hat.sqrt() + group["eps"]))
        p.mul_(1 - group["lr"] * group["weight_decay"])


class GoesOnWithoutGrad(Template):
    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    g = torch.zeros_like(p)
                else:
                    g = p.grad
                s = self.state[p]
                if len(s) == 0:
                    s["t"], s["m"], s["v"] = 0, torch.zeros_like(p), torch.zeros_like(p)
                s["t"] += 1
                s["m"] = b1 * s["m"] + (1 - b1) * g
                s["v"] = b2 * s["v"] + (1 - b2) * g**2
                m_hat = s["m"] / (1 - b1 ** s["t"])
                v_hat = s["v"] / (1 - b2 ** s["t"])
                p -= group["lr"] * m_hat / (v_hat.sqrt() + group["eps"])
