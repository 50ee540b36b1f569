"""A right answer, and a child that is stopped and notices nothing."""

import os
import signal


def double(x):
    if os.fork() == 0:
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    return 2 * x
