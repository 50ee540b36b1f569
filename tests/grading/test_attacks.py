"""Attacks on the sandbox, each a real program in `attacks/`.

After each: the points are what the answer deserves, no process of it is alive, nothing is changed
outside its folder, no secret was seen, and the next answer runs as if nothing had happened. All
this happens in a process namespace of its own (`isolated/host.py`), so that a hole hurts nobody.
"""

import hashlib
import os
import pickle
import secrets
import socket
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import needs
import numpy as np
import pytest
from speed import scaled

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

from isolated import tiny  # noqa: E402

from corelab.grading.sandbox.sandbox import Limits  # noqa: E402

LIMITS = Limits(wall_seconds=scaled(25.0), memory_bytes=1 << 30, processes=32, disk_bytes=16 << 20)
SHORT = Limits(wall_seconds=1.0, memory_bytes=1 << 30)
MARKS = [
    "/",
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/dev",
    "/dev/mqueue",
    "/run",
    "/run/lock",
    "/etc",
    "/usr",
    "/home",
    str(Path.home()),
]
HONEST = b"def double(x):\n    return 2 * x\n"
REFUSED_OR_ENDED = ("crashed", "limit exceeded")  # whichever comes first
LIMIT_ON_MEMORY = (
    "more than 1024 MiB of memory",
    "MemoryError",
    "not enough memory",
    "allocate memory",
)


@dataclass(frozen=True)
class Attack:
    status: str | tuple[str, ...]
    """This, or one of these."""
    points: float
    says: str | tuple[str, ...] = ""
    """In the message: this, or one of these."""
    prints: str | None = None
    """Exactly what it prints: the ways that were open to it."""
    limits: Limits = LIMITS


ATTACKS = {
    # results
    "print_a_score": Attack("finished", 0),
    "write_the_results": Attack("finished", 0),
    "os_exit": Attack("crashed", 0, "ended its own process (exit code 0)"),
    "sys_exit": Attack("crashed", 0, "SystemExit: 0 (line 5"),
    "swallow_everything": Attack("timed out", 0, "not done after 1 seconds", limits=SHORT),
    "lying_objects": Attack("finished", 0),
    "nan_and_infinity": Attack("finished", 0),
    "patch_everything": Attack("crashed", 0, "malformed"),
    "shadow_modules": Attack("finished", 3),
    "forge_the_frames": Attack("finished", 0),
    "hostile_pickle": Attack("crashed", 0, "malformed"),
    "endless_frames": Attack("limit exceeded", 0, "more was returned than the limit allows"),
    "read_the_hidden": Attack("finished", 3),
    "read_own_memory": Attack("finished", 3, prints="searched\n" * 3, limits=Limits()),
    # resources
    "endless_loop": Attack(
        "timed out", 0, "not done after 0.5 seconds of computing", limits=Limits(cpu_seconds=0.5)
    ),
    "sleep": Attack("timed out", 0, "not done after 1 seconds", limits=SHORT),
    "memory_python": Attack(REFUSED_OR_ENDED, 0, LIMIT_ON_MEMORY),
    "memory_numpy": Attack(REFUSED_OR_ENDED, 0, LIMIT_ON_MEMORY),
    "memory_torch": Attack(REFUSED_OR_ENDED, 0, LIMIT_ON_MEMORY),
    "memory_in_children": Attack("limit exceeded", 0, LIMIT_ON_MEMORY),
    "memory_unseen": Attack("finished", 3),
    "fork_bomb": Attack("limit exceeded", 0, "more than 32 processes and threads at once"),
    "shell_bomb": Attack("limit exceeded", 0, "more than 32 processes and threads at once"),
    "threads": Attack(
        REFUSED_OR_ENDED,
        0,
        ("more than 32 processes and threads at once", "can't start new thread"),
    ),
    "outlive": Attack("finished", 3),
    "stop_the_parent": Attack("finished", 3),
    "flood_stdout": Attack("timed out", 0, limits=SHORT),
    "flood_stderr": Attack("finished", 3),
    "fill_the_disk": Attack("finished", 3),
    "many_files": Attack("crashed", 0, "No space left on device"),
    "huge_tensor": Attack("limit exceeded", 0, "more was returned than the limit allows"),
    "slow_drip": Attack("timed out", 0, "not done after 1 seconds", limits=SHORT),
    "ignore_signals": Attack("timed out", 0, "not done after 1 seconds", limits=SHORT),
    "stopped_child": Attack("finished", 3),
    "page_tables": Attack("limit exceeded", 0, LIMIT_ON_MEMORY),
    "socket_buffers": Attack("limit exceeded", 0, LIMIT_ON_MEMORY),
    "unwaited_children": Attack(
        ("timed out", "limit exceeded"),  # or so many remain as to be too many
        0,
        ("not done after 1 seconds of computing", "more than 32 processes"),
        limits=replace(LIMITS, cpu_seconds=1.0),
    ),
    "quotas_of_the_user": Attack("finished", 3, prints=""),
    "signal_the_group": Attack("finished", 3),
    # access
    "network": Attack("finished", 3, prints=""),
    "write_outside": Attack("finished", 3),
    "environment": Attack("finished", 3),
    "symlinks_out": Attack("finished", 3),
    "device_files": Attack("finished", 3, prints=""),
    "more_privilege": Attack("finished", 3, prints=""),
    # files and processes that outlive the run, or hide
    "unlinked_files": Attack("finished", 3),
    "long_paths": Attack("finished", 3),
    "odd_files": Attack("finished", 3),
    "deep_folders": Attack("finished", 3),
    "swapped_folders": Attack("finished", 3),
    "stop_the_killer": Attack("finished", 3),
    "leave_for_the_next": Attack("finished", 0),
}


