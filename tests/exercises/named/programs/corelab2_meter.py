import torch
import torch.nn as nn
from torch.utils.data import DataLoader
from tqdm import tqdm


class AverageMeter:
    def __init__(self):
        self.reset()

    def reset(self):
        self.sum = 0
        self.count = 0

    def update(self, val, n=1):
        self.sum += val * n
        self.count += n

    @property
    def avg(self):
        return self.sum / self.count


def train(model, dataset, epochs=10, batch_size=100):
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = model.to(device)
    dataloader = DataLoader(dataset, batch_size=batch_size, shuffle=True, num_workers=0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-4)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    loss_meter = AverageMeter()
    all_losses = []
    for epoch in range(epochs):
        loss_meter.reset()
        pbar = tqdm(dataloader, desc=f"Epoch {epoch}", disable=True)
        for step, batch in enumerate(pbar):
            data, target = batch[0].to(device), batch[1].to(device)
            optimizer.zero_grad()
            output = model(data)
            loss = nn.CrossEntropyLoss()(output, target)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), max_norm=1.0)
            optimizer.step()
            loss_meter.update(loss.item(), n=data.shape[0])
        scheduler.step()
        all_losses.append(loss_meter.avg)
    return all_losses
