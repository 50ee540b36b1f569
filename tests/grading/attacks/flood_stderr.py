"""The same on the other stream, and then a right answer."""

import os


def double(x):
    for _ in range(1000):
        os.write(2, b"\x1b[31mA" * 10_000)
    return 2 * x
