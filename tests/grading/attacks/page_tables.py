"""Memory that maps addresses where there is nothing: a table of 4 KiB for each byte read."""

import mmap

import numpy as np

SIZE, NORESERVE = 32 << 30, 0x4000
kept = []


def double(x):
    for _ in range(24 - len(kept)):  # 64 MiB of tables each
        m = mmap.mmap(-1, SIZE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | NORESERVE, mmap.PROT_READ)
        m.madvise(mmap.MADV_NOHUGEPAGE)
        np.frombuffer(m, np.uint8)[:: 2 << 20].sum()
        kept.append(m)
    return 2 * x
