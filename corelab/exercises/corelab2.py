"""題目 2 / Exercise 2: epochs, and an optimizer of the student's choice.

The answer trains two models. The first (`_given.Observed`, fixed) tells by its own weights what each update
was made from; as nothing changes its outputs, the right value of every epoch is known, whatever the
optimizer. The second learns: the parent evaluates its weights on samples that never left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from corelab.exercises import _network as network
from corelab.exercises import _training as training
from corelab.exercises._evidence import Asked, Found, checks, few, part, parts
from corelab.grading.records import Arrays, Check, Outcome
from corelab.language import N_, _

FILE = "corelab2_epochs.py"
TITLE = N_("Exercise 2: epochs, and an optimizer")
POINTS = 30.0

CHECKS = {
    "one-value-an-epoch": Asked(4, *training.ONE_VALUE_AN_EPOCH),
    "cross-entropy": Asked(4, *training.CROSS_ENTROPY),
    "epoch-mean": Asked(6, *training.EPOCH_MEAN),
    "batches": Asked(4, *training.BATCHES),
    "fresh-gradients": Asked(
        4,
        N_("every update is made from its own batch's gradient alone"),
        N_(
            "backward() adds to .grad. Print some parameter's .grad between two calls of it: when "
            "should it be zero again? And in which loop does step() belong?"
        ),
    ),
    "learns": Asked(
        8,
        N_("the model that was handed in has learned"),
        N_(
            "Print the model's parameters before and after: do they change? Follow zero_grad, backward "
            "and step in their order, and whose parameters the optimizer holds. If they change and it "
            "does not learn, look at the learning rate, and whether inputs and targets are in pairs."
        ),
    ),
}
LEARNED = 0.94  # of the loss, at most: chance gives less of a fall, and any sane setting more
EPOCHS, BATCH_SIZE = 10, 100  # as the question asks, and train takes them by default
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
    learner = training.pack(*data, layers, activation, EPOCHS, BATCH_SIZE, 1)

    sent = {"seed": np.array(rng.integers(0, 2**31)), **parts(observed=observed, learner=learner)}
    return sent, HeldOut(*network.draw_samples(rng, 800, prototypes))


def run(answer: ModuleType, sent: Arrays) -> Iterator[tuple[str, Arrays]]:
    """In the child: what became of the two models, and the values that the answer gave."""
    from corelab.exercises import _given as given

    given.start_from(sent["seed"])
    train = given.function(answer, "train")

    def observed() -> Iterator[tuple[str, Arrays]]:
        its = part(sent, "observed")
        model = given.Observed(its, int(its["updates"]), fixed=True)
        values = train(model, given.dataset(its), int(its["epochs"]), int(its["batch_size"]))
        yield "observed", {"page": given.array(model.page)}
        yield "observed values", given.numbers(values, "train")

    def learner() -> Iterator[tuple[str, Arrays]]:
        its = part(sent, "learner")
        model = given.sequential(its)
        values = train(model, given.dataset(its))
        yield "learner", given.weights(model)
        yield "learner values", given.numbers(values, "train")

    return given.each_in_turn(observed(), learner())


@np.errstate(all="ignore")  # what came back may be as large as it likes
def judge(sent: Arrays, kept: HeldOut, outcome: Outcome) -> list[Check]:
    observed, learner = (training.read_back(sent, name, outcome) for name in ("observed", "learner"))
    found = training.judge_values(observed, learner)
    found["batches"] = training.judge_batches(observed)
    found["fresh-gradients"] = _judge_gradients(observed, found["batches"])
    found["learns"] = _judge_learning(learner, kept)
    if found["learns"].passed and found["epoch-mean"].passed:
        found["epoch-mean"] = _judge_fall(learner)
    return checks(CHECKS, found, outcome)


def _judge_gradients(observed: training.Training, batches: Found) -> Found:
    """Whether each update was made from one batch's gradient, and nothing that was left of earlier ones."""
    updates, once_an_epoch = observed.updates, "steps-once-per-epoch" in batches.codes
    if not updates:
        return Found(False, got=observed.no_updates)
    adding = sum(update.adds_up for update in updates)
    several = any(update.several for update in updates)
    got = _("{adding} of {count} updates had earlier gradients added").format(
        adding=adding, count=len(updates)
    )
    codes = batches.codes if once_an_epoch else ("no-zero-grad",) if adding and not several else ()
    return Found(not adding and not once_an_epoch, "0", got, codes)


def _judge_learning(learner: training.Training, held_out: HeldOut) -> Found:
    """Whether the weights that came back do better on samples that the answer never saw: better than before,
    and better than on the targets of other samples, as a model does that learned from the inputs."""

    def loss(layers: network.Layers, targets: np.ndarray) -> float:
        return float(network.losses(layers, learner.activation, held_out.inputs, targets)[""].mean())

    if learner.after is None:
        return Found(False)
    before = loss(learner.layers, held_out.targets)
    after = loss(learner.after, held_out.targets)
    most = LEARNED * min(before, loss(learner.after, np.roll(held_out.targets, 1)))
    expected = _("cross-entropy on new data below") + f" {most:.4g}"
    return Found(after < most, expected, f"{before:.4g} → {after:.4g}" if after != before else _(NOT_TRAINED))


def _judge_fall(learner: training.Training) -> Found:
    """Whether the values show at least a third of the fall of the loss that there was: how much more depends
    on how an epoch's value is taken."""
    if learner.after is None or learner.values is None or not len(learner.values):
        return Found(False)
    before, after = learner.losses(learner.layers), learner.losses(learner.after)
    most = [before[loss].mean() - (before[loss] - after[loss]).mean() / 3 for loss in network.LOSSES]
    expected = _("a last value below") + f" {most[0]:.4g}"
    return Found(bool(learner.values[-1] < max(most)), expected, few(learner.values))
