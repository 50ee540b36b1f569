import torch
import torch.nn as nn
from torch.utils.data import DataLoader


class AverageMeter:
    def __init__(self):
        self.reset()

    def reset(self):
        self.sum = 0
        self.count = 0

    def update(self, val, n=1):
        self.sum += val * n
        self.count += n

    @property
    def avg(self):
        return self.sum / self.count


class MLP(nn.Module):
    def __init__(self, in_features=784, hidden_features=(256, 128, 64, 32), num_classes=10):
        super().__init__()
        dims = (in_features, *hidden_features)
        self.hidden = nn.Sequential(
            *[nn.Sequential(nn.Linear(dims[i], dims[i + 1]), nn.SiLU()) for i in range(len(hidden_features))]
        )
        self.classifier = nn.Linear(dims[-1], num_classes)

    def forward(self, x):
        features = self.hidden(x)
        return self.classifier(features)


def build_model():
    return MLP()


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = model.to(device)
    dataloader = DataLoader(dataset, batch_size=batch_size, shuffle=True, num_workers=0)
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    loss_meter = AverageMeter()
    all_losses = []
    for epoch in range(epochs):
        loss_meter.reset()
        for step, batch in enumerate(dataloader):
            data, target = batch[0].to(device), batch[1].to(device)
            optimizer.zero_grad()
            output = model(data)
            loss = nn.CrossEntropyLoss()(output, target)
            loss.backward()
            optimizer.step()
            loss_meter.update(loss.item(), n=data.shape[0])
        all_losses.append(loss_meter.avg)
    return all_losses
