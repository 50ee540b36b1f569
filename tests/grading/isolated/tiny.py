"""An exercise as small as can be: `double(x)`, three times. `HINTS` tells an attack what it may aim
at."""

import json

import numpy as np

from corelab.grading.verdicts import Check

FILE, TITLE, POINTS = "tiny.py", "Tiny", 3.0
CALLS = ("first", "second", "third")


def draw(seed):
    x = np.random.default_rng(seed).integers(1, 1000, 5).astype(np.float64)
    return {"x": x}, None


def run(answer, sent):
    answer.HINTS = json.loads(sent["hints"].tobytes()) if "hints" in sent else {}
    for call in CALLS:
        yield call, {"y": np.asarray(answer.double(sent["x"].copy()), dtype=np.float64)}


def judge(sent, kept, outcome):
    del kept
    expected = 2 * sent["x"]
    checks = []
    for call in CALLS:
        y = outcome.returned.get(call, {}).get("y")
        right = y is not None and y.shape == expected.shape and bool(np.all(y == expected))
        checks.append(Check(call, 1.0, "passed" if right else "failed"))
    return checks
