"""The house: what may import what. ARCHITECTURE.md draws it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
ROOMS = (
    *("common", "optim", "plots", "lab", "race", "handout"),
    *(f"grading.{room}" for room in ("sandbox", "exercises", "diagnosis", "submissions")),
    "grading.gradebook",
)
NEVER = [  # (these modules, never import these)
    ("corelab.common", "corelab", "corelab.common"),
    ("corelab.grading.exercises.in_child", "corelab.grading.exercises.evidence"),
    ("corelab.grading.exercises.evidence", "corelab.grading.exercises.in_child"),
    ("corelab.grading.exercises.evidence", "torch"),
    ("corelab.grading.sandbox", "corelab.grading.exercises"),
    ("corelab", "labs"),
    ("corelab", "solutions"),
]


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def module_of(path: Path) -> str:
    parts = path.relative_to(PROJECT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_of(path): path for path in (PROJECT / "corelab").rglob("*.py")}


def imported(name: str) -> set[str]:
    """Every module that the module `name` imports anywhere, also only for the type checker."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: imports are absolute"
            assert node.module
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {each if each in MODULES else node.module for each in whole}
    return found


GRAPH = {name: imported(name) - {name} for name in MODULES}


def circle_in(graph: dict[str, set[str]]) -> list[str]:
    """The nodes of a circle, [] where there is none."""
    done: set[str] = set()

    def visit(node: str, above: list[str]) -> list[str]:
        if node in above:
            return [*above[above.index(node) :], node]
        if node in done:
            return []
        for following in sorted(graph.get(node, ())):
            if circle := visit(following, [*above, node]):
                return circle
        done.add(node)
        return []

    return next(filter(None, (visit(node, []) for node in sorted(graph))), [])


def room_of(module: str) -> str:
    return next((room for room in ROOMS if within(module, f"corelab.{room}")), module)


def test_the_circle_finder_finds_circles():
    assert circle_in({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle_in({"a": {"b", "c"}, "b": {"c"}}) == []


def test_no_circle_of_files():
    # The package's face imports its parts only for the type checker and on first use.
    assert circle_in({name: GRAPH[name] for name in GRAPH if name != "corelab"}) == []


def test_no_circle_of_rooms():
    rooms: dict[str, set[str]] = {}
    for name, names in GRAPH.items():
        if name != "corelab":
            here = rooms.setdefault(room_of(name), set())
            here |= {room_of(each) for each in names} - {room_of(name), "corelab"}
    assert circle_in(rooms) == []


@pytest.mark.parametrize(("package", "never", "but"), [(*rule, "")[:3] for rule in NEVER])
def test_walls(package, never, but):
    crossing = {
        (name, each)
        for name in MODULES
        if within(name, package)
        for each in GRAPH[name]
        if within(each, never) and not (but and within(each, but))
    }
    assert not crossing


def test_the_bench_never_imports_the_grader():
    commands = {"corelab.cli", "corelab.doctor"}
    bench = [n for n in MODULES if not within(n, "corelab.grading") and n not in commands]
    assert not [(n, each) for n in bench for each in GRAPH[n] if within(each, "corelab.grading")]


def test_what_runs_in_the_grader_loads_no_torch():
    evidence = [name for name in MODULES if within(name, "corelab.grading.exercises.evidence")]
    code = f"import sys, {', '.join(evidence)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0


def test_a_lab_imports_the_bench_torch_and_the_standard_library():
    allowed = {"corelab", "torch", "torchvision", "numpy", *sys.stdlib_module_names}
    for script in sorted((PROJECT / "solutions").glob("*.py")):
        for node in ast.walk(ast.parse(script.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            for name in names:
                assert name.partition(".")[0] in allowed, (script.name, name)
                assert not within(name, "corelab.grading"), (script.name, name)
