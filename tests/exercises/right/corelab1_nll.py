"""log_softmax and NLLLoss, over slices of the dataset; a numpy array comes back."""

import math

import numpy as np
import torch
from torch import nn


def batch_cross_entropy(model, dataset, batch_size=100):
    loss = nn.NLLLoss()
    values = np.zeros(math.ceil(len(dataset) / batch_size))
    for k in range(len(values)):
        inputs, targets = dataset[k * batch_size : (k + 1) * batch_size]
        with torch.no_grad():
            values[k] = loss(torch.log_softmax(model(inputs), dim=1), targets)
    return values