# The ways of "separate user" to the same end where nothing can be mounted.
DISK_FULL = Attack("limit exceeded", 0, "more than 16 MiB of files")
WITHOUT_MOUNTS = {
    "memory_unseen": DISK_FULL,
    "fill_the_disk": DISK_FULL,
    "unlinked_files": DISK_FULL,
    "long_paths": DISK_FULL,
    # Docker's root can't see which pages forks share: they count once for each.
    "outlive": Attack("finished", 3, limits=replace(LIMITS, memory_bytes=8 << 30)),
    "many_files": Attack(
        "limit exceeded", 0, "more than 1 MiB of files", limits=replace(LIMITS, disk_bytes=1 << 20)
    ),
}
OF_A_SEPARATE_USER = [
    "unlinked_files",
    "long_paths",
    "odd_files",
    "deep_folders",
    "swapped_folders",
    "stop_the_killer",
    "leave_for_the_next",
]
ACCOUNTS = ["page_tables", "socket_buffers", "unwaited_children"]
WHERE_THE_USER_MATTERS = [
    "signal_the_group",
    *ACCOUNTS,
    "quotas_of_the_user",
    "read_the_hidden",
    "memory_in_children",
    "memory_unseen",
    "shell_bomb",
    "outlive",
    "stop_the_parent",
    "fill_the_disk",
    "many_files",
    "network",
    "write_outside",
    "environment",
    "symlinks_out",
    "device_files",
    "more_privilege",
]


