"""Data sets in memory, and the DataLoader harness that cuts them into batches.

train, test = load_data("fashion-mnist")
loader = make_loader(train, batch_size=100, shuffle=True, seed=0)
for inputs, targets in loader:        # (100, 784) float32, (100,) int64
    ...
"""

from __future__ import annotations

import gzip
import hashlib
import os
import sys
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from corelab.common.errors import UserError
from corelab.common.files import write_atomically
from corelab.common.i18n import N_, _

# MD5 of the raw files, as published: data/README.md says by whom.
_FILES = {
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
_FOLDER = {"fashion-mnist": "FashionMNIST", "mnist": "MNIST"}  # torchvision's names
DATASETS = tuple(_FILES)
_MEND = N_("fetch the file again (data/README.md says from where)")


class InMemoryDataset(Dataset[tuple[Tensor, Tensor]]):
    """Samples held in memory as two tensors; a map-style data set of (input, target) pairs.

    inputs: float32 (N, 784), standardised. targets: int64 (N,), the class of each sample, 0 … 9.
    mean, std: what the inputs were standardised with, so that a pixel is `input * std + mean`.
    """

    def __init__(self, inputs: Tensor, targets: Tensor, mean: float = 0.0, std: float = 1.0):
        if inputs.ndim != 2 or targets.shape != inputs.shape[:1]:
            wrong = _(
                "a data set needs inputs (N, features) and targets (N,), got {inputs} and {targets}"
            )
            raise UserError(wrong.format(inputs=tuple(inputs.shape), targets=tuple(targets.shape)))
        self.inputs, self.targets, self.mean, self.std = inputs, targets, mean, std

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.inputs[index], self.targets[index]

    def first(self, count: int) -> InMemoryDataset:
        """The first `count` samples, or all where there are fewer."""
        return InMemoryDataset(self.inputs[:count], self.targets[:count], self.mean, self.std)

    def to(self, device: torch.device | str) -> InMemoryDataset:
        """The same samples on `device`; itself where they are there already."""
        if self.inputs.device == torch.empty(0, device=device).device:
            return self
        return InMemoryDataset(self.inputs.to(device), self.targets.to(device), self.mean, self.std)


class _WholeBatches(InMemoryDataset):
    """An InMemoryDataset that hands over a batch by one index operation, instead of B of them."""

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        if len(indices) == len(self) and indices == list(range(len(self))):
            return self.inputs, self.targets  # all at once: a copy would double the memory
        index = torch.from_numpy(numpy.array(indices))  # five times as fast as torch.tensor(list)
        if self.inputs.is_cuda:  # from pinned memory the copy need not wait for the device
            index = index.pin_memory()
        index = index.to(self.inputs.device, non_blocking=True)
        return self.inputs.index_select(0, index), self.targets.index_select(0, index)


def _as_it_is(batch: Any) -> Any:
    return batch


def make_loader(
    dataset: Dataset[Any],
    batch_size: int,
    shuffle: bool,
    seed: int = 0,
    *,
    drop_last: bool = False,
    device: torch.device | str | None = None,
) -> DataLoader[Any]:
    """A torch DataLoader that cuts `dataset` into batches of (B, 784) and (B,).

    An InMemoryDataset is moved to `device` once and its batches are cut there; a data set of
    another kind is loaded the usual way, sample by sample. The order of the samples is drawn on
    the CPU from `seed`, anew each epoch: the same seed gives the same batches on every device.
    The last batch is smaller where `batch_size` does not divide the samples, or left out with
    `drop_last`. One batch of everything, unshuffled, is the data set's own tensors and no copy.
    Raises UserError where `batch_size` is no whole number of at least 1.
    """
    if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
        wrong = _("batch_size must be a whole number of at least 1, got {batch_size!r}")
        raise UserError(wrong.format(batch_size=batch_size))
    collate = None
    if isinstance(dataset, InMemoryDataset):
        dataset = dataset.to(device) if device is not None else dataset
        dataset = _WholeBatches(dataset.inputs, dataset.targets, dataset.mean, dataset.std)
        collate = _as_it_is
    return DataLoader(
        dataset,
        batch_size=batch_size,
        shuffle=shuffle,
        drop_last=drop_last,
        collate_fn=collate,
        generator=torch.Generator().manual_seed(seed),
    )


def load_data(
    name: str = "fashion-mnist", root: str | os.PathLike[str] = "data", limit: int | None = None
) -> tuple[InMemoryDataset, InMemoryDataset]:
    """The training set and the test set, in memory.

    name: "fashion-mnist" (shipped) or "mnist" (downloaded by torchvision, or put there by hand).
    root: the folder that holds FashionMNIST/raw/; "data" is also looked for beside the kit.
    limit: only the first so many samples of each set.

    Inputs are standardised: (pixel / 255 − mean) / std with the mean and the standard deviation
    of all pixels of the whole training set, whatever the limit; test inputs with the same two.

    Raises UserError where a file is missing, truncated or altered, saying which and the mend.
    """
    if name not in DATASETS:
        wrong = _("data must be one of {datasets}, got {name!r}")
        raise UserError(wrong.format(datasets=", ".join(DATASETS), name=name))
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        wrong = _("limit must be a whole number of at least 1, or None for all, got {limit!r}")
        raise UserError(wrong.format(limit=limit))

    from torchvision import datasets  # here, as it is half of the start-up time

    read = getattr(datasets, _FOLDER[name])
    folder = _verified_root(name, _find_root(name, root))
    train, test = read(folder, train=True), read(folder, train=False)

    # Exact, from the histogram of the 256 grey levels: no float copy of the whole set is needed.
    levels = torch.arange(256, dtype=torch.float64) / 255
    share = torch.bincount(train.data.flatten(), minlength=256).double() / train.data.numel()
    mean = float((share * levels).sum())
    std = float((share * (levels - mean) ** 2).sum().sqrt())

    def in_memory(split: Any) -> InMemoryDataset:
        pixels = split.data[:limit].flatten(1)  # (N, 784) uint8
        inputs = pixels.float().mul_(1 / (255 * std)).sub_(mean / std)
        return InMemoryDataset(inputs, split.targets[:limit].long(), mean, std)

    return in_memory(train), in_memory(test)


def _find_root(name: str, root: str | os.PathLike[str]) -> Path:
    """`root`, or the folder of that name beside the kit where a script is run from elsewhere."""
    given = Path(root)
    places = (given, Path(__file__).parents[1] / given)
    for folder in (*(place for place in places if (place / _FOLDER[name]).is_dir()), *places):
        if folder.is_dir():
            return folder
    wrong = _("data folder {folder!r} is not there: give the folder that holds FashionMNIST/raw")
    raise UserError(wrong.format(folder=str(given)))


def _verified_root(name: str, root: Path) -> Path:
    """A folder whose four raw files are there and as published: `root`, or a cache if it is
    read-only."""
    raw = root / _FOLDER[name] / "raw"
    if name == "mnist" and not all(any(raw.glob(f"{file}*")) for file in _FILES[name]):
        _download_mnist(root)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "corelab"
    for folder in (root, cache, Path(tempfile.gettempdir()) / "corelab-data"):
        try:
            for file, md5 in _FILES[name].items():
                _make_ready(folder / _FOLDER[name] / "raw" / file, raw / f"{file}.gz", md5)
            return folder
        except OSError as error:
            failure = error
    wrong = _(
        "the data could not be unpacked ({reason}): free some space, or make {folder} writable"
    )
    raise UserError(wrong.format(reason=failure, folder=raw))


def _make_ready(file: Path, archive: Path, md5: str) -> None:
    """`file` is there and as published: it was already, or is unpacked from `archive` now."""
    if file.is_file():
        got = _md5(file.read_bytes())
        if got == md5:
            return
        if not archive.is_file():
            wrong = _("{file} was altered: expected MD5 {md5}, got {got}: {mend}")
            raise UserError(wrong.format(file=file, md5=md5, got=got, mend=_(_MEND)))
        altered = _("{file} was altered (expected MD5 {md5}, got {got}): unpacked again")
        print(altered.format(file=file, md5=md5, got=got), file=sys.stderr)
    write_atomically(file, _unpacked(archive, md5))


def _unpacked(archive: Path, md5: str) -> bytes:
    """The raw bytes in `archive`, whole and as published."""
    if not archive.is_file():
        raise UserError(_("{file} is missing: {mend}").format(file=archive, mend=_(_MEND)))
    try:
        content = gzip.decompress(archive.read_bytes())
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        wrong = _("{file} is truncated or damaged ({reason}): {mend}")
        raise UserError(wrong.format(file=archive, reason=error, mend=_(_MEND))) from error
    if (got := _md5(content)) != md5:
        wrong = _("{file} was altered: expected MD5 {md5} once unpacked, got {got}: {mend}")
        raise UserError(wrong.format(file=archive, md5=md5, got=got, mend=_(_MEND)))
    return content


def _download_mnist(root: Path) -> None:
    from torchvision.datasets import MNIST

    try:
        MNIST(root, download=True)
    except (RuntimeError, OSError) as error:
        files = ", ".join(f"{file}.gz" for file in _FILES["mnist"])
        reason = (str(error).strip() or type(error).__name__).splitlines()[-1]
        wrong = _("MNIST could not be downloaded ({reason}): put {files} into {folder} by hand")
        raise UserError(
            wrong.format(reason=reason, files=files, folder=root / "MNIST" / "raw")
        ) from error


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()
