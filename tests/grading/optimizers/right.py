"""Right answers, in as many styles as there are: none of them may be called wrong."""

import math

import torch
from torch.optim import Optimizer


class OneLine(Optimizer):
    def __init__(self, params, lr=0.001):
        defaults = {"lr": lr}
        super(OneLine, self).__init__(params, defaults)

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    p.data -= group["lr"] * p.grad.data


class NegativeAlpha(Optimizer):
    def __init__(self, params, lr=1e-3, weight_decay=0):
        super().__init__(params, dict(lr=lr, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                d_p = p.grad.add(p, alpha=group["weight_decay"])
                p.add_(d_p, alpha=-group["lr"])
        return loss


class ManyAtOnce(Optimizer):
    def __init__(self, params, lr=1e-3):
        super().__init__(params, dict(lr=lr))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if params:
                torch._foreach_sub_(params, torch._foreach_mul([p.grad for p in params], group["lr"]))


class NoBase:
    """Everything by hand, groups and all."""

    def __init__(self, params, lr=0.001):
        params = list(params)
        if not isinstance(params[0], dict):
            params = [{"params": params}]
        self.param_groups = [{"lr": lr, **group, "params": list(group["params"])} for group in params]

    def zero_grad(self):
        for group in self.param_groups:
            for p in group["params"]:
                p.grad = None

    def state_dict(self):
        return {"rates": [group["lr"] for group in self.param_groups]}

    def load_state_dict(self, saved):
        for group, lr in zip(self.param_groups, saved["rates"]):
            group["lr"] = lr

    def step(self):
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    if p.grad is not None:
                        p -= group["lr"] * p.grad


class TorchsBall(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0, weight_decay=0):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                d_p = p.grad
                if group["weight_decay"] != 0:
                    d_p = d_p.add(p, alpha=group["weight_decay"])
                if group["momentum"] != 0:
                    state = self.state[p]
                    if "momentum_buffer" not in state:
                        state["momentum_buffer"] = torch.clone(d_p).detach()
                    else:
                        state["momentum_buffer"].mul_(group["momentum"]).add_(d_p)
                    d_p = state["momentum_buffer"]
                p.add_(d_p, alpha=-group["lr"])


class BallFromZero(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, dict(lr=lr, momentum=momentum))
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["velocity"] = torch.zeros_like(p)

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                velocity = group["momentum"] * self.state[p]["velocity"] + p.grad.data
                self.state[p]["velocity"] = velocity
                p.data = p.data - group["lr"] * velocity


class NegativeBall(Optimizer):
    """The buffer holds the negative: two signs that cancel."""

    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                v = self.state[p].setdefault("v", torch.zeros_like(p))
                v.mul_(group["momentum"]).sub_(p.grad)
                p += group["lr"] * v


class ArrayBall(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                w, g = p.detach().numpy(), p.grad.numpy()
                v = g + group["momentum"] * (self.state[p]["v"].numpy() if self.state[p] else 0 * g)
                self.state[p]["v"] = torch.as_tensor(v)
                w -= group["lr"] * v


class LooksAhead(Optimizer):
    def __init__(self, params, lr=1e-3, momentum=0.9):
        super().__init__(params, dict(lr=lr, momentum=momentum))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            mu = group["momentum"]
            for p in group["params"]:
                g = p.grad
                if g is None:
                    continue
                v = self.state[p].get("v")
                v = g.clone() if v is None else mu * v + g
                self.state[p]["v"] = v
                p -= group["lr"] * (g + mu * v)


class LooksAheadTheLongWay(Optimizer):
    """g + λ(λ v + g), written out."""

    def __init__(self, params, lr=1e-3, momentum=0, nesterov=False):
        super().__init__(params, dict(lr=lr, momentum=momentum, nesterov=nesterov))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            lr, mu = group["lr"], group["momentum"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                v = self.state[p].setdefault("v", torch.zeros_like(p))
                old = v.clone()
                v.mul_(mu).add_(p.grad)
                if group["nesterov"]:
                    p.sub_(lr * ((1 + mu) * p.grad + mu * mu * old))
                else:
                    p.sub_(lr * v)


class RootOfTheSum(Optimizer):
    def __init__(self, params, lr=1e-2, eps=1e-10):
        super().__init__(params, dict(lr=lr, eps=eps))

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                state["G"] = state.get("G", 0) + p.grad.data**2
                adapted = group["lr"] / (torch.sqrt(state["G"]) + group["eps"])
                p.data -= adapted * p.grad.data


class TorchsAdagrad(Optimizer):
    def __init__(self, params, lr=1e-2, lr_decay=0, weight_decay=0, initial_accumulator_value=0, eps=1e-10):
        super().__init__(params, dict(lr=lr, lr_decay=lr_decay, weight_decay=weight_decay, eps=eps))
        for group in self.param_groups:
            for p in group["params"]:
                self.state[p]["step"] = torch.tensor(0.0)
                self.state[p]["sum"] = torch.full_like(p, initial_accumulator_value)

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                state["step"] += 1
                grad = p.grad.add(p, alpha=group["weight_decay"])
                clr = group["lr"] / (1 + (state["step"].item() - 1) * group["lr_decay"])
                state["sum"].addcmul_(grad, grad, value=1)
                p.addcdiv_(grad, state["sum"].sqrt().add_(group["eps"]), value=-clr)


class LerpRMSprop(Optimizer):
    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8):
        super().__init__(params, dict(lr=lr, alpha=alpha, eps=eps))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p].setdefault("s", torch.zeros_like(p))
                s.lerp_(p.grad.square(), 1 - group["alpha"])
                p.sub_(p.grad.div(s.sqrt().add(group["eps"])), alpha=group["lr"])


class ManyRMSprops(Optimizer):
    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8):
        super().__init__(params, dict(lr=lr, alpha=alpha, eps=eps))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            params = [p for p in group["params"] if p.grad is not None]
            if not params:
                continue
            grads = [p.grad for p in params]
            averages = [self.state[p].setdefault("square_avg", torch.zeros_like(p)) for p in params]
            torch._foreach_mul_(averages, group["alpha"])
            torch._foreach_addcmul_(averages, grads, grads, value=1 - group["alpha"])
            roots = torch._foreach_sqrt(averages)
            torch._foreach_add_(roots, group["eps"])
            torch._foreach_addcdiv_(params, grads, roots, value=-group["lr"])


class RMSpropWithABall(Optimizer):
    def __init__(self, params, lr=1e-2, alpha=0.99, eps=1e-8, momentum=0):
        super().__init__(params, dict(lr=lr, alpha=alpha, eps=eps, momentum=momentum))

    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                if not s:
                    s["r"], s["v"] = torch.zeros_like(p.data), torch.zeros_like(p.data)
                g = p.grad.data
                s["r"] = group["alpha"] * s["r"] + (1 - group["alpha"]) * g * g
                s["v"] = group["momentum"] * s["v"] + g / (s["r"] ** 0.5 + group["eps"])
                p.data -= group["lr"] * s["v"]


class Algorithm1(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps))

    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                g = p.grad.data
                state = self.state[p]
                if len(state) == 0:
                    state["t"] = 0
                    state["m"] = torch.zeros_like(p.data)
                    state["v"] = torch.zeros_like(p.data)
                state["t"] += 1
                state["m"] = beta1 * state["m"] + (1 - beta1) * g
                state["v"] = beta2 * state["v"] + (1 - beta2) * g**2
                m_hat = state["m"] / (1 - beta1 ** state["t"])
                v_hat = state["v"] / (1 - beta2 ** state["t"])
                p.data = p.data - group["lr"] * m_hat / (torch.sqrt(v_hat) + group["eps"])


