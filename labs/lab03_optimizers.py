"""Lab 3：不同優化器使用 / Lab 3: different optimizers

同一個 DNN、同樣的初始權重和批次，換五種優化器：同一個學習率，和各自最好的學習率。
One DNN, the same initial weights and batches, five optimizers: at one learning rate, and each
at its best.

輪到你：寫完下面三個更新規則，再執行一次。
Your turn: write the three update rules, and run it again.
"""

import functools
import itertools

import torch

import corelab
from corelab import measure, optim
from corelab.descent import path, rule
from corelab.lab import Lab
from corelab.sweep import train_once


# %% 輪到你 / Your turn
# 三個規則都傳回新的 θ，要記住的放在 state（第一步之前是空的）。
# All three return the new θ and keep what they must remember in `state`, which is empty before the
# first step.
def divide(a, b):
    """a / b；0/0 當作 0：梯度是 0 就不動。
    0/0 counts as 0: where the gradient is 0, nothing moves."""
    return torch.where(b == 0, 0.0, a / b)


def adagrad(theta, gradient, state, lr):
    """θ ← θ − η g / √Σg²（講義的 η/√(t+1) 和 √(Σg²/(t+1)) 相除，t+1 消掉了。）
    The slide's η/√(t+1) over √(Σg²/(t+1)): the t + 1 cancels."""
    raise NotImplementedError("累加梯度的平方，再更新 / add up the squared gradients, then update")


def rmsprop(theta, gradient, state, lr, alpha):
    """σ⁰ = |g⁰|，之後 σ = √(α σ² + (1−α) g²)；θ ← θ − η g / σ（講義的 σ⁰ = g⁰ 少了絕對值。）
    The slide prints σ⁰ = g⁰; a negative one would turn the step around: it must be |g⁰|."""
    raise NotImplementedError("平均梯度的平方，再更新 / average the squared gradients, then update")


def adam(theta, gradient, state, lr, betas, eps):
    """m ← β₁m + (1−β₁)g；v ← β₂v + (1−β₂)g²；θ ← θ − η m̂ / (√v̂ + ε)，m̂ = m/(1−β₁ᵗ)，v̂ = v/(1−β₂ᵗ)。
    Algorithm 1 of arXiv 1412.6980; t is 1 at the first step."""
    raise NotImplementedError("更新 m、v，修正偏差，再更新 θ / update m and v, correct their bias, update θ")


# %% 你的函式和 kit 的比一比 / Your functions beside the kit's
# 第一張圖就用你的規則畫；還沒寫好的，先用 kit 的。
# The first figure is drawn with your rules, or the kit's.
lab = Lab("lab03_optimizers", __doc__, epochs=3, batch_size=200, lr=0.01, limit=10_000)
options = lab.options


def ravine(theta):
    """C(θ) = ½ (θ₁² + 20 θ₂²): twenty times as steep across as along."""
    return (theta[..., 0] ** 2 + 20 * theta[..., 1] ** 2) / 2


def try_rule(**hyper):
    starts = (4, -1), (4, 0)  # 第二個起點有一個梯度是 0 / a gradient of the second is 0
    return lambda f: {f"{start}, 5 steps": path(f, ravine, start, 5, **hyper) for start in starts}


lab.section("Your turn")
adagrad = lab.turn(adagrad, rule(optim.Adagrad, convention="course"), try_rule(lr=0.5))
rmsprop = lab.turn(rmsprop, rule(optim.RMSprop, convention="course"), try_rule(lr=0.1, alpha=0.9))
adam = lab.turn(adam, rule(optim.Adam), try_rule(lr=0.1, betas=(0.9, 0.999), eps=1e-8))

# %% 1. 兩個變數的函數 / A function of two variables
# 梯度下降法在陡的方向來回震盪；Adagrad 和 RMSprop 每個方向各自除過，不再震盪；Adam 還帶著動量。
# Gradient descent swings to and fro where it is steep; Adagrad and RMSprop divide every direction
# by its own history, and do not; Adam has momentum besides.
lab.section("1. A function of two variables")
start, steps = (4.0, 1.0), 50
on_contour = {
    lab.text("gradient descent, η = 0.08"): path(
        rule(optim.GradientDescent), ravine, start, steps, lr=0.08
    ),
    "Adagrad, η = 0.5": path(adagrad, ravine, start, steps, lr=0.5),
    "RMSprop, η = 0.1": path(rmsprop, ravine, start, steps, lr=0.1, alpha=0.9),
    "Adam, η = 0.3": path(adam, ravine, start, steps, lr=0.3, betas=(0.9, 0.999), eps=1e-8),
}
rows = [
    [name, (p[1] - p[0]).norm(), (p[-1] - p[-2]).norm(), ravine(p[-1])]
    for name, p in on_contour.items()
]
lab.table("rule | first step | last step | C(θ) at the end", rows)

