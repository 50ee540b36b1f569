"""Which mistake each class makes, and what it claims to be.

All were written before anything could name their mistakes, and are not to be changed to suit what names them.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

SGD, ADAGRAD, RMSPROP = "torch.optim.SGD", "torch.optim.Adagrad", "torch.optim.RMSprop"
ADAM, ADAMW = "torch.optim.Adam", "torch.optim.AdamW"
DESCENT, MOMENTUM, NESTEROV = (
    f"corelab.optim.{name}" for name in ("GradientDescent", "Momentum", "Nesterov")
)
OUR_ADAGRAD, OUR_RMSPROP, OUR_ADAM, OUR_ADAMW = (
    f"corelab.optim.{name}" for name in ("Adagrad", "RMSprop", "Adam", "AdamW")
)
BALL = {"lr": 0.1, "momentum": 0.9}
LOOKS_AHEAD = BALL | {"nesterov": True}
LOST = "state-not-in-state-dict"


@dataclass(frozen=True, eq=False)
class Answer:
    module: str
    name: str
    against: str
    settings: dict[str, Any]
    """Arguments of the class and of the reference alike."""
    codes: tuple[str, ...] = ()
    """The mistakes that must be named."""
    also: frozenset[str] = frozenset()
    """Codes that are true of it as well, or true as another would put it: not asked for, and not wrong."""
    convention: str = "torch"

    @property
    def source(self) -> bytes:
        return (HERE / f"{self.module}.py").read_bytes()

    @property
    def made(self) -> type:
        """The class itself."""
        return getattr(importlib.import_module(f"optimizers.{self.module}"), self.name)

    @property
    def allowed(self) -> set[str]:
        return {*self.codes, *self.also}

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


def answer(where: str, against: str, codes: str = "", also: str = "", **settings: Any) -> Answer:
    module, name = where.split(".")
    convention = settings.pop("convention", "torch")
    settings = {"lr": 0.1} | settings
    return Answer(module, name, against, settings, tuple(codes.split()), frozenset(also.split()), convention)


def course(name: str, against: str, codes: str = "", also: str = "", **settings: Any) -> Answer:
    return answer(f"course.{name}", against, codes, also, convention="course", **settings)


WRONG = [
    answer("sgd.PlusEquals", SGD, "ascends"),
    answer("sgd.UphillBall", SGD, "ascends", **BALL),
    answer("sgd.ManyAtOnceUphill", DESCENT, "ascends"),
    answer("sgd.NoBaseUphill", DESCENT, "ascends", also=f"ignores-param-groups {LOST}"),
    answer("adagrad.Climbs", ADAGRAD, "ascends"),
    answer("rmsprop.MinusMinus", RMSPROP, "ascends"),
    answer("adam.Uphill", OUR_ADAM, "ascends"),
    answer("adam.NegativeGrad", ADAM, "ascends", lr=0.01),
    course("BallUphill", MOMENTUM, "ascends"),
    #
    answer("adam.NoHats", ADAM, "no-bias-correction"),
    answer("adam.NoHatsAtOnce", ADAM, "no-bias-correction", lr=0.01),
    answer("adam.CountsButForgetsTheHats", OUR_ADAM, "no-bias-correction", betas=(0.8, 0.9)),
    answer("adamw.NoHats", ADAMW, "no-bias-correction"),
    course("AdamBare", OUR_ADAM, "no-bias-correction"),
    #
    answer("adam.CountsAfterwards", ADAM, "bias-correction-off-by-one"),
    answer("adam.CountsAfterwardsUnguarded", ADAM, "bias-correction-off-by-one"),
    answer("adam.CountsFromOne", ADAM, "bias-correction-off-by-one", lr=0.001),
    answer("adam.PowersOneTooFar", OUR_ADAM, "bias-correction-off-by-one"),
    answer("adamw.CountsTooEarly", ADAMW, "bias-correction-off-by-one"),
    #
    answer("adam.UnpacksBackwards", ADAM, "betas-swapped"),
    answer("adam.IndexesBackwards", OUR_ADAM, "betas-swapped"),
    answer("adam.SwappedInTheHelper", ADAM, "betas-swapped", betas=(0.8, 0.99)),
    answer("adamw.UnpacksBackwards", OUR_ADAMW, "betas-swapped"),
    #
    answer("adagrad.EpsUnderTheRoot", ADAGRAD, "eps-inside-sqrt"),
    answer("rmsprop.EpsWithTheSquares", RMSPROP, "eps-inside-sqrt"),
    answer("rmsprop.EpsToTheHalf", OUR_RMSPROP, "eps-inside-sqrt", alpha=0.9),
    answer("adam.EpsUnderTheRoot", ADAM, "eps-inside-sqrt"),
    answer("adamw.EpsUnderTheRoot", ADAMW, "eps-inside-sqrt"),
    #
    answer("adagrad.NoEps", ADAGRAD, "eps-missing"),
    answer("rmsprop.NoEpsButGuarded", RMSPROP, "eps-missing"),
    answer("adam.ForgetsEps", ADAM, "eps-missing"),
    answer("adam.NanToZero", OUR_ADAM, "eps-missing"),
    #
    answer("adagrad.NoRoot", ADAGRAD, "sqrt-missing"),
    answer("rmsprop.ForgetsTheRoot", RMSPROP, "sqrt-missing", lr=0.01),
    answer("adam.ForgetsTheRoot", ADAM, "sqrt-missing", lr=0.01),
    answer("adamw.ForgetsTheRoot", ADAMW, "sqrt-missing", lr=0.001),
    course("AdagradNoRoot", OUR_ADAGRAD, "sqrt-missing"),
    #
    answer("sgd.ForgetsToStore", SGD, "no-accumulation", **BALL),
    answer("sgd.StartsOverEachStep", MOMENTUM, "no-accumulation"),
    answer("adagrad.SumNotKept", ADAGRAD, "no-accumulation"),
    answer("rmsprop.AverageNotKept", RMSPROP, "no-accumulation"),
    answer("rmsprop.OnlyTheLastSquare", OUR_RMSPROP, "no-accumulation"),
    answer("adam.MomentsNotKept", ADAM, "no-accumulation"),
    course("RMSpropForgetful", OUR_RMSPROP, "no-accumulation"),
    #
    answer("adagrad.SumOfSizes", ADAGRAD, "accumulates-gradient-not-square"),
    answer(
        "adagrad.SumOfSizesWithoutRoot", OUR_ADAGRAD, "accumulates-gradient-not-square", also="sqrt-missing"
    ),
    answer("rmsprop.AverageOfSizes", RMSPROP, "accumulates-gradient-not-square"),
    answer("rmsprop.AverageOfGradients", RMSPROP, "accumulates-gradient-not-square"),
    answer("adam.SizesForSquares", ADAM, "accumulates-gradient-not-square"),
    #
    answer("adagrad.MeanOfAll", ADAGRAD, "average-instead-of-sum"),
    answer("adagrad.RunningMean", OUR_ADAGRAD, "average-instead-of-sum"),
    answer("adagrad.ForgetsSlowly", ADAGRAD, "average-instead-of-sum"),
    answer("adagrad.ForgetsMoreSlowly", ADAGRAD, "average-instead-of-sum"),
    course("AdagradOnce", OUR_ADAGRAD, "average-instead-of-sum"),
    #
    answer("rmsprop.AddsTheWholeSquare", RMSPROP, "sum-instead-of-average"),
    answer("rmsprop.AddsThemUp", RMSPROP, "sum-instead-of-average"),
    answer("rmsprop.ManyAtOnceSummed", OUR_RMSPROP, "sum-instead-of-average", alpha=0.9),
    answer("adam.SumsBoth", ADAM, "sum-instead-of-average"),
    answer("adam.SumsTheFirst", ADAM, "sum-instead-of-average"),
    course("RMSpropSummed", OUR_RMSPROP, "sum-instead-of-average"),
    #
    answer("sgd.LerpBall", SGD, "momentum-dampened", **BALL),
    answer("sgd.DampedAfterTheFirst", SGD, "momentum-dampened", lr=0.1, momentum=0.5),
    answer("sgd.AveragingNesterov", NESTEROV, "momentum-dampened"),
    answer("sgd.NumpyAverage", MOMENTUM, "momentum-dampened", **BALL),
    course("BallDampened", MOMENTUM, "momentum-dampened"),
    #
    answer("sgd.MinusTheBall", SGD, "momentum-sign", **BALL),
    answer("sgd.NegativeLambda", MOMENTUM, "momentum-sign"),
    answer("sgd.ManyAtOnceMinus", SGD, "momentum-sign", lr=0.05, momentum=0.5),
    answer("sgd.SlideWithMinus", MOMENTUM, "momentum-sign", also="lr-inside-buffer"),
    course("BallMinus", MOMENTUM, "momentum-sign"),
    #
    answer("sgd.BuffersByShape", SGD, "state-shared-across-parameters", **BALL),
    answer("adagrad.SumsByShape", ADAGRAD, "state-shared-across-parameters"),
    answer("adagrad.OneNumberForAll", ADAGRAD, "state-shared-across-parameters"),
    answer("rmsprop.OneAverageForAll", RMSPROP, "state-shared-across-parameters"),
    answer("rmsprop.AveragesByShape", OUR_RMSPROP, "state-shared-across-parameters"),
    answer("adam.MomentsByShape", ADAM, "state-shared-across-parameters"),
    #
    answer("adam.CountsEveryParameter", ADAM, "step-counted-per-parameter", also=LOST),
    answer("adam.CountsInTheFirstGroup", ADAM, "step-counted-per-parameter"),
    answer("adam.CountsInTheState", OUR_ADAM, "step-counted-per-parameter"),
    answer("adamw.CountsEveryParameter", ADAMW, "step-counted-per-parameter"),
    #
    answer("adamw.AddsToTheGradient", ADAMW, "weight-decay-coupled"),
    answer("adamw.JustTorchsAdam", ADAMW, "weight-decay-coupled", lr=0.01),
    answer("adamw.LongHand", OUR_ADAMW, "weight-decay-coupled", weight_decay=0.1),
    answer("adamw.ManyAtOnce", ADAMW, "weight-decay-coupled", weight_decay=0.1),
    #
    answer("sgd.DecayAfter", SGD, "weight-decay-after-update", weight_decay=0.1),
    answer("sgd.ShrinksAfterTheBall", SGD, "weight-decay-after-update", **BALL, weight_decay=0.1),
    answer("adagrad.DecayLast", ADAGRAD, "weight-decay-after-update", weight_decay=0.1),
    answer("adam.DecayAtTheEnd", ADAM, "weight-decay-after-update", weight_decay=0.1),
    answer("adamw.ShrinksLast", ADAMW, "weight-decay-after-update"),
    answer("adamw.ShrinksLastByHand", OUR_ADAMW, "weight-decay-after-update", weight_decay=0.1),
    #
    answer("sgd.FirstGroupOnly", SGD, "ignores-param-groups"),
    answer("sgd.RateOfTheDefaults", MOMENTUM, "ignores-param-groups", **BALL),
    answer("sgd.OneRateForAll", DESCENT, "ignores-param-groups"),
    answer("adagrad.RateOfTheAttribute", ADAGRAD, "ignores-param-groups"),
    answer("rmsprop.FirstGroupsSettings", RMSPROP, "ignores-param-groups"),
    answer("adam.FirstGroupOnly", ADAM, "ignores-param-groups"),
    #
    answer("sgd.BuffersById", SGD, LOST, **BALL),
    answer("sgd.BuffersInALatePlace", NESTEROV, LOST),
    answer("adagrad.KeptInADefaultdict", ADAGRAD, LOST),
    answer("rmsprop.KeptBesides", RMSPROP, LOST),
    answer("adam.ListsOfMoments", ADAM, LOST),
    answer("adam.MomentsInDicts", OUR_ADAM, LOST),
    #
    answer("sgd.DecayIntoGrad", SGD, "changes-gradient-in-place", weight_decay=0.1),
    answer("sgd.ScalesTheGrad", DESCENT, "changes-gradient-in-place"),
    answer("sgd.NegatesTheGrad", SGD, "changes-gradient-in-place"),
    answer("sgd.ManyGradsDecayed", SGD, "changes-gradient-in-place", **BALL, weight_decay=0.1),
    answer("adagrad.DecaysTheGradItself", ADAGRAD, "changes-gradient-in-place", weight_decay=0.1),
    answer("adam.DecayIntoGrad", ADAM, "changes-gradient-in-place", weight_decay=0.1),
    #
    answer("sgd.RollsOnWithoutGrad", SGD, "skips-none-grad-wrongly", **BALL),
    answer("sgd.ReturnsAtNone", SGD, "skips-none-grad-wrongly"),
    answer("sgd.BreaksAtNone", MOMENTUM, "skips-none-grad-wrongly", **BALL),
    answer("adagrad.GivesUpAtNone", ADAGRAD, "skips-none-grad-wrongly"),
    answer("rmsprop.FadesWithoutGrad", RMSPROP, "skips-none-grad-wrongly"),
    answer("adam.GoesOnWithoutGrad", ADAM, "skips-none-grad-wrongly"),
    answer("adamw.ShrinksWithoutGrad", ADAMW, "skips-none-grad-wrongly", weight_decay=0.1),
]

TWO_AT_ONCE = [
    answer("two_mistakes.UphillNoHats", ADAM, "ascends no-bias-correction"),
    answer("two_mistakes.SwappedWithEpsInside", ADAM, "betas-swapped eps-inside-sqrt"),
    answer("two_mistakes.SwappedAndCountedAfter", OUR_ADAM, "betas-swapped bias-correction-off-by-one"),
    answer("two_mistakes.NoHatsNoRoot", ADAM, "no-bias-correction sqrt-missing", lr=0.001),
    answer("two_mistakes.UphillAverage", SGD, "ascends momentum-dampened", **BALL),
    answer("two_mistakes.SummedWithEpsInside", RMSPROP, "sum-instead-of-average eps-inside-sqrt"),
    answer("two_mistakes.AveragedWithoutRoot", ADAGRAD, "average-instead-of-sum sqrt-missing", lr=0.01),
    answer("two_mistakes.CoupledNoHats", ADAMW, "weight-decay-coupled no-bias-correction"),
    answer("two_mistakes.LateDecayNoRoot", ADAMW, "weight-decay-after-update sqrt-missing", lr=0.001),
    answer("two_mistakes.FirstGroupMinus", MOMENTUM, "ignores-param-groups momentum-sign"),
    answer("two_mistakes.LostUphill", SGD, f"{LOST} ascends", **BALL),
    answer("two_mistakes.LostNoHats", ADAM, f"{LOST} no-bias-correction"),
    answer("two_mistakes.RollsOnDampened", SGD, "skips-none-grad-wrongly momentum-dampened", **BALL),
]

RIGHT = [
    answer("right.OneLine", SGD),
    answer("right.NegativeAlpha", DESCENT, weight_decay=0.1),
    answer("right.ManyAtOnce", SGD),
    answer("right.NoBase", DESCENT),
    answer("right.TorchsBall", SGD, **BALL, weight_decay=0.1),
    answer("right.BallFromZero", MOMENTUM),
    answer("right.NegativeBall", SGD, **BALL),
    answer("right.ArrayBall", MOMENTUM, **BALL),
    answer("right.LooksAhead", NESTEROV),
    answer("right.LooksAheadTheLongWay", SGD, **LOOKS_AHEAD),
    answer("right.RootOfTheSum", ADAGRAD),
    answer("right.TorchsAdagrad", ADAGRAD, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.1),
    answer("right.TorchsAdagrad", OUR_ADAGRAD),
    answer("right.LerpRMSprop", OUR_RMSPROP),
    answer("right.ManyRMSprops", RMSPROP, alpha=0.9),
    answer("right.RMSpropWithABall", RMSPROP, momentum=0.9),
    answer("right.Algorithm1", ADAM),
    answer("right.StepSizeAdam", ADAM, weight_decay=0.1),
    answer("right.PowersKept", OUR_ADAM),
    answer("right.FunctionalAdam", ADAM, betas=(0.8, 0.9)),
    answer("right.SavesItsLists", ADAM),
    answer("right.TensorRates", ADAM),
    answer("right.ShrinksFirst", ADAMW),
    answer("right.ShrinksWithTheStep", OUR_ADAMW, weight_decay=0.1),
    answer("right.InheritsFromTorch", ADAMW),
    course("Descent", DESCENT),
    course("Ball", MOMENTUM),
    course("SigmaAdagrad", OUR_ADAGRAD),
    course("ShortAdagrad", OUR_ADAGRAD),
    course("SigmaRMSprop", OUR_RMSPROP),
    course("PaperAdam", OUR_ADAM),
]

VARIANTS = [
    answer("variants.SlideBall", SGD, "lr-inside-buffer", **BALL),
    answer("variants.RateWithTheGrad", SGD, "lr-inside-buffer", **BALL),
    answer("variants.ManySlideBalls", MOMENTUM, "lr-inside-buffer"),
    answer("variants.KerasNesterov", NESTEROV, "lr-inside-buffer"),
    answer("variants.KerasAdagrad", ADAGRAD, "eps-inside-sqrt"),
    answer("variants.OptaxRMSprop", RMSPROP, "eps-inside-sqrt"),
]
"""No mistakes: named all the same, and said to be legitimate."""

EITHER_WAY = [
    answer("variants.EpsHat", ADAM, also="eps-elsewhere"),
    answer("variants.LargerEps", ADAM, also="eps-other"),
    answer("variants.SinglePrecision", MOMENTUM),
    answer("variants.CountsOnceAStep", ADAM, also="skips-none-grad-wrongly steps-counted-by-call"),
    answer("variants.KeepsTheGradItself", SGD, also="changes-gradient-in-place", **BALL),
    answer("variants.FlatDescent", DESCENT, also="ignores-param-groups"),
    course("UnguardedAdagrad", OUR_ADAGRAD, also="eps-missing"),
]
"""Other than the reference, but by no name that all would agree on: what they may be called is in `also`.

Names of variants beyond the 22 came with what names them.
"""
