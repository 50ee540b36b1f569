"""The command `corelab`. Nothing here imports torch: `--help` answers at once."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from corelab import __version__
from corelab.console import OneLineParser, at_least_one, say_error, seed, use_utf8
from corelab.errors import UserError

ISOLATIONS = ("namespaces", "separate-user", "limits-only")  # strongest first


def main(arguments: list[str] | None = None) -> int:
    """Run one command; the exit code: 0 fine, 1 the answer is no, 2 the input was wrong."""
    use_utf8()
    try:
        options = _parser().parse_args(arguments)
        return options.run(options)
    except UserError as error:
        say_error("corelab", error)
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        "corelab", description="A course lab kit on optimizing neural networks, in PyTorch."
    )
    parser.add_argument("--version", action="version", version=f"corelab {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    check = commands.add_parser(
        "check",
        help="check your own answers: every check with its reason",
        description="Judge answers to the Corelab exercises as the grader would. Exit code 1 where a check "
        "fails.",
    )
    check.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="a .py or .ipynb, named as handed out"
    )
    check.add_argument("--isolation", choices=ISOLATIONS, help="default: the strongest that works here")
    check.set_defaults(run=_check)

    grade = commands.add_parser(
        "grade",
        help="grade a class: results/, gradebook.csv, report.html",
        description="Grade what students handed in. The same command again goes on where it stopped, and "
        "judges only what is new or changed.",
    )
    grade.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="answers, a folder or a zip: of the class with a folder or zip a student, or as Canvas or "
        "Moodle exports it",
    )
    grade.add_argument("--out", type=Path, required=True, metavar="DIR", help="of the ledger and the books")
    grade.add_argument("--require-isolation", choices=ISOLATIONS, help="refuse to run with less")
    grade.add_argument("--jobs", type=at_least_one, help="answers at a time (default: one a core)")
    grade.add_argument("--canvas", type=Path, metavar="CSV", help="your gradebook from Canvas, to fill in")
    grade.add_argument(
        "--moodle", type=Path, metavar="CSV", help="your grading worksheet from Moodle, to fill in"
    )
    grade.set_defaults(run=_grade)

    for command in (check, grade):
        command.add_argument("--seed", type=seed, help="of the hidden data (default: drawn, and told)")
        command.add_argument(
            "--time-limit", type=at_least_one, metavar="S", help="seconds an answer may take"
        )
        command.add_argument(
            "--memory-limit", type=at_least_one, metavar="MB", help="memory an answer may take"
        )

    parity = commands.add_parser(
        "parity",
        help="our optimizers beside torch's, step by step",
        description="Run every optimizer and convention beside its counterpart, step by step, in float64. "
        "Exit code 1 when one differs.",
    )
    parity.add_argument("--json", action="store_true", help="as strict JSON")
    parity.add_argument("--device", choices=("auto", "cpu", "cuda"), default="cpu", help="where to run")
    parity.set_defaults(run=_parity)

    handout = commands.add_parser(
        "handout",
        help="write what students get, without a line of the answers",
        description="Write what students get (labs, bench, data, READMEs) into a new folder. "
        "Without --out: generate this project's labs/ from its solutions/.",
    )
    handout.add_argument("--out", type=Path, metavar="DIR", help="the new folder")
    handout.set_defaults(run=_handout)
    return parser


def _check(options: argparse.Namespace) -> int:
    from corelab.grading.check import check

    isolation = _isolation(options.isolation)
    return check(options.files, seed=options.seed, isolation=isolation, limits=_limits(options))


def _grade(options: argparse.Namespace) -> int:
    from corelab.grading.grade import grade

    return grade(
        options.paths,
        options.out,
        seed=options.seed,
        require_isolation=_isolation(options.require_isolation),
        jobs=options.jobs,
        limits=_limits(options),
        canvas=options.canvas,
        moodle=options.moodle,
    )


def _isolation(choice: str | None) -> Any:
    return choice and choice.replace("-", " ")


def _limits(options: argparse.Namespace) -> Any:
    from dataclasses import replace

    from corelab.grading.sandbox import Limits

    limits = Limits()
    if options.time_limit:
        limits = replace(limits, wall_seconds=options.time_limit, cpu_seconds=options.time_limit)
    if options.memory_limit:
        limits = replace(limits, memory_bytes=options.memory_limit << 20)
    return limits


def _parity(options: argparse.Namespace) -> int:
    from corelab.lab import pick_device
    from corelab.optim import parity

    return parity.run(str(pick_device(options.device)), as_json=options.json)


def _handout(options: argparse.Namespace) -> int:
    from corelab.handout import project, write_handout, write_labs

    if options.out:
        written = write_handout(options.out)
    else:
        written = write_labs(project() / "solutions", project() / "labs")
    for path in written:
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
