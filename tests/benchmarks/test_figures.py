"""What the figures add to a lab's time: matplotlib's import, drawing and saving, beside all the
rest.

    python -m pytest tests/benchmarks/test_figures.py -s

In seconds of the processor, which other programs do not lengthen.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
LABS = sorted(path.stem for path in (PROJECT / "labs").glob("lab0*.py"))
# A lab as it is started from the command line, with a clock at its last section, the figures'.
CLOCKED = """
import json, runpy, sys, time
start = time.process_time()
from corelab.lab import Lab
at = {}
section, finish = Lab.section, Lab.finish
def clocked_section(lab, title, **values):
    at["figures"] = time.process_time()
    return section(lab, title, **values)
def clocked_finish(lab):
    at["end"] = time.process_time()
    return finish(lab)
Lab.section, Lab.finish = clocked_section, clocked_finish
sys.argv = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
print(json.dumps([at["figures"] - start, at["end"] - at["figures"]]))
"""


@pytest.mark.parametrize("language", ["en", "zh-TW"])
@pytest.mark.parametrize("name", LABS)
def test_figures_beside_the_rest_of_the_lab(name, language, tmp_path, capsys):
    lab = [PROJECT / "labs" / f"{name}.py", "--out", tmp_path, "--lang", language]
    job = [sys.executable, "-c", CLOCKED, *map(str, lab)]
    ran = subprocess.run(job, cwd=PROJECT, check=True, capture_output=True, encoding="utf-8")
    rest, figures = json.loads(ran.stdout.splitlines()[-1])
    with capsys.disabled():
        print(
            f"\n{name}, {language}: figures {figures:.2f} s, the rest {rest:.2f} s, "
            f"ratio {figures / rest:.3f}; target at most 0.10"
        )
    assert figures / rest <= 0.10
