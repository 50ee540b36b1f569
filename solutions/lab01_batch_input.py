"""Lab 1：批次輸入 / Lab 1: batch input

把資料一次全部、一次一筆、一次一個批次送進同一個 DNN：比較步數、記憶體、時間與損失函數。
Feed one DNN all the data at once, one sample at a time, and a batch at a time: compare
steps, memory, time and loss.

輪到你：寫完下面三個函式，再執行一次。 / Your turn: write the three functions below, and run it again.
"""

import torch
from torch.nn.functional import mse_loss, one_hot

import corelab
from corelab import losses, measure
from corelab.lab import N_, Lab
from corelab.optim import GradientDescent
from corelab.sweep import train_once


# %% 輪到你 / Your turn
def steps_per_epoch(samples, batch_size):
    """一個 epoch 有幾個 step？除不盡時，最後一個較小的批次也算。
    How many steps has an epoch? Where it does not divide, the smaller last batch counts too."""
    # BEGIN SOLUTION: 算出一個 epoch 的步數 / count the steps of one epoch
    return -(-samples // batch_size)
    # END SOLUTION


def cross_entropy(logits, targets):
    """1/B Σ_j (−Σ_i y_ji ln ŷ_ji),ŷ = softmax(logits);logits (B, 10)、targets (B,) → 一個值 / a scalar.
    講義印成 −Σ ŷ ln(y)：預測值 ŷ 應該在 ln 裡面。 / The slide swaps them: ŷ goes inside the ln."""
    # BEGIN SOLUTION: 從公式寫出批次的平均交叉熵 / the batch's mean cross-entropy, from the formula
    log_y_hat = torch.log_softmax(logits, dim=1)  # (B, 10)
    return -(one_hot(targets, logits.shape[1]) * log_y_hat).sum(dim=1).mean()
    # END SOLUTION


def train_one_epoch(model, batches, optimizer, loss):
    """每個批次：算損失、算梯度、更新參數；傳回每一步的損失。講義流程圖的第二個「計算…損失函數」是更新。
    For every batch: loss, gradient, update; returns each step's loss. (The flow chart's second
    計算…損失函數 is the update.)"""
    # BEGIN SOLUTION: 寫出小批次訓練迴圈 / write the mini-batch loop
    step_losses = []
    for inputs, targets in batches:
        batch_loss = loss(model(inputs), targets)
        optimizer.zero_grad()
        batch_loss.backward()
        optimizer.step()
        step_losses.append(batch_loss.item())
    return step_losses
    # END SOLUTION


# %% 你的函式和 kit 的比一比 / Your functions beside the kit's
# 輸入已標準化：減去訓練集的平均、除以標準差。 / Inputs are standardised with the training set's mean and std.
lab = Lab("lab01_batch_input", __doc__, epochs=5, batch_size=100, lr=0.02)
options = lab.options
train, test = lab.load_data()

lab.section("Your turn")


def kit_steps(samples, batch_size):
    return len(corelab.make_loader(range(samples), batch_size, shuffle=False))


def kit_loop(model, batches, optimizer, loss):
    loader = torch.utils.data.DataLoader(batches, batch_size=None)
    return corelab.fit(model, loader, optimizer, loss=loss, progress=False).losses


def try_loop(loop):
    model, few = corelab.DNN(seed=1).to(lab.device), [train[i : i + 50] for i in (0, 50, 100)]
    seen = loop(model, few, GradientDescent(model.parameters(), lr=0.1), losses.cross_entropy)
    return {
        lab.text("loss of each step"): seen,
        lab.text("bias of the last layer"): model.layers[-1].bias,
    }


sizes = (60000, 100), (250, 100), (7, 1)
z, y = torch.randn(6, 10, generator=torch.Generator().manual_seed(0)), torch.arange(6)
steps_per_epoch = lab.turn(
    steps_per_epoch, kit_steps, lambda f: {f"N={n}, B={b}": f(n, b) for n, b in sizes}
)
cross_entropy = lab.turn(
    cross_entropy,
    losses.cross_entropy,
    lambda f: {"logits z": f(z.clone(), y), "logits 999 z": f(999 * z, y)},
)
train_one_epoch = lab.turn(train_one_epoch, kit_loop, try_loop)

# %% 1. Epoch 與 step / Epochs and steps
# 全部資料輸入一次是一個 epoch，一個批次是一個 step：批次愈小，步數愈多。
# All the data once is an epoch, one batch is a step: the smaller the batch, the more steps.
lab.section("1. Epochs and steps")
n, b = len(train), min(options.batch_size, len(train))
# N_：顯示時才翻譯。 / N_: translated where it is shown.
ways = {N_("all at once"): n, N_("in batches"): b, N_("one at a time"): 1}
rows = []
for way, size in ways.items():
    steps = steps_per_epoch(n, size)
    rows.append([lab.text(way), size, steps, options.epochs * steps])
lab.table("way | batch size | steps an epoch | steps in all", rows)

# %% 2. 每個批次的交叉熵 / The cross-entropy of each batch
# 還沒訓練的網路只能猜：每個批次都在 ln 10 ≈ 2.303 附近。 / Untrained, it guesses: every batch is near ln 10.
lab.section("2. The cross-entropy of each batch, before training")
model = corelab.DNN(seed=options.seed).to(lab.device)
with torch.no_grad():
    each = [
        cross_entropy(model(x), y).item() for x, y in corelab.make_loader(train, b, shuffle=False)
    ]
second = each[1] if len(each) > 1 else None
lab.table(
    "batches | first | second | last | lowest | highest",
    [[len(each), each[0], second, each[-1], min(each), max(each)]],
)

# %% 3. 兩種損失函數，三種輸入方式 / Two losses, three ways of feeding
# 不只一筆時取平均，三種方式才能比較；我們的和 torch 的一樣（MSE 也對類別取平均）。
# With more than one sample take the mean, and the three compare; ours is torch's (MSE: over the classes too).
lab.section("3. Two losses")
rows = []
for way, b in ways.items():
    with torch.no_grad():
        logits, targets = model(train.inputs[:b]), train.targets[:b]
    y_hat, y = logits.softmax(1), one_hot(targets, 10).float()
    our_mse, torch_mse = losses.mse(y_hat, y), mse_loss(y_hat, y)
    our_cross_entropy = cross_entropy(logits, targets)
    torch_cross_entropy = torch.nn.functional.cross_entropy(logits, targets)
    rows.append([lab.text(way), b, our_mse, torch_mse, our_cross_entropy, torch_cross_entropy])
lab.table("way | B | MSE | torch's | cross-entropy | torch's", rows)

# %% 4. 用三種方式訓練 / Training in the three ways
# 一次一筆跳動大又慢（所以只給前 20,000 筆），一次全部平穩但步數少，批次介於中間。
# One at a time is noisy and slow (it gets the first 20,000 samples only), all at once is smooth but takes
# few steps; batches lie between.
lab.section("4. Training in the three ways")
runs, memory = [], []
for way, b in ways.items():
    part, epochs = (train.first(20_000), 1) if b == 1 else (train, options.epochs)
    make = lambda parameters: GradientDescent(parameters, lr=options.lr)  # noqa: E731
    run = train_once(
        way, make, part, test, epochs=epochs, batch_size=b, seed=options.seed, progress=lab.progress
    )
    mebibytes = measure.step_memory(model, train.inputs[:b], train.targets[:b]) / 2**20
    runs.append(lab.record(run, samples=len(part), step_mebibytes=mebibytes))
    memory.append(mebibytes)
noise = [measure.noise(run.history.losses[-1000:]) for run in runs]
lab.table_of_runs(runs, {lab.text("MiB a step"): memory, lab.text("noise of the loss"): noise})

# %% 5. 一筆極端值 / One extreme sample
# 把一筆資料放大 30 倍：B = 1 時那一步被它帶走，B = 100 時被另外 99 筆沖淡。
# One sample made 30 times as large: under B = 1 it drags the step along, under B = 100 99 others dilute it.
lab.section("5. What one extreme sample does to a step")
rows = []
for b in (1, 100):
    inputs, targets = train.inputs[:b].clone(), train.targets[:b]
    ordinary = measure.step_length(model, inputs, targets, options.lr)
    inputs[0] *= 30
    extreme = measure.step_length(model, inputs, targets, options.lr)
    rows.append([b, ordinary, extreme, extreme / ordinary])
lab.table("B | length of the step | with the extreme sample | ratio", rows)

# %% 6. 批次大小的取捨 / What the batch size trades
# 同樣看過 20,000 筆：批次小，花時間；批次大，占記憶體，而且更新的次數少。
# The same 20,000 samples once: small batches take time; large ones take memory, and are few steps.
lab.section("6. What the batch size trades")
part = train.first(20_000)
trade, trade_memory = [runs[-1]], [memory[-1]]  # B = 1 is trained already
for b in sorted({min(b, len(part)) for b in (10, 100, 1000, 20_000)} - {1}):
    title = f"B={b}, 1 epoch"
    run = train_once(
        title, make, part, test, epochs=1, batch_size=b, seed=options.seed, progress=lab.progress
    )
    mebibytes = measure.step_memory(model, train.inputs[:b], train.targets[:b]) / 2**20
    trade.append(lab.record(run, samples=len(part), step_mebibytes=mebibytes))
    trade_memory.append(mebibytes)
rows = []
for run, mebibytes in zip(trade, trade_memory, strict=True):
    rows.append([run.batch_size, run.history.seconds, mebibytes, run.test_cross_entropy])
lab.table("B | seconds an epoch | MiB a step | test cross-entropy", rows)

# %% 圖 / Figures
lab.section("Figures")
plots = lab.plots
lab.figure(
    plots.loss_curves({f"B = {run.batch_size:,}": run.history for run in runs}), "loss_curves"
)
lab.figure(plots.batch_sizes(trade, trade_memory), "batch_sizes")
# 一次一批訓練出來的網路，錯在哪裡？ / What does the network that was trained in batches get wrong?
said = measure.predictions(runs[1].model, corelab.make_loader(test, 1000, shuffle=False))
classes = plots.class_names(options.data)
lab.figure(plots.worst_predictions(test, said, classes), "worst_predictions")
lab.figure(plots.confusion_matrix(said, classes), "confusion_matrix")
lab.finish()
