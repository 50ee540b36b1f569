import numpy as np
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def to_tensors(dataset):
    xs, ys = [], []
    for i in range(len(dataset)):
        x, y = dataset[i]
        xs.append(x)
        ys.append(y)
    return torch.stack(xs), torch.as_tensor(ys)


def batch_cross_entropy(model, dataset, batch_size=100):
    X, Y = to_tensors(dataset)
    batches = DataLoader(TensorDataset(X, Y), batch_size=batch_size)
    ce = nn.CrossEntropyLoss()
    arr = np.zeros(len(batches))
    for k, batch in enumerate(batches):
        inputs, targets = batch
        logits = model(inputs)
        arr[k] = ce(logits, targets).detach().numpy()
    return arr
