"""The data sets and the loader, beside torchvision's own reading and torch's own DataLoader."""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader, RandomSampler, SequentialSampler, TensorDataset
from torchvision.datasets import MNIST, FashionMNIST
from torchvision.transforms import PILToTensor

import corelab
from corelab.common.errors import UserError
from corelab.data import InMemoryDataset, load_data, make_loader
from corelab.data_files import FILES

DATA = Path(__file__).parents[1] / "data"
RAW = "FashionMNIST/raw"
IMAGES, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST_IMAGES, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


# What is read


def test_all_of_fashion_mnist_is_what_torchvision_reads_standardised(fashion):
    pixels = FashionMNIST(DATA, train=True).data.double() / 255
    mean, std = pixels.mean(), pixels.std(unbiased=False)
    for ours, count, is_train in zip(fashion, (60_000, 10_000), (True, False), strict=True):
        theirs = FashionMNIST(DATA, train=is_train)
        assert len(ours) == count
        assert ours.inputs.shape == (count, 784)
        assert ours.inputs.dtype == torch.float32
        assert ours.targets.dtype == torch.int64
        assert torch.equal(ours.targets, theirs.targets)
        for part in torch.arange(count).split(
            10_000
        ):  # a part at a time: 60,000 in float64 take 376 MB
            expected = (theirs.data[part].flatten(1).double() / 255 - mean) / std
            torch.testing.assert_close(ours.inputs[part].double(), expected, rtol=0, atol=2e-6)
        assert ours.mean == pytest.approx(mean.item(), abs=1e-9)
        assert ours.std == pytest.approx(std.item(), abs=1e-9)


def test_mean_and_deviation_are_the_published_ones(fashion):
    train, _ = fashion
    assert (round(train.mean, 4), round(train.std, 4)) == (0.2860, 0.3530)
    assert train.inputs.mean().item() == pytest.approx(0, abs=1e-4)
    assert train.inputs.std().item() == pytest.approx(1, abs=1e-4)


def test_a_pixel_comes_back_from_an_input(fashion):
    _, test = fashion
    pixels = FashionMNIST(DATA, train=False).data.flatten(1) / 255
    torch.testing.assert_close(
        test.inputs[:100] * test.std + test.mean, pixels[:100], rtol=0, atol=1e-6
    )


def test_limit_gives_the_first_samples_and_keeps_the_standardisation(fashion):
    limited = load_data(root=DATA, limit=37)
    for whole, part in zip(fashion, limited, strict=True):
        assert len(part) == 37
        assert torch.equal(part.inputs, whole.inputs[:37])
        assert torch.equal(part.targets, whole.targets[:37])
        assert (part.mean, part.std) == (whole.mean, whole.std)


def test_a_limit_beyond_the_data_gives_all_of_it(few):
    assert len(few[0].first(10**9)) == 500


@pytest.mark.parametrize("limit", [0, -1, 1.5, "10", True])
def test_limit_must_be_a_positive_whole_number(limit):
    with pytest.raises(UserError, match="limit must be a whole number of at least 1"):
        load_data(root=DATA, limit=limit)


def test_an_unknown_data_set_is_refused_with_the_known_ones():
    with pytest.raises(UserError, match="fashion-mnist, mnist, got 'cifar10'"):
        load_data("cifar10")


def test_a_sample_is_a_pair_and_torchs_own_dataloader_takes_it(few):
    train, _ = few
    x, y = train[3]
    assert (x.shape, x.dtype, y.shape, y.dtype) == ((784,), torch.float32, (), torch.int64)
    batches = list(DataLoader(train, batch_size=100))
    assert [len(y) for _, y in batches] == [100] * 5
    assert torch.equal(torch.cat([x for x, _ in batches]), train.inputs)
    assert torch.equal(torch.cat([y for _, y in batches]), train.targets)


@pytest.mark.parametrize(
    "shapes", [((5, 3), (4,)), ((5,), (5,)), ((5, 1, 2), (5,)), ((5, 3), (5, 1))]
)
def test_inputs_and_targets_that_do_not_fit_are_refused(shapes):
    with pytest.raises(UserError, match=r"needs inputs \(N, features\) and targets \(N,\), got"):
        InMemoryDataset(*map(torch.zeros, shapes))


