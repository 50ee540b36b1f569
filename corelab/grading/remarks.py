"""Names in an answer that an instructor should look at: the grader's own, and ways to its objects.

They are found in the syntax tree of the source. As a hostile source can crash Python's own parser,
it is parsed in a process of its own: this file, run as a script, with the standard library alone.
What is found proves nothing and costs nothing; what hides its names well is not found.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import unicodedata
from collections.abc import Iterator
from contextlib import suppress

MODULES = ("corelab.grading", "ctypes")
MEMBERS = frozenset(
    {
        *(f"gc.{name}" for name in ("get_objects", "get_referrers", "get_referents")),
        *(f"sys.{name}" for name in ("_getframe", "_current_frames", "settrace", "setprofile")),
        *(f"inspect.{name}" for name in ("stack", "currentframe", "trace", "getouterframes")),
        *(f"threading.{name}" for name in ("settrace", "setprofile")),
    }
)
ATTRIBUTES = frozenset(
    {"f_back", "f_globals", "f_locals", "gi_frame", "tb_frame", "__globals__", "__subclasses__"}
)
OF_THE_MODEL = frozenset({"page", "clock", "recorder"})
"""What the model that is handed in has besides its layers (`in_child.models.Observed`)."""
ASKED = ("batch_cross_entropy", "train")
"""Functions that are handed that model, as their first argument."""
MOST_NAMES = 10
_PATH = re.compile(r"/proc/\S*")
_IMPORTERS = ("__import__", "importlib.import_module", "importlib.__import__")
_TIMEOUT = 20.0  # seconds

# A source without any of these needs no look: nearly all of them.
_WORDS = {"grading", "ctypes", "/proc/", "getattr", "__dict__", "vars", "\\x", "\\u", "\\N"}
_WORDS |= {name.rpartition(".")[2] for name in MEMBERS} | ATTRIBUTES | OF_THE_MODEL


def suspicious_names(code: bytes) -> tuple[str, ...]:
    """Return the names in a Python source that its instructor should look at, sorted."""
    text = unicodedata.normalize("NFKC", code.decode("utf-8", "replace"))
    if not any(word in text for word in _WORDS):
        return ()
    command = [sys.executable, "-I", __file__]
    try:
        done = subprocess.run(
            command, input=code, capture_output=True, timeout=_TIMEOUT, check=True
        )
        return tuple(json.loads(done.stdout)[:MOST_NAMES])
    except (OSError, ValueError, subprocess.SubprocessError):  # nor will it run
        return ()


class _Names:
    """Collects the names; `aliases` says what the source calls modules and their members."""

    def __init__(self, tree: ast.Module) -> None:
        self.found: set[str] = set()
        self.aliases: dict[str, str] = {}
        self.models: set[str] = set()
        for function in tree.body:
            if isinstance(function, ast.FunctionDef) and function.name in ASKED:
                self.models.update(argument.arg for argument in function.args.args[:1])
        for _again in range(2):  # a name may be another name's
            for node in ast.walk(tree):
                self._learn(node)
        for node in ast.walk(tree):
            with suppress(RecursionError):
                self._look(node)

    def _learn(self, node: ast.AST) -> None:
        match node:
            case ast.Import():
                for each in node.names:
                    name = each.asname or each.name.partition(".")[0]
                    self.aliases[name] = each.name if each.asname else name
            case ast.ImportFrom(module=str(module)):
                for each in node.names:
                    self.aliases[each.asname or each.name] = f"{module}.{each.name}"
                    if each.name == "*":
                        inside = [one for one in MEMBERS if one.startswith(f"{module}.")]
                        self.aliases |= {one.rpartition(".")[2]: one for one in inside}
            case ast.Assign(targets=[ast.Name(id=name)]) if dotted := self.dotted(node.value):
                self.aliases[name] = dotted

    def dotted(self, node: ast.AST) -> str:
        """Return the full name of what an expression stands for; empty where that is not known."""
        match node:
            case ast.Name(id=name):
                return f"model of {name}" if name in self.models else self.aliases.get(name, "")
            case ast.Attribute(value=value, attr=name):
                owner = self.dotted(value)
                return f"{owner}.{name}" if owner else ""
            case ast.Call(func=ast.Name(id="getattr"), args=[value, name, *_]):
                owner = self.dotted(value)
                return f"{owner}.{_constant(name)}" if owner else ""
            case ast.Call(func=ast.Name(id="vars"), args=[value]):
                return self.dotted(value)
            case ast.Subscript(value=ast.Attribute(value=value, attr="__dict__"), slice=name) | (
                ast.Subscript(value=ast.Call(func=ast.Name(id="vars"), args=[value]), slice=name)
            ):
                owner = self.dotted(value)
                return f"{owner}.{_constant(name)}" if owner else ""
            case ast.Call(func=function, args=[name, *_]):
                called = function.id if isinstance(function, ast.Name) else ""
                if called in _IMPORTERS or self.dotted(function) in _IMPORTERS:
                    return _constant(name)
        return ""

    def _look(self, node: ast.AST) -> None:
        self._note(self.dotted(node))
        match node:
            case ast.Import():
                for each in node.names:
                    self._note(each.name)
            case ast.ImportFrom(module=str(module)):
                for each in node.names:
                    self._note(f"{module}.{each.name}" if each.name != "*" else module)
            case ast.Attribute(attr=name) if name in ATTRIBUTES:
                self.found.add(name)
            case ast.Call(func=ast.Name(id="getattr"), args=[_, name, *_]):
                self.found |= {_constant(name)} & ATTRIBUTES
            case ast.Call(func=ast.Name(id="exec" | "eval" | "compile"), args=[text, *_]):
                self.found |= set(names(_constant(text)))
            case ast.Constant(value=str(text)):
                self._note(text if text.startswith(MODULES) else "")
                self.found |= {text} if _PATH.fullmatch(text) else set()

    def _note(self, dotted: str) -> None:
        """Keep a full name that is one of those to look at, or of a module that is."""
        for module in MODULES:
            if re.fullmatch(rf"{re.escape(module)}(\.[\w.*]+)?", dotted):
                self.found.add(module)
        if dotted in MEMBERS:
            self.found.add(dotted)
        model, _dot, attribute = dotted.partition(".")
        if model.startswith("model of ") and attribute in OF_THE_MODEL:
            self.found.add(f"{model.removeprefix('model of ')}.{attribute}")


def _constant(node: ast.AST) -> str:
    """Return a text that is written down, also in several pieces; else nothing."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return _constant(left) + _constant(right)
    return ""


def names(code: bytes | str) -> Iterator[str]:
    """Yield the names, sorted; none of a source that Python does not read. May crash Python."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError):
        return
    yield from sorted(name[:60] for name in _Names(tree).found)


if __name__ == "__main__":
    print(json.dumps([*names(sys.stdin.buffer.read())]))
