"""Of a file only what is asked for runs, and what that needs."""

import ast
import textwrap

import pytest

from corelab.grading.sandbox.slicing import STAND_IN, StandIn, slice_source

FAILS = "raise RuntimeError('not needed')"


def run(source, *names, cells=()):
    """What the names are once the slice has run."""
    part = slice_source(textwrap.dedent(source).encode(), names, cells)
    assert part.missing == ()
    namespace = {STAND_IN: StandIn, "__name__": "answer"}
    exec(compile(part.tree, "answer.py", "exec"), namespace)
    return [namespace[name] for name in names]


def answer(source, **options):
    return run(source, "answer", **options)[0]()


RUNS = {
    "what stands below and fails": f"def answer(): return 3\n{FAILS}",
    "what stands above and fails": f"{FAILS}\ndef answer(): return 3",
    "a run at the end": "import sys\ndef answer(): return 3\nsys.exit(answer())",
    "data that are not there": "rows = open('/nowhere').read()\ndef answer(): return 3",
    "arguments": "import sys\nn = int(sys.argv[99])\ndef answer(): return 3",
    "a constant": "SIZE = 3\ndef answer(): return SIZE",
    "a constant of a constant": "A = 1\nB = A + 2\ndef answer(): return B",
    "a constant that is written again": "A = 1\nA = A + 2\ndef answer(): return A",
    "a chain of functions": "def c(): return 3\ndef b(): return c()\ndef answer(): return b()",
    "a class with a base": """
        import abc
        class Base(abc.ABC): size = 3
        class Mine(Base): pass
        def answer(): return Mine.size
        """,
    "a name in a comprehension": "A = [1, 2]\ndef answer(): return sum(a for a in A)",
    "a default": "A = 3\ndef answer(a=A): return a",
    "a decorator": "def times(f): return lambda: 3 * f()\n@times\ndef answer(): return 1",
    "a lambda": "A = 3\nanswer = lambda: A",
    "an alias": "def _answer(): return 3\nanswer = _answer",
    "a partial": "import functools\ndef f(a): return a\nanswer = functools.partial(f, 3)",
    "settings in a dictionary": """
        C = {}
        C['a'] = 1
        C.update(b=2)
        def answer(): return C['a'] + C['b']
        """,
    "settings in a loop": """
        C = {}
        for k in 'ab': C[k] = 1.5
        def answer(): return sum(C.values())
        """,
    "arguments with defaults": """
        import argparse
        parser = argparse.ArgumentParser()
        parser.add_argument('--size', type=int, default=3)
        args, _ = parser.parse_known_args([])
        def answer(): return args.size
        """,
    "an object that is changed": """
        class Settings: pass
        settings = Settings()
        settings.size = 3
        def answer(): return settings.size
        """,
    "a class that is patched": """
        class Mine: pass
        Mine.size = 3
        def answer(): return Mine.size
        """,
    "a choice": "import os\nif os.sep:\n    A = 3\nelse:\n    A = 4\ndef answer(): return A",
    "an attempt": "try:\n    import nowhere_at_all as m\nexcept ImportError:\n    m = None\n"
    "def answer(): return 3 if m is None else 4",
    "a package that nothing needs": "import nowhere_at_all\ndef answer(): return 3",
    "a package for another branch": "import nowhere_at_all as n\n"
    "def answer(show=False): return n.show() if show else 3",
    "names of a package for another branch": "from nowhere_at_all.deep import a, b as c\n"
    "def answer(show=False): return c(a) if show else 3",
    "a library that is set": "import decimal\ndecimal.getcontext().prec = 3\n"
    "def answer(): return len(str(decimal.Decimal(1) / 3)) - 2",
    "a function that is written again": f"def answer(): {FAILS}\ndef answer(): return 3",
    "annotations that are not there": "from __future__ import annotations\n"
    "def answer(a: Nowhere = 3) -> Nowhere: return a",
    "a name that a function makes": "def make():\n    global A\n    A = 3\n"
    "def answer():\n    make()\n    return A",
    "one of two packages in a statement": "import nowhere_at_all, math\n"
    "def answer(): return int(math.sqrt(9))",
    "a star": "from math import *\ndef answer(): return int(sqrt(9))",
    "a star of what is not here": "from nowhere_at_all import *\nA = 3\ndef answer(): return A",
    "names that a call makes": """
        def setup():
            global A
            A = 3
        def answer(): return A
        setup()
        """,
    "a method from a decorator": """
        def add_to(cls): return lambda f: setattr(cls, f.__name__, f)
        class Mine: pass
        @add_to(Mine)
        def size(self): return 3
        def answer(): return Mine().size()
        """,
    "a class in two pieces": """
        class Mine: a = 1
        class Mine(Mine): b = 2
        def answer(): return Mine.a + Mine.b
        """,
    "a method that is set": """
        class Mine: pass
        setattr(Mine, 'size', 3)
        def answer(): return Mine.size
        """,
    "a change that fails and is not needed": """
        C = {'a': 3}
        C['b'] = open('/nowhere').read()
        def answer(): return C['a']
        """,
    "a run that changes what is needed": """
        C = {'a': 3}
        def answer(c=C): return c['a']
        C['a'] = answer() + 1
        """,
    "below what it needs": "A = B + 1\nB = 2\ndef answer(): return A",
    "a class above its import": "class Mine(abc.ABC): size = 3\nimport abc\n"
    "def answer(): return Mine.size",
    "called above what it calls": "A = make()\ndef make(): return B\nB = 3\ndef answer(): return A",
}


