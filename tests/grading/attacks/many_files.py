"""Files without content, without end."""


def double(x):
    for number in range(1_000_000):
        open(f"{number}", "w").close()
