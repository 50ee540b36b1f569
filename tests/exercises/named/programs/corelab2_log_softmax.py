import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def train(model, dataset, epochs=10, batch_size=100):
    inputs = torch.stack([dataset[i][0] for i in range(len(dataset))])
    targets = torch.tensor([dataset[i][1].item() for i in range(len(dataset))])
    loader = DataLoader(TensorDataset(inputs, targets), batch_size, shuffle=True)

    log_softmax = nn.LogSoftmax(dim=1)
    nll = nn.NLLLoss()
    rmsprop = torch.optim.RMSprop(model.parameters(), lr=0.001)

    mean_losses = []
    for epoch in range(1, epochs + 1):
        loss_sum = 0
        count = 0
        for batch_x, batch_y in loader:
            model.zero_grad()
            log_p = log_softmax(model(batch_x))
            loss = nll(log_p, batch_y)
            loss.backward()
            rmsprop.step()
            loss_sum += loss.detach() * len(batch_x)
            count += len(batch_x)
        mean_losses.append(loss_sum / count)
        print("epoch %d: %.4f" % (epoch, mean_losses[-1]))
    return mean_losses
