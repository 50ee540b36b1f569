"""What each mistake costs, and by which name it goes: small changes of right answers, in two styles."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import pytest
from answers import ADVICE, failed, judge, right, solution, texts

from corelab.common.i18n import translations
from corelab.grading.exercises.evidence.feedback import HELP


@dataclass(frozen=True)
class Mistake:
    """A right answer (a name in right/, or an exercise for the kit's own), and what is replaced in it."""

    what: str
    of: str
    changes: dict[str, str]
    fails: set[str]
    named: dict[str, set[str]] = field(default_factory=dict)
    """The codes that a failed check goes by: all other failed ones have none. A passed one: advice."""

    def source(self) -> str:
        source = right(self.of) if "_" in self.of else solution(self.of)
        for old, new in self.changes.items():
            assert old in source, f"{self.of} has no {old!r}"
            source = source.replace(old, new)
        return source


def mistake(what: str, of: str, changes: dict[str, str], *fails: str, **named: str) -> Mistake:
    """`fails` are the checks lost; `named` says by which codes a check goes (with _ for -)."""
    codes = {check.replace("_", "-"): set(code.split()) for check, code in named.items()}
    return Mistake(what, of, changes, {*fails, *codes}, codes)


def advised(what: str, of: str, changes: dict[str, str], **named: str) -> Mistake:
    """The same for what costs nothing: the checks pass."""
    return replace(mistake(what, of, changes, **named), fails=set())


def not_moved(what: str, of: str, changes: dict[str, str], code: str, *fails: str) -> Mistake:
    """The model that was handed in stays as it was, which goes by this code."""
    lost = {
        "corelab2": ("batches", "fresh-gradients", "learns"),
        "corelab3": ("batches", "gradient-descent", "learning-rate"),
    }
    return mistake(
        what, of, changes, *fails, **{check.replace("-", "_"): code for check in lost[of[:8]]}
    )


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
    mistake("the last batch's loss alone", "corelab1_loader", {"    return losses": "    return losses[-1:]"}, batches="last-batch-only"),
    mistake("mean over batch_size again", "corelab1", {CALL1: f"{CALL1} / batch_size"}, batch_mean="wrong-divisor"),
    mistake("sum over all samples", "corelab1", {LOSS1: 'nn.CrossEntropyLoss(reduction="sum")', CALL1: f"{CALL1} / len(dataset)"},
            batch_mean="wrong-divisor"),
    mistake("sigmoid", "corelab1", {"model(inputs)": "model(inputs).sigmoid()"}, cross_entropy="activation-on-logits"),
    mistake("the mean of all batches alone", "corelab1_loader", {"    return losses": "    return [sum(losses) / len(losses)]"}, *ALL1),
    mistake("inputs in another order", "corelab1_slices", {"model(x[i": "model(x.flip(0)[i"}, *ALL1[:2], "batch-mean",
            cross_entropy="inputs-targets-misaligned"),
    mistake("targets shuffled", "corelab1", {CALL1: "loss_function(model(inputs), targets[torch.randperm(len(targets))]).item()"},
            *ALL1[:2], "batch-mean", cross_entropy="inputs-targets-misaligned"),
    mistake("targets sorted, softmax", "corelab1", {CALL1: "loss_function(model(inputs).softmax(1), targets.sort()[0]).item()"},
            *ALL1[:2], "batch-mean", cross_entropy="inputs-targets-misaligned softmax-before-cross-entropy"),
    mistake("an empty list", "corelab1_loader", {"    return losses": "    return []"}, *ALL1),
    mistake("nothing returned", "corelab1_loader", {"    return losses": ""}, *ALL1),
    mistake("not defined", "corelab1_loader", {"def batch_cross_entropy": "def batch_crossentropy"}, *ALL1),
    mistake("NaN", "corelab1_loader", {"    return losses": "    return [float('nan')] * len(losses)"}, *ALL1),
]  # fmt: skip

