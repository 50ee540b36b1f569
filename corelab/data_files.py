"""The files of the data sets: found, downloaded, unpacked, and compared with what was published."""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
import tempfile
import zlib
from pathlib import Path

from corelab.common.errors import UserError
from corelab.common.files import write_atomically
from corelab.common.i18n import N_, _

# MD5 of the raw files, as published: data/README.md says by whom.
FILES = {
    "fashion-mnist": {
        "train-images-idx3-ubyte": "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "train-labels-idx1-ubyte": "9018921c3c673c538a1fc5bad174d6f9",
        "t10k-images-idx3-ubyte": "8181f5470baa50b63fa0f6fddb340f0a",
        "t10k-labels-idx1-ubyte": "15d484375f8d13e6eb1aabb0c3f46965",
    },
    "mnist": {
        "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
        "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
        "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
        "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
    },
}
FOLDERS = {"fashion-mnist": "FashionMNIST", "mnist": "MNIST"}  # torchvision's names
DATASETS = tuple(FILES)
_HINT = N_("fetch the file again (data/README.md says from where)")


def find_root(name: str, root: str | os.PathLike[str]) -> Path:
    """Find `root`, or the folder of that name beside the kit where a script is run from elsewhere.

    Raises UserError where neither is there.
    """
    given = Path(root)
    places = (given, Path(__file__).parents[1] / given)
    for folder in (*(place for place in places if (place / FOLDERS[name]).is_dir()), *places):
        if folder.is_dir():
            return folder
    wrong = _("data folder {folder!r} is not there: give the folder that holds FashionMNIST/raw")
    raise UserError(wrong, folder=str(given))


def verified_root(name: str, root: Path) -> Path:
    """Return a folder whose four raw files are there and as published, unpacked where need be.

    That is `root`, or a cache where `root` is read-only. MNIST is downloaded where it is missing.
    Raises UserError where a file is missing, truncated or altered.
    """
    raw = root / FOLDERS[name] / "raw"
    if name == "mnist" and not all(any(raw.glob(f"{file}*")) for file in FILES[name]):
        _download_mnist(root)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "corelab"
    for folder in (root, cache, Path(tempfile.gettempdir()) / "corelab-data"):
        try:
            for file, md5 in FILES[name].items():
                _ensure_unpacked(folder / FOLDERS[name] / "raw" / file, raw / f"{file}.gz", md5)
            return folder
        except OSError as error:
            failure = error
    wrong = _(
        "the data could not be unpacked ({reason}): free some space, or make {folder} writable"
    )
    raise UserError(wrong, reason=failure, folder=raw)


def _ensure_unpacked(file: Path, archive: Path, md5: str) -> None:
    """Unpack `file` from `archive`, unless it is there and as published."""
    if file.is_file():
        got = _md5(file.read_bytes())
        if got == md5:
            return
        if not archive.is_file():
            wrong = _("{file} was altered: expected MD5 {md5}, got {got}: {hint}")
            raise UserError(wrong, file=file, md5=md5, got=got, hint=_(_HINT))
        altered = _("{file} was altered (expected MD5 {md5}, got {got}): unpacked again")
        print(altered.format(file=file, md5=md5, got=got), file=sys.stderr)
    write_atomically(file, _unpacked(archive, md5))


def _unpacked(archive: Path, md5: str) -> bytes:
    """Return the raw bytes in `archive`, whole and as published."""
    if not archive.is_file():
        raise UserError(_("{file} is missing: {hint}"), file=archive, hint=_(_HINT))
    try:
        content = gzip.decompress(archive.read_bytes())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        wrong = _("{file} is truncated or damaged ({reason}): {hint}")
        raise UserError(wrong, file=archive, reason=error, hint=_(_HINT)) from error
    if (got := _md5(content)) != md5:
        wrong = _("{file} was altered: expected MD5 {md5} once unpacked, got {got}: {hint}")
        raise UserError(wrong, file=archive, md5=md5, got=got, hint=_(_HINT))
    return content


def _download_mnist(root: Path) -> None:
    from torchvision.datasets import MNIST

    try:
        MNIST(root, download=True)
    except (RuntimeError, OSError) as error:
        files = ", ".join(f"{file}.gz" for file in FILES["mnist"])
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        wrong = _("MNIST could not be downloaded ({reason}): put {files} into {folder} by hand")
        raise UserError(wrong, reason=reason, files=files, folder=root / "MNIST" / "raw") from error


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
