"""The update rules of the slides, number by number in plain Python.

The course convention is compared with these. Each is named like the file of its optimizer; nothing
here is shared with it, and nothing is fast.
"""

from collections.abc import Callable
from math import sqrt
from typing import Any

import torch

# w, g, what is remembered, η → the next w
Rule = Callable[[float, float, dict[str, Any], float], float]


def gradient_descent(w: float, g: float, past: dict[str, Any], eta: float) -> float:  # noqa: ARG001
    return w - eta * g


def momentum(w: float, g: float, past: dict[str, float], eta: float) -> float:
    """λ = 0.9"""
    past["v"] = 0.9 * past.get("v", 0.0) - eta * g
    return w + past["v"]


def adagrad(w: float, g: float, past: dict[str, list[float]], eta: float) -> float:
    past["g"] = [*past.get("g", []), g]
    t = len(past["g"]) - 1
    eta_t = eta / sqrt(t + 1)
    sigma_t = sqrt(sum(x**2 for x in past["g"]) / (t + 1))
    return w - eta_t / sigma_t * g if sigma_t > 0 else w


def rmsprop(w: float, g: float, past: dict[str, float], eta: float) -> float:
    """α = 0.99; the slide's σ⁰ = g⁰ can only be |g⁰|"""
    past["sigma"] = sqrt(0.99 * past["sigma"] ** 2 + (1 - 0.99) * g**2) if past else abs(g)
    return w - eta / past["sigma"] * g if past["sigma"] > 0 else w


def adam(w: float, g: float, past: dict[str, float], alpha: float) -> float:
    """β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸; the paper's α is η"""
    past["t"] = t = past.get("t", 0) + 1
    past["m"] = 0.9 * past.get("m", 0.0) + (1 - 0.9) * g
    past["v"] = 0.999 * past.get("v", 0.0) + (1 - 0.999) * g**2
    m_hat: float = past["m"] / (1 - 0.9**t)
    v_hat: float = past["v"] / (1 - 0.999**t)
    return w - alpha * m_hat / (sqrt(v_hat) + 1e-8)


class Slide(torch.optim.Optimizer):
    """A rule as an optimizer, so that it can step beside one. Real parameters only."""

    def __init__(self, params: Any, rule: Rule, lr: float) -> None:
        super().__init__(params, {"lr": lr})
        self.rule = rule

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                pasts = self.state[p].setdefault("past", [{} for _ in range(p.numel())])
                numbers = zip(p.flatten().tolist(), p.grad.flatten().tolist(), pasts, strict=True)
                moved = [self.rule(w, g, past, group["lr"]) for w, g, past in numbers]
                p.copy_(torch.tensor(moved, dtype=p.dtype).view(p.shape))
