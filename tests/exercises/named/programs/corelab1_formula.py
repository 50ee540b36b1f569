# cross entropy 照公式自己算: -log p(正確類別),再取平均
import torch


def cross_entropy(z, t):
    p = torch.exp(z - z.max(1, keepdim=True).values)
    p = p / p.sum(dim=1, keepdim=True)
    picked = p[torch.arange(len(t)), t]
    return (-torch.log(picked + 1e-12)).mean()


def batch_cross_entropy(model, dataset, batch_size=100):
    N = len(dataset)
    ans = []
    for i in range(0, N, batch_size):
        idx = range(i, min(i + batch_size, N))
        a = torch.stack([dataset[j][0] for j in idx])
        b = torch.stack([dataset[j][1] for j in idx])
        z = model(a)
        c = cross_entropy(z, b)
        ans.append(c.item())
    return ans
