# 每個 epoch 訓練完之後,再用整個資料集算一次 cross entropy
import torch
from torch import nn
from torch.utils.data import DataLoader


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.flatten = nn.Flatten()
        self.layer1 = nn.Linear(28 * 28, 120)
        self.layer2 = nn.Linear(120, 84)
        self.layer3 = nn.Linear(84, 60)
        self.layer4 = nn.Linear(60, 30)
        self.out = nn.Linear(30, 10)
        self.act = nn.LeakyReLU()

    def forward(self, x):
        x = self.flatten(x)
        x = self.act(self.layer1(x))
        x = self.act(self.layer2(x))
        x = self.act(self.layer3(x))
        x = self.act(self.layer4(x))
        return self.out(x)


def build_model():
    return Net()


def evaluate(net, dataset):
    net.eval()
    loss_sum = 0.0
    with torch.no_grad():
        for x, y in DataLoader(dataset, batch_size=256):
            loss_sum += nn.functional.cross_entropy(net(x), y, reduction="sum").item()
    net.train()
    return loss_sum / len(dataset)


def train(net, dataset, epochs=50, batch_size=200, lr=0.02):
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    criterion = nn.CrossEntropyLoss()
    gradient_descent = torch.optim.SGD(net.parameters(), lr=lr)
    curve = []
    for ep in range(epochs):
        for x, y in loader:
            y_hat = net(x)
            loss = criterion(y_hat, y)
            loss.backward()
            gradient_descent.step()
            gradient_descent.zero_grad()
        curve.append(evaluate(net, dataset))
        print("epoch", ep + 1, "cross entropy =", curve[-1])
    return curve
