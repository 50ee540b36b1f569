"""Names that an instructor should look at: found in the syntax tree, never in a normal answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from corelab.grading import remarks
from corelab.grading.remarks import suspicious_names

PROJECT = Path(__file__).parents[2]

SUSPICIOUS = [
    ("import corelab.grading.exercises.in_child.models", ["corelab.grading"]),
    ("from corelab.grading.exercises import load", ["corelab.grading"]),
    ("from corelab import grading as g\nprint(g)", ["corelab.grading"]),
    ("import corelab\nx = corelab.grading.judge", ["corelab.grading"]),
    ("import sys\nm = sys.modules['corelab.grading.contract']", ["corelab.grading"]),
    ("import importlib\nimportlib.import_module('corelab.' + 'grading')", ["corelab.grading"]),
    ("import gc\nfor x in gc.get_objects(): print(x)", ["gc.get_objects"]),
    ("from gc import get_referrers as who\nwho(1)", ["gc.get_referrers"]),
    ("from gc import *\nget_objects()", ["gc.get_objects"]),
    ("g = __import__('gc')\nh = g\nh.get_referents(1)", ["gc.get_referents"]),
    ("import sys\nf = getattr(sys, '_get' + 'frame')()", ["sys._getframe"]),
    ("import sys\nvars(sys)['settrace'](print)", ["sys.settrace"]),
    (
        "import inspect as i\ndef train(m, d): return i.currentframe().f_back.f_locals",
        ["f_back", "f_locals", "inspect.currentframe"],
    ),
    ("try:\n    1 / 0\nexcept Exception as e:\n    e.__traceback__.tb_frame", ["tb_frame"]),
    ("def train(net, data):\n    net.page.data.zero_()", ["net.page"]),
    ("def train(model, data):\n    notes = getattr(model, 'recorder')", ["model.recorder"]),
    ("exec('import gc; gc.get_objects()')", ["gc.get_objects"]),
    ("open('/proc/self/maps')", ["/proc/self/maps"]),
    ("import ctypes\nctypes.pythonapi", ["ctypes"]),
    ("(0).__class__.__base__.__subclasses__()", ["__subclasses__"]),
]
NORMAL = [
    "import corelab\nfrom corelab import losses, optim\ntrain, test = corelab.load_data()",
    "from corelab.optim import Adam\nimport corelab.plots, corelab.measure",
    "import inspect\nprint(inspect.signature(print), inspect.getsource)",
    "import gc\ngc.collect()  # after gc.get_objects it is still there",
    '"""Like corelab.grading, and sys._getframe."""\n# gc.get_objects()',
    "import sys\nIN_COLAB = 'google.colab' in sys.modules\nprint(sys.argv, sys.version)",
    "def train(model, data):\n    model.train()\n    return [p.grad for p in model.parameters()]",
    "def train(model, data):\n    name = getattr(model, 'name', 'DNN')\n    return vars(model)",
    "class Recorder:\n    def __init__(self): self.recorder, self.page, self.clock = 1, 2, 3",
    "import time\nclock = time.perf_counter()\npage = recorder = clock",
    "def report(page, data):\n    return page.clock, page.recorder",
    "grading = {'page': 3}\nstack = []\nstack.append(grading)\ntrace = sum(stack[0].values())",
    "class Trace:\n    def stack(self): return 1\ninspect = Trace()\ninspect.stack()",
    "import torch\nx = torch.stack([torch.ones(2)])\nprint(x.trace if x.ndim else x.__dict__)",
    "import pathlib\nprint(pathlib.Path('data/proc/x').exists(), 'the /proc/ folder')",
    "import threading\nthreading.Thread(target=print).start()",
    "try:\n    import torch\nexcept ImportError as error:\n    print(error.__traceback__)",
    "model = eval('len')\nexec('x = 1')",
]


@pytest.mark.parametrize(("source", "names"), SUSPICIOUS)
def test_a_name_of_the_graders_own_or_a_way_to_it(source: str, names: list[str]):
    assert [*suspicious_names(source.encode())] == names


@pytest.mark.parametrize("source", NORMAL)
def test_nobody_is_accused_falsely(source: str):
    compile(source, "answer", "exec")
    assert suspicious_names(source.encode()) == ()
    assert [*remarks.names(source)] == []  # nor without the first look at the words


ANSWERS = [
    *(PROJECT / "solutions").glob("*.py"),
    *(PROJECT / "tests/exercises/right").glob("*.py"),
    *(PROJECT / "tests/exercises/named/programs").glob("*.py"),
]


def test_no_right_answer_is_accused():
    assert len(ANSWERS) > 80
    assert {path.name: [*remarks.names(path.read_bytes())] for path in ANSWERS} == {
        path.name: [] for path in ANSWERS
    }


def test_a_normal_answer_starts_no_process(monkeypatch):
    started = []
    monkeypatch.setattr(subprocess, "run", lambda *given, **_: started.append(given))
    for path in (PROJECT / "solutions").glob("corelab*.py"):
        assert suspicious_names(path.read_bytes()) == ()
    assert started == []


@pytest.mark.parametrize(
    "source",
    [
        "gc.get_objects(",
        "\x00gc.get_objects",
        "ctypes" + "(" * 50_000,
        "ctypes = " + "-" * 100_000 + "1",
        "ctypes" + ".a" * 100_000,
        "ctypes = 1" + " + 1" * 100_000,
    ],
    ids=["syntax", "NUL", "brackets", "minus", "attributes", "sum"],
)
def test_a_source_that_breaks_the_parser_breaks_nothing_else(source: str):
    assert suspicious_names(source.encode()) == ()


def test_a_name_behind_what_is_deep_is_found():
    deep = "x = 1" + " + 1" * 1500 + "\nimport ctypes"
    assert suspicious_names(deep.encode()) == ("ctypes",)


def test_what_the_instrumented_model_has_besides_its_layers():
    """The names that are looked for are those that it has."""
    code = (
        "import json, numpy as np; from corelab.grading.contract import pack_network;"
        "from corelab.grading.exercises.in_child.models import Observed;"
        "layer = np.zeros((10, 784), np.float32), np.zeros(10, np.float32);"
        "arrays = pack_network([layer], 'relu') | {'inputs': np.zeros((3, 784))};"
        "model = Observed(arrays, 2, fixed=False);"
        "print(json.dumps([n for n, _ in model.named_parameters()] + [*vars(model)]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env=os.environ
    )
    names = set(json.loads(done.stdout))
    assert names >= remarks.OF_THE_MODEL
