# 每個 epoch 訓練完之後,再用整個資料集算一次 cross entropy
import torch
from torch import nn
from torch.utils.data import DataLoader


def evaluate(net, dataset):
    net.eval()
    loss_sum = 0.0
    with torch.no_grad():
        for x, y in DataLoader(dataset, batch_size=256):
            loss_sum += nn.functional.cross_entropy(net(x), y, reduction="sum").item()
    net.train()
    return loss_sum / len(dataset)


def train(net, dataset, epochs=10, batch_size=100):
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    criterion = nn.CrossEntropyLoss()
    adagrad = torch.optim.Adagrad(net.parameters(), lr=0.01)
    curve = []
    for ep in range(epochs):
        for x, y in loader:
            y_hat = net(x)
            loss = criterion(y_hat, y)
            loss.backward()
            adagrad.step()
            adagrad.zero_grad()
        curve.append(evaluate(net, dataset))
        print("epoch", ep + 1, "cross entropy =", curve[-1])
    return curve
