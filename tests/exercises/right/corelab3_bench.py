"""The kit's own network, harness, optimizer and training loop."""

import corelab


def build_model():
    return corelab.DNN(hidden=(64, 64, 64, 64), seed=3)


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    loader = corelab.make_loader(dataset, batch_size=batch_size, shuffle=True)
    optimizer = corelab.optim.GradientDescent(model.parameters(), lr=lr)
    return corelab.fit(model, loader, optimizer, epochs=epochs, progress=False).epoch_losses
