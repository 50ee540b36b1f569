"""Do nothing forever."""

import time


def double(x):
    time.sleep(10_000)
