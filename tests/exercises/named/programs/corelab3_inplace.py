"""nn.ReLU(inplace=True), dropout by its function, and a progress bar."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader
from tqdm import tqdm


class DeepNet(nn.Module):
    def __init__(self, p=0.1):
        super().__init__()
        self.p = p
        self.relu = nn.ReLU(inplace=True)
        self.fc_in = nn.Linear(784, 128)
        self.fc_hidden = nn.ModuleList([nn.Linear(128, 128) for _ in range(3)])
        self.fc_out = nn.Linear(128, 10)

    def forward(self, x):
        x = x.flatten(start_dim=1)
        x = self.relu(self.fc_in(x))
        for fc in self.fc_hidden:
            x = self.relu(fc(x))
            x = F.dropout(x, p=self.p, training=self.training)
        return self.fc_out(x)


def build_model():
    return DeepNet()


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    loss_fn = nn.CrossEntropyLoss()
    losses = []
    model.train()
    for epoch in tqdm(range(epochs), disable=True):
        running, seen = 0.0, 0
        for x, y in loader:
            optimizer.zero_grad()
            loss = loss_fn(model(x), y)
            loss.backward()
            optimizer.step()
            running += loss.item() * len(x)
            seen += len(x)
        losses.append(running / seen)
    return losses
