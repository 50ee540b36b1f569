"""Run of a file what the names that are asked for need, and nothing else.

A notebook that trains below its functions, loads data, mounts a drive, or ends in
`sys.exit(main())` is judged by its functions. Of a file's statements those are kept which bind the
names that are asked for, or what these need, directly or through others: imports, constants,
classes, functions. A statement keeps its place, unless what it needs as it runs stands further
below (cells that are out of order).

It runs beside the answer: reading a hostile source can end the process.
"""

from __future__ import annotations

import ast
import dis
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from types import CodeType
from typing import Any, NoReturn

_LOADS = ("LOAD_NAME", "LOAD_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS")
_COMPREHENSIONS = ("<listcomp>", "<setcomp>", "<dictcomp>")  # a function's code until Python 3.12
_SETTINGS = ("seed", "manual_seed", "filterwarnings", "simplefilter")  # and set_…: of a library
_IMPORTS = (ast.Import, ast.ImportFrom)
STAND_IN = "__stand_in__"
"""The name under which the namespace of a slice must hold `StandIn`."""


@dataclass(frozen=True)
class Slice:
    """What is to be run of a file."""

    tree: ast.Module
    """The statements, in the order in which they are to run; their line numbers are the file's."""
    missing: tuple[str, ...]
    """The names asked for that no statement binds."""
    unreadable: tuple[SyntaxError, ...]
    """Of each cell that is no Python: what is wrong with it, and in which line."""


def slice_source(source: bytes, names: Sequence[str], cells: Sequence[int] = ()) -> Slice:
    """Find the statements that the names need.

    cells: the lines on which the cells of a notebook begin; one that is no Python is left out.
    Raises SyntaxError or ValueError where there is no Python to be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Python has to say of it, it says when it runs
        nodes, unreadable = _parse(source, cells)
        futures = [node for node in nodes if _is_future(node)]
        statements = [_statement(node, futures) for node in nodes if not _is_future(node)]
    if unreadable and not nodes:
        raise unreadable[0]
    bound = {name for statement in statements for name in statement.binds}
    kept = [_tolerant(each.node) for each in _in_order(_needed(statements, names))]
    tree = ast.fix_missing_locations(ast.Module([*futures, *kept], []))
    return Slice(tree, tuple(name for name in names if name not in bound), tuple(unreadable))


def _parse(source: bytes, cells: Sequence[int]) -> tuple[list[ast.stmt], list[SyntaxError]]:
    if not cells:
        return ast.parse(source).body, []
    lines = source.decode("utf-8", "replace").split("\n")
    nodes: list[ast.stmt] = []
    unreadable = []
    for start, end in zip(cells, [*(cell - 1 for cell in cells[1:]), len(lines)], strict=True):
        try:
            nodes += ast.parse("\n" * (start - 1) + "\n".join(lines[start - 1 : end])).body
        except SyntaxError as error:
            unreadable.append(error)
    return nodes, unreadable


# -- one statement


@dataclass(frozen=True)
class _Statement:
    """A statement at the top of a file, and the names that it has to do with."""

    node: ast.stmt
    binds: frozenset[str]
    changes: frozenset[str]
    """Names whose objects it changes: `CONFIG["lr"] = 0.1`, `parser.add_argument(…)`."""
    at_once: frozenset[str]
    """Names that it reads as it runs."""
    later: frozenset[str]
    """Names that the functions in it read when they are called."""


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _statement(node: ast.stmt, futures: Sequence[ast.stmt]) -> _Statement:
    module, flags = ast.Module([*futures, node], []), ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
    whole = compile(module, "", "exec", flags, dont_inherit=True)  # as a notebook has it
    binds: set[str] = set()
    at_once: set[str] = set()
    later: set[str] = set()
    for code, runs_now in _codes(whole):
        for step in dis.get_instructions(code):
            if step.opname in _LOADS:
                (at_once if runs_now else later).add(step.argval)
            elif step.opname == "STORE_GLOBAL" or (code is whole and step.opname == "STORE_NAME"):
                binds.add(step.argval)
    changes = frozenset(_changed(node)) - binds
    return _Statement(node, frozenset(binds), changes, frozenset(at_once), frozenset(later))


def _codes(whole: CodeType) -> Iterator[tuple[CodeType, bool]]:
    """Yield a statement's code and what lies within, and whether it runs as the statement does.

    The body of a class and of a comprehension does; that of a function is called later.
    """
    left = [(whole, True)]
    while left:
        code, now = left.pop()
        yield code, now
        for inner in code.co_consts:
            if isinstance(inner, CodeType):
                function = inner.co_flags & 0x1 and inner.co_name not in _COMPREHENSIONS
                left.append((inner, now and not function))


def _changed(node: ast.AST) -> Iterator[str]:
    """Yield the names whose objects a statement changes without binding them."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Lambda():
            return
        case (
            ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del())
        ):
            yield _root(node)
        case ast.Expr(value=ast.Call(func=ast.Attribute() as method)):
            yield _root(method)
    for child in ast.iter_child_nodes(node):
        yield from _changed(child)


