"""題目 2 / Exercise 2: epochs, and an optimizer of the student's choice.

The answer trains two models. The first (`models.Observed`, fixed) tells by its own weights what
each update was made from; as nothing changes its outputs, the right value of every epoch is known,
whatever the optimizer. The second learns, with the defaults: the parent evaluates its weights on
samples that never left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import ModuleType

import numpy as np

from corelab.common.i18n import N_, Message, joined
from corelab.grading.contract import Layers
from corelab.grading.exercises.evidence import numpy_network as network
from corelab.grading.exercises.evidence import training_run as training
from corelab.grading.exercises.evidence.checks import CheckSpec, Finding, checks
from corelab.grading.exercises.evidence.returned import prefixed, preview, with_prefix
from corelab.grading.exercises.evidence.updates import in_words
from corelab.grading.verdicts import Arrays, Check, Outcome

FILE = "corelab2_epochs.py"
TITLE = N_("Exercise 2: epochs, and an optimizer")
POINTS = 30.0
NEEDS = ("train",)
VERSION = 1

CHECKS = {
    "one-value-an-epoch": CheckSpec(4, *training.ONE_VALUE_AN_EPOCH),
    "cross-entropy": CheckSpec(4, *training.CROSS_ENTROPY),
    "epoch-mean": CheckSpec(6, *training.EPOCH_MEAN),
    "batches": CheckSpec(4, *training.BATCHES),
    "fresh-gradients": CheckSpec(
        4,
        N_("every update is made from its own batch's gradient, by one and the same optimizer"),
        N_(
            "backward() adds to .grad. Print some parameter's .grad between two calls of it: when "
            "should it be zero again? In which loop does step() belong, and where is the "
            "optimizer made?"
        ),
    ),
    "learns": CheckSpec(
        8,
        N_("the model that was handed in has learned"),
        N_(
            "Print the model's parameters before and after: do they change? Follow zero_grad, "
            "backward and step in their order, and whose parameters the optimizer holds. If they "
            "change and it does not learn, look at the learning rate, and whether inputs and "
            "targets are in pairs."
        ),
    ),
}
LEARNED = 0.94  # of the loss, at most: chance gives less of a fall, and any sane setting more
EPOCHS, BATCH_SIZE = 10, 100  # as the question asks, and train takes them by default
FIRST = 3  # updates of the second model of which it tells what they were made from
NOT_TRAINED = N_("the model's weights did not move")


@dataclass(frozen=True)
class HeldOut:
    """Samples of the kind that the second model learns, which stay with the parent."""

    inputs: np.ndarray
    targets: np.ndarray


def draw(seed: int) -> tuple[Arrays, HeldOut]:
    """What the two models are trained on; and held-out samples."""
    rng = np.random.default_rng(seed)
    prototypes = network.draw_prototypes(rng)
    size = int(rng.integers(18, 34))
    samples = size * (100 // size + 1) + int(rng.integers(2, size - 4))
    data = network.draw_samples(rng, samples, prototypes)
    activation = network.draw_activation(rng)
    layers = network.with_spread_logits(network.draw_layers(rng, [8]), activation, data[0])
    observed = training.pack(*data, layers, activation, int(rng.integers(3, 5)), size, 256)

    data = network.draw_samples(rng, 100 * int(rng.integers(14, 17)) + 37, prototypes)
    layers, activation = (
        network.draw_layers(rng, [int(rng.integers(12, 24))]),
        str(rng.choice(["relu", "tanh"])),
    )
    learner = training.pack(*data, layers, activation, EPOCHS, BATCH_SIZE, FIRST + 1)

    sent = {
        "seed": np.array(rng.integers(0, 2**31)),
        **prefixed(observed=observed, learner=learner),
    }
    return sent, HeldOut(*network.draw_samples(rng, 800, prototypes))


def run(answer: ModuleType, sent: Arrays) -> Iterator[tuple[str, Arrays]]:
    """In the child: what became of the two models, and the values that the answer gave."""
    from corelab.grading.exercises.in_child import models as given

    given.start_from(sent["seed"])
    train = given.function(answer, "train")

    def observed() -> Iterator[tuple[str, Arrays]]:
        its = with_prefix(sent, "observed")
        model = given.Observed(its, int(its["updates"]), fixed=True)
        values = given.watched(
            model, train, given.dataset(its), int(its["epochs"]), int(its["batch_size"])
        )
        yield "observed", model.told()
        yield "observed notes", model.recorder.notes()
        yield "observed values", given.numbers(values, "train")

    def learner() -> Iterator[tuple[str, Arrays]]:
        its = with_prefix(sent, "learner")
        model = given.Observed(its, int(its["updates"]), fixed=False, size=1e-6)
        values = given.watched(model, train, given.dataset(its))
        yield "learner", {"page": given.array(model.page), **given.weights(model)}
        yield "learner values", given.numbers(values, "train")

    return given.each_in_turn(observed(), learner())


@np.errstate(all="ignore")  # what came back may be as large as it likes
def judge(sent: Arrays, kept: HeldOut, outcome: Outcome) -> list[Check]:
    observed, learner = (
        training.read_back(sent, name, outcome) for name in ("observed", "learner")
    )
    found = training.judge_values(observed, learner)
    found["batches"] = training.judge_batches(observed)
    found["fresh-gradients"] = _judge_gradients(observed, found["batches"])
    found["batches"] = training.name_by_notes(found["batches"], observed, learner)
    found["learns"] = _judge_learning(observed, learner, kept)
    if found["batches"].passed and (learner.updates or found["learns"].passed):
        found["batches"] = replace(_judge_default(learner), advice=found["batches"].advice)
    if found["learns"].passed and found["epoch-mean"].passed:
        found["epoch-mean"] = replace(
            _judge_fall(learner), codes=observed.mistakes, advice=found["epoch-mean"].advice
        )
    return checks(CHECKS, found, outcome)


def _judge_default(learner: training.Training) -> Finding:
    """Whether the first updates were from batches of 100, as nothing else was asked."""
    sizes = [len(update.samples) for update in learner.updates]
    right = bool(sizes) and all(size == BATCH_SIZE for size in sizes)
    got = in_words(len(sizes), sizes)
    code = "wrong-batch-size" if len(set(sizes)) == 1 else ""
    return Finding(right, in_words(FIRST, [BATCH_SIZE]), got, (code,))


def _judge_gradients(observed: training.Training, batches: Finding) -> Finding:
    """Whether each update was made from one batch's gradient, and nothing that was left of earlier
    ones."""
    updates, once_an_epoch = observed.updates, "steps-once-per-epoch" in batches.codes
    if not updates or observed.clock is None or not observed.clock.moves.any():
        return observed.no_updates
    several = not batches.passed and any(update.several for update in updates)
    adding = sum(update.adds_up or (several and update.several) for update in updates)
    if adding < len(updates) / 4:  # an optimizer may go uphill now and then, as L-BFGS does
        adding = 0
    got = Message(
        "{adding} of {count} updates had earlier gradients added", adding=adding, count=len(updates)
    )
    codes = batches.codes if once_an_epoch else ("no-zero-grad",) if adding and not several else ()
    if not adding and not once_an_epoch and observed.clock.restarts:
        got = Message("the optimizer began again on the way")
        return Finding(False, got=got, codes=("optimizer-rebuilt",))
    expected = Message("none of them")
    return Finding(
        not adding and not once_an_epoch,
        expected,
        got,
        codes,
        training.advice_on_optimizers(observed),
    )


def _judge_learning(
    observed: training.Training, learner: training.Training, held_out: HeldOut
) -> Finding:
    """Whether the weights that came back do better on samples that the answer never saw: better
    than before, and better than on the targets of other samples, as a model does that learned from
    the inputs."""

    def loss(layers: Layers, targets: np.ndarray) -> float:
        return float(
            network.losses(layers, learner.activation, held_out.inputs, targets)[""].mean()
        )

    if learner.after is None:
        return Finding(False, codes=observed.mistakes)
    before = loss(learner.layers, held_out.targets)
    after = loss(learner.after, held_out.targets)
    most = LEARNED * min(before, loss(learner.after, np.roll(held_out.targets, 1)))
    expected = joined(Message("cross-entropy on new data below"), f" {most:.4g}")
    if after == before:
        return Finding(False, expected, Message(NOT_TRAINED), observed.no_updates.codes)
    return Finding(after < most, expected, f"{before:.4g} → {after:.4g}", observed.mistakes)


def _judge_fall(learner: training.Training) -> Finding:
    """Whether the values show at least a third of the fall of the loss that there was: how much
    more depends on how an epoch's value is taken."""
    if learner.after is None or learner.values is None or not len(learner.values):
        return Finding(False)
    before, after = learner.losses(learner.layers), learner.losses(learner.after)
    most = [
        before[loss].mean() - (before[loss] - after[loss]).mean() / 3 for loss in network.LOSSES
    ]
    expected = joined(Message("a last value below"), f" {most[0]:.4g}")
    return Finding(bool(learner.values[-1] < max(most)), expected, preview(learner.values))
