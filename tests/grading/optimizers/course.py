"""The optimizers of the slides, by the slides' own convention: right ones first, then wrong ones.

No ε, and a gradient of 0 moves nothing.
"""

import torch
from torch.optim import Optimizer


class Slide(Optimizer):
    """What the teacher hands out: a student writes `update`."""

    def __init__(self, params, lr=1e-2):
        super().__init__(params, dict(lr=lr))

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.update(p, p.grad, self.state[p], group["lr"])


def ratio(a, b):
    """a / b, and 0 where a is."""
    return torch.where(a == 0, torch.zeros_like(a), a / b)


class Descent(Slide):
    def update(self, theta, g, state, eta):
        theta.copy_(theta - eta * g)


class Ball(Slide):
    def __init__(self, params, lr=1e-3, momentum=0.9):
        Optimizer.__init__(self, params, dict(lr=lr))
        self.lam = momentum

    def update(self, theta, g, state, eta):
        v = state.get("v", torch.zeros_like(g))
        state["v"] = self.lam * v - eta * g
        theta += state["v"]


class SigmaAdagrad(Slide):
    """η/√(t+1) over σ, as printed."""

    def update(self, theta, g, state, eta):
        t = state.setdefault("t", 0)
        state["sum"] = state.get("sum", 0) + g**2
        eta_t = eta / (t + 1) ** 0.5
        sigma_t = (state["sum"] / (t + 1)) ** 0.5
        theta -= eta_t * ratio(g, sigma_t)
        state["t"] += 1


class ShortAdagrad(Slide):
    def update(self, theta, g, state, eta):
        total = state.setdefault("total", torch.zeros_like(g))
        total += g * g
        theta -= eta * ratio(g, total.sqrt())


class SigmaRMSprop(Slide):
    def update(self, theta, g, state, eta):
        if "sigma" not in state:
            state["sigma"] = g.abs()
        else:
            state["sigma"] = (0.99 * state["sigma"] ** 2 + (1 - 0.99) * g**2).sqrt()
        theta -= eta * ratio(g, state["sigma"])


class PaperAdam(Slide):
    def update(self, theta, g, state, alpha):
        if not state:
            state["t"], state["m"], state["v"] = 0, torch.zeros_like(g), torch.zeros_like(g)
        state["t"] += 1
        t = state["t"]
        state["m"] = 0.9 * state["m"] + (1 - 0.9) * g
        state["v"] = 0.999 * state["v"] + (1 - 0.999) * g**2
        m_hat, v_hat = state["m"] / (1 - 0.9**t), state["v"] / (1 - 0.999**t)
        theta -= alpha * m_hat / (v_hat.sqrt() + 1e-8)


class UnguardedAdagrad(Slide):
    """The slide to the letter, which divides 0 by 0."""

    def update(self, theta, g, state, eta):
        state["sum"] = state.get("sum", 0) + g**2
        theta -= eta * g / state["sum"].sqrt()


class BallUphill(Slide):
    def update(self, theta, g, state, eta):
        state["v"] = 0.9 * state.get("v", torch.zeros_like(g)) - eta * g
        theta -= state["v"]


class BallMinus(Slide):
    def update(self, theta, g, state, eta):
        state["v"] = -0.9 * state.get("v", torch.zeros_like(g)) - eta * g
        theta += state["v"]


class BallDampened(Slide):
    def update(self, theta, g, state, eta):
        state["v"] = 0.9 * state.get("v", torch.zeros_like(g)) - (1 - 0.9) * eta * g
        theta += state["v"]


class AdagradOnce(Slide):
    """The rate is not divided by √(t+1): σ is a mean."""

    def update(self, theta, g, state, eta):
        state["t"] = state.get("t", 0) + 1
        state["sum"] = state.get("sum", 0) + g**2
        theta -= eta * ratio(g, (state["sum"] / state["t"]).sqrt())


class AdagradNoRoot(Slide):
    def update(self, theta, g, state, eta):
        state["sum"] = state.get("sum", 0) + g**2
        theta -= eta * ratio(g, state["sum"])


class RMSpropSummed(Slide):
    def update(self, theta, g, state, eta):
        state["s"] = 0.99 * state["s"] + g**2 if "s" in state else g**2
        theta -= eta * ratio(g, state["s"].sqrt())


class RMSpropForgetful(Slide):
    def update(self, theta, g, state, eta):
        theta -= eta * ratio(g, g.abs())


class AdamBare(Slide):
    def update(self, theta, g, state, alpha):
        state["m"] = 0.9 * state.get("m", 0) + (1 - 0.9) * g
        state["v"] = 0.999 * state.get("v", 0) + (1 - 0.999) * g**2
        theta -= alpha * state["m"] / (state["v"].sqrt() + 1e-8)
