"""`fit` and `evaluate`, beside the plain loop that anyone would write."""

from __future__ import annotations

import contextlib
import io
import itertools
import json
import math
import sys
from types import SimpleNamespace

import pytest
import torch
from torch import nn
from torch.nn import functional
from torch.overrides import TorchFunctionMode, resolve_name
from torch.utils.data import DataLoader, TensorDataset

from corelab import DNN, History, evaluate, fit, make_loader
from corelab.common.errors import UserError
from corelab.data import InMemoryDataset


def sgd(model, lr=0.1):
    return torch.optim.SGD(model.parameters(), lr=lr)


def plain_loop(model, loader, optimizer, epochs, loss=functional.cross_entropy):
    """The loss of every step up to the first that is not finite, and that step's number."""
    losses = []
    for _ in range(epochs):
        for inputs, targets in loader:
            optimizer.zero_grad()
            batch_loss = loss(model(inputs), targets)
            batch_loss.backward()
            optimizer.step()
            losses.append(batch_loss.item())
            if not math.isfinite(losses[-1]):
                return losses, len(losses)
    return losses, None


def strict_json(path):
    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


READ_BY = ("item", "tolist", "cpu", "numpy", "__float__", "__int__", "__bool__", "__index__")


@contextlib.contextmanager
def pretend_device(device="cuda"):
    """Every tensor says that it lives on `device`, and `to` moves nothing; what is brought back is
    listed.

    So the loop of an accelerator is watched without one.
    """
    brought_back = []

    class Watch(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            name = (resolve_name(function) or "").rsplit(".Tensor.", 1)[-1]
            if name == "device.__get__":
                return torch.device(device)
            if name == "to":
                return args[0]
            if (
                name in READ_BY and args[0].is_floating_point()
            ):  # whole numbers: the order of the samples
                brought_back.append(name)
            return function(*args, **(kwargs or {}))

    with Watch():
        yield brought_back


class Plain(torch.optim.Optimizer):
    """Gradient descent that never looks at a value or a device."""

    def __init__(self, model, lr=0.1):
        super().__init__(model.parameters(), {"lr": lr})

    @torch.no_grad()
    def step(self):
        for theta in self.param_groups[0]["params"]:
            theta.sub_(self.param_groups[0]["lr"] * theta.grad)


# The trajectory


@pytest.mark.parametrize("batch_size", [1, 64, 500])
def test_the_same_steps_as_a_plain_loop_bit_for_bit(few, batch_size):
    train = few[0].first(20) if batch_size == 1 else few[0]
    ours, plain = DNN(seed=1), DNN(seed=1)
    loader = make_loader(train, batch_size, shuffle=True, seed=2)
    history = fit(ours, loader, sgd(ours), epochs=3, loss=functional.cross_entropy)
    expected, _ = plain_loop(
        plain, make_loader(train, batch_size, shuffle=True, seed=2), sgd(plain), 3
    )
    assert history.losses == expected
    for a, b in zip(ours.parameters(), plain.parameters(), strict=True):
        assert torch.equal(a, b)


def test_the_loss_is_cross_entropy_unless_another_is_given(few):
    ours, plain = DNN(seed=1), DNN(seed=1)
    history = fit(ours, make_loader(few[0], 100, shuffle=False), sgd(ours), epochs=2)
    expected, _ = plain_loop(plain, make_loader(few[0], 100, shuffle=False), sgd(plain), 2)
    assert history.losses == pytest.approx(expected, rel=1e-5)


def test_a_dataloader_of_someone_else_and_any_model(few):
    train, _ = few
    loader = DataLoader(TensorDataset(train.inputs, train.targets), batch_size=50)
    model = nn.Linear(784, 10)
    before = evaluate(model, loader)
    history = fit(model, loader, torch.optim.Adam(model.parameters()), epochs=3)
    assert history.steps == 30
    assert evaluate(model, loader)[0] < before[0]


def test_it_learns_fashion_mnist(fashion):
    train, test = fashion
    model = DNN(seed=0)
    fit(model, make_loader(train, 200, shuffle=True), sgd(model, lr=0.2), epochs=1)
    _, accuracy = evaluate(model, make_loader(test, 1000, shuffle=False))
    assert accuracy > 0.75


def test_gradients_left_from_before_do_not_spoil_the_first_step(few):
    ours, plain = DNN(seed=1), DNN(seed=1)
    functional.cross_entropy(ours(few[0].inputs), few[0].targets).backward()
    fit(ours, make_loader(few[0], 500, shuffle=False), sgd(ours))
    plain_loop(plain, make_loader(few[0], 500, shuffle=False), sgd(plain), 1)
    for a, b in zip(ours.parameters(), plain.parameters(), strict=True):
        torch.testing.assert_close(a, b)


# What is recorded


def test_history_counts_steps_samples_and_seconds():
    samples = InMemoryDataset(torch.randn(103, 784), torch.arange(103) % 10)
    model = DNN()
    history = fit(model, make_loader(samples, 10, shuffle=True), sgd(model), epochs=4)
    assert history.steps == len(history.losses) == len(history.at_seconds) == 4 * 11
    assert history.sizes == ([10] * 10 + [3]) * 4
    assert (history.samples, history.batch_size) == (103, 10)
    assert len(history.epoch_losses) == 4
    assert history.at_seconds == sorted(history.at_seconds)
    assert 0 < history.at_seconds[0] <= history.seconds == history.at_seconds[-1]
    assert (history.diverged_at_step, history.interrupted) == (None, False)


def test_samples_left_out_by_drop_last_are_not_counted():
    samples = InMemoryDataset(torch.randn(103, 784), torch.arange(103) % 10)
    model = DNN()
    history = fit(model, make_loader(samples, 10, shuffle=True, drop_last=True), sgd(model))
    assert history.samples == sum(history.sizes) == 100


def test_an_epochs_mean_weighs_every_sample_alike(few):
    """With a rate of 0 nothing changes: every epoch's mean is the loss over all samples."""
    samples, model = few[0].first(103), DNN()
    history = fit(model, make_loader(samples, 50, shuffle=True), sgd(model, lr=0), epochs=3)
    everything = functional.cross_entropy(model(samples.inputs), samples.targets).item()
    assert history.epoch_losses == pytest.approx([everything] * 3, rel=1e-6)
    plain_mean = sum(history.losses[:3]) / 3
    assert plain_mean != pytest.approx(everything, rel=1e-6), (
        "the ragged batch makes no difference here"
    )


def test_every_epoch_has_its_own_mean(few):
    model = DNN()
    history = fit(model, make_loader(few[0], 100, shuffle=True), sgd(model), epochs=4)
    for epoch, mean in enumerate(history.epoch_losses):
        assert mean == pytest.approx(sum(history.losses[5 * epoch : 5 * epoch + 5]) / 5, rel=1e-12)


def test_saved_history_is_strict_json_with_everything(few, tmp_path):
    model = DNN()
    history = fit(model, make_loader(few[0], 100, shuffle=True), sgd(model), epochs=2)
    history.save(tmp_path / "歷程.json")
    saved = strict_json(tmp_path / "歷程.json")
    assert saved["losses"] == history.losses
    assert saved["epoch_losses"] == history.epoch_losses
    assert (saved["steps"], saved["seconds"], saved["batch_size"]) == (10, history.seconds, 100)
    assert [path.name for path in tmp_path.iterdir()] == ["歷程.json"]


# Divergence


@pytest.mark.parametrize("lr", [3e2, 1e4, 1e9])
def test_a_loss_that_stops_being_finite_ends_the_run_there(few, lr, tmp_path):
    ours, plain = DNN(seed=0), DNN(seed=0)
    loader = make_loader(few[0], 20, shuffle=True)
    history = fit(ours, loader, sgd(ours, lr), epochs=8, loss=functional.cross_entropy)
    losses, step = plain_loop(plain, make_loader(few[0], 20, shuffle=True), sgd(plain, lr), 8)
    assert step is not None, "the plain loop did not diverge"
    assert history.diverged_at_step == step == history.steps
    assert history.losses[:-1] == losses[:-1]
    assert not math.isfinite(history.losses[-1])
    assert len(history.epoch_losses) == (step - 1) // 25, "whole epochs only"
    history.save(tmp_path / "history.json")
    saved = strict_json(tmp_path / "history.json")
    assert saved["losses"][-1] is None
    assert saved["diverged_at_step"] == step


def test_divergence_at_the_very_first_step():
    model = DNN()
    samples = InMemoryDataset(torch.full((10, 784), math.nan), torch.arange(10))
    history = fit(model, make_loader(samples, 5, shuffle=False), sgd(model), epochs=2)
    assert (history.diverged_at_step, history.steps, history.epoch_losses) == (1, 1, [])


@pytest.mark.parametrize("at", [1, 7, 24, 25, 26, 50])
def test_on_an_accelerator_the_record_of_a_diverged_run_is_the_same(few, at):
    """There the losses are read at the end of an epoch only, and the steps after the first bad one
    go on."""

    def spoiled(number):
        def loss(logits, targets):
            nonlocal number
            number += 1
            return functional.cross_entropy(logits, targets) * (math.inf if number == at else 1)

        return loss

    def run():
        model = DNN()
        return fit(
            model,
            make_loader(few[0], 20, shuffle=True),
            Plain(model),
            4,
            loss=spoiled(0),
            progress=False,
        )

    on_cpu = run()
    with pretend_device():
        elsewhere = run()
    for history in (on_cpu, elsewhere):
        assert history.diverged_at_step == history.steps == at
        assert len(history.losses) == len(history.sizes) == len(history.at_seconds) == at
        assert len(history.epoch_losses) == (at - 1) // 25
    assert elsewhere.losses == on_cpu.losses
    assert elsewhere.epoch_losses == on_cpu.epoch_losses


# Ctrl-C


def test_ctrl_c_keeps_what_was_done_and_says_so(few, capsys, tmp_path):
    class Stop(Plain):
        steps = 0

        def step(self):
            self.steps += 1
            if self.steps == 8:
                raise KeyboardInterrupt
            super().step()

    model, plain = DNN(), DNN()
    history = fit(
        model,
        make_loader(few[0], 100, shuffle=True),
        Stop(model),
        epochs=5,
        loss=functional.cross_entropy,
    )
    expected, _ = plain_loop(plain, make_loader(few[0], 100, shuffle=True), Plain(plain), 2)
    assert history.interrupted
    assert history.losses == expected[:7]
    assert len(history.epoch_losses) == 1
    assert "7 steps" in capsys.readouterr().err
    history.save(tmp_path / "history.json")
    assert strict_json(tmp_path / "history.json")["interrupted"] is True


def test_ctrl_c_on_an_accelerator_brings_back_what_was_not_read_yet(few):
    class Stop(Plain):
        steps = 0

        def step(self):
            self.steps += 1
            if self.steps == 8:
                raise KeyboardInterrupt
            super().step()

    model = DNN()
    loader = make_loader(few[0], 100, shuffle=True)
    with pretend_device():
        history = fit(model, loader, Stop(model), epochs=5, progress=False)
    assert len(history.losses) == len(history.sizes) == len(history.at_seconds) == 7


# Devices


def test_only_what_is_shown_is_brought_back_from_the_device(few):
    """One transfer an epoch where nothing is shown, whatever the number of steps."""
    model = DNN()
    loader = make_loader(few[0], 10, shuffle=True)
    with pretend_device() as brought_back:
        history = fit(model, loader, Plain(model), epochs=3, progress=False)
    assert history.steps == 150
    assert brought_back == ["tolist"] * 3


def test_a_shown_loss_is_brought_back_now_and_then(few, monkeypatch):
    """Not at each of 150 steps, by a clock of our own, on which a drawing takes 0.01 s."""
    ticks = itertools.count(step=0.01)
    clock = SimpleNamespace(perf_counter=lambda: next(ticks))
    monkeypatch.setattr("corelab.history.time", clock)
    monkeypatch.setattr("corelab.progress.time", clock)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    model = DNN()
    loader = make_loader(few[0], 10, shuffle=True)
    with pretend_device() as brought_back:
        history = fit(model, loader, Plain(model), epochs=3, progress=True)
    assert history.steps == 150
    assert 10 <= len(brought_back) <= 60


def test_evaluate_brings_back_one_result(few):
    model = DNN()
    loader = make_loader(few[0], 10, shuffle=False)
    with pretend_device() as brought_back:
        evaluate(model, loader)
    assert len([name for name in brought_back if name != "tolist"]) <= 1
    assert len(brought_back) <= 2


def test_evaluate_computes_nothing_in_float64_on_the_device(few):
    """MPS has no float64."""
    seen = []

    class Watch(TorchFunctionMode):
        def __torch_function__(self, function, types, args=(), kwargs=None):
            result = function(*args, **(kwargs or {}))
            name = (resolve_name(function) or "").rsplit(".Tensor.", 1)[-1]
            if name == "cpu":
                seen.append("cpu")
            if (
                isinstance(result, torch.Tensor)
                and result.dtype == torch.float64
                and "cpu" not in seen
            ):
                raise TypeError(f"Cannot convert a MPS Tensor to float64 dtype ({name})")
            return result

    with Watch():
        evaluate(DNN(), make_loader(few[0], 100, shuffle=False))
    assert seen == ["cpu"]


@pytest.mark.cuda
def test_on_cuda_the_same_seed_gives_nearly_the_same_losses(few):
    histories = []
    for device in ("cpu", "cuda"):
        model = DNN(seed=1).to(device)
        loader = make_loader(few[0], 50, shuffle=True, seed=1, device=device)
        histories.append(fit(model, loader, sgd(model), epochs=3))
    assert histories[1].losses == pytest.approx(histories[0].losses, rel=1e-2)


@pytest.mark.cuda
def test_on_cuda_batches_of_the_host_are_moved_to_the_model(few):
    model = DNN(seed=1).cuda()
    loader = make_loader(few[0], 50, shuffle=True)
    assert fit(model, loader, sgd(model)).steps == 10
    evaluate(model, loader)


# evaluate


def test_evaluate_is_the_mean_over_all_samples(fashion):
    _, test = fashion
    model = DNN(seed=3)
    with torch.no_grad():
        logits = model(test.inputs)
    expected_loss = functional.cross_entropy(logits.double(), test.targets).item()
    expected_accuracy = (logits.argmax(1) == test.targets).double().mean().item()
    for batch_size in (10_000, 1000, 333):  # 333 leaves a ragged batch of 10
        loss, accuracy = evaluate(model, make_loader(test, batch_size, shuffle=False))
        assert loss == pytest.approx(expected_loss, rel=1e-6)
        assert accuracy == pytest.approx(expected_accuracy, abs=1e-12)
    assert isinstance(loss, float)
    assert isinstance(accuracy, float)


@pytest.mark.parametrize("training", [True, False])
def test_evaluate_neither_trains_nor_changes_the_mode(few, training):
    model = nn.Sequential(nn.Dropout(0.9), nn.Linear(784, 10)).train(training)
    weights = model[1].weight.detach().clone()
    loader = make_loader(few[0], 100, shuffle=False)
    assert evaluate(model, loader) == evaluate(model, loader), "dropout was on"
    assert model.training is training
    assert torch.equal(model[1].weight, weights)
    assert model[1].weight.grad is None


def test_fit_trains_in_training_mode(few):
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(784, 10)).eval()
    fit(model, make_loader(few[0], 500, shuffle=False), sgd(model))
    assert model.training


