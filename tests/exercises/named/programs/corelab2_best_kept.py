"""The best weights so far go into a copy, which nobody uses; a print every few batches."""

import copy

import torch
from torch import nn
from torch.utils.data import DataLoader


def train(model, dataset, epochs=10, batch_size=100):
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True, pin_memory=torch.cuda.is_available())
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.NAdam(model.parameters(), lr=0.002)
    history = {"loss": [], "accuracy": []}
    best_loss, best_model = None, None
    for epoch in range(epochs):
        loss_sum, correct, since_print = 0.0, 0, 0.0
        for step, (x, y) in enumerate(loader, start=1):
            optimizer.zero_grad(set_to_none=False)
            scores = model(x)
            loss = criterion(scores, y)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(y)
            correct += (scores.argmax(1) == y).sum().item()
            since_print += loss.item()
            if step % 5 == 0:
                print(f"[{epoch + 1}, {step:5d}] loss: {since_print / 5:.3f}")
                since_print = 0.0
        history["loss"].append(loss_sum / len(dataset))
        history["accuracy"].append(correct / len(dataset))
        if best_loss is None or history["loss"][-1] < best_loss:
            best_loss, best_model = history["loss"][-1], copy.deepcopy(model)
    assert best_model is not None
    return history["loss"]
