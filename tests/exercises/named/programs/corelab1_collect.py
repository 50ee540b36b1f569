import torch
import torch.nn as nn
import torch.nn.functional as F

loss_function = nn.NLLLoss(reduction="mean")


def run_batch(model, xs, ys):
    x = torch.stack(xs)
    y = torch.stack(ys)
    scores = F.log_softmax(model(x), dim=-1)
    return loss_function(scores, y).item()


def batch_cross_entropy(model, dataset, batch_size=100):
    values = []
    xs, ys = [], []
    for i in range(len(dataset)):
        xs.append(dataset[i][0])
        ys.append(dataset[i][1])
        full = len(xs) == batch_size
        last = i == len(dataset) - 1
        if full or last:
            values.append(run_batch(model, xs, ys))
            xs, ys = [], []
    return values
