"""Corelab 題目 1：資料批次輸入網路 / Exercise 1: feeding the network in batches

題目：請以 100 筆為單位，將其一次輸入 DNN 網路，並輸出 Cross-Entropy 值。
The question: feed the DNN 100 samples at a time, and output the cross-entropy.

寫完下面的 batch_cross_entropy，執行這個檔案看結果，再檢查：
Write batch_cross_entropy below, run this file to see what it gives, then check it:

    corelab check labs/corelab1_batch_input.py
"""

import torch
from torch import nn
from torch.utils.data import DataLoader

import corelab
from corelab.lab import Lab


def batch_cross_entropy(model, dataset, batch_size=100):
    """把 dataset 依順序、每次 batch_size 筆輸入 model，傳回每一批的平均交叉熵。
    Feed the samples of dataset to model, in their order and batch_size at a time; return the mean
    cross-entropy of each batch.

    model: inputs (B, 784) → logits (B, 10)。不需要訓練。 / Not to be trained.
    dataset: dataset[i] 是 (input (784,), target)，target 是類別 0 … 9；len(dataset) 是筆數 N。
        / dataset[i] is (input (784,), target), the target a class from 0 to 9; len(dataset) is N.
    傳回 / Returns: list[float]，每一批一個值；最後一批可能不滿，也要算。
        / one value a batch; the last batch may be short, and counts too.
    """
    # BEGIN SOLUTION: 寫完 batch_cross_entropy / write batch_cross_entropy
    loss_function = nn.CrossEntropyLoss()
    with torch.no_grad():
        return [
            loss_function(model(inputs), targets).item()
            for inputs, targets in DataLoader(dataset, batch_size=batch_size)
        ]
    # END SOLUTION


def main():
    lab = Lab("corelab1_batch_input", __doc__, batch_size=100)
    train, _test = lab.load_data()
    model = corelab.DNN(seed=lab.options.seed).to(lab.device)
    lab.section("An untrained DNN")
    values = batch_cross_entropy(model, train, lab.options.batch_size)
    shown = [n for n in range(1, len(values) + 1) if n <= 5 or n % 100 == 0 or n == len(values)]
    lab.table("batch | cross-entropy", [[n, values[n - 1]] for n in shown])
    lab.finish()


if __name__ == "__main__":
    main()
