"""題目 3 / Exercise 3: a DNN of five layers, trained by plain gradient descent.

`build_model` is asked for a model, which is run on probes: the products with weight matrices that
it makes on the way are computed again here. `train` is called twice on networks of ours, so that
neither function spoils the other's checks. The first network is fixed, and `train` is left to its
defaults, those of the question. The second learns, with other settings: its page tells the batches
in their order, and the parent descends along them from the same weights, and must arrive where the
answer did.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, product
from types import ModuleType

import numpy as np

from corelab.common.i18n import N_, Message, joined
from corelab.grading.contract import CLASSES, PIXELS, Layers
from corelab.grading.exercises.evidence import layers as structure
from corelab.grading.exercises.evidence import numpy_network as network
from corelab.grading.exercises.evidence import training_run as training
from corelab.grading.exercises.evidence.checks import CheckSpec, Finding, checks
from corelab.grading.exercises.evidence.epoch_losses import explain
from corelab.grading.exercises.evidence.returned import prefixed, preview, read, with_prefix
from corelab.grading.exercises.evidence.updates import by_epoch
from corelab.grading.verdicts import Arrays, Check, Outcome

FILE = "corelab3_gradient_descent.py"
TITLE = N_("Exercise 3: learning rate and gradient descent")
POINTS = 40.0
NEEDS, OPTIONAL = ("build_model", "train"), ("OBSERVATION",)
VERSION = 1
LAYERS, EPOCHS, BATCH_SIZE, LR = 5, 50, 200, 0.02  # as the question asks
OBSERVATION_BYTES = 4000
_WORK, _WORK_PER_UPDATE = 200_000, 36  # of explaining a descent, in samples: about a second
_SOFTMAX = "softmax-before-cross-entropy"

CHECKS = {
    "five-layers": CheckSpec(
        6,
        N_("five fully connected layers, 784 → … → 10"),
        N_(
            "Print the model, and count model.parameters(): are all five layers there? PyTorch "
            "does not find layers that are kept in a Python list."
        ),
    ),
    "activation": CheckSpec(
        3,
        N_("an activation between the layers"),
        N_(
            "Two linear layers in a row are one linear layer again: what has to stand between them?"
        ),
    ),
    "logits": CheckSpec(
        3,
        N_("logits come out of the last layer as they are"),
        N_(
            "What does the model do behind its last layer? Logits may be negative, and need not "
            "add up to 1."
        ),
    ),
    "one-value-an-epoch": CheckSpec(4, *training.ONE_VALUE_AN_EPOCH),
    "cross-entropy": CheckSpec(4, *training.CROSS_ENTROPY),
    "epoch-mean": CheckSpec(5, *training.EPOCH_MEAN),
    "batches": CheckSpec(5, *training.BATCHES),
    "gradient-descent": CheckSpec(
        6,
        N_("plain gradient descent: θ ← θ − η ∇C(θ)"),
        N_(
            "Every step takes off this batch's gradient: no momentum, no adapted rate, nothing "
            "left of the batches before. Compute two steps by hand for a model of one parameter, "
            "and compare."
        ),
    ),
    "learning-rate": CheckSpec(
        4,
        N_("a step is η times the batch's mean gradient"),
        N_(
            "Train one step with lr=0.02 and one with lr=0.04: the weights should move twice as "
            "far. With twice the batch they should not."
        ),
    ),
}


def draw(seed: int) -> tuple[Arrays, None]:
    """The probes, and what the two trainings are run on."""
    rng = np.random.default_rng(seed)
    prototypes = network.draw_prototypes(rng)
    points, _ = network.draw_samples(rng, 8, prototypes)
    middles = (points[0::2] + points[1::2]) / 2

    data = network.draw_samples(rng, BATCH_SIZE + int(rng.integers(15, 60)), prototypes)
    activation = network.draw_activation(rng)
    fixed = network.with_spread_logits(network.draw_layers(rng, [8]), activation, data[0])
    default = training.pack(*data, fixed, activation, EPOCHS, BATCH_SIZE, 256)

    size, epochs = int(rng.integers(51, 60)), int(rng.integers(2, 4))
    data = network.draw_samples(rng, 5 * size + int(rng.integers(6, size - 6)), prototypes)
    layers, activation = network.draw_layers(rng, [10, 8]), str(rng.choice(["relu", "tanh"]))
    learner = training.pack(*data, layers, activation, epochs, size, 1100)
    sent = {
        "seed": np.array(rng.integers(0, 2**31)),
        "lr": np.array(round(float(rng.uniform(0.004, 0.008)), 4)),
        "probes": np.concatenate([points, middles]),
        **prefixed(default=default, learner=learner),
    }
    return sent, None


def run(answer: ModuleType, sent: Arrays) -> Iterator[tuple[str, Arrays]]:
    """In the child: what the answer says, what its model computes, and what became of ours."""
    from corelab.grading.exercises.in_child import models as given

    given.start_from(sent["seed"])

    def said() -> Iterator[tuple[str, Arrays]]:
        text = str(getattr(answer, "OBSERVATION", ""))[:OBSERVATION_BYTES].encode(
            "utf-8", "replace"
        )
        yield "observation", {"utf-8": np.array(list(text[:OBSERVATION_BYTES]), dtype=np.uint8)}

    def model() -> Iterator[tuple[str, Arrays]]:
        yield "model", given.products(given.function(answer, "build_model")(), sent["probes"])

    def trained(name: str, *settings: float, fixed: bool) -> Iterator[tuple[str, Arrays]]:
        its = with_prefix(sent, name)
        model = given.Observed(its, int(its["updates"]), fixed)
        values = given.watched(
            model, given.function(answer, "train"), given.dataset(its), *settings
        )
        yield name, {**model.told(), **({} if fixed else given.weights(model))}
        yield f"{name} notes", model.recorder.notes()
        yield f"{name} values", given.numbers(values, "train")

    asked = int(sent["learner.epochs"]), int(sent["learner.batch_size"]), float(sent["lr"])
    return given.each_in_turn(
        said(), model(), trained("default", fixed=True), trained("learner", *asked, fixed=False)
    )


def observation(outcome: Outcome) -> str:
    """What the student observed: to be shown, and worth nothing by itself."""
    said = outcome.returned.get("observation", {}).get("utf-8")
    if not isinstance(said, np.ndarray) or said.dtype != np.uint8:
        return ""
    return said.tobytes()[:OBSERVATION_BYTES].decode("utf-8", "replace")


@np.errstate(all="ignore")  # what came back may be as large as it likes
def judge(sent: Arrays, kept: None, outcome: Outcome) -> list[Check]:
    del kept
    found = _judge_model(len(sent["probes"]), outcome) | _judge_training(sent, outcome)
    if _SOFTMAX in found["logits"].codes:  # which mistake it is depends on the loss that follows
        loss = found["cross-entropy"]
        after = (
            _SOFTMAX
            if loss.passed
            else "nll-on-probabilities"
            if network.NAMELESS in loss.codes
            else ""
        )
        found["logits"] = replace(found["logits"], codes=(after,))
    return checks(CHECKS, found, outcome)


# -- the model


def _judge_model(probes: int, outcome: Outcome) -> dict[str, Finding]:
    """Five layers, something between them, and logits out."""
    layers = structure.read_products(outcome, "model", probes)
    logits = read(outcome, "model", "logits", probes, CLASSES)
    expected = " → ".join(["784", *["…"] * (LAYERS - 1), "10"])
    if not layers or logits is None:
        return dict.fromkeys(("five-layers", "activation", "logits"), Finding(False))
    last = layers[-1].outputs
    widths = [layers[0].inputs.shape[1], *(layer.outputs.shape[1] for layer in layers)]
    five = len(layers) == LAYERS
    to_classes = widths[-1] == CLASSES
    owned = all(layer.owned for layer in layers)
    bent = any(structure.is_bent(layer.inputs) for layer in layers[1:])
    as_they_are = to_classes and structure.differ_by_constants(logits, last)
    behind = structure.what_follows(last, logits) if to_classes and not as_they_are else ""
    missing = "" if owned else Message(", some not in model.parameters()")
    return {
        "five-layers": Finding(
            five and owned and to_classes and widths[0] == PIXELS,
            expected,
            joined(" → ".join(map(str, widths)), missing),
            ("" if five else "wrong-layer-count", "" if owned else "layers-not-registered"),
        ),
        "activation": Finding(
            bent,
            got="" if bent else Message("the model is affine"),
            codes=("no-activation",) if len(layers) > 1 else (),
        ),
        "logits": Finding(as_they_are, preview(last[0]), preview(logits[0]), (behind,)),
    }


# -- the trainings


def _judge_training(sent: Arrays, outcome: Outcome) -> dict[str, Finding]:
    """What `train` did with the fixed network, and with the one that learns."""
    default, learner = (training.read_back(sent, name, outcome) for name in ("default", "learner"))
    found = training.judge_values(default, learner)
    found["batches"] = training.name_by_notes(training.judge_batches(default), default, learner)
    if found["batches"].passed:
        found["batches"] = training.judge_batches(learner)
    descent = explain_descent(learner)
    if found["epoch-mean"].passed and descent:
        on_the_way = _judge_values_on_the_way(learner, descent)
        found["epoch-mean"] = replace(on_the_way, advice=found["epoch-mean"].advice)
    found["gradient-descent"] = _judge_rule(default, learner, descent)
    if found["cross-entropy"].passed and descent and descent.loss:
        got = Message("the weights went down another loss")
        found["cross-entropy"] = Finding(False, got=got, codes=(descent.loss,))
    found["learning-rate"] = _judge_rate(default, learner, float(sent["lr"]), descent)
    if (
        not descent and not found["batches"].passed
    ):  # then nothing shows that there was a training at all
        found["learning-rate"] = replace(found["learning-rate"], passed=False)
    return found


@dataclass(frozen=True)
class Descent:
    """A gradient descent along the batches and at the rates that a page tells of."""

    loss: str = ""
    """The code of the mistake in the loss that it goes down, or nothing: as in LOSSES."""
    summed: bool = False
    """By the sum of a batch's gradients, not their mean."""
    adds_up: bool = False
    """By all the gradients since they were last set to zero, not the batch's alone."""

    def path(self, learner: training.Training) -> Iterator[Layers]:
        """θ ← θ − η ∇C(θ) in float64: the weights before each update, and after the last."""
        layers = [(weight.astype(float), bias.astype(float)) for weight, bias in learner.layers]
        total = network.combine(layers, layers, -1)  # zeros
        for update in learner.updates:
            yield layers
            inputs, targets = learner.inputs[update.samples], learner.targets[update.samples]
            seen = network.forward(layers, learner.activation, inputs)
            slope = network.LOSSES[self.loss](seen[-1], targets)[1] / (
                1 if self.summed else len(targets)
            )
            step, rate = network.gradients(layers, learner.activation, seen, slope), update.moved
            if self.adds_up:  # then all marks go on moving, and only the last ones moved once
                step = total = network.combine(total, step, 1) if update.adds_up else step
                rate = learner.updates[-1].moved
            layers = network.combine(layers, step, -rate)
        yield layers

    def end(self, learner: training.Training) -> Layers:
        """The weights after the last update."""
        return deque(self.path(learner), maxlen=1)[0]


