"""Published results on Fashion-MNIST, trained again with the kit's own data, loop and optimizer.

    python -m pytest tests/benchmarks/test_published_results.py -s

Both take pixels from 0 to 1, so the kit's standardisation is undone here.
"""

from pathlib import Path

import pytest
from torch import nn

import corelab
from corelab.data import InMemoryDataset

DATA = Path(__file__).parents[2] / "data"


def network(*widths: int) -> nn.Module:
    layers: list[nn.Module] = []
    for before, after in zip((784, *widths), (*widths, 10), strict=True):
        layers += [nn.Linear(before, after), nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def pixels(dataset: InMemoryDataset, samples: slice) -> InMemoryDataset:
    return InMemoryDataset(
        dataset.inputs[samples] * dataset.std + dataset.mean, dataset.targets[samples]
    )


# name, hidden widths, lr, batch size, epochs, training samples, published accuracy and loss, and
# how near
TUTORIAL = (
    "PyTorch's optimization tutorial",
    (512, 512),
    1e-3,
    64,
    10,
    60_000,
    (0.701, 0.716),
    0.78,
    0.03,
)
GERON = (
    "Géron, Hands-On Machine Learning, 3rd ed.",
    (300, 100),
    0.01,
    32,
    30,
    55_000,
    (0.889, 0.889),
    0.306,
    0.02,
)


@pytest.mark.parametrize("published", [TUTORIAL, GERON], ids=["tutorial", "geron"])
def test_published(published, capsys):
    name, widths, lr, batch_size, epochs, samples, accuracies, loss, near = published
    train, test = corelab.load_data(root=DATA)
    # Géron holds the last 5,000 of the training set out and reports on these; the tutorial uses the
    # test set.
    held_out = (
        pixels(train, slice(samples, None)) if samples < len(train) else pixels(test, slice(None))
    )
    model = network(*widths)
    optimizer = corelab.optim.GradientDescent(model.parameters(), lr=lr)
    loader = corelab.make_loader(pixels(train, slice(samples)), batch_size, shuffle=True)
    corelab.fit(model, loader, optimizer, epochs)
    ours = corelab.evaluate(model, corelab.make_loader(held_out, 1000, shuffle=False))
    with capsys.disabled():
        print(
            f"\n{name}: published accuracy {accuracies[0]:.1%} to {accuracies[1]:.1%}, loss "
            f"{loss}; ",
            end="",
        )
        print(f"the kit: {ours[1]:.1%}, {ours[0]:.3f}")
    assert ours[0] == pytest.approx(loss, abs=near)
    assert accuracies[0] - near <= ours[1] <= accuracies[1] + near