def test_to_the_device_where_it_is_copies_nothing(few):
    assert few[0].to("cpu") is few[0]


# Unpacking


@pytest.fixture
def archives(tmp_path):
    """A root with the four .gz as shipped (hard links, so not to be written into), and no raw
    files."""
    raw = tmp_path / "data" / RAW
    raw.mkdir(parents=True)
    for name in (IMAGES, LABELS, TEST_IMAGES, TEST_LABELS):
        _link(DATA / RAW / f"{name}.gz", raw / f"{name}.gz")
    return tmp_path / "data"


@pytest.fixture
def nothing_cached(tmp_path, monkeypatch):
    """Unpacked files of no other run are found."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path / "cache"


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy(source, target)


def _replace(file: Path, content: bytes) -> None:
    """Give this name another content; a hard link's other name keeps its own."""
    file.unlink(missing_ok=True)
    file.write_bytes(content)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_the_shipped_archives_are_those_of_the_readme():
    text = (DATA / "README.md").read_text(encoding="utf-8")
    for name in (IMAGES, LABELS, TEST_IMAGES, TEST_LABELS):
        archive = (DATA / RAW / f"{name}.gz").read_bytes()
        (row,) = [
            line for line in text.splitlines() if line.startswith("|") and f"`{name}`" in line
        ]
        assert hashlib.sha256(archive).hexdigest() in row
        assert hashlib.md5(gzip.decompress(archive)).hexdigest() in row


def test_two_processes_unpack_the_same_folder_at_once(archives, child_environment):
    """Both start on a folder without raw files, and both read all of the data."""
    script = (
        "import sys; from pathlib import Path; from corelab.data_files import verified_root\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "print(verified_root('fashion-mnist', Path(sys.argv[1])))"
    )
    children = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(archives)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env=child_environment,
        )
        for _ in range(2)
    ]
    assert [child.stdout.readline() for child in children] == ["ready\n"] * 2
    for child in children:  # their imports are over: both unpack from now on
        child.stdin.write("go\n")
        child.stdin.flush()
    ended = [child.communicate() for child in children]
    assert [child.returncode for child in children] == [0, 0], ended
    assert [out.strip() for out, _ in ended] == [str(archives)] * 2
    raw = archives / RAW
    assert _names(raw) == {name + end for name in FILES["fashion-mnist"] for end in ("", ".gz")}
    for name, md5 in FILES["fashion-mnist"].items():
        assert hashlib.md5((raw / name).read_bytes()).hexdigest() == md5


@pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(28, "No space left on device")])
def test_an_interrupted_unpacking_leaves_nothing_half_done(
    archives, nothing_cached, monkeypatch, stop
):
    """Stopped in the middle of the largest file; the next one finishes the work."""
    real_open = os.fdopen
    stopped = []

    def open_and_stop(*arguments, **options):
        file = real_open(*arguments, **options)
        if not stopped:

            class HalfWritten:
                def __enter__(self):
                    return self

                def __exit__(self, *_):
                    file.close()

                def write(self, content):
                    file.write(content[: len(content) // 2])
                    file.flush()
                    stopped.append(len(content))
                    raise stop

            return HalfWritten()
        return file

    monkeypatch.setattr(os, "fdopen", open_and_stop)
    if stop is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            load_data(root=archives)
        assert _names(archives / RAW) == _names(DATA / RAW) - set(FILES["fashion-mnist"])
    else:  # a full disk: the cache is tried next
        assert len(load_data(root=archives, limit=1)[0]) == 1
        assert IMAGES not in _names(archives / RAW)
        assert IMAGES in _names(nothing_cached / "corelab" / RAW)
    assert stopped
    assert not [name for name in _names(archives / RAW) if name.startswith(".")]
    monkeypatch.undo()
    assert len(load_data(root=archives, limit=2)[0]) == 2


@pytest.fixture
def read_only(archives, monkeypatch):
    """`archives`, where nothing can be written. (Permission bits do not stop root; this does.)"""
    import tempfile

    real = tempfile.mkstemp

    def refuse(*arguments, **options):
        if Path(options["dir"]).is_relative_to(archives):
            raise OSError(30, "Read-only file system", str(options["dir"]))
        return real(*arguments, **options)

    monkeypatch.setattr(tempfile, "mkstemp", refuse)
    return archives


def test_a_read_only_folder_works(read_only, nothing_cached, few):
    train, _ = load_data(root=read_only, limit=500)
    assert torch.equal(train.inputs, few[0].inputs)
    assert not [name for name in _names(read_only / RAW) if not name.endswith(".gz")]
    before = (nothing_cached / "corelab" / RAW / IMAGES).stat().st_mtime_ns
    load_data(root=read_only, limit=1)
    assert (nothing_cached / "corelab" / RAW / IMAGES).stat().st_mtime_ns == before, (
        "unpacked again"
    )


def test_nowhere_to_unpack_is_one_line(read_only, tmp_path, monkeypatch):
    (tmp_path / "no-folder").write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no-folder"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "no-folder"))
    with pytest.raises(
        UserError, match=r"could not be unpacked.*free some space, or make .* writable"
    ):
        load_data(root=read_only)


# Damage: which file, what was expected, and what to do


@pytest.mark.usefixtures("nothing_cached")
def test_a_missing_archive(archives):
    (archives / RAW / f"{TEST_LABELS}.gz").unlink()
    with pytest.raises(UserError) as caught:
        load_data(root=archives)
    _says(caught, str(archives / RAW / f"{TEST_LABELS}.gz"), "is missing", "fetch the file again")


@pytest.mark.parametrize("size", [0, 20, 4_000])
@pytest.mark.usefixtures("nothing_cached")
def test_a_truncated_archive(archives, size):
    archive = archives / RAW / f"{LABELS}.gz"
    _replace(archive, archive.read_bytes()[:size])
    with pytest.raises(UserError) as caught:
        load_data(root=archives)
    _says(caught, str(archive), "fetch the file again")


@pytest.mark.usefixtures("nothing_cached")
def test_an_archive_that_is_none(archives):
    _replace(archives / RAW / f"{LABELS}.gz", b"<html>404: Not Found</html>")
    with pytest.raises(UserError) as caught:
        load_data(root=archives)
    _says(caught, f"{LABELS}.gz", "truncated or damaged", "fetch the file again")


@pytest.mark.usefixtures("nothing_cached")
def test_an_altered_archive(archives):
    archive = archives / RAW / f"{LABELS}.gz"
    content = bytearray(gzip.decompress(archive.read_bytes()))
    content[-1] ^= 1  # another label for the last sample
    _replace(archive, gzip.compress(bytes(content)))
    with pytest.raises(UserError) as caught:
        load_data(root=archives)
    got = hashlib.md5(content).hexdigest()
    expected = FILES["fashion-mnist"][LABELS]
    _says(caught, str(archive), f"expected MD5 {expected}", f"got {got}", "fetch the file again")


@pytest.mark.parametrize(
    "damage", [lambda raw: raw[:-100], lambda raw: b"\xff" + raw[1:], lambda _: b""]
)
def test_a_damaged_raw_file_is_unpacked_again_and_said(archives, damage, capfd, few):
    load_data(root=archives, limit=1)
    raw = archives / RAW / LABELS
    raw.write_bytes(damage(raw.read_bytes()))
    train, _ = load_data(root=archives, limit=500)
    assert torch.equal(train.targets, few[0].targets)
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert str(raw) in said
    assert FILES["fashion-mnist"][LABELS] in said


@pytest.mark.usefixtures("nothing_cached")
def test_a_damaged_raw_file_without_its_archive(archives):
    load_data(root=archives, limit=1)
    (archives / RAW / f"{LABELS}.gz").unlink()
    assert load_data(root=archives, limit=1), "whole raw files need no archive"
    (archives / RAW / LABELS).write_bytes(b"\0" * 60_008)
    with pytest.raises(UserError) as caught:
        load_data(root=archives)
    expected = FILES["fashion-mnist"][LABELS]
    _says(
        caught,
        str(archives / RAW / LABELS),
        f"expected MD5 {expected}",
        "got",
        "fetch the file again",
    )


def test_a_data_folder_that_is_not_there():
    with pytest.raises(UserError) as caught:
        load_data(root="no/such/folder")
    _says(caught, "no", "such", "folder", "is not there", "FashionMNIST")


def test_data_is_found_beside_the_kit_from_any_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert len(load_data(limit=3)[0]) == 3


def _says(caught, *parts):
    message = str(caught.value)
    assert "\n" not in message
    for part in parts:
        assert part in message


# MNIST: put there by hand, or downloaded by torchvision


def _idx(array: torch.Tensor) -> bytes:
    """The bytes of a tensor of uint8 in the format of the MNIST files."""
    header = bytes([0, 0, 8, array.ndim]) + b"".join(
        size.to_bytes(4, "big") for size in array.shape
    )
    return header + bytes(array.flatten().tolist())


@pytest.fixture
def little_mnist(monkeypatch):
    """Four files of a made-up MNIST, and their checksums in the place of the published ones."""
    draw = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (30, 28, 28), generator=draw, dtype=torch.uint8)
    labels = torch.randint(0, 10, (30,), generator=draw, dtype=torch.uint8)
    contents = {
        IMAGES: _idx(images[:20]),
        LABELS: _idx(labels[:20]),
        TEST_IMAGES: _idx(images[20:]),
        TEST_LABELS: _idx(labels[20:]),
    }
    sums = {name: hashlib.md5(content).hexdigest() for name, content in contents.items()}
    monkeypatch.setitem(FILES, "mnist", sums)
    return contents


@pytest.fixture
def no_download(monkeypatch):
    def refuse(_):
        raise AssertionError("nothing may be downloaded here")

    monkeypatch.setattr(MNIST, "download", refuse)


@pytest.mark.parametrize("packed", [True, False], ids=["gz", "raw"])
@pytest.mark.usefixtures("no_download")
def test_mnist_put_there_by_hand(tmp_path, little_mnist, packed):
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for name, content in little_mnist.items():
        (raw / (f"{name}.gz" if packed else name)).write_bytes(
            gzip.compress(content) if packed else content
        )
    train, test = load_data("mnist", root=tmp_path)
    theirs = MNIST(tmp_path, train=True)
    assert torch.equal(train.targets, theirs.targets)
    pixels = theirs.data.flatten(1).double() / 255
    expected = (pixels - pixels.mean()) / pixels.std(unbiased=False)
    torch.testing.assert_close(train.inputs.double(), expected, rtol=0, atol=2e-6)
    assert len(test) == 10


def test_the_checksums_of_mnist_are_torchvisions():
    """torchvision holds those of the .gz; the raw ones are compared in name and number only."""
    packed = [name.removesuffix(".gz") for name, _ in MNIST.resources]
    assert list(FILES["mnist"]) == packed


def test_a_failing_download_says_where_to_put_the_files(tmp_path, monkeypatch):
    monkeypatch.setattr(MNIST, "mirrors", [f"file://{tmp_path}/nowhere/"])
    with pytest.raises(UserError) as caught:
        load_data("mnist", root=tmp_path)
    files = [f"{name}.gz" for name in FILES["mnist"]]
    _says(caught, "could not be downloaded", *files, str(tmp_path / "MNIST" / "raw"), "by hand")


@pytest.fixture
def mirror(tmp_path, little_mnist, monkeypatch):
    """A mirror of the little MNIST on this machine, in the place of torchvision's."""
    served = tmp_path / "mirror"
    served.mkdir()
    packed = {f"{name}.gz": gzip.compress(content) for name, content in little_mnist.items()}
    for name, content in packed.items():
        (served / name).write_bytes(content)

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(served))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        sums = [(name, hashlib.md5(content).hexdigest()) for name, content in packed.items()]
        monkeypatch.setattr(MNIST, "resources", sums)
        monkeypatch.setattr(MNIST, "mirrors", [f"http://127.0.0.1:{server.server_port}/"])
        yield served
        server.shutdown()


