"""What is said to each mistake: what happens, why it is wrong, a thought towards the fix.

Never the fix itself. A verdict keeps codes; `check_texts` finds the words where they are shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import ModuleType

from corelab.common.i18n import N_, _
from corelab.grading.verdicts import Check, Verdict

HELP = {
    # the loss
    "softmax-before-cross-entropy": N_(
        "The outputs go through softmax, and then into a cross-entropy that takes a softmax of "
        "its own. Probabilities lie between 0 and 1, so that after the second softmax no class "
        "can stand out: the loss stays above 1.46, and the gradients are small. What does your "
        "loss function expect: logits or probabilities?"
    ),
    "nll-on-probabilities": N_(
        "The loss is negative: it is the probability of the target, with a minus. NLLLoss takes "
        "no logarithm, it only picks the target's entry. A cross-entropy is never negative. Write "
        "down its formula: what stands between the probability and the minus?"
    ),
    "activation-on-logits": N_(
        "An activation bends the last layer's outputs before the loss sees them: all that it cuts "
        "off or squeezes, no gradient can undo. Logits may be any numbers, negative ones too. "
        "Behind which layers does an activation belong, and behind which not?"
    ),
    "inputs-targets-misaligned": N_(
        "The inputs meet with the targets of other samples. Nothing can be learned from such "
        "pairs, and the loss stays near that of guessing, ln 10 ≈ 2.30. Print one batch's targets "
        "beside the dataset's own for the same inputs. Which line changes the order of one, and "
        "not of the other?"
    ),
    # gradients and steps
    "no-zero-grad": N_(
        "Gradients of earlier batches are still in .grad when the next one is added, so that each "
        "step goes along a sum of old gradients. backward() adds, it does not replace. Print a "
        "parameter's .grad right before backward(), in the second batch and in the second epoch: "
        "what should it be?"
    ),
    "zero-grad-before-step": N_(
        "The gradients are gone when the step is taken, so nothing moves. A step reads what "
        "backward() left in .grad. Put the three calls of a batch in order: who writes .grad, who "
        "reads it, and when may it be emptied?"
    ),
    "no-step": N_(
        "Gradients are computed, and the model's weights stay as they were: nothing takes a step "
        "with them. backward() only fills .grad. Print a weight before and after a batch. Which "
        "line of your program should change it, does it run, and does it change the parameter "
        "itself?"
    ),
    "wrong-parameters": N_(
        "The optimizer steps, but the parameters that it holds are not those of the model that "
        "was handed in: that model stays as it was. Which model's parameters() was the optimizer "
        "given, and is it the one that comes as an argument, and that the loss is computed with?"
    ),
    "steps-once-per-epoch": N_(
        "The weights move once an epoch, however many batches there are: most of what the batches "
        "teach is lost or lumped together. Count the updates of one epoch. In which loop does the "
        "step stand, and how often does that loop run?"
    ),
    "optimizer-rebuilt": N_(
        "The optimizer is made anew on the way, and forgets what it had gathered: momentum, "
        "averages of the gradients, the count of its steps. An Adam that always begins again "
        "never gets beyond its first steps. What of it has to outlive a batch, and an epoch? Then "
        "where should it be made?"
    ),
    "wrong-optimizer": N_(
        "The weights move by another rule than gradient descent: the steps depend on earlier "
        "gradients, or on each gradient's own size. The question asks for θ ← θ − η ∇C(θ), and "
        "nothing else. Which class do you use, with which settings, and what does each of them "
        "add to this formula?"
    ),
    "wrong-learning-rate": N_(
        "The steps are not as long as the learning rate that was asked says. It comes as the "
        "argument lr, with 0.02 where nothing is said, and stays the same in a plain gradient "
        "descent. Follow it from the argument to the step: where is it lost, replaced or changed?"
    ),
    # an epoch's value
    "sum-instead-of-mean": N_(
        "The value is a sum over samples where a mean was asked: it grows with the size of the "
        "batch or of the data, and where it is the loss, so does every step. Double the batch "
        "size: what should a mean do? Look at your loss function's reduction, and at what the "
        "total is divided by."
    ),
    "mean-of-batch-means": N_(
        "Every batch's mean counts the same, so that a sample of the short last batch weighs more "
        "than the others. Take batches of 100 and of 10 samples, with mean losses 1 and 2: what "
        "is the mean over all 110? How much should each batch's mean count in the total?"
    ),
    "last-batch-only": N_(
        "The value is the last batch's loss, not that of the whole epoch: what all batches before "
        "had to say is thrown away, and a short last batch is mostly chance. Which variable lives "
        "through all batches of an epoch, and what happens to it in each of them?"
    ),
    "running-total-not-reset": N_(
        "Each value still contains the losses of those before it. A total that goes on from one "
        "epoch (or batch) to the next says nothing of the new one alone. Print the total at the "
        "beginning of the second epoch: what should it be? Before which loop is it set to zero?"
    ),
    "wrong-divisor": N_(
        "The total is divided by a number that does not belong to it, so that the value is off by "
        "a factor such as the size of a batch. Losses added by samples are divided by samples, "
        "batch means by batches. Say in words what your total is the sum of, and of how many."
    ),
    # batches and epochs
    "dropped-last-batch": N_(
        "The last samples, too few for a whole batch, are never used. They are data like the "
        "others. Take 250 samples in batches of 100 by hand: how many batches are there, and how "
        "many does your program make? Look at drop_last, at integer division, and at where the "
        "loop ends."
    ),
    "whole-dataset-at-once": N_(
        "All samples go through the model as one batch. Then an epoch makes a single step, and "
        "what does not fit in memory cannot be used at all. Print inputs.shape in your loop: what "
        "should its first number be, and where does batch_size enter?"
    ),
    "one-sample-at-a-time": N_(
        "Every batch is a single sample: steps are many, slow, and noisy. A DataLoader takes "
        "batches of one where it is told nothing else. Print inputs.shape in your loop: what "
        "should its first number be, and where does batch_size enter?"
    ),
    "wrong-batch-size": N_(
        "The batches are of another size than the argument batch_size says. A number that is "
        "written into the program is right until somebody asks for another. Search for numbers "
        "such as 100, and print inputs.shape when you call the function with batch_size=7."
    ),
    "wrong-epochs": N_(
        "There are more or fewer epochs than the argument epochs asks. A number written into the "
        "program, or a range that begins or ends one off, does this. Call the function with "
        "epochs=3: how many values come back, and which loop counts them?"
    ),
    "hard-coded": N_(
        "Other data give the same numbers: they do not come from the data that were handed in. "
        "Call your function twice, with two different models or datasets. Where do its values "
        "come from, and which of its arguments are never used?"
    ),
    # the model
    "wrong-layer-count": N_(
        "The model multiplies with another number of weight matrices than five. Count the fully "
        "connected layers from 784 to 10 that an input really goes through, the last one too; "
        "activations are not counted. Is one defined and not used, or used twice?"
    ),
    "no-activation": N_(
        "The layers follow each other with nothing between them. W₂(W₁x + b₁) + b₂ is again one "
        "matrix times x plus a vector: five linear layers can do no more than one. What between "
        "them would make the whole more than that?"
    ),
    "layers-not-registered": N_(
        "Some layers are not in model.parameters(): no optimizer, saving or moving to a device "
        "finds them, and they never learn. PyTorch sees layers that are attributes of the module, "
        "not what a Python list hides. Count list(model.parameters()). Which container would "
        "PyTorch look into?"
    ),
    # advice
    "keeps-graph": N_(
        "No points are lost by this: losses are kept as tensors with their graphs, so that memory "
        "grows at every step, and a long training ends for want of it. What do you still need of "
        "a loss once its backward() is done, and how do you get just that?"
    ),
    "no-shuffle": N_(
        "No points are lost by this: every epoch takes the same batches in the same order. The "
        "steps then repeat one pattern, and where the data are sorted by class the model learns "
        "badly. What would let each epoch meet the samples in another company?"
    ),
}

# What to do before anything else can be judged, by how the run ended.
FIRST = {
    "crashed": N_("fix this error first"),
    "timed out": N_(
        "a loop that never ends, or more work than the question asks? Print where it is"
    ),
    "limit exceeded": N_(
        "what grows from step to step, or is much larger than the data that came in?"
    ),
}


@dataclass(frozen=True)
class CheckText:
    """What a person reads of a check, in the language in use."""

    title: str
    expected: str
    got: str
    help: str
    """The next thing to try, or where it passed, advice; a line for each mistake."""


def check_texts(exercise: ModuleType, verdict: Verdict) -> list[CheckText]:
    """Return the texts of each of a verdict's checks; what was said already is not said again."""
    texts: list[CheckText] = []
    said: set[str] = set()
    told = False
    for check in verdict.checks:
        spec = exercise.CHECKS.get(check.name)
        got, help_ = str(check.got), ""
        if check.outcome == "failed" and verdict.message and check.got == verdict.message:
            # It did not come to this check.
            got = _("the same as above") if told else got
            help_ = "" if told else _(FIRST.get(verdict.ended, FIRST["crashed"]))
            told = True
        elif check.outcome != "could not check":
            help_ = _helps(check.codes, said)
            if not help_ and check.outcome == "failed" and spec:
                help_ = _(spec.help)
        said.update(check.codes)
        texts.append(CheckText(title(exercise, check), str(check.expected), got, help_))
    return texts


def title(exercise: ModuleType, check: Check) -> str:
    """Return what a check asks, in the language in use."""
    spec = exercise.CHECKS.get(check.name)
    return _(spec.title) if spec else check.name


def _helps(codes: Sequence[str], said: set[str]) -> str:
    again = _("{code}: the same mistake as above")
    lines = [again.format(code=code) if code in said else _(HELP.get(code, "")) for code in codes]
    return "\n".join(filter(None, lines))
