"""Signals its process group, and all that may be signalled: the worker must not be among them."""

import os
import signal
import time

DEADLY = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGTSTP)
for number in DEADLY:
    signal.signal(number, signal.SIG_IGN)


def double(x):
    for number in DEADLY:
        for target in (0, -os.getpgrp(), -1):
            try:
                os.kill(target, number)
            except ProcessLookupError:  # it is alone
                pass
    time.sleep(0.1)
    return 2 * x