class Victim:
    """What an attack may aim at: files with a secret in them, listeners, and a process with its
    environment.

    The process is the host of the sandbox (`isolated/host.py`), in a process namespace of its own.
    """

    def __init__(self, isolation, *options):
        """`options`: see `isolated/host.py`."""
        uid = next(filter(str.isdigit, options), None)
        self.home = tempfile.TemporaryDirectory()
        self.secret = f"SECRET{secrets.token_hex(8)}"
        self.mark = f"MARK:{secrets.token_hex(8)}"
        self.folder, self.temporary = (
            Path(self.home.name, name) for name in ("victim", "temporary")
        )
        for folder in (self.folder, self.temporary):
            folder.mkdir()
            folder.chmod(
                0o777 if uid else 0o755
            )  # whatever keeps an attack out, it is not these folders
        Path(self.home.name).chmod(0o755)
        for name in (
            "results.json",
            "ledger.sqlite",
            "solution.py",
            "submission_of_somebody_else.py",
        ):
            (self.folder / name).write_text(self.secret, encoding="ascii")
        self.listeners = {
            "tcp": listen(socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 0)),
            "udp": listen(socket.AF_INET, socket.SOCK_DGRAM, ("127.0.0.1", 0)),
            "abstract": listen(
                socket.AF_UNIX, socket.SOCK_STREAM, f"\0corelab-{secrets.token_hex(8)}"
            ),
            "path": listen(socket.AF_UNIX, socket.SOCK_STREAM, str(self.folder / "socket")),
        }
        self.hints = {
            "victim": str(self.folder),
            "files": [path.name for path in self.folder.iterdir()],
            "tcp": self.listeners["tcp"].getsockname()[1],
            "udp": self.listeners["udp"].getsockname()[1],
            "abstract": self.listeners["abstract"].getsockname()[1:].decode(),
            "parent": "1",
            # Where nothing stops the search, it would read all of this machine.
            "tree": self.home.name if isolation == "limits only" else "/",
            "disk": LIMITS.disk_bytes,
            "mark": hashlib.sha256(self.mark.encode()).hexdigest(),
        }
        self.host = subprocess.Popen(
            [
                *needs.process_namespace(),
                sys.executable,
                str(HERE / "isolated" / "host.py"),
                isolation,
                *options,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join((str(HERE), str(HERE.parents[1]))),
                "TMPDIR": str(self.temporary),
                "CORELAB_SECRET": self.secret,
            },
        )
        self.why_not = pickle.load(self.host.stdout)
        if self.why_not:
            return
        # The first answer bears the mark that read_own_memory looks for later.
        outcome, self.living = self.ask(f"# {self.mark}\n".encode() + HONEST, Limits())
        assert (outcome.isolation, points(outcome)) == (isolation, 3.0), outcome
        self.before = self.state()

    def ask(self, source, limits):
        """Its outcome, and the processes that live after it."""
        pickle.dump((source, X, self.hints, limits), self.host.stdin)
        self.host.stdin.flush()
        return pickle.load(self.host.stdout)

    def state(self):
        """What no answer may change: files, and what arrived at the listeners."""
        files = {
            str(path): (
                path.lstat().st_mode,
                path.lstat().st_uid,
                path.lstat().st_mtime_ns,
                path.is_file() and path.read_bytes(),
            )
            for path in sorted(self.folder.rglob("*"))
        }
        seen = f"/proc/{self.host.pid}/root" if os.getuid() == 0 else ""  # in its mount namespace
        left = sorted(str(path) for path in Path(f"{seen}{self.temporary}").iterdir())
        marks = [place for place in MARKS if os.path.lexists(f"{seen}{place}/corelab-attack")]
        return (
            files,
            left,
            marks,
            {name: heard(listener) for name, listener in self.listeners.items()},
        )

    def close(self):
        self.host.stdin.close()
        try:
            self.host.wait(20)
        except subprocess.TimeoutExpired:
            self.host.kill()
            self.host.wait()
        self.host.stdout.close()
        for listener in self.listeners.values():
            listener.close()
        self.home.cleanup()


def listen(family, kind, address):
    listener = socket.socket(family, kind)
    listener.bind(address)
    if kind == socket.SOCK_STREAM:
        listener.listen()
    listener.setblocking(False)
    return listener


def heard(listener):
    try:
        return listener.recv(100) if listener.type == socket.SOCK_DGRAM else bool(listener.accept())
    except BlockingIOError:
        return None


X = np.array([3.0, 1.0, 4.0, 1.0, 5.0])


@contextmanager
def victim_of(*arguments):
    victim = Victim(*arguments)
    try:
        if victim.why_not:
            pytest.skip(victim.why_not)
        yield victim
    finally:
        victim.close()


@pytest.fixture(scope="module")
def victim():
    with victim_of("namespaces") as victim:
        yield victim


@pytest.fixture(scope="module")
def victim_of_ordinary_user():
    needs.root()  # which becomes one; a run of an ordinary user's has the other tests
    with victim_of("namespaces", "1234") as victim:
        yield victim


@pytest.fixture(scope="module", params=[[], ["no-mounts"]], ids=["", "no-mounts"])
def victim_of_separate_user(request):
    needs.root()
    with victim_of("separate user", *request.param) as victim:
        victim.without_mounts = bool(request.param)
        yield victim


