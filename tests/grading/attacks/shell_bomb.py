"""The same with small processes, which come faster. Bounded too: 1023 processes."""

import subprocess


def double(x):
    bomb = "f() { [ $1 -le 0 ] || { f $(($1 - 1)) & f $(($1 - 1)) & sleep 30; }; }; f 9"
    subprocess.run(["/bin/sh", "-c", bomb], check=False)
