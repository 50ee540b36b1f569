"""A sandbox in a process namespace of its own, so that a hole in it hurts nobody. Spoken to with
pickles.

    unshare --fork --pid --mount-proc --kill-child python host.py ISOLATION [UID] [OPTION…]

OPTIONs are what this machine lacks, as a container or an old kernel does: no-mounts, no-landlock,
no-groups (control groups). Its first reply says why the isolation does not work, or nothing; then
each request gets an outcome and the processes that are alive after it.
"""

import ctypes
import json
import os
import pickle
import struct
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import psutil

from corelab.grading.sandbox import linux
from corelab.grading.sandbox.cgroup import ControlGroup
from corelab.grading.sandbox.sandbox import Sandbox, why_not


def living():
    """All processes of this namespace, by number: zombies live no more."""
    alive = {}
    for process in psutil.process_iter():
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                alive[process.pid] = process.name()
        except psutil.Error:
            pass
    return alive


def open_the_way(paths):
    """Let other users reach these paths, in this mount namespace alone: Python may lie in root's
    home."""
    for path in paths:
        for folder in reversed(path.parents):
            if folder.stat().st_mode & 0o001:
                continue
            saved = tempfile.mkdtemp()
            subprocess.run(["mount", "--bind", folder, saved], check=True)
            subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=755", "none", folder], check=True)
            for inside in (each for each in paths if each.is_relative_to(folder)):
                inside.mkdir(parents=True)
                subprocess.run(
                    ["mount", "--bind", Path(saved, inside.relative_to(folder)), inside], check=True
                )
            break


def own_disks():
    """Disks of our own where answers write: other programs' files are not on them."""
    for folder in (tempfile.gettempdir(), "/dev/shm", "/run"):
        mode = "mode=755" if folder == "/run" else "mode=1777"
        subprocess.run(["mount", "-t", "tmpfs", "-o", mode, "none", folder], check=True)
    Path("/run/lock").mkdir()
    Path("/run/lock").chmod(0o1777)


# Those that Docker leaves to root: neither to mount, nor to look into other users' processes.
CAPABILITIES = {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31}


def have_the_capabilities_of_docker():
    for number in set(range(64)) - CAPABILITIES:
        with suppress(OSError):  # past the kernel's last one
            linux._call("prctl", linux.PR_CAPBSET_DROP, number, 0, 0, 0)
    low = sum(1 << number for number in CAPABILITIES)
    sets = struct.pack("<6I", low, low, 0, 0, 0, 0)
    linux._call("capset", struct.pack("<Ii", 0x20080522, 0), sets)


def have_no_landlock():
    """As before Linux 5.13: landlock_create_ruleset is unknown."""
    steps = [(0x20, 0, 0, 0), (0x15, 0, 1, 444), (0x06, 0, 0, 0x50026), (0x06, 0, 0, 0x7FFF0000)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
    head = struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(program))
    linux.forbid_new_privileges()
    linux._call("prctl", linux.PR_SET_SECCOMP, 2, head, 0, 0)


def main(isolation, *options):
    uid = next(filter(str.isdigit, options), None)
    if "no-groups" in options:
        ControlGroup.create = lambda: None
    requests, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    if uid or isolation == "separate user":
        repository = Path(__file__).resolve().parents[3]
        open_the_way([Path(sys.base_prefix), Path(sys.prefix), repository])
    if uid:
        linux.become_user(int(uid))
    if "no-mounts" in options:
        own_disks()
        have_the_capabilities_of_docker()
    if "no-landlock" in options:
        have_no_landlock()
    reason = why_not(isolation)
    pickle.dump(reason, replies)
    if reason:
        return
    with Sandbox(isolation=isolation, preload=("torch",)) as sandbox:
        while True:
            try:
                source, x, hints, limits = pickle.load(requests)
            except EOFError:
                return
            sent = {"x": x, "hints": np.frombuffer(json.dumps(hints).encode(), np.uint8)}
            outcome = sandbox.run(source, "tiny.py", "isolated.tiny", sent, limits)
            pickle.dump((outcome, living()), replies)


if __name__ == "__main__":
    main(*sys.argv[1:])
