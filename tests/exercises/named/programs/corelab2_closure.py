import torch
from torch import nn
from torch.utils.data import DataLoader


def train(model, dataset, epochs=10, batch_size=100):
    loss_function = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.5, nesterov=True)
    data = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    losses = []
    epoch = 0
    while epoch < epochs:
        summed = 0.0
        for x, t in data:

            def closure(x=x, t=t):
                optimizer.zero_grad()
                loss = loss_function(model(x), t)
                loss.backward()
                return loss

            value = optimizer.step(closure)
            summed += float(value) * t.numel()
        losses.append(summed / len(dataset))
        epoch += 1
    return losses
