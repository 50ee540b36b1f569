"""Frames without end: small ones, each of which costs its reader more than its bytes."""

import json
import os
import struct


def double(x):
    number = 0
    while True:
        header = json.dumps({"frame": f"{number}", "arrays": [["y", "|u1", [0]]]}).encode()
        os.write(3, struct.pack("<I", len(header)) + header)
        number += 1
