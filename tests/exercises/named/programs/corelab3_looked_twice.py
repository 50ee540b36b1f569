"""A second pass without gradients for the accuracy, and the gradients' norm printed before they are cleared."""

import torch
from torch import nn
from torch.utils.data import DataLoader


def build_model():
    activations = [nn.ReLU(), nn.Tanh(), nn.ELU(), nn.Sigmoid()]
    model = nn.Sequential()
    for k, (a, b) in enumerate([(784, 64), (64, 64), (64, 64), (64, 64)]):
        model.append(nn.Linear(a, b)).append(activations[k])
    return model.append(nn.Linear(64, 10))


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    criterion = nn.CrossEntropyLoss()
    losses = torch.zeros(epochs)
    for epoch in range(epochs):
        correct = 0
        for x, y in loader:
            loss = criterion(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            norm = sum(p.grad.norm() ** 2 for p in model.parameters()) ** 0.5
            optimizer.step()
            with torch.no_grad():
                correct += (model(x).softmax(1).argmax(1) == y).sum().item()
            losses[epoch] += loss.item() * len(y)
        print(epoch, "gradient", float(norm), "accuracy", correct / len(dataset))
    return losses / len(dataset)
