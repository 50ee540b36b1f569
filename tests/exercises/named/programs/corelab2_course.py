# 題目 2:10 個 epoch,batch size 100,優化器用 Adam
import torch
import torch.nn as nn
from torch.utils.data import DataLoader


def train(model, dataset, epochs=10, batch_size=100):
    train_loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    criterion = nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.001)
    losses = []
    for epoch in range(epochs):
        model.train()
        running_loss = 0.0
        for images, labels in train_loader:
            outputs = model(images)
            loss = criterion(outputs, labels)
            optimizer.zero_grad()  # 梯度歸零
            loss.backward()  # 反向傳播
            optimizer.step()  # 更新參數
            running_loss += loss.item() * images.size(0)
        epoch_loss = running_loss / len(dataset)
        losses.append(epoch_loss)
        print(f"Epoch [{epoch + 1}/{epochs}], Loss: {epoch_loss:.4f}")
    return losses


if __name__ == "__main__":
    import corelab

    train_data, test_data = corelab.load_data("fashion-mnist")
    train(corelab.DNN(), train_data)
