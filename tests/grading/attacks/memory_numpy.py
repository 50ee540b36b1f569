"""Take memory without end: arrays, each small enough for itself."""

import numpy


def double(x):
    kept = []
    while True:
        kept.append(numpy.ones(4_000_000))