APART = "inputs-targets-misaligned"
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
    not_moved("zero_grad before step", "corelab2", {STEPS: STEPS.replace("            optimizer.zero_grad()\n", "").replace("            optimizer.step", "            optimizer.zero_grad()\n            optimizer.step")},
            "zero-grad-before-step"),
    not_moved("zeroed by hand before an update by hand", "corelab2_sgd",
            {"            optimizer.step()\n": "            for p in model.parameters():\n                p.grad.zero_()\n            with torch.no_grad():\n                [p.sub_(0.02 * p.grad) for p in model.parameters()]\n"},
            "zero-grad-before-step"),
    not_moved("no step", "corelab2", {"            optimizer.step()\n": ""}, "no-step"),
    not_moved("step named, not called", "corelab2_sgd", {"optimizer.step()": "optimizer.step"}, "no-step"),
    not_moved("a name bound to the step", "corelab2_by_hand", {"p.sub_(0.01 * v)": "p = p - 0.01 * v"}, "no-step"),
    not_moved("another model's parameters", "corelab2",
            {"torch.optim.Adam(model.parameters(), lr=0.001)": "torch.optim.Adam(nn.Linear(784, 10).parameters(), lr=0.001)"},
            "wrong-parameters"),
    not_moved("a copy is trained", "corelab2_sgd", {"    history = []\n": "    history = []\n    import copy\n    model = copy.deepcopy(model)\n    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)\n"},
            "wrong-parameters"),
    mistake("a rate of 0", "corelab2_sgd", {"lr=0.02": "lr=0.0"}, *NOT_MOVED),
    mistake("no backward", "corelab2_sgd", {"            loss.backward()\n": ""}, *NOT_MOVED),
    mistake("Adam anew each batch", "corelab2", {STEPS: f"            optimizer = torch.optim.Adam(model.parameters(), lr=0.001)\n{STEPS}"},
            fresh_gradients="optimizer-rebuilt"),
    mistake("Adagrad anew each epoch", "corelab2_best_copy", {"        mean = Mean()\n": "        mean = Mean()\n        optimizer = torch.optim.Adagrad(model.parameters(), lr=0.02)\n"},
            fresh_gradients="optimizer-rebuilt"),
    mistake("momentum by hand begins again", "corelab2_by_hand", {"        losses, sizes = [], []\n": "        losses, sizes = [], []\n        velocity = [torch.zeros_like(p) for p in parameters]\n"},
            fresh_gradients="optimizer-rebuilt"),
    advised("momentum anew each batch", "corelab2_sgd", {"            optimizer.zero_grad()\n": "            optimizer = torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)\n            optimizer.zero_grad()\n"},
            fresh_gradients="optimizer-rebuilt"),
    advised("plain SGD anew each batch, which changes nothing", "corelab2_sgd",
            {"            optimizer.zero_grad()\n": "            optimizer = torch.optim.SGD(model.parameters(), lr=0.02)\n            optimizer.zero_grad()\n"}),
    advised("always in the same order", "corelab2_sgd", {"shuffle=True": "shuffle=False"}, batches="no-shuffle"),
    advised("shuffled once", "corelab2_plain_loops", {"        random.shuffle(samples)\n": "", "    values = []\n": "    values = []\n    random.shuffle(samples)\n"},
            batches="no-shuffle"),
    advised("a total with its graph", "corelab2_sgd", {"loss.item()": "loss"}, epoch_mean="keeps-graph"),
    advised("all losses kept", "corelab2_evaluated", {"    values = []\n": "    values, losses = [], []\n", "            loss.backward()\n": "            loss.backward()\n            losses.append(loss)\n"},
            epoch_mean="keeps-graph"),
    advised("down another loss, with the right values", "corelab2_evaluated", {"nn.CrossEntropyLoss()(model(inputs)": "nn.CrossEntropyLoss()(model(inputs).softmax(1)"},
            cross_entropy="softmax-before-cross-entropy"),
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
    mistake("always 256, more than there are", "corelab2", {LOADER: "DataLoader(dataset, batch_size=256, shuffle=True)"}, batches="wrong-batch-size"),
    mistake("always 64", "corelab2", {LOADER: "DataLoader(dataset, batch_size=64, shuffle=True)"}, batches="wrong-batch-size"),
    mistake("with replacement", "corelab2_adam_slices", {"torch.randperm(len(x))": "torch.randint(len(x), (len(x),))"},
            "batches", "cross-entropy", "epoch-mean"),
    mistake("always 10 epochs", "corelab2", {"range(epochs)": "range(10)"}, one_value_an_epoch="wrong-epochs"),
    mistake("an epoch too many", "corelab2", {"range(epochs)": "range(epochs + 1)"}, one_value_an_epoch="wrong-epochs"),
    mistake("a value a batch", "corelab2", {TOTAL: "values.append(loss.item())", f"        {VALUE}\n": ""},
            "one-value-an-epoch", "epoch-mean"),
    mistake("inputs apart from targets", "corelab2", {"model(inputs)": "model(inputs[torch.randperm(len(inputs))])"},
            cross_entropy=APART, epoch_mean=APART, learns=APART),
    mistake("apart, and the mean of batch means", "corelab2_sgd", {"criterion(model(inputs), targets)": "criterion(model(inputs), targets.roll(1))", "loss.item() * inputs.size(0)": "loss.item()", "running / len(dataset)": "running / len(loader)"},
            cross_entropy=APART, epoch_mean="mean-of-batch-means", learns=APART),
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
    mistake("sigmoid last", "corelab3", {"nn.Linear(32, 10),": "nn.Linear(32, 10),\n        nn.Sigmoid(),"}, logits="activation-on-logits"),
    mistake("logits doubled", "corelab3_module", {"return self.fc5(x)": "return 2 * self.fc5(x)"}, "logits"),
    mistake("softmax last", "corelab3", {"nn.Linear(32, 10),": "nn.Linear(32, 10),\n        nn.Softmax(dim=1),"}, logits="softmax-before-cross-entropy"),
    mistake("softmax last, NLL", "corelab3", {"nn.Linear(32, 10),": "nn.Linear(32, 10),\n        nn.Softmax(dim=1),", LOSS1: "nn.NLLLoss()"}, "cross-entropy",
            logits="nll-on-probabilities"),
    mistake("down another loss, with the right values", "corelab3_leaky", {"nn.functional.cross_entropy(model(x), y).backward()": "nn.functional.cross_entropy(model(x).softmax(1), y).backward()"},
            cross_entropy="softmax-before-cross-entropy"),
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
    mistake("Adagrad", "corelab3", {"torch.optim.SGD": "torch.optim.Adagrad"}, gradient_descent="wrong-optimizer"),
    mistake("RMSprop anew each epoch", "corelab3_sequential", {"        running = 0.0\n": "        running = 0.0\n        optimizer = torch.optim.RMSprop(model.parameters(), lr=lr)\n"},
            "learning-rate", gradient_descent="wrong-optimizer"),
    advised("plain SGD anew each epoch, which changes nothing", "corelab3_sequential",
            {"        running = 0.0\n": "        running = 0.0\n        optimizer = torch.optim.SGD(model.parameters(), lr=lr)\n"}),
    advised("always in the same order", "corelab3", {"shuffle=True": "shuffle=False"}, batches="no-shuffle"),
    advised("a total with its graph", "corelab3_sequential", {"loss.item()": "loss"}, epoch_mean="keeps-graph"),
    mistake("always 0.02", "corelab3", {"lr=lr)": "lr=0.02)"}, learning_rate="wrong-learning-rate"),
    mistake("0.01 by default", "corelab3", {"lr=0.02": "lr=0.01"}, learning_rate="wrong-learning-rate"),
    mistake("falling rate", "corelab3", {VALUE: VALUE + "\n        optimizer.param_groups[0]['lr'] *= 0.9"},
            learning_rate="wrong-learning-rate"),
    mistake("sum", "corelab3", {LOSS1: 'nn.CrossEntropyLoss(reduction="sum")', TOTAL: "total += loss.item()"},
            learning_rate="sum-instead-of-mean"),
    not_moved("no step", "corelab3", {"            optimizer.step()\n": ""}, "no-step"),
    not_moved("its own model is trained", "corelab3_sequential", {"    criterion =": "    model = build_model()\n    criterion ="}, "wrong-parameters",
            "cross-entropy", "epoch-mean"),
    not_moved("zero_grad before step", "corelab3_modern", {"            optimizer.step()\n            optimizer.zero_grad()\n": "            optimizer.zero_grad()\n            optimizer.step()\n"},
            "zero-grad-before-step"),
    mistake("step once an epoch", "corelab3",
            {STEPS: "            loss.backward()\n", f"        {VALUE}": f"        optimizer.step()\n        optimizer.zero_grad()\n        {VALUE}"},
            "gradient-descent", "learning-rate", batches="steps-once-per-epoch"),
    mistake("drop_last", "corelab3", {LOADER: LOADER.replace("shuffle", "drop_last=True, shuffle")},
            batches="dropped-last-batch"),
    mistake("all at once", "corelab3", {LOADER: "DataLoader(dataset, batch_size=len(dataset))"},
            batches="whole-dataset-at-once"),
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
            cross_entropy=APART, epoch_mean=APART, gradient_descent=APART),
    mistake("total and count not reset", "corelab3_modern", {"        total, seen = 0.0, 0\n": "", "    values = []\n": "    values, total, seen = [], 0.0, 0\n"},
            epoch_mean="running-total-not-reset"),
    mistake("trained once, reported 50 times", "corelab3", {"range(epochs)": "range(1)", "    return values\n": "    return values * epochs\n"},
            "epoch-mean"),
    mistake("train missing", "corelab3", {"def train": "def fit"}, "one-value-an-epoch", "cross-entropy", "epoch-mean", "batches", "gradient-descent", "learning-rate"),
]  # fmt: skip


