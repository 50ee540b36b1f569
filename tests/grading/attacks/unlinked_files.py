"""Fill files that have no name: unlinked while they are open, and some of them held by a mapping
alone, or by a message that nobody receives."""

import mmap
import os
import socket
import time

KEPT = []


def fill(folder):
    """400 MiB, or what is let in."""
    taken = 0
    for number in range(27):
        path = f"{folder}/corelab-attack{number}"
        file = os.open(path, os.O_RDWR | os.O_CREAT)
        os.unlink(path)
        try:
            for _ in range(15):
                taken += os.write(file, bytes(1 << 20))
        except OSError:
            break
        if number % 3 == 0:
            KEPT.append(mmap.mmap(file, 4096))
            os.close(file)
        elif number % 3 == 1:
            KEPT.append(socket.socketpair())
            socket.send_fds(KEPT[-1][0], [b"."], [file])
            os.close(file)
    return taken


def double(x):
    if KEPT:
        return 2 * x
    taken = sum(fill(folder) for folder in (os.getcwd(), "/dev/shm"))
    time.sleep(1)
    if taken > HINTS["disk"]:
        raise MemoryError("went beyond the limit")
    return 2 * x