class StepSizeAdam(Optimizer):
    """η √(1 − β₂ᵗ) / (1 − β₁ᵗ), with ε scaled to match."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                g = p.grad + group["weight_decay"] * p
                s = self.state[p]
                if "step" not in s:
                    s["step"] = torch.tensor(0.0)
                    s["exp_avg"], s["exp_avg_sq"] = torch.zeros_like(p), torch.zeros_like(p)
                s["step"] += 1
                t = s["step"].item()
                s["exp_avg"].mul_(b1).add_(g, alpha=1 - b1)
                s["exp_avg_sq"].mul_(b2).addcmul_(g, g, value=1 - b2)
                root = math.sqrt(1 - b2**t)
                p.addcdiv_(
                    s["exp_avg"],
                    s["exp_avg_sq"].sqrt() + group["eps"] * root,
                    value=-group["lr"] * root / (1 - b1**t),
                )


class PowersKept(Optimizer):
    """β₁ᵗ and β₂ᵗ multiplied up, no counter."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                s["b1t"] = s.get("b1t", 1.0) * b1
                s["b2t"] = s.get("b2t", 1.0) * b2
                s["m"] = torch.lerp(s.get("m", torch.zeros_like(p)), p.grad, 1 - b1)
                s["v"] = torch.lerp(s.get("v", torch.zeros_like(p)), p.grad**2, 1 - b2)
                p -= (
                    group["lr"]
                    * (s["m"] / (1 - s["b1t"]))
                    / ((s["v"] / (1 - s["b2t"])).sqrt() + group["eps"])
                )


def adam(params, grads, ms, vs, ts, *, lr, beta1, beta2, eps):
    for p, g, m, v, t in zip(params, grads, ms, vs, ts):
        m.lerp_(g, 1 - beta1)
        v.mul_(beta2).addcmul_(g, g.conj(), value=1 - beta2)
        p.addcdiv_(m, (v.sqrt() / (1 - beta2**t) ** 0.5).add_(eps), value=-(lr / (1 - beta1**t)))


