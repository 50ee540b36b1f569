import torch
import torch.nn as nn
import torch.nn.functional as F


class DNN5(nn.Module):
    def __init__(self):
        super(DNN5, self).__init__()
        self.fc1 = nn.Linear(784, 128)
        self.fc2 = nn.Linear(128, 96)
        self.fc3 = nn.Linear(96, 64)
        self.fc4 = nn.Linear(64, 32)
        self.fc5 = nn.Linear(32, 10)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        x = F.relu(self.fc3(x))
        x = F.relu(self.fc4(x))
        x = self.fc5(x)
        return x


def build_model():
    return DNN5()


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    n = len(dataset)
    x = torch.stack([dataset[i][0] for i in range(n)])
    y = torch.stack([dataset[i][1] for i in range(n)])
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for e in range(epochs):
        perm = torch.randperm(n)
        total = 0
        for i in range(0, n, batch_size):
            idx = perm[i : i + batch_size]
            xb, yb = x[idx], y[idx]
            opt.zero_grad()
            loss = F.cross_entropy(model(xb), yb)
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        history.append(total / n)
    return history
