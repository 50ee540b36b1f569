"""Computes in children that live a moment, and whose time nobody gets: none waits for them."""

import os
import signal
import time

signal.signal(signal.SIGCHLD, signal.SIG_IGN)
calls = []


def double(x):
    calls.append(x)
    for _ in range(150 if len(calls) == 1 else 0):
        done, told = os.pipe()
        if os.fork() == 0:
            while time.process_time() < 0.02:
                pass
            os._exit(0)
        os.close(told)
        os.read(done, 1)
        os.close(done)
    return 2 * x