def explain_descent(learner: training.Training) -> Descent | None:
    """The descent, with as few mistakes as possible, that leads to exactly the weights that came
    back; None where none does, or where they never left. Of very many updates, not every mistake
    is tried."""
    if (
        learner.after is None
        or not learner.updates
        or _is_same(learner.layers, learner.after, learner.layers)
    ):
        return None
    adding = any(update.adds_up for update in learner.updates)
    samples = sum(len(update.samples) for update in learner.updates)
    tries = max(1, int(_WORK / (_WORK_PER_UPDATE * len(learner.updates) + samples)))
    candidates = product(sorted({False, adding}), (False, True), network.LOSSES)
    for adds_up, summed, loss in islice(candidates, tries):
        descent = Descent(loss, summed, adds_up)
        if _is_same(learner.after, descent.end(learner), learner.layers):
            return descent
    return None


def _is_same(got: Layers, expected: Layers, start: Layers) -> bool:
    """Whether weights are where a way from `start` leads, but for float32's rounding on the way."""
    return all(
        np.linalg.norm(g - e) <= 2e-3 * np.linalg.norm(e - s) + 3e-6 * np.linalg.norm(s)
        for layer in zip(got, expected, start, strict=True)
        for g, e, s in zip(*layer, strict=True)
    )


