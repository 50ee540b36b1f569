"""What scripts outside the repository rely on: the names of design.md, as it writes them."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader

import corelab

DATA = Path(__file__).parents[1] / "data"


def test_the_snippet():
    train, test = corelab.load_data("fashion-mnist", root=DATA, limit=300)
    loader = corelab.make_loader(train, batch_size=100, shuffle=True, seed=0)
    model = corelab.DNN(hidden=(256, 128, 64, 32), seed=0)
    optimizer = corelab.optim.GradientDescent(model.parameters(), lr=0.02)
    history = corelab.fit(model, loader, optimizer, epochs=50)
    cross_entropy, accuracy = corelab.evaluate(
        model, corelab.make_loader(test, batch_size=1000, shuffle=False)
    )

    x, y = train[0]
    assert (x.dtype, x.shape, y.dtype) == (torch.float32, (784,), torch.int64)
    assert isinstance(loader, DataLoader)
    assert [type(layer) for layer in model.layers] == [torch.nn.Linear] * 5
    assert isinstance(optimizer, torch.optim.Optimizer)
    assert isinstance(history, corelab.History)
    assert history.steps == 150
    assert history.epoch_losses[-1] < history.epoch_losses[0]
    assert cross_entropy > 0
    assert 0 <= accuracy <= 1


@pytest.mark.parametrize(
    ("function", "parameters"),
    [
        ("load_data", {"name": "fashion-mnist", "root": "data", "limit": None}),
        ("make_loader", {"dataset": ..., "batch_size": ..., "shuffle": ..., "seed": 0}),
        ("DNN", {"hidden": (256, 128, 64, 32), "seed": 0}),
        ("fit", {"model": ..., "loader": ..., "optimizer": ..., "epochs": 1}),
        ("evaluate", {"model": ..., "loader": ...}),
    ],
)
def test_names_and_order_of_the_arguments(function, parameters):
    signature = inspect.signature(getattr(corelab, function)).parameters
    leading = list(signature.values())[: len(parameters)]
    empty = inspect.Parameter.empty
    assert {p.name: ... if p.default is empty else p.default for p in leading} == parameters
    others = list(signature.values())[len(parameters) :]
    assert all(p.kind is p.KEYWORD_ONLY and p.default is not empty for p in others)


def test_the_optimizers():
    """These at least: scripts outside the repository rely on them."""
    names = {"GradientDescent", "Momentum", "Nesterov", "Adagrad", "RMSprop", "Adam", "AdamW"}
    assert names <= set(corelab.optim.__all__)


@pytest.mark.parametrize("name", corelab.optim.__all__)
def test_an_optimizer(name):
    optimizer = getattr(corelab.optim, name)
    assert issubclass(optimizer, torch.optim.Optimizer)
    assert inspect.signature(optimizer).parameters["convention"].default == "torch"


def test_the_face_is_what_dir_shows():
    assert {
        "DNN",
        "load_data",
        "make_loader",
        "fit",
        "evaluate",
        "optim",
        "losses",
        "History",
    } <= set(dir(corelab))
    assert all(getattr(corelab, name) is not None for name in corelab.__all__)
    with pytest.raises(AttributeError, match="module 'corelab' has no attribute 'Dnn'"):
        _ = corelab.Dnn


def test_what_is_imported_when():
    """torch only where it is used, matplotlib only by `plots`, and never a window."""
    code = """
import json, sys
heavy = {"torch", "torchvision", "matplotlib", "matplotlib.pyplot"}
def loaded(): return sorted(heavy & {*sys.modules})
import corelab; dir(corelab); seen = {"corelab": loaded()}
import corelab.lab, corelab.sweep, corelab.measure, corelab.descent, corelab.optim
seen["bench"] = loaded()
bench = {name for name in sys.modules if name.startswith("corelab.")}
import corelab.plots; seen["plots"] = loaded()
seen["grader"] = sorted(name for name in bench if "grading" in name or "exercises" in name)
print(json.dumps(seen))
"""
    ran = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, encoding="utf-8", check=True
    )
    assert json.loads(ran.stdout) == {
        "corelab": [],
        "bench": ["torch"],
        "plots": ["matplotlib", "torch"],
        "grader": [],
    }


def test_it_is_typed():
    assert (Path(corelab.__file__).parent / "py.typed").is_file()
