"""What a step of our optimizers costs beside torch.optim's: time, state and temporaries.

    python -m pytest tests/benchmarks/test_optim_speed.py -s

The variants take turns, round by round, so that whatever else the machine does hits all of them. A
ratio is that of one round; its median is printed with its quartiles. The ratio of the fastest
rounds stands beside it: large temporaries double the time of a step whenever malloc gives back
their pages. Below 1, ours is faster.
"""

import inspect
import statistics
import time
import weakref
from functools import partial
from itertools import pairwise

import pytest
import torch
from tabulate import tabulate
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from corelab import optim

CLASSES = [getattr(optim, name) for name in optim.__all__]
PAIRS = {cls.__name__: (cls, cls.counterpart) for cls in CLASSES}
for cls, settings in (
    (optim.RMSprop, {"centered": True, "momentum": 0.9}),
    (optim.Adam, {"weight_decay": 0.1}),
    (optim.Adam, {"amsgrad": True}),
):
    PAIRS[f"{cls.__name__}, {', '.join(settings)}"] = tuple(
        partial(each, **settings) for each in (cls, cls.counterpart)
    )
MODELS = {"the labs' DNN": (784, 256, 128, 64, 32, 10), "10 million": (1000, 2500, 2500, 500, 10)}
SESSIONS, ROUNDS, SECONDS = (
    5,
    5,
    1,
)  # new tensors each session, rounds in each, and about so long for all
ALLOWANCE = (
    0.03  # above 1, of the lower quartile of the ratios and of the ratio of the fastest rounds
)


def parameters(sizes, device="cpu"):
    """Weights and biases of linear layers, with a gradient."""
    params = []
    for inputs, outputs in pairwise(sizes):
        for shape in ((outputs, inputs), (outputs,)):
            params.append(torch.ones(shape, device=device).requires_grad_())
            params[-1].grad = torch.full(shape, 1e-3, device=device)
    return params


def times(makers, sizes, device, clock):
    """Seconds a step of each takes, (rounds, makers)."""
    rounds, repeat = [], None
    for session in range(SESSIONS):
        # memory that was allocated first is a little slower: everyone is first in turn
        order = [(session + i) % len(makers) for i in range(len(makers))]
        steps = {i: makers[i](parameters(sizes, device)).step for i in order}
        for step in steps.values():
            for _ in range(3):
                step()
        if repeat is None:
            start = clock()
            for step in steps.values():
                step()
            repeat = max(1, round(SECONDS / SESSIONS / ROUNDS / (clock() - start)))
        for _ in range(ROUNDS):
            row = [0.0] * len(makers)
            for i, step in steps.items():
                start = clock()
                for _ in range(repeat):
                    step()
                row[i] = (clock() - start) / repeat
            rounds.append(row)
    return rounds


def compare_speed(device, sizes, clock):
    """A row for each setting, and those that are slower than torch's default by more than the
    spread."""
    rows, slower = [], []
    for name, (ours, theirs) in PAIRS.items():
        makers = [ours, partial(ours, foreach=True), theirs, partial(theirs, foreach=True)]
        if "fused" in inspect.signature(theirs).parameters:
            makers.append(partial(theirs, fused=True))
        rounds = times(makers, sizes, device, clock)
        fastest = [min(times) for times in zip(*rounds, strict=True)]
        row = [name, f"{fastest[0] * 1e6:.0f}", f"{fastest[0] / fastest[2]:.2f}"]
        for i, j in ((0, 2), (0, 3), (1, 3), (0, 4))[: len(makers) - 1]:
            low, middle, high = statistics.quantiles([r[i] / r[j] for r in rounds], n=4)
            row.append(f"{middle:.2f} [{low:.2f} {high:.2f}]")
            if (i, j) == (0, 2) and min(low, fastest[0] / fastest[2]) > 1 + ALLOWANCE:
                slower.append(f"{name}: {row[-1]}")
        rows.append(row)
    return rows, slower


HEADERS = (
    "optimizer",
    "µs",
    "fastest/fastest",
    "ours/torch's default",
    "ours/its foreach",
    "foreach/foreach",
    "ours/its fused",
)


@pytest.mark.parametrize("model", MODELS)
def test_cpu(model):
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        rows, slower = compare_speed(
            "cpu", MODELS[model], time.thread_time
        )  # not the time others ran in
    finally:
        torch.set_num_threads(threads)
    print(f"\n\n{model}, CPU, 1 thread, torch {torch.__version__}\n{tabulate(rows, HEADERS)}")
    assert not slower


@pytest.mark.cuda
@pytest.mark.parametrize("model", MODELS)
def test_cuda(model):
    def clock():
        torch.cuda.synchronize()
        return time.perf_counter()

    rows, slower = compare_speed("cuda", MODELS[model], clock)
    print(f"\n\n{model}, {torch.cuda.get_device_name()}, torch {torch.__version__}")
    print(tabulate(rows, HEADERS))
    assert not slower


class Temporaries(TorchDispatchMode):
    """Follows the tensors that a step makes: the largest of them, and the most bytes alive at
    once."""

    def __init__(self):
        super().__init__()
        self.alive, self.largest, self.peak = {}, 0, 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        old = {x.data_ptr() for x in tree_leaves(args) if isinstance(x, torch.Tensor)}
        for x in tree_leaves(out):
            if isinstance(x, torch.Tensor) and x.data_ptr() not in old:
                self.alive[id(x)] = x.nbytes
                weakref.finalize(x, self.alive.pop, id(x))
                self.largest = max(self.largest, x.nbytes)
                self.peak = max(self.peak, sum(self.alive.values()))
        return out


def memory(make, sizes):
    """Bytes of state; a step's largest temporary and most at once, in sizes of the largest
    parameter."""
    params = parameters(sizes)
    optimizer = make(params)
    optimizer.step()
    with Temporaries() as temporaries:
        optimizer.step()
    unit = max(p.nbytes for p in params)
    state = sum(x.nbytes for state in optimizer.state.values() for x in state.values())
    return state, temporaries.largest / unit, temporaries.peak / unit


@pytest.mark.parametrize("model", MODELS)
def test_memory(model):
    rows = []
    for name, pair in PAIRS.items():
        (state, largest, peak), (their_state, _, their_peak) = (
            memory(make, MODELS[model]) for make in pair
        )
        rows.append(
            [name, state, their_state, f"{largest:.2f}", f"{peak:.2f}", f"{their_peak:.2f}"]
        )
        assert state == their_state, name
        assert largest <= 1, name
        assert peak <= their_peak, name
    headers = (
        "optimizer",
        "state, bytes",
        "torch's",
        "largest temporary",
        "all at once",
        "torch's",
    )
    print(f"\n\n{model}, CPU; temporaries in sizes of the largest parameter")
    print(tabulate(rows, headers))