def _root(node: ast.expr) -> str:
    """Return the name at which an expression such as `a.b[0].c()` begins; "" for none."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


# -- which statements


def _needed(statements: Sequence[_Statement], names: Sequence[str]) -> list[_Statement]:
    """Return the statements that bind the names, and all that these need or that change it."""
    wanted, seen, chosen = list(names), set[str](), set[int]()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        binders = _binders(statements, name)
        imported = all(
            isinstance(statements[n].node, (ast.Import, ast.ImportFrom)) for n in binders
        )
        for n, statement in enumerate(statements):
            changes = bool(binders) and name in statement.changes
            if n not in chosen and (
                n in binders or (changes and (not imported or _is_setting(statement.node)))
            ):
                chosen.add(n)
                wanted += statement.at_once | statement.later
    return [statements[n] for n in sorted(chosen)]


def _binders(statements: Sequence[_Statement], name: str) -> set[int]:
    """Return where a name is bound; a function or class that is written again, where it last is."""
    found = set()
    for n in reversed(range(len(statements))):
        if name in statements[n].binds:
            found.add(n)
            node = statements[n].node
            if (
                isinstance(node, (ast.FunctionDef, ast.ClassDef))
                and name not in statements[n].at_once
            ):
                break
    return found


def _is_setting(node: ast.stmt) -> bool:
    """Tell whether a statement sets something of a library: `torch.set_default_dtype(…)`."""
    if isinstance(node, (ast.Assign, ast.AugAssign)):
        return True
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        method = node.value.func
        return isinstance(method, ast.Attribute) and (
            method.attr.startswith("set") or method.attr in _SETTINGS
        )
    return False


# -- in which order


def _in_order(statements: Sequence[_Statement]) -> list[_Statement]:
    """Return the statements as they stand, but each below what it needs as it runs."""
    binders: dict[str, list[int]] = {}
    for n, statement in enumerate(statements):
        for name in statement.binds:
            binders.setdefault(name, []).append(n)
    placed: list[int] = []
    begun: set[int] = set()

    def place(n: int) -> None:
        if n not in begun:
            begun.add(n)
            for other in sorted(needs(n)):
                place(other)
            placed.append(n)

    def needs(n: int) -> set[int]:
        wanted, seen, found = list(statements[n].at_once | statements[n].changes), set[str](), set()
        while wanted:
            name = wanted.pop()
            if name in binders and name not in seen:
                seen.add(name)
                first = [each for each in binders[name] if each < n] or binders[name][:1]
                found |= {*first} - {n}
                for each in first:  # what is called now reads now what it reads later
                    wanted += statements[each].later
        return found

    for n in range(len(statements)):
        place(n)
    return [statements[n] for n in placed]


# -- packages that are not here


class StandIn:
    """In place of what a package holds that is not installed: whatever is done with it, says so."""

    def __init__(self, package: str) -> None:
        object.__setattr__(self, "_package", package)

    def __getattr__(self, name: str) -> StandIn:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return StandIn(object.__getattribute__(self, "_package"))

    def _refuse(self, *_args: Any, **_kwargs: Any) -> NoReturn:
        package = object.__getattribute__(self, "_package")
        raise ModuleNotFoundError(f"No module named {package!r}", name=package)

    __call__ = __mro_entries__ = __iter__ = __enter__ = __getitem__ = __setattr__ = _refuse


def _tolerant(node: ast.stmt) -> ast.stmt:
    """Return an import that stands in for what is not here; any other statement as it is."""
    if not isinstance(node, _IMPORTS) or any(a.name == "*" for a in node.names):
        return node
    names: list[ast.stmt] = []
    for alias in node.names:
        package = node.module or "" if isinstance(node, ast.ImportFrom) else alias.name
        value = ast.Call(ast.Name(STAND_IN, ast.Load()), [ast.Constant(package)], [])
        name = alias.asname or alias.name.partition(".")[0]
        names.append(ast.Assign([ast.Name(name, ast.Store())], value))
    refused = ast.Name("ImportError", ast.Load())
    handled = ast.Try([node], [ast.ExceptHandler(refused, None, names)], [], [])
    return ast.copy_location(handled, node)