# Of `corelab/grading/README.md`, all that can be made in exercises 1 to 3.
CODES = {
    *(
        "softmax-before-cross-entropy",
        "nll-on-probabilities",
        "activation-on-logits",
        "no-zero-grad",
    ),
    *(
        "zero-grad-before-step",
        "no-step",
        "wrong-parameters",
        "steps-once-per-epoch",
        "optimizer-rebuilt",
    ),
    *("sum-instead-of-mean", "mean-of-batch-means", "last-batch-only", "running-total-not-reset"),
    *("wrong-divisor", "dropped-last-batch", "whole-dataset-at-once", "one-sample-at-a-time"),
    *(
        "wrong-batch-size",
        "wrong-epochs",
        "wrong-learning-rate",
        "wrong-optimizer",
        "wrong-layer-count",
    ),
    *(
        "no-activation",
        "layers-not-registered",
        "inputs-targets-misaligned",
        "hard-coded",
        "keeps-graph",
    ),
    "no-shuffle",
}


def test_every_code_has_a_help_in_both_languages():
    assert set(HELP) == CODES
    for text in HELP.values():
        assert 150 < len(text) < 450
        assert re.search(r"[\u4e00-\u9fff].*[\uff1f\u3002]$", translations("zh-TW").gettext(text))


def test_every_code_that_is_named_is_seen():
    named = {
        code
        for wrong in [*FIRST, *SECOND, *THIRD]
        for codes in wrong.named.values()
        for code in codes
    }
    assert named == CODES