@pytest.mark.usefixtures("mirror")
def test_mnist_is_downloaded_by_torchvision(tmp_path):
    (tmp_path / "data").mkdir()
    assert len(load_data("mnist", root=tmp_path / "data")[0]) == 20


def test_a_download_that_stopped_is_taken_up_again(tmp_path, mirror):
    """The mirror lacks the third file; later it has it."""
    (tmp_path / "data").mkdir()
    lacking = mirror / f"{TEST_IMAGES}.gz"
    content = lacking.read_bytes()
    lacking.unlink()
    for _ in range(2):  # the second time two of the four are there already
        with pytest.raises(UserError) as caught:
            load_data("mnist", root=tmp_path / "data")
        _says(
            caught, "could not be downloaded", str(tmp_path / "data" / "MNIST" / "raw"), "by hand"
        )
    lacking.write_bytes(content)
    assert len(load_data("mnist", root=tmp_path / "data")[1]) == 10


# The loader


def _indices(loader) -> list[list[int]]:
    """Which samples are in each batch, of a data set whose targets count its samples."""
    return [targets.tolist() for _, targets in loader]


def _flat(batches: list[list[int]]) -> list[int]:
    return [index for batch in batches for index in batch]


@pytest.fixture
def numbered():
    """A hundred and three samples, each of which carries its own number."""
    return InMemoryDataset(torch.arange(103.0).unsqueeze(1).repeat(1, 4), torch.arange(103))


