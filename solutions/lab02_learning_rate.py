"""Lab 2：改變學習率 / Lab 2: changing the learning rate

梯度下降法在一個、兩個變數的函數上走給你看，再用同一個 DNN 試一排學習率。
Watch gradient descent on functions of one and of two variables, then try a row of learning
rates on the same DNN.

輪到你：寫完下面兩個更新規則，再執行一次。 / Your turn: write the two update rules, and run it again.
"""

import torch

from corelab import optim
from corelab.descent import path, rule
from corelab.lab import Lab
from corelab.sweep import sweep


# %% 輪到你 / Your turn
def gradient_descent(theta, gradient, state, lr):  # noqa: ARG001
    """θ ← θ − η ∇C(θ)。傳回新的 θ;state 用不到。 / Returns the new θ; state is not needed."""
    # BEGIN SOLUTION: 寫出梯度下降法的更新 / write the update of gradient descent
    return theta - lr * gradient
    # END SOLUTION


def momentum(theta, gradient, state, lr, momentum):
    """v ← λ v − η ∇C(θ)；θ ← θ + v。傳回新的 θ；把 v 記在 state["v"]，第一步之前 v = 0。
    Returns the new θ; keep v in state["v"], it is 0 before the first step. λ is `momentum`, η is `lr`.
    講義把 η 放在 v 裡面，torch.optim.SGD 放在外面；η 不變時兩者相同。
    The slide keeps η inside v, torch.optim.SGD outside: the same as long as η stays the same."""
    # BEGIN SOLUTION: 寫出動量法的更新 / write the update with momentum
    state["v"] = momentum * state.get("v", 0) - lr * gradient
    return theta + state["v"]
    # END SOLUTION


# %% 你的函式和 kit 的比一比 / Your functions beside the kit's
# 下面的圖就用你的規則畫；還沒寫好的，先用 kit 的。 / The figures below are drawn with yours, or the kit's.
lab = Lab("lab02_learning_rate", __doc__, epochs=5, batch_size=200, lr=0.02)
options = lab.options


def ravine(theta):
    """C(θ) = ½ (θ₁² + 20 θ₂²): twenty times as steep across as along."""
    return (theta[..., 0] ** 2 + 20 * theta[..., 1] ** 2) / 2


lab.section("Your turn")
gradient_descent = lab.turn(
    gradient_descent,
    rule(optim.GradientDescent),
    lambda f: {"(4, 1), lr=0.02, 5 steps": path(f, ravine, (4, 1), 5, lr=0.02)},
)
momentum = lab.turn(
    momentum,
    rule(optim.Momentum, convention="course"),
    lambda f: {
        "(4, 1), lr=0.02, momentum=0.9, 5 steps": path(f, ravine, (4, 1), 5, lr=0.02, momentum=0.9)
    },
)

# %% 1. 一個變數 / One variable
# C(θ) = (θ − 3)²：太小走不到，適中很快到，太大愈跳愈遠。 / Too small crawls, too large leaps away.
lab.section("1. A function of one variable")


def bowl(theta):
    return (theta[..., 0] - 3) ** 2


rates = {lab.text("crawls"): 0.01, lab.text("fits"): 0.3, lab.text("overshoots"): 1.05}
on_curve = {
    f"η = {lr} {name}": path(gradient_descent, bowl, (-1.0,), 12, lr=lr)
    for name, lr in rates.items()
}
lab.table(
    "rate | θ after 12 steps | C(θ)",
    [[name, p[-1, 0], bowl(p[-1])] for name, p in on_curve.items()],
)

# %% 2. 兩個變數 / Two variables
# 山谷一邊陡一邊緩：陡的那邊決定 η 最大能多大，緩的那邊因此很慢。
# A ravine: the steep side limits the rate, and the gentle side is slow because of it.
lab.section("2. A function of two variables")
rates = {lab.text("crawls"): 0.004, lab.text("fits"): 0.08, lab.text("overshoots"): 0.1015}
on_contour = {
    f"η = {lr} {name}": path(gradient_descent, ravine, (4.0, 1.0), 30, lr=lr)
    for name, lr in rates.items()
}
on_contour[lab.text("η = 0.03, momentum 0.8")] = path(
    momentum, ravine, (4.0, 1.0), 30, lr=0.03, momentum=0.8
)
lab.table(
    "rate | θ₁ | θ₂ | C(θ)", [[name, *p[-1], ravine(p[-1])] for name, p in on_contour.items()]
)

# %% 3. 平緩的地方 / A plateau
# 平緩處梯度幾乎是 0，梯度下降法卡住；動量帶著先前的速度衝過去。
# Where it is flat the gradient is almost 0 and gradient descent is stuck; momentum carries its speed across.
lab.section("3. A plateau")


def plateau(theta):
    """Two slopes down, at 0 and at 6, and a floor that rises behind: flat between 2 and 4."""
    x = theta[..., 0]
    return -torch.sigmoid(3 * x) - torch.sigmoid(3 * (x - 6)) + 0.02 * torch.relu(x - 8) ** 2


on_plateau = {
    lab.text("gradient descent"): path(gradient_descent, plateau, (-1.0,), 60, lr=0.3),
    lab.text("momentum 0.9"): path(momentum, plateau, (-1.0,), 60, lr=0.3, momentum=0.9),
}
lab.table(
    "rule | θ after 60 steps | C(θ)",
    [[name, p[-1, 0], plateau(p[-1])] for name, p in on_plateau.items()],
)

# %% 4. DNN 的學習率 / Learning rates of the DNN
# 講義的設定是梯度下降法、批次 200、學習率 0.02（題目 3 跑 50 個 epoch：--epochs 50）；其他只差在 η。
# The course's setting is gradient descent, batches of 200, rate 0.02 (--epochs 50 runs it as exercise 3
# asks); the others differ in η only.
lab.section("4. The same DNN, different learning rates")
train, test = lab.load_data()
rates = sorted({0.0005, 0.005, 0.05, 0.2, 0.5, 1.0, 3.0, options.lr})
settings = {f"lr={lr:g}": lambda p, lr=lr: optim.GradientDescent(p, lr=lr) for lr in rates}
training = {"epochs": options.epochs, "batch_size": options.batch_size, "seed": options.seed}
runs = [lab.record(run) for run in sweep(settings, train, test, **training, progress=lab.progress)]
lab.table_of_runs(runs)

# %% 圖 / Figures
lab.section("Figures")
plots = lab.plots
gd = "GradientDescent"
lab.figure(plots.paths_on_curve(bowl, on_curve, (-2, 8)), "one_variable")
whose = [
    gd,
    gd,
    gd,
    "Momentum",
]  # 每個優化器都有自己的顏色 / every optimizer has a colour of its own
lab.figure(
    plots.paths_on_contour(ravine, on_contour, (-4.5, 4.5), (-1.6, 1.6), whose), "two_variables"
)
lab.figure(plots.paths_on_curve(plateau, on_plateau, (-2, 12), [gd, "Momentum"]), "plateau")
lab.figure(plots.learning_rates(runs), "learning_rates")
lab.finish()
