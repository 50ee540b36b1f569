"""Fork, and fork in the forks. Bounded, so that a hole in the sandbox is survivable: 256
processes."""

import os
import time


def double(x):
    for _ in range(8):
        try:
            os.fork()
        except OSError:
            pass
    time.sleep(30)
    os._exit(0)
