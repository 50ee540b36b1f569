import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Classifier(nn.Module):
    def __init__(self, hidden=64):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(784, hidden),
            nn.Tanh(),
            nn.Linear(hidden, hidden),
            nn.Tanh(),
            nn.Linear(hidden, hidden),
            nn.Tanh(),
            nn.Linear(hidden, hidden),
            nn.Tanh(),
        )
        self.head = nn.Linear(hidden, 10)

    def forward(self, x):
        return self.head(self.net(x))


def build_model():
    return Classifier()


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    inputs = torch.stack([dataset[i][0] for i in range(len(dataset))])
    targets = torch.tensor([dataset[i][1].item() for i in range(len(dataset))])
    loader = DataLoader(TensorDataset(inputs, targets), batch_size, shuffle=True)
    log_softmax = nn.LogSoftmax(dim=1)
    nll = nn.NLLLoss()
    gd = torch.optim.SGD(model.parameters(), lr)

    mean_losses = []
    for epoch in range(1, epochs + 1):
        loss_sum = 0
        count = 0
        for batch_x, batch_y in loader:
            model.zero_grad()
            log_p = log_softmax(model(batch_x))
            loss = nll(log_p, batch_y)
            loss.backward()
            gd.step()
            loss_sum += loss.detach() * len(batch_x)
            count += len(batch_x)
        mean_losses.append(loss_sum / count)
        print("epoch %d: %.4f" % (epoch, mean_losses[-1]))
    return mean_losses
