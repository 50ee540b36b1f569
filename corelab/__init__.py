"""corelab: a course lab kit on optimizing neural networks, in PyTorch.

The bench's face. Names are loaded on first use, so that `corelab --help` need not wait for torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from corelab import losses as losses
    from corelab import optim as optim
    from corelab.data import load_data as load_data
    from corelab.data import make_loader as make_loader
    from corelab.history import History as History
    from corelab.model import DNN as DNN
    from corelab.training import evaluate as evaluate
    from corelab.training import fit as fit

__version__ = "0.1.0"

_HOME = {
    "load_data": "corelab.data",
    "make_loader": "corelab.data",
    "DNN": "corelab.model",
    "fit": "corelab.training",
    "evaluate": "corelab.training",
    "History": "corelab.history",
    "losses": "corelab",
    "optim": "corelab",
}
__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'corelab' has no attribute {name!r}")
    home = _HOME[name]
    value = (
        import_module(f"corelab.{name}")
        if home == "corelab"
        else getattr(import_module(home), name)
    )
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
