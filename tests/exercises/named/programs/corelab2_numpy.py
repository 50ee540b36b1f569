import numpy as np
import torch


def train(model, dataset, epochs=10, batch_size=100):
    rng = np.random.default_rng(42)
    inputs, targets = dataset.inputs, dataset.targets
    N = len(targets)
    n_batches = int(np.ceil(N / batch_size))
    criterion = torch.nn.CrossEntropyLoss()
    sgd = torch.optim.SGD(model.parameters(), lr=0.05)
    means = np.zeros(epochs)
    for epoch in range(epochs):
        order = rng.permutation(N)
        parts = np.zeros(n_batches)
        for b in range(n_batches):
            index = torch.from_numpy(order[b * batch_size : (b + 1) * batch_size])
            loss = criterion(model(inputs[index]), targets[index])
            sgd.zero_grad()
            loss.backward()
            sgd.step()
            parts[b] = loss.detach().numpy() * len(index)
        means[epoch] = parts.sum() / N
    return means
