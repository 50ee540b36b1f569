import torch
import torch.nn.functional as F


def batch_cross_entropy(model, dataset, batch_size=100):
    def loss_of(x, y):
        with torch.inference_mode():
            return F.cross_entropy(model(x), y, reduction="mean").item()

    n = len(dataset)
    x = torch.cat([dataset[i][0].reshape(1, -1) for i in range(n)])
    y = torch.LongTensor([int(dataset[i][1]) for i in range(n)])
    return [loss_of(a, b) for a, b in zip(x.split(batch_size), y.split(batch_size))]


def main():
    import corelab

    train, _ = corelab.load_data("fashion-mnist")
    model = corelab.DNN(seed=1)
    for number, value in enumerate(batch_cross_entropy(model, train)):
        print(f"{number:4d}  {value:.4f}")


if __name__ == "__main__":
    main()