def test_it_is_a_dataloader_like_any_other(few):
    loader = make_loader(few[0], batch_size=64, shuffle=True)
    assert isinstance(loader, DataLoader)
    assert loader.batch_size == 64
    assert len(loader) == 8
    assert len(loader.dataset) == 500
    assert isinstance(loader.sampler, RandomSampler)
    assert isinstance(make_loader(few[0], batch_size=64, shuffle=False).sampler, SequentialSampler)
    inputs, targets = next(iter(loader))
    assert (inputs.shape, inputs.dtype) == ((64, 784), torch.float32)
    assert (targets.shape, targets.dtype) == ((64,), torch.int64)


def test_batches_are_those_of_a_plain_dataloader(few):
    """The reference: torch's own loading, a sample at a time, with the same generator."""
    train, _ = few
    ours = make_loader(train, batch_size=64, shuffle=True, seed=7)
    draw = torch.Generator().manual_seed(7)
    plain = DataLoader(
        TensorDataset(train.inputs, train.targets), batch_size=64, shuffle=True, generator=draw
    )
    for _ in range(2):  # epochs
        for (x, y), (their_x, their_y) in zip(ours, plain, strict=True):
            assert torch.equal(x, their_x)
            assert torch.equal(y, their_y)


def test_inputs_go_with_their_targets(numbered):
    for inputs, targets in make_loader(numbered, batch_size=10, shuffle=True):
        assert torch.equal(inputs[:, 0], targets.float())


def test_the_last_batch_is_ragged_or_dropped(numbered):
    whole = make_loader(numbered, batch_size=10, shuffle=False)
    assert [len(batch) for batch in _indices(whole)] == [10] * 10 + [3]
    assert len(whole) == 11
    assert _flat(_indices(whole)) == list(range(103))
    dropped = make_loader(numbered, batch_size=10, shuffle=False, drop_last=True)
    assert [len(batch) for batch in _indices(dropped)] == [10] * 10
    assert len(dropped) == 10


@pytest.mark.parametrize("batch_size", [1, 7, 102, 103, 104, 1000])
@pytest.mark.parametrize("shuffle", [True, False])
def test_an_epoch_holds_every_sample_once(numbered, batch_size, shuffle):
    loader = make_loader(numbered, batch_size, shuffle)
    for _ in range(2):
        assert sorted(_flat(_indices(loader))) == list(range(103))


def test_the_same_seed_gives_the_same_batches_and_another_seed_others(numbered):
    def epochs(seed):
        loader = make_loader(numbered, batch_size=10, shuffle=True, seed=seed)
        return [_indices(loader) for _ in range(3)]

    torch.manual_seed(1)
    first = epochs(0)
    torch.manual_seed(2)
    torch.rand(5)
    assert epochs(0) == first, "the global random state must not matter"
    assert epochs(1) != first
    assert first[0] != first[1] != first[2], "each epoch has an order of its own"


