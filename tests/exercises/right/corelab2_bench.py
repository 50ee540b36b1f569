"""The kit's own harness, training loop and optimizer."""

import corelab


def train(model, dataset, epochs=10, batch_size=100):
    loader = corelab.make_loader(dataset, batch_size, shuffle=True, seed=1)
    optimizer = corelab.optim.Momentum(model.parameters(), lr=0.01, momentum=0.9)
    return corelab.fit(model, loader, optimizer, epochs).epoch_losses