# %% 2. 同一個學習率，和各自最好的學習率 / At one learning rate, and each at its best
# (a) 同一個 η 並不公平：每個優化器的 η 意義不同。(b) 各自在小格子裡用訓練損失挑最好的，才比得公平；
# 三個種子的範圍告訴你差距是不是運氣。
# (a) One η for all is not fair. (b) Each at the best of a small grid, chosen by its training loss,
# is; the range over three seeds tells luck from difference.
train, test = lab.load_data()
grids = {
    optim.GradientDescent: (0.1, 0.2, 0.5, 1.0),
    optim.Momentum: (0.01, 0.03, 0.1, 0.3),
    optim.Adagrad: (0.003, 0.01, 0.03, 0.1),
    optim.RMSprop: (0.0003, 0.001, 0.003, 0.01),
    optim.Adam: (0.0003, 0.001, 0.003, 0.01),
}
seeds = range(options.seed, options.seed + 3)
training = {"epochs": options.epochs, "batch_size": options.batch_size, "progress": lab.progress}


@functools.cache  # 同樣的設定只訓練一次 / the same setting is trained once
def trained(optimizer, lr, seed):
    name = f"{optimizer.__name__}, lr={lr:g}, seed={seed}"
    return lab.record(
        train_once(name, lambda p: optimizer(p, lr=lr), train, test, seed=seed, **training)
    )


def compare(rates):
    panel, rows = {}, []
    for optimizer, lr in rates.items():
        runs = panel[f"{optimizer.__name__}, η = {lr:g}"] = [
            trained(optimizer, lr, seed) for seed in seeds
        ]
        ends = torch.tensor(
            [(r.final_loss, r.test_cross_entropy, r.test_accuracy) for r in runs]
        )  # (seeds, 3)
        rows.append([optimizer.__name__, lr, *ends.mean(0), ends[:, 1].max() - ends[:, 1].min()])
    lab.table(
        "optimizer | lr | training cross-entropy | test cross-entropy | accuracy | range of test",
        rows,
    )
    return panel


lab.section("2a. All at the learning rate {lr:g}", lr=options.lr)
panels = {lab.text("all at η = {lr:g}", lr=options.lr): compare(dict.fromkeys(grids, options.lr))}
lab.section("2b. Each at its best learning rate")
best = {
    o: min(grid, key=lambda lr: trained(o, lr, options.seed).final_loss)
    for o, grid in grids.items()
}
panels[lab.text("each at its best of a small grid")] = compare(best)

# %% 3. 有效學習率 / The effective learning rate
# |Δθ| / |g|：梯度下降法永遠是 η；Adagrad 愈走愈小；RMSprop 和 Adam 跟著梯度的大小變。
# |Δθ| / |g|: always η for gradient descent, ever smaller for Adagrad; RMSprop and Adam follow the
# gradient.
lab.section("3. The effective learning rate (median over the weights)")
effective = {}
for optimizer, lr in best.items():
    model = corelab.DNN(seed=options.seed).to(lab.device)
    loader = corelab.make_loader(train, options.batch_size, shuffle=True, seed=options.seed)
    batches = itertools.chain.from_iterable(itertools.repeat(loader, options.epochs))
    rates = measure.effective_learning_rate(model, batches, optimizer(model.parameters(), lr=lr))
    effective[optimizer.__name__] = rates  # (steps, 3)
lab.table(
    "optimizer | first step | last step",
    [[name, *rates[[0, -1], 1]] for name, rates in effective.items()],
)

# %% 4. 我們的和 torch 的 / Ours beside torch's
# 同樣的權重和批次，每一步的損失都疊在一起。
# The same weights and batches: the losses of all steps coincide.
lab.section("4. Ours beside torch.optim")
pairs, rows = {}, []
for optimizer, lr in best.items():
    ours = trained(optimizer, lr, options.seed).history.losses
    make = functools.partial(optimizer.counterpart, lr=lr)  # torch.optim.SGD, …
    name = f"torch: {optimizer.__name__}"
    theirs = lab.record(
        train_once(name, make, train, test, seed=options.seed, **training)
    ).history.losses
    pairs[optimizer.__name__] = ours, theirs
    rows.append(
        [optimizer.__name__, len(ours), max(abs(a - b) for a, b in zip(ours, theirs, strict=True))]
    )
lab.table("optimizer | steps | largest difference of the loss", rows)

# %% 圖 / Figures
lab.section("Figures")
plots = lab.plots
names = ["GradientDescent", "Adagrad", "RMSprop", "Adam"]
lab.figure(
    plots.paths_on_contour(ravine, on_contour, (-4.5, 4.5), (-1.6, 1.6), names), "two_variables"
)
lab.figure(plots.optimizers(panels), "optimizers")
lab.figure(plots.effective_learning_rates(effective), "effective_learning_rate")
lab.figure(plots.ours_over_builtin(pairs), "ours_and_torch")
lab.finish()
