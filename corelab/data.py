"""Data sets in memory, and the DataLoader harness that cuts them into batches.

train, test = load_data("fashion-mnist")
loader = make_loader(train, batch_size=100, shuffle=True, seed=0)
for inputs, targets in loader:        # (100, 784) float32, (100,) int64
    ...
"""

from __future__ import annotations

import os
from typing import Any

import numpy
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from corelab.common.errors import UserError
from corelab.common.i18n import _
from corelab.data_files import DATASETS, FOLDERS, find_root, verified_root


class InMemoryDataset(Dataset[tuple[Tensor, Tensor]]):
    """Hold samples in memory as two tensors; a map-style data set of (input, target) pairs.

    inputs: float32 (N, 784), standardised. targets: int64 (N,), the class of each sample, 0 … 9.
    mean, std: what the inputs were standardised with, so that a pixel is `input * std + mean`.
    """

    def __init__(self, inputs: Tensor, targets: Tensor, mean: float = 0.0, std: float = 1.0):
        if inputs.ndim != 2 or targets.shape != inputs.shape[:1]:
            raise UserError(
                _(
                    "a data set needs inputs (N, features) and targets (N,), "
                    "got {inputs} and {targets}"
                ),
                inputs=tuple(inputs.shape),
                targets=tuple(targets.shape),
            )
        self.inputs, self.targets, self.mean, self.std = inputs, targets, mean, std

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.inputs[index], self.targets[index]

    def first(self, count: int) -> InMemoryDataset:
        """Return the first `count` samples, or all where there are fewer."""
        return InMemoryDataset(self.inputs[:count], self.targets[:count], self.mean, self.std)

    def to(self, device: torch.device | str) -> InMemoryDataset:
        """Return the same samples on `device`; itself where they are there already."""
        if self.inputs.device == torch.empty(0, device=device).device:
            return self
        return InMemoryDataset(self.inputs.to(device), self.targets.to(device), self.mean, self.std)


def make_loader(
    dataset: Dataset[Any],
    batch_size: int,
    shuffle: bool,
    seed: int = 0,
    *,
    drop_last: bool = False,
    device: torch.device | str | None = None,
) -> DataLoader[Any]:
    """Return a torch DataLoader that cuts `dataset` into batches of (B, 784) and (B,).

    An InMemoryDataset is moved to `device` once and its batches are cut there; a data set of
    another kind is loaded the usual way, sample by sample. The order of the samples is drawn on
    the CPU from `seed`, anew each epoch: the same seed gives the same batches on every device.
    The last batch is smaller where `batch_size` does not divide the samples, or left out with
    `drop_last`. One batch of everything, unshuffled, is the data set's own tensors and no copy.
    Raises UserError where `batch_size` is no whole number of at least 1.
    """
    if not isinstance(batch_size, int) or isinstance(batch_size, bool) or batch_size < 1:
        wrong = _("batch_size must be a whole number of at least 1, got {batch_size!r}")
        raise UserError(wrong, batch_size=batch_size)
    collate = None
    if isinstance(dataset, InMemoryDataset):
        dataset = dataset.to(device) if device is not None else dataset
        dataset = _IndexedBatches(dataset.inputs, dataset.targets, dataset.mean, dataset.std)
        collate = _identity
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
    """Return the training set and the test set, in memory.

    name: "fashion-mnist" (shipped) or "mnist" (downloaded by torchvision, or put there by hand).
    root: the folder that holds FashionMNIST/raw/; "data" is also looked for beside the kit.
    limit: only the first so many samples of each set.

    Inputs are standardised: (pixel / 255 − mean) / std with the mean and the standard deviation
    of all pixels of the whole training set, whatever the limit; test inputs with the same two.

    Raises UserError where a file is missing, truncated or altered, saying which and what to do.
    """
    if name not in DATASETS:
        wrong = _("data must be one of {datasets}, got {name!r}")
        raise UserError(wrong, datasets=", ".join(DATASETS), name=name)
    if limit is not None and (not isinstance(limit, int) or isinstance(limit, bool) or limit < 1):
        wrong = _("limit must be a whole number of at least 1, or None for all, got {limit!r}")
        raise UserError(wrong, limit=limit)

    from torchvision import datasets  # here, as it is half of the start-up time

    read = getattr(datasets, FOLDERS[name])
    folder = verified_root(name, find_root(name, root))
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


class _IndexedBatches(InMemoryDataset):
    """Hand over a batch by one index operation, instead of B of them."""

    def __getitems__(self, indices: list[int]) -> tuple[Tensor, Tensor]:
        if len(indices) == len(self) and indices == list(range(len(self))):
            return self.inputs, self.targets  # all at once: a copy would double the memory
        index = torch.from_numpy(numpy.array(indices))  # five times as fast as torch.tensor(list)
        if self.inputs.is_cuda:  # from pinned memory the copy need not wait for the device
            index = index.pin_memory()
        index = index.to(self.inputs.device, non_blocking=True)
        return self.inputs.index_select(0, index), self.targets.index_select(0, index)


def _identity(batch: Any) -> Any:
    return batch