@pytest.mark.parametrize("source", RUNS.values(), ids=RUNS.keys())
def test_what_is_needed_runs_and_nothing_else(source):
    assert answer(source) == 3


def test_a_cell_that_is_no_python_is_left_out():
    source = "今天 先寫這裡\ndef answer():\n    return 3\nawait nothing()"
    assert answer(source, cells=(1, 2, 4)) == 3
    (error,) = slice_source(source.encode(), ["answer"], (1, 2, 4)).unreadable
    assert error.lineno == 1


def test_what_a_cell_writes_into_a_file_counts_where_no_other_cell_has_it():
    written = "pass  # %%writefile mine.py\ndef answer(): return 4"
    assert answer(f"def answer(): return 3\n{written}", cells=(1, 2)) == 3
    assert answer(written, cells=(1,)) == 4


def test_lines_stay_those_of_the_file():
    part = slice_source(b"import os\nA = 1\n\n\ndef answer():\n    return A\n", ["answer"])
    assert [node.lineno for node in part.tree.body] == [2, 5]
    cells = slice_source(b"1 +\nA = 1\ndef answer():\n    return A", ["answer"], (1, 2, 3))
    assert [node.lineno for node in cells.tree.body] == [2, 3]
    assert [error.lineno for error in cells.unreadable] == [1]


def test_what_a_package_that_is_not_here_is_used_for_says_so():
    source = "import nowhere_at_all as n\ndef answer(): return n.deep.f(1)"
    with pytest.raises(ModuleNotFoundError, match="No module named 'nowhere_at_all'") as refused:
        answer(source)
    assert refused.value.name == "nowhere_at_all"
    with pytest.raises(ModuleNotFoundError, match="nowhere_at_all"):
        answer("from nowhere_at_all import Base\nclass Mine(Base): pass\ndef answer(): return Mine")


def test_what_is_missing_is_told():
    part = slice_source(b"exec('def answer(): return 3')\n", ["answer", "other"])
    assert part.missing == ("answer", "other")
    assert ast.unparse(part.tree) == ""


@pytest.mark.parametrize("source", [b"def answer(:\n", b"return 3\n"])
def test_a_script_that_is_no_python(source):
    with pytest.raises(SyntaxError):
        slice_source(source, ["answer"])
