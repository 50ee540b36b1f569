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

    cells: the lines on which the cells of a notebook begin; one that is no Python is left out, and
    what a cell writes into a file (%%writefile) counts where no other cell has the names.
    Raises SyntaxError or ValueError where there is no Python to be read.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what Python has to say of it, it says when it runs
        run, written, unreadable = _parse(source, cells)
        if unreadable and not run and not written:
            raise unreadable[0]
        part = _slice(run, names, unreadable)
        return _slice(run + written, names, unreadable) if part.missing and written else part


def _slice(
    nodes: Sequence[ast.stmt], names: Sequence[str], unreadable: Sequence[SyntaxError]
) -> Slice:
    futures = [node for node in nodes if _is_future(node)]
    statements = [_statement(node, futures) for node in nodes if not _is_future(node)]
    bound = {name for statement in statements for name in statement.binds}
    needed = _needed(statements, names)
    ordered = _in_order([statements[n] for n in needed])
    binding = {id(statements[n]) for n in needed if needed[n]}
    kept = [_tolerant(each.node, id(each) in binding) for each in ordered]
    tree = ast.fix_missing_locations(ast.Module([*futures, *kept], []))
    return Slice(tree, tuple(name for name in names if name not in bound), tuple(unreadable))


def _parse(
    source: bytes, cells: Sequence[int]
) -> tuple[list[ast.stmt], list[ast.stmt], list[SyntaxError]]:
    """Return the statements, those of cells that write a file, and what is wrong with others."""
    if not cells:
        return list(_one_by_one(ast.parse(source).body)), [], []
    lines = source.decode("utf-8", "replace").split("\n")
    run: list[ast.stmt] = []
    written: list[ast.stmt] = []
    unreadable = []
    for start, end in zip(cells, [*(cell - 1 for cell in cells[1:]), len(lines)], strict=True):
        cell = "\n".join(lines[start - 1 : end])
        try:
            nodes = list(_one_by_one(ast.parse("\n" * (start - 1) + cell).body))
        except SyntaxError as error:
            unreadable.append(error)
        else:
            (written if "%%writefile" in cell.lstrip().partition("\n")[0] else run).extend(nodes)
    return run, written, unreadable


def _one_by_one(nodes: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements, `import a, b` as two."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (ast.copy_location(ast.Import([alias]), node) for alias in node.names)
        else:
            yield node


# -- one statement


@dataclass(frozen=True)
class _Statement:
    """A statement at the top of a file, and the names that it has to do with."""

    node: ast.stmt
    binds: frozenset[str]
    makes: frozenset[str]
    """Names that the functions in it bind for the whole file when they are called."""
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
    makes: set[str] = set()
    at_once: set[str] = set()
    later: set[str] = set()
    for code, runs_now in _codes(whole):
        for step in dis.get_instructions(code):
            if step.opname in _LOADS:
                (at_once if runs_now else later).add(step.argval)
            elif step.opname == "STORE_GLOBAL":
                (binds if runs_now else makes).add(step.argval)
            elif step.opname == "STORE_NAME" and code is whole:
                binds.add(step.argval)
    changes = frozenset(_changed(node)) - binds
    names = map(frozenset, (binds, makes, changes, at_once, later))
    return _Statement(node, *names)


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
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            for decorator in node.decorator_list:  # @add_to_class(Mine)
                if isinstance(decorator, ast.Call):
                    yield from map(_root, decorator.args)
            return
        case ast.Lambda():
            return
        case (
            ast.Attribute(ctx=ast.Store() | ast.Del()) | ast.Subscript(ctx=ast.Store() | ast.Del())
        ):
            yield _root(node)
        case ast.Expr(value=ast.Call(func=ast.Attribute() as method, args=arguments)):
            yield from map(_root, [method, *arguments])
        case ast.Expr(value=ast.Call(func=ast.Name(), args=arguments)):  # setattr(Mine, …)
            yield from map(_root, arguments)
    for child in ast.iter_child_nodes(node):
        yield from _changed(child)


def _root(node: ast.expr) -> str:
    """Return the name at which an expression such as `a.b[0].c()` begins; "" for none."""
    while isinstance(node, (ast.Attribute, ast.Subscript, ast.Call)):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else ""


# -- which statements


def _needed(statements: Sequence[_Statement], names: Sequence[str]) -> dict[int, bool]:
    """Return the numbers of the statements that the names need, and whether each binds a name.

    The others change what was bound, or call a function that binds names of the whole file.
    """
    chosen = {n: True for n, statement in enumerate(statements) if _is_star(statement.node)}
    wanted, seen = list(names), set[str]()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        binders = _binders(statements, name) | {
            n for n, statement in enumerate(statements) if name in statement.makes
        }
        calls = {each for n in binders for each in statements[n].binds} - {name}
        imported = all(isinstance(statements[n].node, _IMPORTS) for n in binders)
        for n, statement in enumerate(statements):
            changes = bool(binders) and name in statement.changes
            if n in binders:
                needed = True
            elif {*names} & statement.at_once:  # a run of what is asked for
                needed = False
            elif isinstance(statement.node, ast.Expr) and calls & statement.at_once:
                needed = True
            else:
                needed = changes and (not imported or _is_setting(statement.node))
            if needed and n not in chosen:
                chosen[n] = n in binders
                wanted += statement.at_once | statement.later
    return dict(sorted(chosen.items()))


def _is_star(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.names[0].name == "*"


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


def _tolerant(node: ast.stmt, binds: bool) -> ast.stmt:
    """Return the statement so that it may fail where that need not matter.

    An import is in place of what is not here. What changes an object is tried.
    """
    handled: list[ast.stmt] = []
    if isinstance(node, _IMPORTS) and not _is_star(node):
        for alias in node.names:
            package = node.module or "" if isinstance(node, ast.ImportFrom) else alias.name
            value = ast.Call(ast.Name(STAND_IN, ast.Load()), [ast.Constant(package)], [])
            name = ast.Name(alias.asname or alias.name.partition(".")[0], ast.Store())
            handled.append(ast.Assign([name], value))
    elif binds and not _is_star(node):
        return node
    kind = "ImportError" if isinstance(node, _IMPORTS) else "Exception"
    handler = ast.ExceptHandler(ast.Name(kind, ast.Load()), None, handled or [ast.Pass()])
    return ast.copy_location(ast.Try([node], [handler], [], []), node)