@pytest.fixture(scope="module")
def victim_of_separate_user_without_landlock():
    """Before Linux 6.12 an answer can signal whatever has its user; before 5.13 it can write to
    what everybody may write to."""
    needs.root()
    with victim_of("separate user", "no-mounts", "no-landlock") as victim:
        yield victim


@pytest.fixture(scope="module", params=["namespaces", "separate user"])
def victim_without_groups(request):
    if request.param == "separate user":
        needs.root()
    with victim_of(request.param, "no-groups") as victim:
        yield victim


@pytest.fixture(scope="module")
def victim_of_limits_only():
    with victim_of("limits only") as victim:
        yield victim


def points(outcome):
    return sum(check.score for check in tiny.judge({"x": X}, None, outcome))


def one_or_more(texts):
    return (texts,) if isinstance(texts, str) else texts


def source_of(name):
    return (HERE / "attacks" / f"{name}.py").read_bytes()


def everything_in(outcome):
    arrays = [array.tobytes() for frame in outcome.returned.values() for array in frame.values()]
    return repr(
        (outcome.stdout, outcome.stderr, str(outcome.message), outcome.returned.keys(), arrays)
    )


def assert_lost(victim, name, attack):
    outcome, living = victim.ask(source_of(name), attack.limits)
    print(f"{name}: {outcome.status}: {outcome.message} ({outcome.seconds:.2f} s)")
    assert outcome.status in one_or_more(attack.status), outcome
    assert points(outcome) == attack.points
    assert any(each in str(outcome.message) for each in one_or_more(attack.says)), outcome.message
    assert attack.prints is None or outcome.stdout == attack.prints
    assert max(len(outcome.stdout), len(outcome.stderr)) <= attack.limits.output_bytes + 1
    assert victim.secret not in everything_in(outcome)
    assert living == victim.living, "the worker was replaced, or something lives on"
    assert victim.state() == victim.before
    after, _ = victim.ask(HONEST, LIMITS)
    assert (after.status, points(after), after.stdout, after.stderr) == ("finished", 3.0, "", "")


def test_every_program_is_in_the_list():
    assert {path.stem for path in (HERE / "attacks").glob("*.py")} == set(ATTACKS)


@pytest.mark.parametrize("name", ATTACKS)
def test_loses(victim, name):
    assert_lost(victim, name, ATTACKS[name])


@pytest.mark.parametrize("name", WHERE_THE_USER_MATTERS)
def test_loses_when_an_ordinary_user_grades(victim_of_ordinary_user, name):
    assert_lost(victim_of_ordinary_user, name, ATTACKS[name])


@pytest.mark.parametrize("name", WHERE_THE_USER_MATTERS + OF_A_SEPARATE_USER)
def test_loses_to_a_separate_user(victim_of_separate_user, name):
    victim = victim_of_separate_user
    attack = {**ATTACKS, **(WITHOUT_MOUNTS if victim.without_mounts else {})}[name]
    assert_lost(victim, name, attack)


@pytest.mark.parametrize("name", OF_A_SEPARATE_USER)
def test_loses_to_a_separate_user_without_landlock(victim_of_separate_user_without_landlock, name):
    victim = victim_of_separate_user_without_landlock
    assert_lost(victim, name, {**ATTACKS, **WITHOUT_MOUNTS}[name])
    assert_lost(victim, name, {**ATTACKS, **WITHOUT_MOUNTS}[name])  # and finds nothing of the first


@pytest.mark.parametrize("name", ACCOUNTS)
def test_loses_where_no_control_group_can_be_had(victim_without_groups, name):
    assert_lost(victim_without_groups, name, ATTACKS[name])


def test_limits_only_does_not_close_files_nor_the_network(victim_of_limits_only):
    """What README.md says of it: for code that one trusts."""
    victim = victim_of_limits_only
    for name in ("read_the_hidden", "network", "environment"):
        outcome, _ = victim.ask(source_of(name), LIMITS)
        assert outcome.status == "finished", outcome
        if name == "network":
            assert {"tcp", "udp", "abstract", "path"} <= set(outcome.stdout.split("\n"))
        else:
            assert victim.secret in outcome.stdout
