"""corelab 1: 每次 100 筆,印出每一批的 cross entropy"""

import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader


def batch_cross_entropy(model, dataset, batch_size=100):
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=False)
    result = []
    model.eval()
    with torch.no_grad():
        for i, (x, y) in enumerate(loader):
            out = model(x)  # 前向傳播
            loss = F.cross_entropy(out, y)
            print("batch", i, "loss", loss.item())
            result.append(loss.item())
    return result


if __name__ == "__main__":
    import corelab

    train, test = corelab.load_data("fashion-mnist")
    batch_cross_entropy(corelab.DNN(), train)