@pytest.mark.parametrize(
    "wrong", [*FIRST, *SECOND, *THIRD], ids=lambda wrong: f"{wrong.of}: {wrong.what}"
)
def test_a_mistake_costs_its_checks_and_goes_by_its_name(wrong: Mistake):
    checks = judge(wrong.of[:8], wrong.source(), seed=0)
    assert failed(checks) == wrong.fails
    named = {name: set(check.codes) - own_advice(wrong) for name, check in checks.items()}
    assert {name: codes for name, codes in named.items() if codes} == wrong.named
    assert all(checks[name].got for name in wrong.fails)
    told = texts(wrong.of[:8], wrong.source(), seed=0)
    repeated = {name for name in wrong.fails if told[name].got == "the same as above"}
    assert all(told[name].help for name in wrong.fails - repeated)
    assert not repeated or repeated < wrong.fails
    said = "\n".join(text.help for text in told.values())
    assert all(said.count(HELP[code]) == 1 for codes in wrong.named.values() for code in codes)


def test_some_fall_of_the_loss_is_not_yet_learning():
    """The rate is a hundredth of what the question asks: the loss falls, by next to nothing."""
    source = solution("corelab2").replace("lr=0.001", "lr=0.00001")
    learns = judge("corelab2", source, seed=0)["learns"]
    before, after = map(float, str(learns.got).split(" → "))
    assert (learns.outcome, after < before) == ("failed", True)


def test_a_copy_that_is_trained_is_recorded_with_the_model():
    """What went wrong in it has a name, also where its weights are put back into the model."""
    source = solution("corelab2")
    for old, new in {
        "    optimizer = ": "    import copy\n    given, model = model, copy.deepcopy(model)\n    optimizer = ",
        "    return values\n": "    given.load_state_dict(model.state_dict())\n    return values\n",
        "model(inputs), targets": "model(inputs), targets.flip(0)",
    }.items():
        assert old in source
        source = source.replace(old, new)
    assert judge("corelab2", source, seed=0)["cross-entropy"].codes == (APART,)


def own_advice(wrong: Mistake) -> set[str]:
    """What is already to be said of the right answer that was changed."""
    return ADVICE.get(wrong.of, set()) - {code for codes in wrong.named.values() for code in codes}
