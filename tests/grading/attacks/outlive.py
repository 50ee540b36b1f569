"""A right answer, and a process that leaves the session and the family to live on."""

import os
import signal
import time


def daemon(folder):
    for number in range(1, signal.NSIG):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    time.sleep(1)
    for place in (folder, "/tmp", "/dev/shm"):
        try:
            open(f"{place}/corelab-attack", "w").close()
        except OSError:
            pass
    time.sleep(60)
    os._exit(0)


def double(x):
    for _ in range(3):
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                daemon(HINTS["victim"])
            os._exit(0)
    return 2 * x
