"""Threads without end."""

import threading
import time


def double(x):
    for _ in range(1000):
        threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    time.sleep(30)
