"""What a test needs of the machine; without it, a skip with the reason and the fix."""

from __future__ import annotations

import functools
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from corelab.grading.verdicts import Isolation


def isolation(name: Isolation) -> None:
    """Skip where this isolation does not work."""
    from corelab.grading.sandbox.sandbox import why_not

    if reason := why_not(name):
        pytest.skip(reason)


def root() -> None:
    """Skip for an ordinary user."""
    if not hasattr(os, "getuid") or os.getuid() != 0:
        pytest.skip("needs root: run the tests with sudo, or in a container of your own")


def process_namespace() -> list[str]:
    """The start of a command that runs in a process namespace and dies with it: for hostile code.

    Skips where none can be had.
    """
    command = ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child"]
    if hasattr(os, "getuid") and os.getuid() != 0:
        command += ["--user", "--map-root-user"]
    if reason := _refused(tuple(command)):
        pytest.skip(
            f"hostile code runs in a process namespace only, and {reason}: "
            "run the tests on Linux, as root or where users may make namespaces"
        )
    return command


@functools.cache
def _refused(command: tuple[str, ...]) -> str:
    """Why this start of a command does not work; empty where it does."""
    try:
        ran = subprocess.run([*command, sys.executable, "-c", ""], capture_output=True, check=False)
    except OSError as error:
        return f"{command[0]} cannot be run ({error.strerror})"
    return ran.stderr.decode(errors="replace").strip() if ran.returncode else ""