def test_making_and_running_a_loader_leaves_the_global_random_state_alone(numbered):
    before = torch.get_rng_state()
    _indices(make_loader(numbered, batch_size=10, shuffle=True, seed=0))
    assert torch.equal(torch.get_rng_state(), before)


def test_the_order_of_seed_0_is_the_same_on_every_machine(numbered):
    """Pinned: another torch or machine that draws another order changes every published number."""
    loader = make_loader(numbered, batch_size=10, shuffle=True, seed=0)
    assert _indices(loader)[0] == [8, 85, 98, 82, 74, 50, 79, 58, 59, 9]
    assert _indices(loader)[0] == [45, 55, 56, 54, 71, 91, 39, 31, 21, 66]  # the second epoch


def test_any_map_style_data_set_is_taken(few):
    pairs = [(torch.full((3,), float(i)), i % 10) for i in range(25)]  # a list is one
    batches = list(make_loader(pairs, batch_size=10, shuffle=False))
    assert [x.shape for x, _ in batches] == [(10, 3), (10, 3), (5, 3)]
    assert torch.cat([y for _, y in batches]).tolist() == [i % 10 for i in range(25)]
    theirs = FashionMNIST(DATA, train=False, transform=PILToTensor())
    inputs, targets = next(iter(make_loader(theirs, batch_size=4, shuffle=False)))
    train, test = few
    expected = (inputs.flatten(1) / 255 - train.mean) / train.std
    torch.testing.assert_close(expected, test.inputs[:4], rtol=0, atol=2e-6)
    assert torch.equal(targets, test.targets[:4])


def test_all_at_once_needs_no_second_copy(few):
    ((inputs, targets),) = make_loader(few[0], batch_size=500, shuffle=False)
    assert inputs.data_ptr() == few[0].inputs.data_ptr()
    assert torch.equal(targets, few[0].targets)


def test_a_batch_may_be_changed_without_changing_the_data(numbered):
    for shuffle in (True, False):
        for inputs, _ in make_loader(numbered, batch_size=10, shuffle=shuffle):
            inputs.zero_()
    assert torch.equal(numbered.inputs[:, 0], torch.arange(103.0))


def test_a_batch_is_one_index_operation(few, monkeypatch):
    """No sample is fetched by itself."""

    def refuse(_, index):
        raise AssertionError(f"sample {index} was fetched by itself")

    monkeypatch.setattr(InMemoryDataset, "__getitem__", refuse)
    assert sum(len(y) for _, y in make_loader(few[0], batch_size=64, shuffle=True)) == 500


def test_it_pickles_as_spawned_workers_need_it(few):
    """Windows and macOS send the data set to a worker by pickling it."""
    import pickle

    loader = make_loader(few[0].first(10), batch_size=4, shuffle=False)
    copy = pickle.loads(pickle.dumps((loader.dataset, loader.collate_fn)))
    assert torch.equal(copy[1](copy[0].__getitems__([1, 2]))[0], few[0].inputs[1:3])


@pytest.mark.parametrize("batch_size", [0, -3, 2.0, "100", None, True])
def test_batch_size_must_be_a_positive_whole_number(few, batch_size):
    with pytest.raises(UserError, match="batch_size must be a whole number of at least 1, got"):
        make_loader(few[0], batch_size, shuffle=True)


@pytest.mark.cuda
def test_on_cuda_the_data_go_over_once_and_the_batches_are_the_same(few):
    ours = make_loader(few[0], batch_size=64, shuffle=True, seed=3, device="cuda")
    on_cpu = make_loader(few[0], batch_size=64, shuffle=True, seed=3)
    assert ours.dataset.inputs.is_cuda
    for (x, y), (cpu_x, cpu_y) in zip(ours, on_cpu, strict=True):
        assert x.is_cuda
        assert torch.equal(x.cpu(), cpu_x)
        assert torch.equal(y.cpu(), cpu_y)


def test_the_bench_offers_both():
    assert corelab.load_data is load_data
    assert corelab.make_loader is make_loader
