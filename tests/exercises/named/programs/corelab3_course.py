# 題目 3:5 層 DNN、cross entropy、Gradient Descent、batch size 200、50 個 epoch、learning rate 0.02
import torch
import torch.nn as nn
from torch.utils.data import DataLoader

OBSERVATION = "損失一開始降得很快,之後變慢。"


def build_model():
    return nn.Sequential(
        nn.Linear(784, 512),
        nn.ReLU(),
        nn.Linear(512, 256),
        nn.ReLU(),
        nn.Linear(256, 128),
        nn.ReLU(),
        nn.Linear(128, 64),
        nn.ReLU(),
        nn.Linear(64, 10),
    )


def train(model, dataset, epochs=50, batch_size=200, lr=0.02):
    train_loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    losses = []
    for epoch in range(epochs):
        epoch_loss = 0.0
        for images, labels in train_loader:
            outputs = model(images)
            loss = criterion(outputs, labels)
            optimizer.zero_grad()  # 梯度歸零
            loss.backward()  # 反向傳播
            optimizer.step()  # 更新參數
            epoch_loss += loss.item() * labels.size(0)
        losses.append(epoch_loss / len(dataset))
        print(f"Epoch [{epoch + 1}/{epochs}], Loss: {losses[-1]:.4f}")
    return losses
