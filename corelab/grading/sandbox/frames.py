"""What passes between the grader and an answer: named arrays as plain bytes, read within bounds.

A frame is the length of its header (4 bytes, little end first), the header (JSON), and the bytes of
its arrays one after the other. The answer shares its process with the code that writes the frames,
so the reader
trusts nothing: no pickle, a short list of types, and every count and size checked before it is
believed.
"""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from typing import IO, Any

import numpy as np

from corelab.common.i18n import Message
from corelab.grading.sandbox.outcome import Arrays

HEADER_BYTES = 1 << 16
ITEMS = 4096  # frames and arrays, in one run: each costs the reader more than its bytes
DIMENSIONS = 8
NAME_LENGTH = 200
TYPES = frozenset(
    ["|b1", "|i1", "<i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8", "<f2", "<f4", "<f8"]
)


class MalformedError(ValueError):
    """What was read is no frame: whoever wrote it is broken, or hostile."""


class BudgetExceededError(ValueError):
    """More was sent than the reader takes."""


@dataclass
class Budget:
    """How much a reader still takes, over all the frames of one run."""

    bytes: int
    items: int = ITEMS

    def spend(self, count: int, items: int) -> None:
        self.bytes -= count
        self.items -= items
        if self.bytes < 0 or self.items < 0:
            raise BudgetExceededError


def write_frame(stream: IO[bytes], header: dict[str, Any], arrays: Arrays | None = None) -> None:
    """Write `header` (JSON values) and `arrays`.

    Raises TypeError for what is not an array of numbers or booleans, ValueError for too long a
    header.
    """
    plain = {str(name): _plain(name, array) for name, array in (arrays or {}).items()}
    described = [[name, array.dtype.str, array.shape] for name, array in plain.items()]
    text = json.dumps({**header, "arrays": described}).encode()
    if len(text) > HEADER_BYTES:
        raise ValueError(f"a frame's header must be at most {HEADER_BYTES} bytes, got {len(text)}")
    stream.write(struct.pack("<I", len(text)) + text)
    for array in plain.values():
        stream.write(array.tobytes())
    stream.flush()


def _plain(name: str, array: Any) -> np.ndarray:
    if type(array) is not np.ndarray:
        kind = type(array).__name__
        raise TypeError(Message("{name} must be a numpy array, got {kind}", name=name, kind=kind))
    plain = array.astype(array.dtype.newbyteorder("<"), copy=False)
    if plain.dtype.str not in TYPES:
        raise TypeError(
            Message(
                "{name} must be an array of numbers or booleans, got dtype {dtype}",
                name=name,
                dtype=array.dtype,
            )
        )
    return plain


def read_frame(stream: IO[bytes], budget: Budget) -> tuple[dict[str, Any], Arrays] | None:
    """The next frame's header and arrays, or None where the stream ends between two frames.

    Raises MalformedError, and BudgetExceededError when it does not fit into the `budget`.
    """
    start = stream.read(4)
    if not start:
        return None
    length = struct.unpack("<I", start)[0] if len(start) == 4 else 0
    if not 0 < length <= HEADER_BYTES:
        raise MalformedError
    budget.spend(4 + length, items=1)
    try:
        header = json.loads(_exactly(stream, length))
        described = [_described(entry) for entry in header.pop("arrays")]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise MalformedError from error
    arrays: Arrays = {}
    for name, dtype, shape in described:
        size = math.prod(shape) * dtype.itemsize
        budget.spend(size, items=1)
        if name in arrays:
            raise MalformedError
        try:
            arrays[name] = np.ndarray(shape, dtype, bytearray(_exactly(stream, size)))
        except (ValueError, OverflowError) as error:  # a shape that numpy cannot hold: (0, 2**63)
            raise MalformedError from error
    return header, arrays


def _described(entry: Any) -> tuple[str, np.dtype[Any], tuple[int, ...]]:
    name, dtype, shape = entry
    if not (
        isinstance(name, str)
        and len(name) <= NAME_LENGTH
        and isinstance(dtype, str)
        and dtype in TYPES
    ):
        raise MalformedError
    if not (isinstance(shape, list) and len(shape) <= DIMENSIONS):
        raise MalformedError
    if not all(type(length) is int and length >= 0 for length in shape):
        raise MalformedError
    return name, np.dtype(dtype), tuple(shape)


def _exactly(stream: IO[bytes], count: int) -> bytes:
    data = stream.read(count)
    if len(data) != count:
        raise MalformedError
    return data
