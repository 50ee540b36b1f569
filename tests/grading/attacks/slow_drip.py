"""Always be just about to be done."""

import time


def double(x):
    while True:
        print(".", end="", flush=True)
        time.sleep(0.05)
