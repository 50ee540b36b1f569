"""Corelab 題目 3：學習率與梯度下降法，觀察損失函數的變化 / Exercise 3: learning rate and gradient descent

題目：建立 5 層的 DNN 網路、損失函數請使用 cross entropy、優化器請選用 Gradient Descent、
Batch size 請設定 200、Epoch 請設定 50、Learning rate 請設定 0.02。
The question: build a DNN of 5 layers; take cross-entropy as the loss and gradient descent as the
optimizer; set the batch size to 200, the epochs to 50 and the learning rate to 0.02. Observe the loss.

寫完下面的 build_model 和 train，執行這個檔案看 50 個 epoch 的損失（圖在 runs/ 下），寫下你看到的，再檢查：
Write build_model and train below, run this file to see the loss of 50 epochs (its figure is under runs/),
write down what you see, then check it:

    corelab check labs/corelab3_gradient_descent.py
"""

import torch
from torch import nn
from torch.utils.data import DataLoader

import corelab
from corelab.lab import Lab

# 寫下你看到的：損失怎麼變？什麼時候快，什麼時候慢？學習率大一點、小一點會怎樣？（給老師看，不計分）
# What you see: how does the loss change, when fast and when slowly, and what would a larger or a smaller
# learning rate do? (Your teacher reads it; it gives no points.)
OBSERVATION = ""


def build_model():
    """傳回 5 個全連接層的 DNN：784 → … → 10，層與層之間有激活函數，輸出 logits。
    Return a DNN of five fully connected layers, 784 → … → 10, with an activation between them; logits out.
    """
    raise NotImplementedError("寫完 build_model / write build_model")


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    """用梯度下降法 θ ← θ − η ∇C(θ) 訓練 model（直接改它的參數），傳回每個 epoch 的平均交叉熵。
    Train model in place by plain gradient descent, θ ← θ − η ∇C(θ); return the mean cross-entropy of
    each epoch.

    model: inputs (B, 784) → logits (B, 10)；不一定是你的 build_model 建立的。 / Not always your own.
    dataset: dataset[i] 是 (input (784,), target)，target 是類別 0 … 9；筆數不一定能被 batch_size 整除。
        / dataset[i] is (input (784,), target), the target a class from 0 to 9; batch_size need not
        divide their number.
    傳回 / Returns: list[float]，每個 epoch 一個值：這個 epoch 所有資料的平均。
        / one value an epoch: the mean over all its samples.

    想看進度，就在每個 epoch 印一行。 / To see progress, print a line an epoch.
    """
    raise NotImplementedError("寫完 train / write train")


def main():
    lab = Lab("corelab3_gradient_descent", __doc__, epochs=50, batch_size=200, lr=0.02)
    options = lab.options
    torch.manual_seed(options.seed)
    train_set, test_set = lab.load_data()
    model = build_model().to(lab.device)
    values = train(model, train_set, options.epochs, options.batch_size, options.lr)
    lab.section("The loss of every epoch")
    cross_entropy, accuracy = corelab.evaluate(
        model, corelab.make_loader(test_set, 1000, shuffle=False)
    )
    lab.say(
        "test data: cross-entropy {loss:.4f}, accuracy {accuracy:.2%}",
        loss=cross_entropy,
        accuracy=accuracy,
    )
    lab.figure(lab.plots.epoch_losses({f"lr = {options.lr:g}": values}), "loss")
    lab.table("epoch | cross-entropy", list(enumerate(values, 1)))
    if OBSERVATION:
        lab.say("what you see: {text}", text=OBSERVATION)
    lab.finish()


if __name__ == "__main__":
    main()
