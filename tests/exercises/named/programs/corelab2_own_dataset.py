"""A Dataset and a collate function of one's own; AMSGrad; the rate falls by hand."""

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset


class Samples(Dataset):
    def __init__(self, source):
        self.items = [(x.clone(), int(y)) for x, y in source]

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        return self.items[index]


def collate(samples):
    xs, ys = zip(*samples)
    return torch.stack(xs), torch.tensor(ys)


def train(model, dataset, epochs=10, batch_size=100):
    samples = Samples(dataset)
    loader = DataLoader(samples, batch_size=batch_size, shuffle=True, collate_fn=collate)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003, amsgrad=True)
    losses = []
    for epoch in range(epochs):
        for group in optimizer.param_groups:
            group["lr"] = 0.003 * 0.8**epoch
        total = torch.zeros(())
        for x, y in loader:
            loss = nn.functional.nll_loss(torch.log_softmax(model(x), 1), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            total += loss.data * len(y)
        losses.append(total / len(samples))
    return torch.stack(losses)
