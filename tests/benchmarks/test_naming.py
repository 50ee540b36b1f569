"""What naming mistakes adds to judging: the same answers, with and without. By itself, on an idle
machine:

    pytest tests/benchmarks/test_naming.py -s

Without: the recorder notes nothing, and only what is right is computed again. Here in one process:
in the sandbox an answer takes longer, and naming no more.
"""

import contextlib
import io
import statistics
import sys
import time
from itertools import islice
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parents[1] / "exercises"))

from answers import RIGHT, judge, right
from test_mistakes import FIRST, SECOND, THIRD

from corelab.grading.exercises import corelab1
from corelab.grading.exercises.evidence import epoch_losses, training_run
from corelab.grading.exercises.evidence import numpy_network as network
from corelab.grading.exercises.in_child import recorder

RIGHT_ONES = [(name[:8], right(name)) for name in RIGHT]
WRONG_ONES = [(wrong.of[:8], wrong.source()) for wrong in [*FIRST, *SECOND, *THIRD][::4]]


@contextlib.contextmanager
def without_names(patch: pytest.MonkeyPatch):
    """Judge, and name nothing."""
    averages, batchings = epoch_losses._averages, corelab1._batchings
    with patch.context() as patch:
        for note in ("graph", "slope", "classes"):
            patch.setattr(recorder.Recorder, note, lambda *_: None)
        for watch in (recorder.Recorder, "watching"), (recorder, "Targets"):
            patch.setattr(*watch, lambda *_: contextlib.nullcontext())
        patch.setattr(training_run, "pairs", lambda *_: None)
        patch.setattr(network, "LOSSES", {"": network.cross_entropy})
        patch.setattr(epoch_losses, "_averages", lambda *arguments: islice(averages(*arguments), 2))
        patch.setattr(corelab1, "_batchings", lambda *arguments: islice(batchings(*arguments), 1))
        yield


def seconds(exercise: str, source: str) -> float:
    began = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        judge(exercise, source, seed=1)
    return time.perf_counter() - began


@pytest.mark.filterwarnings("ignore:Converting a tensor")
@pytest.mark.parametrize("answers", [RIGHT_ONES, WRONG_ONES], ids=["right", "wrong"])
def test_naming_adds_at_most_half(answers, monkeypatch, request):
    torch.set_num_threads(1)
    named, judged = 0.0, 0.0
    for exercise, source in answers:
        seconds(exercise, source)  # once, to warm up
        with_names, without = [], []
        for _ in range(5):  # in turns, so that whatever else the machine does slows both
            with_names.append(seconds(exercise, source))
            with without_names(monkeypatch):
                without.append(seconds(exercise, source))
        named += statistics.median(with_names)
        judged += statistics.median(without)
    kind = request.node.callspec.id
    print(f"\n{len(answers)} {kind} answers: judged in {judged:.2f} s, named too in {named:.2f} s")
    print(f"naming / judging = {named / judged - 1:.2f}")
    assert named / judged <= 1.5
