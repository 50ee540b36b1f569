"""What each mistake costs, and by which name it goes: small changes of right answers, in two styles."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from answers import failed, judge, right, solution


@dataclass(frozen=True)
class Mistake:
    """A right answer (a name in right/, or an exercise for the kit's own), and what is replaced in it."""

    what: str
    of: str
    changes: dict[str, str]
    fails: set[str]
    named: dict[str, set[str]] = field(default_factory=dict)
    """The codes that a failed check goes by: all other failed ones have none."""

    def source(self) -> str:
        source = solution(self.of) if self.of in ("corelab1", "corelab2", "corelab3") else right(self.of)
        for old, new in self.changes.items():
            assert old in source, f"{self.of} has no {old!r}"
            source = source.replace(old, new)
        return source


def mistake(what: str, of: str, changes: dict[str, str], *fails: str, **named: str) -> Mistake:
    """`fails` are the checks lost; `named` says by which code a check goes (with _ for -)."""
    codes = {check.replace("_", "-"): {code} for check, code in named.items()}
    return Mistake(what, of, changes, {*fails, *codes}, codes)


ALL1 = ("batches", "last-batch", "cross-entropy", "batch-mean")
CALL1 = "loss_function(model(inputs), targets).item()"
LOADER1 = "DataLoader(dataset, batch_size=batch_size)"
LOSS1 = "nn.CrossEntropyLoss()"
SLICES1 = "F.cross_entropy(model(x[i : i + batch_size]), y[i : i + batch_size])"
FIRST = [
    mistake("softmax", "corelab1", {"model(inputs)": "model(inputs).softmax(1)"},
            cross_entropy="softmax-before-cross-entropy"),
    mistake("softmax, slices", "corelab1_slices", {"model(x[i : i + batch_size])": "model(x[i : i + batch_size]).softmax(1)"},
            cross_entropy="softmax-before-cross-entropy"),
    mistake("NLL of probabilities", "corelab1", {LOSS1: "nn.NLLLoss()", "model(inputs)": "model(inputs).softmax(1)"},
            cross_entropy="nll-on-probabilities"),
    mistake("NLL of logits", "corelab1", {LOSS1: "nn.NLLLoss()"}, "cross-entropy"),
    mistake("ReLU on logits", "corelab1", {"model(inputs)": "model(inputs).relu()"},
            cross_entropy="activation-on-logits"),
    mistake("sum", "corelab1", {LOSS1: 'nn.CrossEntropyLoss(reduction="sum")'}, batch_mean="sum-instead-of-mean"),
    mistake("sum, slices", "corelab1_slices", {"[i : i + batch_size])\n": '[i : i + batch_size], reduction="sum")\n'},
            batch_mean="sum-instead-of-mean"),
    mistake("sum over batch_size", "corelab1",
            {LOSS1: 'nn.CrossEntropyLoss(reduction="sum")', CALL1: f"{CALL1} / batch_size"},
            last_batch="wrong-divisor"),
    mistake("drop_last", "corelab1", {LOADER1: "DataLoader(dataset, batch_size=batch_size, drop_last=True)"},
            last_batch="dropped-last-batch"),
    mistake("integer division", "corelab1_nll", {"math.ceil(len(dataset) / batch_size)": "len(dataset) // batch_size"},
            last_batch="dropped-last-batch"),
    mistake("own loop forgets the rest", "corelab1_own_loop", {"    if batch:\n": "    if False:\n"},
            last_batch="dropped-last-batch"),
    mistake("all at once", "corelab1", {LOADER1: "DataLoader(dataset, batch_size=len(dataset))"},
            batches="whole-dataset-at-once"),
    mistake("one number for all", "corelab1_split", {"return torch.stack([part.mean() for part in each.split(batch_size)])": "return each.mean()"},
            batches="whole-dataset-at-once"),
    mistake("one at a time", "corelab1", {LOADER1: "DataLoader(dataset, batch_size=1)"}, batches="one-sample-at-a-time"),
    mistake("always 32", "corelab1", {LOADER1: "DataLoader(dataset, batch_size=32)"}, batches="wrong-batch-size"),
    mistake("always 100", "corelab1_slices", {"    return [": "    batch_size = 100\n    return ["},
            batches="wrong-batch-size"),
    mistake("shuffled", "corelab1", {LOADER1: "DataLoader(dataset, batch_size=batch_size, shuffle=True)"}, "batches"),
    mistake("running mean", "corelab1_loader", {"    return losses": "    return [sum(losses[:k]) / k for k in range(1, len(losses) + 1)]"},
            "batch-mean"),
    mistake("running total", "corelab1_loader", {"    return losses": "    return [sum(losses[:k]) for k in range(1, len(losses) + 1)]"},
            batch_mean="running-total-not-reset"),
    mistake("two mistakes", "corelab1",
            {LOSS1: 'nn.CrossEntropyLoss(reduction="sum")', "model(inputs)": "model(inputs).softmax(1)"},
            batch_mean="sum-instead-of-mean", cross_entropy="softmax-before-cross-entropy"),
    mistake("hard-coded", "corelab1_loader", {"    return losses": "    return [2.3, 2.31, 2.29]"},
            batches="hard-coded", last_batch="hard-coded", cross_entropy="hard-coded", batch_mean="hard-coded"),
    mistake("an empty list", "corelab1_loader", {"    return losses": "    return []"}, *ALL1),
    mistake("nothing returned", "corelab1_loader", {"    return losses": ""}, *ALL1),
    mistake("not defined", "corelab1_loader", {"def batch_cross_entropy": "def batch_crossentropy"}, *ALL1),
    mistake("NaN", "corelab1_loader", {"    return losses": "    return [float('nan')] * len(losses)"}, *ALL1),
]  # fmt: skip

NOT_MOVED = ("batches", "fresh-gradients", "learns")
TOTAL = "total += loss.item() * len(targets)  # the last batch may be short"
VALUE = "values.append(total / len(dataset))"
STEPS = """            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
"""
LOADER = "DataLoader(dataset, batch_size=batch_size, shuffle=True)"
SECOND = [
    mistake("softmax", "corelab2", {"model(inputs)": "model(inputs).softmax(1)"},
            cross_entropy="softmax-before-cross-entropy"),
    mistake("NLL of probabilities", "corelab2", {LOSS1: "nn.NLLLoss()", "model(inputs)": "model(inputs).softmax(1)"},
            cross_entropy="nll-on-probabilities"),
    mistake("ReLU on logits", "corelab2", {"model(inputs)": "model(inputs).relu()"},
            cross_entropy="activation-on-logits"),
    mistake("no zero_grad", "corelab2", {"            optimizer.zero_grad()\n": ""}, fresh_gradients="no-zero-grad"),
    mistake("zero_grad once an epoch", "corelab2_sgd",
            {"            optimizer.zero_grad()\n": "", "        running = 0.0\n": "        running = 0.0\n        optimizer.zero_grad()\n", "lr=0.02": "lr=0.002"},
            fresh_gradients="no-zero-grad"),
    mistake("zero_grad before step", "corelab2", {STEPS: STEPS.replace("            optimizer.zero_grad()\n", "").replace("            optimizer.step", "            optimizer.zero_grad()\n            optimizer.step")},
            *NOT_MOVED),
    mistake("no step", "corelab2", {"            optimizer.step()\n": ""}, *NOT_MOVED),
    mistake("another model's parameters", "corelab2",
            {"torch.optim.Adam(model.parameters(), lr=0.001)": "torch.optim.Adam(nn.Linear(784, 10).parameters(), lr=0.001)"},
            *NOT_MOVED),
    mistake("a copy is trained", "corelab2_sgd", {"    history = []\n": "    history = []\n    import copy\n    model = copy.deepcopy(model)\n    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)\n"},
            *NOT_MOVED),
    mistake("step once an epoch", "corelab2",
            {STEPS: "            loss.backward()\n", f"        {VALUE}": f"        optimizer.step()\n        optimizer.zero_grad()\n        {VALUE}"},
            batches="steps-once-per-epoch", fresh_gradients="steps-once-per-epoch"),
    mistake("step once an epoch, last gradient", "corelab2",
            {"            optimizer.step()\n": "", f"        {VALUE}": f"        optimizer.step()\n        {VALUE}", "lr=0.001": "lr=0.01"},
            batches="steps-once-per-epoch", fresh_gradients="steps-once-per-epoch"),
    mistake("sum", "corelab2", {LOSS1: 'nn.CrossEntropyLoss(reduction="sum")'}, epoch_mean="sum-instead-of-mean"),
    mistake("total not divided", "corelab2", {VALUE: "values.append(total)"}, epoch_mean="sum-instead-of-mean"),
    mistake("mean of batch means", "corelab2", {TOTAL: "total += loss.item()", VALUE: "values.append(total / len(loader))"},
            epoch_mean="mean-of-batch-means"),
    mistake("last batch's loss", "corelab2", {VALUE: "values.append(loss.item())"}, epoch_mean="last-batch-only"),
    mistake("total not reset", "corelab2", {"        total = 0.0\n": "", "    values = []\n": "    values = []\n    total = 0.0\n"},
            epoch_mean="running-total-not-reset"),
    mistake("divided by batches", "corelab2", {VALUE: "values.append(total / len(loader))"}, epoch_mean="wrong-divisor"),
    mistake("divided by samples", "corelab2", {TOTAL: "total += loss.item()"}, epoch_mean="wrong-divisor"),
    mistake("drop_last", "corelab2", {LOADER: LOADER.replace("shuffle", "drop_last=True, shuffle")},
            batches="dropped-last-batch"),
    mistake("integer division", "corelab2_by_hand", {"range(0, len(dataset), batch_size)": "range(0, len(dataset) // batch_size * batch_size, batch_size)"},
            batches="dropped-last-batch"),
    mistake("all at once", "corelab2", {LOADER: "DataLoader(dataset, batch_size=len(dataset))", "lr=0.001": "lr=0.01"},
            batches="whole-dataset-at-once"),
    mistake("one at a time", "corelab2", {LOADER: "DataLoader(dataset, shuffle=True)"}, batches="one-sample-at-a-time"),
    mistake("always 64", "corelab2", {LOADER: "DataLoader(dataset, batch_size=64, shuffle=True)"}, batches="wrong-batch-size"),
    mistake("with replacement", "corelab2_adam_slices", {"torch.randperm(len(x))": "torch.randint(len(x), (len(x),))"},
            "batches", "cross-entropy", "epoch-mean"),
    mistake("always 10 epochs", "corelab2", {"range(epochs)": "range(10)"}, one_value_an_epoch="wrong-epochs"),
    mistake("an epoch too many", "corelab2", {"range(epochs)": "range(epochs + 1)"}, one_value_an_epoch="wrong-epochs"),
    mistake("a value a batch", "corelab2", {TOTAL: "values.append(loss.item())", f"        {VALUE}\n": ""},
            "one-value-an-epoch", "epoch-mean"),
    mistake("inputs apart from targets", "corelab2", {"model(inputs)": "model(inputs[torch.randperm(len(inputs))])"},
            "cross-entropy", "epoch-mean", "learns"),
    mistake("uphill", "corelab2_sgd", {"model.parameters(), lr=0.02": "model.parameters(), lr=0.02, maximize=True"}, "learns"),
    mistake("hard-coded, not trained", "corelab2", {"    loader = ": "    return [2.0 - 0.1 * epoch for epoch in range(epochs)]\n    loader = "},
            *NOT_MOVED, cross_entropy="hard-coded", epoch_mean="hard-coded"),
    mistake("evaluated before the training", "corelab2_evaluated", {"    values = []\n": "    values, start = [], evaluate(model, dataset)\n", "values.append(evaluate(model, dataset))": "values.append(start)"},
            "epoch-mean"),
    mistake("nothing returned", "corelab2", {"    return values\n": "\n"}, "one-value-an-epoch", "cross-entropy", "epoch-mean"),
    mistake("noise added", "corelab2", {STEPS: "            with torch.no_grad():\n                [p.add_(0.01 * torch.randn_like(p)) for p in model.parameters()]\n"},
            *NOT_MOVED),
    mistake("all weights pushed", "corelab2", {STEPS: "            with torch.no_grad():\n                [p.sub_(0.01) for p in model.parameters()]\n"},
            *NOT_MOVED),
]  # fmt: skip

MODEL = """        nn.Linear(64, 32),
        nn.ReLU(),
        nn.Linear(32, 10),
"""
THIRD = [
    mistake("four layers", "corelab3", {MODEL: "        nn.Linear(64, 10),\n"}, five_layers="wrong-layer-count"),
    mistake("six layers", "corelab3", {MODEL: MODEL.replace("32, 10", "32, 32") + "        nn.ReLU(),\n        nn.Linear(32, 10),\n"},
            five_layers="wrong-layer-count"),
    mistake("one layer used twice", "corelab3_module", {"self.fc4(x)": "self.fc3(x)"}, five_layers="wrong-layer-count"),
    mistake("no activation", "corelab3", {"        nn.ReLU(),\n": ""}, activation="no-activation"),
    mistake("no activation, module", "corelab3_module", {"torch.tanh(": "("}, activation="no-activation"),
    mistake("ReLU last", "corelab3", {"nn.Linear(32, 10),": "nn.Linear(32, 10),\n        nn.ReLU(),"}, logits="activation-on-logits"),
    mistake("softmax last", "corelab3", {"nn.Linear(32, 10),": "nn.Linear(32, 10),\n        nn.Softmax(dim=1),"}, "logits"),
    mistake("layers in a list", "corelab3_module_list", {"nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))": "[nn.Linear(a, b) for a, b in pairwise(widths)]"},
            five_layers="layers-not-registered"),
    mistake("eleven classes", "corelab3_sequential", {"nn.Linear(32, 10)": "nn.Linear(32, 11)"}, "five-layers", "logits", "activation"),
    mistake("no model", "corelab3", {"    return nn.Sequential(": "    nn.Sequential("}, "five-layers", "activation", "logits"),
    mistake("softmax", "corelab3", {"model(inputs)": "model(inputs).softmax(1)"}, cross_entropy="softmax-before-cross-entropy"),
    mistake("NLL of probabilities", "corelab3", {LOSS1: "nn.NLLLoss()", "model(inputs)": "model(inputs).softmax(1)"},
            cross_entropy="nll-on-probabilities"),
    mistake("NLL of logits", "corelab3", {LOSS1: "nn.NLLLoss()"}, "cross-entropy"),
    mistake("no zero_grad", "corelab3", {"            optimizer.zero_grad()\n": ""}, gradient_descent="no-zero-grad"),
    mistake("momentum", "corelab3", {"lr=lr)": "lr=lr, momentum=0.9)"}, gradient_descent="wrong-optimizer"),
    mistake("Adam", "corelab3", {"torch.optim.SGD": "torch.optim.Adam"}, "learning-rate", gradient_descent="wrong-optimizer"),
    mistake("weight decay", "corelab3", {"lr=lr)": "lr=lr, weight_decay=0.1)"}, gradient_descent="wrong-optimizer"),
    mistake("Adagrad", "corelab3", {"torch.optim.SGD": "torch.optim.Adagrad"}, "gradient-descent"),
    mistake("always 0.02", "corelab3", {"lr=lr)": "lr=0.02)"}, learning_rate="wrong-learning-rate"),
    mistake("0.01 by default", "corelab3", {"lr=0.02": "lr=0.01"}, learning_rate="wrong-learning-rate"),
    mistake("falling rate", "corelab3", {VALUE: VALUE + "\n        optimizer.param_groups[0]['lr'] *= 0.9"},
            learning_rate="wrong-learning-rate"),
    mistake("sum", "corelab3", {LOSS1: 'nn.CrossEntropyLoss(reduction="sum")', TOTAL: "total += loss.item()"},
            learning_rate="sum-instead-of-mean"),
    mistake("no step", "corelab3", {"            optimizer.step()\n": ""}, "batches", "gradient-descent", "learning-rate"),
    mistake("step once an epoch", "corelab3",
            {STEPS: "            loss.backward()\n", f"        {VALUE}": f"        optimizer.step()\n        optimizer.zero_grad()\n        {VALUE}"},
            "gradient-descent", "learning-rate", batches="steps-once-per-epoch"),
    mistake("drop_last", "corelab3", {LOADER: LOADER.replace("shuffle", "drop_last=True, shuffle")},
            batches="dropped-last-batch"),
    mistake("all at once", "corelab3", {LOADER: "DataLoader(dataset, batch_size=len(dataset))"},
            batches="whole-dataset-at-once"),
    mistake("one at a time", "corelab3", {LOADER: "DataLoader(dataset, shuffle=True)"}, batches="one-sample-at-a-time"),
    mistake("always 200", "corelab3", {LOADER: "DataLoader(dataset, batch_size=200, shuffle=True)"}, batches="wrong-batch-size"),
    mistake("100 by default", "corelab3", {"batch_size=200": "batch_size=100"}, batches="wrong-batch-size"),
    mistake("always 50 epochs", "corelab3", {"range(epochs)": "range(50)"}, one_value_an_epoch="wrong-epochs"),
    mistake("10 epochs by default", "corelab3", {"epochs=50": "epochs=10"}, one_value_an_epoch="wrong-epochs"),
    mistake("mean of batch means", "corelab3", {TOTAL: "total += loss.item()", VALUE: "values.append(total / len(loader))"},
            epoch_mean="mean-of-batch-means"),
    mistake("last batch's loss", "corelab3", {VALUE: "values.append(loss.item())"}, epoch_mean="last-batch-only"),
    mistake("total not reset", "corelab3", {"        total = 0.0\n": "", "    values = []\n": "    values = []\n    total = 0.0\n"},
            epoch_mean="running-total-not-reset"),
    mistake("first loss repeated", "corelab3", {"    return values\n": "    return [values[0]] * epochs\n"}, "epoch-mean"),
    mistake("inputs apart from targets", "corelab3", {"model(inputs)": "model(inputs[torch.randperm(len(inputs))])"},
            "cross-entropy", "epoch-mean", "gradient-descent"),
    mistake("trained once, reported 50 times", "corelab3", {"range(epochs)": "range(1)", "    return values\n": "    return values * epochs\n"},
            "epoch-mean"),
    mistake("train missing", "corelab3", {"def train": "def fit"}, "one-value-an-epoch", "cross-entropy", "epoch-mean", "batches", "gradient-descent", "learning-rate"),
]  # fmt: skip


# The codes of the mistakes in these exercises that the checks name; the others wait for the detector.
CODES = {
    *("softmax-before-cross-entropy", "nll-on-probabilities", "activation-on-logits", "no-zero-grad"),
    *("steps-once-per-epoch", "sum-instead-of-mean", "mean-of-batch-means", "last-batch-only"),
    *("running-total-not-reset", "wrong-divisor", "dropped-last-batch", "whole-dataset-at-once"),
    *("one-sample-at-a-time", "wrong-batch-size", "wrong-epochs", "wrong-learning-rate", "wrong-optimizer"),
    *("wrong-layer-count", "no-activation", "layers-not-registered", "hard-coded"),
}


def test_every_code_that_is_named_is_seen():
    named = {code for wrong in [*FIRST, *SECOND, *THIRD] for codes in wrong.named.values() for code in codes}
    assert named == CODES


@pytest.mark.parametrize("wrong", [*FIRST, *SECOND, *THIRD], ids=lambda wrong: f"{wrong.of}: {wrong.what}")
def test_a_mistake_costs_its_checks_and_goes_by_its_name(wrong: Mistake):
    checks = judge(wrong.of[:8], wrong.source(), seed=0)
    assert failed(checks) == wrong.fails
    assert {name: set(checks[name].tags) for name in wrong.fails if checks[name].tags} == wrong.named
    assert all(checks[name].help and checks[name].got for name in wrong.fails)
