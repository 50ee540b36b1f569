"""Files whose size misleads: 1 TiB without content, content without size, one file with 2,000
names, and those as long and as ugly as names can be. All within the limit: a right answer."""

import ctypes
import os
import tempfile

KEEP_SIZE = 1
DONE = []


def double(x):
    if DONE:
        return 2 * x
    DONE.append(x)
    folder = os.fsencode(tempfile.mkdtemp())
    with open(folder + b"/file", "wb") as file:
        file.write(bytes(1 << 20))
    for number in range(2000):
        os.link(folder + b"/file", folder + b"/" + (b"-\xff\n%d" % number).ljust(255, b"\xf5"))
    try:
        os.truncate(folder + b"/file", 1 << 40)
    except OSError:
        pass
    with open(folder + b"/empty", "wb") as file:
        ctypes.CDLL(None).fallocate(file.fileno(), KEEP_SIZE, ctypes.c_long(0), ctypes.c_long(4096))
    return 2 * x