def _judge_values_on_the_way(learner: training.Training, descent: Descent) -> Finding:
    """Whether the values are those of the batches before each update, or of all samples after each
    epoch."""
    steps = len(learner.updates) // max(1, 0 if learner.values is None else len(learner.values))
    before, after = [], []  # logits and targets
    for t, layers in enumerate(descent.path(learner)):
        if t < len(learner.updates):
            before.append(learner.met(layers, learner.updates[t].samples))
        if steps and t and t % steps == 0:
            after.append([learner.met(layers)])
    ways = by_epoch(before, steps), after
    origin = explain(
        learner.values,
        len(learner.targets),
        (
            {code: [[loss(*batch)[0] for batch in epoch] for epoch in epochs]}
            for code, loss in network.LOSSES.items()
            for epochs in ways
        ),
    )
    loss = network.LOSSES[descent.loss]
    means = [np.concatenate([loss(*batch)[0] for batch in epoch]).mean() for epoch in ways[0]]
    averages = origin.averages if origin else (network.NAMELESS,)
    return Finding(not averages, preview(np.array(means)), preview(learner.values), averages)


def _judge_rule(
    default: training.Training, learner: training.Training, descent: Descent | None
) -> Finding:
    """Whether a plain gradient descent leads to the weights, down whatever loss and at whatever
    rate."""
    if not learner.updates or learner.after is None:
        return learner.no_updates
    way, plain = (
        sum(np.linalg.norm(weight) for weight, _ in network.combine(end, learner.layers, -1))
        for end in (learner.after, Descent().end(learner))
    )
    expected = Message("where gradient descent leads")
    got = Message("{ratio:.3g} times as far", ratio=way / plain)
    if descent:
        advice = training.advice_on_optimizers(learner)
        return Finding(not descent.adds_up, expected, got, ("no-zero-grad",), advice)
    if any(update.adds_up for update in learner.updates):
        return Finding(False, expected, got)
    rates, clock = np.array([update.moved for update in learner.updates]), learner.clock
    if clock and (clock.remembers.any() or clock.adapts):
        return Finding(False, expected, got, ("wrong-optimizer",))
    if default.misaligned:
        return Finding(False, expected, got, ("inputs-targets-misaligned",))
    other_rule = not np.allclose(rates, rates[-1], 1e-3, 0)
    return Finding(False, expected, got, ("wrong-optimizer",) if other_rule else ())


