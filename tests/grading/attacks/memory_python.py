"""Take memory without end: Python objects."""


def double(x):
    kept = []
    while True:
        kept.append(bytearray(1 << 24))
