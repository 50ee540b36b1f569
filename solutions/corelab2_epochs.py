"""Corelab 題目 2：EPOCH 的使用與優化器的搭配 / Exercise 2: epochs, and an optimizer to go with them

題目：請執行 10 個 EPOCH，每個 EPOCH 輸入 100 筆資料到網路中，並輸出 Cross-Entropy 值。
The question: run 10 epochs, feeding the network in batches of 100, and output the cross-entropy.

一個 epoch 把所有資料輸入一次，每次 100 筆。
An epoch feeds all the data once, 100 samples at a time.

寫完下面的 train，執行這個檔案看結果，再檢查：
Write train below, run this file to see what it gives, then check it:

    corelab check labs/corelab2_epochs.py
"""

import torch
from torch import nn
from torch.utils.data import DataLoader

import corelab
from corelab.lab import Lab


def train(model, dataset, epochs=10, batch_size=100):
    """用你選的優化器訓練 model（直接改它的參數），傳回每個 epoch 的平均交叉熵。
    Train model in place with an optimizer of your choice; return the mean cross-entropy of each epoch.

    model: inputs (B, 784) → logits (B, 10)。
    dataset: dataset[i] 是 (input (784,), target)，target 是類別 0 … 9；筆數不一定能被 batch_size 整除。
        / dataset[i] is (input (784,), target), the target a class from 0 to 9; batch_size need not
        divide their number.
    傳回 / Returns: list[float]，每個 epoch 一個值：這個 epoch 所有資料的平均。
        / one value an epoch: the mean over all its samples.

    優化器可用 torch.optim 或 corelab.optim。想看進度，就在每個 epoch 印一行。
    Take an optimizer of torch.optim or corelab.optim. To see progress, print a line an epoch.
    """
    # BEGIN SOLUTION: 寫完 train / write train
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    values = []
    for epoch in range(epochs):
        total = 0.0
        for inputs, targets in loader:
            loss = loss_function(model(inputs), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(targets)  # the last batch may be short
        values.append(total / len(dataset))
        print(f"epoch {epoch + 1}/{epochs}: cross-entropy {values[-1]:.4f}", flush=True)
    return values
    # END SOLUTION


def main():
    lab = Lab("corelab2_epochs", __doc__, epochs=10, batch_size=100)
    torch.manual_seed(lab.options.seed)
    train_set, test_set = lab.load_data()
    model = corelab.DNN(seed=lab.options.seed).to(lab.device)
    values = train(model, train_set, lab.options.epochs, lab.options.batch_size)
    lab.section("The loss of every epoch")
    lab.table("epoch | cross-entropy", list(enumerate(values, 1)))
    cross_entropy, accuracy = corelab.evaluate(
        model, corelab.make_loader(test_set, 1000, shuffle=False)
    )
    lab.say(
        "test data: cross-entropy {loss:.4f}, accuracy {accuracy:.2%}",
        loss=cross_entropy,
        accuracy=accuracy,
    )
    lab.finish()


if __name__ == "__main__":
    main()