def _judge_rate(
    default: training.Training, learner: training.Training, lr: float, descent: Descent | None
) -> Finding:
    """Whether the marks moved by the learning rates that were asked, and the weights by that times
    the mean.

    A plain descent moves every mark once. Under another rule that is sure of the last update's
    marks only.
    """
    expected = f"{LR:.3g}, {lr:.3g}"
    if not default.updates or not learner.updates:
        return replace(default.no_updates, expected=expected)
    first = 0 if descent and not descent.adds_up else -1
    updates = [one.updates[first:] for one in (default, learner)]
    rates = [np.array([update.moved for update in each]) for each in updates]
    summed = descent is not None and descent.summed
    if summed:  # by a rate over the size of the batch, the sum's step is the mean's again
        by_mean = [
            np.array([update.moved * len(update.samples) for update in each]) for each in updates
        ]
        if _are(by_mean, lr):
            rates, summed = by_mean, False
    right = _are(rates, lr)
    got = ", ".join(" … ".join(f"{rate:.3g}" for rate in sorted({r.min(), r.max()})) for r in rates)
    codes = (
        "sum-instead-of-mean" if summed else "",
        "" if right or not descent else "wrong-learning-rate",
    )
    return Finding(right and not summed, expected, got, codes)


def _are(rates: list[np.ndarray], lr: float) -> bool:
    """Whether these are the learning rates of the question, and of what was asked."""
    return np.allclose(rates[0], LR, 1e-3, 0) and np.allclose(rates[1], lr, 1e-3, 0)