# Bad input


@pytest.mark.parametrize("epochs", [0, -1])
def test_at_least_one_epoch(few, epochs):
    model = DNN()
    with pytest.raises(UserError, match=f"at least 1 epoch.*got {epochs}"):
        fit(model, make_loader(few[0], 100, shuffle=True), sgd(model), epochs)


def test_nothing_to_train_on(few):
    model = DNN()
    loader = make_loader(few[0].first(5), 10, shuffle=False, drop_last=True)
    with pytest.raises(UserError, match="1 batch, got 1 and 0"):
        fit(model, loader, sgd(model))
    with pytest.raises(UserError, match="at least 1 sample"):
        evaluate(model, loader)


def test_labels_and_shapes_that_do_not_fit_are_said(few):
    model = DNN()
    wrong = InMemoryDataset(few[0].inputs, few[0].targets + 5)
    with pytest.raises(UserError, match="from 0 to 9"):
        fit(model, make_loader(wrong, 500, shuffle=False), sgd(model))
    narrow = InMemoryDataset(few[0].inputs[:, :100], few[0].targets)
    with pytest.raises(UserError, match=r"takes inputs of shape \(B, 784\), got \(500, 100\)"):
        fit(model, make_loader(narrow, 500, shuffle=False), sgd(model))


def test_an_empty_history_is_saved_too(tmp_path):
    history = History()
    assert (history.steps, history.seconds) == (0, 0.0)
    history.save(tmp_path / "history.json")
    assert strict_json(tmp_path / "history.json")["losses"] == []
