import torch
from torch.utils.data import BatchSampler, DataLoader, SequentialSampler


def batch_cross_entropy(model, dataset, batch_size=100):
    sampler = BatchSampler(SequentialSampler(dataset), batch_size=batch_size, drop_last=False)
    loader = DataLoader(dataset, batch_sampler=sampler)
    criterion = torch.nn.CrossEntropyLoss()
    device = next(model.parameters()).device if list(model.parameters()) else torch.device("cpu")
    total_losses = torch.zeros(len(loader))
    for step, data in enumerate(loader):
        inputs, labels = data[0].to(device), data[1].to(device)
        outputs = model(inputs)
        total_losses[step] = criterion(outputs, labels).detach()
    return total_losses.tolist()