class FunctionalAdam(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps))

    @torch.no_grad()
    def step(self, closure=None):
        loss = None if closure is None else closure()
        for group in self.param_groups:
            params, grads, ms, vs, ts = [], [], [], [], []
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                if not s:
                    s.update(t=0, m=torch.zeros_like(p), v=torch.zeros_like(p))
                s["t"] += 1
                for values, value in zip((params, grads, ms, vs, ts), (p, p.grad, s["m"], s["v"], s["t"])):
                    values.append(value)
            b1, b2 = group["betas"]
            adam(params, grads, ms, vs, ts, lr=group["lr"], beta1=b1, beta2=b2, eps=group["eps"])
        return loss


class SavesItsLists(Optimizer):
    """Buffers in lists, and a `state_dict` of its own that keeps them."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps))
        self.all = [p for group in self.param_groups for p in group["params"]]
        self.m = [torch.zeros_like(p) for p in self.all]
        self.v = [torch.zeros_like(p) for p in self.all]
        self.t = [0] * len(self.all)

    def state_dict(self):
        saved = super().state_dict()
        saved["state"] = {
            i: {"m": self.m[i].clone(), "v": self.v[i].clone(), "t": t} for i, t in enumerate(self.t)
        }
        return saved

    def load_state_dict(self, saved):
        super().load_state_dict(saved)
        for i in range(len(self.all)):
            mine = saved["state"][i]
            self.m[i], self.v[i], self.t[i] = mine["m"].clone(), mine["v"].clone(), mine["t"]

    @torch.no_grad()
    def step(self):
        i = 0
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                if p.grad is not None:
                    self.t[i] += 1
                    self.m[i].mul_(beta1).add_((1 - beta1) * p.grad)
                    self.v[i].mul_(beta2).add_((1 - beta2) * p.grad**2)
                    m_hat = self.m[i] / (1 - beta1 ** self.t[i])
                    v_hat = self.v[i] / (1 - beta2 ** self.t[i])
                    p -= group["lr"] * m_hat / (v_hat.sqrt() + group["eps"])
                i += 1


class ShrinksFirst(Optimizer):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            b1, b2 = group["betas"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                p.mul_(1 - group["lr"] * group["weight_decay"])
                s = self.state[p]
                if not s:
                    s["step"], s["exp_avg"], s["exp_avg_sq"] = 0, torch.zeros_like(p), torch.zeros_like(p)
                s["step"] += 1
                s["exp_avg"].lerp_(p.grad, 1 - b1)
                s["exp_avg_sq"].mul_(b2).addcmul_(p.grad, p.grad, value=1 - b2)
                denom = (s["exp_avg_sq"].sqrt() / math.sqrt(1 - b2 ** s["step"])).add_(group["eps"])
                p.addcdiv_(s["exp_avg"], denom, value=-group["lr"] / (1 - b1 ** s["step"]))


class ShrinksWithTheStep(Optimizer):
    """The decay of θ as it was, taken off together with the step: the same as before it."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps, weight_decay=weight_decay))

    def step(self):
        for group in self.param_groups:
            eta, (beta1, beta2), lam = group["lr"], group["betas"], group["weight_decay"]
            for p in group["params"]:
                if p.grad is None:
                    continue
                theta, g, s = p.data, p.grad.data, self.state[p]
                t = s["t"] = s.get("t", 0) + 1
                m = s["m"] = beta1 * s.get("m", torch.zeros_like(g)) + (1 - beta1) * g
                v = s["v"] = beta2 * s.get("v", torch.zeros_like(g)) + (1 - beta2) * g * g
                m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
                p.data = theta - eta * (m_hat / (v_hat.sqrt() + group["eps"]) + lam * theta)


class InheritsFromTorch(torch.optim.AdamW):
    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
        super().__init__(params, lr=lr, betas=betas, eps=eps, weight_decay=weight_decay)


class TensorRates(Optimizer):
    """Adam with t and its corrections as tensors, and another order of doing things."""

    def __init__(self, params, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        super().__init__(params, dict(lr=lr, betas=betas, eps=eps))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            betas = torch.tensor(group["betas"], dtype=torch.float64)
            for p in group["params"]:
                if p.grad is None:
                    continue
                s = self.state[p]
                if not s:
                    s["t"] = torch.zeros((), dtype=torch.float64)
                    s["moments"] = torch.zeros(2, *p.shape, dtype=p.dtype)
                s["t"] += 1
                b = betas.view(2, *[1] * p.dim())
                s["moments"] = b * s["moments"] + (1 - b) * torch.stack([p.grad, p.grad**2])
                m, v = s["moments"] / (1 - b ** s["t"])
                p -= group["lr"] * m / (v.sqrt() + group["eps"])
