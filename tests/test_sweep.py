"""One training as a record, and the same training under several settings."""

from __future__ import annotations

import math
from functools import partial

import pytest
import torch
from torch.nn import functional

from corelab import DNN, evaluate, make_loader, optim
from corelab.sweep import sweep, train_once

SGD = torch.optim.SGD


def test_train_once_is_the_plain_training(few):
    train, test = few
    run = train_once("plain", partial(SGD, lr=0.1), train, test, epochs=3, batch_size=50, seed=4)
    model = DNN(seed=4)
    optimizer = SGD(model.parameters(), lr=0.1)
    losses = []
    loader = make_loader(train, 50, shuffle=True, seed=4)
    for _ in range(3):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    assert run.history.losses == pytest.approx(losses, rel=1e-4)
    loss, accuracy = evaluate(model, make_loader(test, 500, shuffle=False))
    assert run.test_cross_entropy == pytest.approx(loss, rel=1e-3)
    assert run.test_accuracy == pytest.approx(accuracy, abs=0.005)
    assert (
        run.final_loss
        == run.history.epoch_losses[-1]
        == pytest.approx(sum(losses[-10:]) / 10, rel=1e-4)
    )


def test_the_record_has_what_results_json_holds(few):
    run = train_once(
        "lr=0.1", partial(optim.GradientDescent, lr=0.1), *few, epochs=2, batch_size=200
    )
    record = run.record()
    assert {
        key: record[key]
        for key in ("name", "optimizer", "lr", "batch_size", "epochs", "seed", "steps")
    } == {
        "name": "lr=0.1",
        "optimizer": "GradientDescent",
        "lr": 0.1,
        "batch_size": 200,
        "epochs": 2,
        "seed": 0,
        "steps": 6,
    }
    assert record["train_cross_entropy"] == run.history.epoch_losses
    assert len(record["train_cross_entropy"]) == 2
    assert record["test_cross_entropy"] == run.test_cross_entropy
    assert record["test_accuracy"] == run.test_accuracy
    assert record["seconds"] == run.history.seconds > 0
    assert record["diverged_at_step"] is None


def test_a_run_keeps_its_network_and_no_gradients(few):
    run = train_once("kept", partial(SGD, lr=0.1), *few, epochs=2, batch_size=50)
    assert evaluate(run.model, make_loader(few[1], 500, shuffle=False)) == pytest.approx(
        (run.test_cross_entropy, run.test_accuracy)
    )
    assert all(parameter.grad is None for parameter in run.model.parameters())
    assert "model" not in run.record(), "results.json is for numbers"
    assert "DNN" not in repr(run)


def test_a_diverged_run_has_no_results_and_comes_last_in_any_choice(few):
    run = train_once("too large", partial(SGD, lr=1e9), *few, epochs=5, batch_size=50)
    assert run.record()["diverged_at_step"] == run.history.diverged_at_step == run.record()["steps"]
    assert math.isnan(run.test_cross_entropy)
    assert math.isnan(run.test_accuracy)
    assert run.final_loss == math.inf


@pytest.mark.parametrize("batch_size", [499, 500, 501])
def test_a_batch_of_everything_or_more_is_one_step_an_epoch(few, batch_size):
    run = train_once("all", partial(SGD, lr=0.1), *few, epochs=2, batch_size=batch_size)
    assert run.history.steps == (4 if batch_size == 499 else 2)


def test_only_the_setting_changes(few):
    """The same weights and batches under each: the first loss, before any update, is one and the
    same."""
    settings = {f"lr={lr}": partial(SGD, lr=lr) for lr in (0.3, 0.01, 0.1)}
    runs = list(sweep(settings, *few, epochs=1, batch_size=100, seed=2))
    assert [run.name for run in runs] == list(settings)
    assert [run.lr for run in runs] == [0.3, 0.01, 0.1]
    assert len({run.history.losses[0] for run in runs}) == 1
    assert len({run.history.losses[-1] for run in runs}) == 3
    alone = train_once("alone", settings["lr=0.1"], *few, epochs=1, batch_size=100, seed=2)
    assert runs[2].history.losses == alone.history.losses


def test_a_sweep_gives_each_run_as_soon_as_it_is_done(few):
    def refuse(_):
        raise AssertionError("trained before it was asked for")

    runs = sweep({"first": partial(SGD, lr=0.1), "second": refuse}, *few, epochs=1, batch_size=500)
    assert next(runs).name == "first"
