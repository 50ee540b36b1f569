"""softmax only where one asks for probabilities; a class of one's own for gradient descent."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.l1 = nn.Linear(784, 80)
        self.l2 = nn.Linear(80, 80)
        self.l3 = nn.Linear(80, 80)
        self.l4 = nn.Linear(80, 80)
        self.l5 = nn.Linear(80, 10)
        for layer in self.children():
            nn.init.xavier_normal_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, x):
        x = x.view(-1, 784)
        for layer in (self.l1, self.l2, self.l3, self.l4):
            x = F.softplus(layer(x))
        return self.l5(x)

    def predict(self, x):
        return torch.softmax(self(x), dim=1).argmax(dim=1)


def build_model():
    return Net()


class GradientDescent:
    def __init__(self, parameters, lr):
        self.parameters, self.lr = [*parameters], lr

    def zero_grad(self):
        for p in self.parameters:
            p.grad = None

    @torch.no_grad()
    def step(self):
        for p in self.parameters:
            if p.grad is not None:
                p.add_(p.grad, alpha=-self.lr)


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    optimizer = GradientDescent(model.parameters(), lr)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for x, y in DataLoader(dataset, batch_size=batch_size, shuffle=True):
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            total += loss.item() * len(y)
        losses.append(total / len(dataset))
    return losses
