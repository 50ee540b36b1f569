"""The command `corelab`. Nothing here imports torch: `--help` answers at once."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from corelab import __version__
from corelab.common import i18n
from corelab.common.console import (
    OneLineParser,
    discard_stdout,
    positive_int,
    print_error,
    seed_int,
    use_utf8,
)
from corelab.common.errors import UserError
from corelab.common.i18n import _

if TYPE_CHECKING:
    from corelab.grading.sandbox.sandbox import Limits
    from corelab.grading.verdicts import Isolation

    Commands = argparse._SubParsersAction[OneLineParser]

ISOLATIONS: dict[str, Isolation] = {  # strongest first
    "namespaces": "namespaces",
    "separate-user": "separate user",
    "limits-only": "limits only",
}


def command() -> NoReturn:
    """Run `main`, and exit at once: taking torch apart, piece by piece, takes a second."""
    code = main()
    with suppress(OSError):
        sys.stdout.flush()
    with suppress(OSError):
        sys.stderr.flush()
    os._exit(code)


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns the exit code: 0 fine, 1 the answer is no, 2 the input was wrong.
    """
    use_utf8()
    arguments = sys.argv[1:] if arguments is None else arguments
    i18n.use(i18n.preferred(arguments))
    try:
        options = _parser().parse_args(arguments)
        i18n.use(getattr(options, "lang", i18n.current()))  # also where it was written `--la`
        code: int = options.run(options)
        sys.stdout.flush()
        return code
    except UserError as error:
        print_error("corelab", error)
        return 2
    except BrokenPipeError:
        return discard_stdout()
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        "corelab", description=_("A course lab kit on optimizing neural networks, in PyTorch.")
    )
    parser.add_argument(
        "--version",
        action="version",
        version=f"corelab {__version__}",
        help=_("show program's version number and exit"),
    )
    commands = parser.add_subparsers(title=_("commands"), metavar="COMMAND", required=True)
    for add in (
        _add_check,
        _add_grade,
        _add_diagnose,
        _add_parity,
        _add_handout,
        _add_doctor,
        _add_race,
    ):
        add(commands)
    for command in (parser, *commands.choices.values()):  # before the command, or behind it
        command.add_argument(
            "--lang",
            choices=i18n.LANGUAGES,
            default=argparse.SUPPRESS,
            help=_("of what is printed"),
        )
    return parser


def _add_check(commands: Commands) -> None:
    command = commands.add_parser(
        "check",
        help=_("check your own answers: every check with its reason"),
        description=_(
            "Judge answers to the Corelab exercises as the grader would. Exit code 1 where a "
            "check fails."
        ),
    )
    command.add_argument(
        "files",
        nargs="+",
        type=Path,
        metavar="FILE",
        help=_("a .py or .ipynb, named as handed out"),
    )
    command.add_argument(
        "--isolation", choices=ISOLATIONS, help=_("default: the strongest that works here")
    )
    _add_limits(command)
    command.set_defaults(run=_check)


def _check(options: argparse.Namespace) -> int:
    from corelab.grading.check import check

    isolation = _isolation(options.isolation)
    return check(options.files, seed=options.seed, isolation=isolation, limits=_limits(options))


def _add_grade(commands: Commands) -> None:
    command = commands.add_parser(
        "grade",
        help=_("grade a class: results/, gradebook.csv, report.html"),
        description=_(
            "Grade what students handed in. The same command again goes on where it stopped, and "
            "judges only what is new or changed."
        ),
    )
    command.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help=_(
            "answers, a folder or a zip: of the class with a folder or zip a student, or as "
            "Canvas or Moodle exports it"
        ),
    )
    command.add_argument(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help=_("of the ledger and the result files"),
    )
    command.add_argument(
        "--require-isolation", choices=ISOLATIONS, help=_("refuse to run with less")
    )
    command.add_argument(
        "--jobs", type=positive_int, help=_("answers at a time (default: one a core)")
    )
    command.add_argument(
        "--canvas", type=Path, metavar="CSV", help=_("your gradebook from Canvas, to fill in")
    )
    command.add_argument(
        "--moodle",
        type=Path,
        metavar="CSV",
        help=_("your grading worksheet from Moodle, to fill in"),
    )
    _add_limits(command)
    command.set_defaults(run=_grade)


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


def _add_limits(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--seed", type=seed_int, help=_("of the hidden data (default: drawn, and told)")
    )
    command.add_argument(
        "--time-limit", type=positive_int, metavar="S", help=_("seconds an answer may take")
    )
    command.add_argument(
        "--memory-limit", type=positive_int, metavar="MB", help=_("memory an answer may take")
    )


def _limits(options: argparse.Namespace) -> Limits:
    from dataclasses import replace

    from corelab.grading.sandbox.sandbox import Limits

    limits = Limits()
    if options.time_limit:
        limits = replace(limits, wall_seconds=options.time_limit, cpu_seconds=options.time_limit)
    if options.memory_limit:
        limits = replace(limits, memory_bytes=options.memory_limit << 20)
    return limits


def _isolation(choice: str | None) -> Isolation | None:
    return ISOLATIONS[choice] if choice else None


def _add_diagnose(commands: Commands) -> None:
    command = commands.add_parser(
        "diagnose",
        help=_("an optimizer of your own beside a reference, and what is wrong with it"),
        description=_(
            "Run an optimizer class beside a reference, step by step, and name the mistake that "
            "explains where it goes. Exit code 1 where it differs by more than a legitimate "
            "variant."
        ),
    )
    command.add_argument("which", metavar="FILE.py:Class", help=_("the file, and the class in it"))
    command.add_argument(
        "--against",
        required=True,
        metavar="REFERENCE",
        help=_("torch.optim.Adam, corelab.optim.Momentum, … (a wrong name lists them all)"),
    )
    command.add_argument(
        "--set",
        nargs="+",
        action="extend",
        default=[],
        metavar="KEY=VALUE",
        help=_("settings of both (default: the reference's own)"),
    )
    command.add_argument(
        "--convention",
        choices=("torch", "course"),
        default="torch",
        help=_("of a reference in corelab.optim"),
    )
    command.add_argument(
        "--isolation", choices=ISOLATIONS, help=_("default: the strongest that works here")
    )
    command.add_argument("--json", action="store_true", help=_("as strict JSON"))
    command.set_defaults(run=_diagnose)


def _diagnose(options: argparse.Namespace) -> int:
    from corelab.grading.sandbox.sandbox import Sandbox

    preload = ("torch", "torch._dynamo")  # the second is imported with the first optimizer
    with Sandbox(isolation=_isolation(options.isolation), preload=preload) as sandbox:
        sandbox.start()  # its worker imports torch while this process does
        gc.disable()  # a quarter of the time to import torch, and this is over soon
        try:
            from corelab.grading.diagnosis import diagnose

            return diagnose.run(
                options.which,
                options.against,
                options.set,
                convention=options.convention,
                as_json=options.json,
                sandbox=sandbox,
            )
        finally:
            gc.enable()


def _add_parity(commands: Commands) -> None:
    command = commands.add_parser(
        "parity",
        help=_("our optimizers beside torch's, step by step"),
        description=_(
            "Run every optimizer and convention beside its counterpart, step by step, in "
            "float64. Exit code 1 when one differs."
        ),
    )
    command.add_argument("--json", action="store_true", help=_("as strict JSON"))
    command.add_argument(
        "--device", choices=("auto", "cpu", "cuda"), default="cpu", help=_("where to run")
    )
    command.set_defaults(run=_parity)


def _parity(options: argparse.Namespace) -> int:
    from corelab.lab.options import pick_device
    from corelab.optim import parity

    return parity.run(str(pick_device(options.device)), as_json=options.json)


def _add_handout(commands: Commands) -> None:
    command = commands.add_parser(
        "handout",
        help=_("write what students get, without a line of the answers"),
        description=_(
            "Write what students get (labs, bench, data, READMEs) into a new folder. Without "
            "--out: generate this project's labs/ from its solutions/."
        ),
    )
    command.add_argument("--out", type=Path, metavar="DIR", help=_("the new folder"))
    command.set_defaults(run=_handout)


def _handout(options: argparse.Namespace) -> int:
    from corelab.handout.strip import project, write_handout, write_labs

    if options.out:
        written = write_handout(options.out)
    else:
        written = write_labs(project() / "solutions", project() / "labs")
    for path in written:
        print(path)
    return 0


def _add_doctor(commands: Commands) -> None:
    command = commands.add_parser(
        "doctor",
        help=_("what works here, and the fix for what does not"),
        description=_(
            "Look at Python, torch, torchvision, the device, the data, the font, the encoding "
            "and the isolation of answers: each is OK, or comes with its fix. Exit code 1 where "
            "something that the labs need does not work."
        ),
    )
    command.set_defaults(run=_doctor)


def _doctor(_options: argparse.Namespace) -> int:
    from corelab.doctor import examine

    return examine()


def _add_race(commands: Commands) -> None:
    command = commands.add_parser(
        "race",
        help=_("a page where the optimizers race over classical surfaces"),
        description=_(
            "Run every optimizer over classical surfaces, at many rates, and write one page to "
            "choose, play and drag: offline, in both languages."
        ),
    )
    page = Path("runs", "race.html")
    command.add_argument(
        "--out", type=Path, default=page, metavar="FILE", help=_("default: runs/race.html")
    )
    command.set_defaults(run=_race)


def _race(options: argparse.Namespace) -> int:
    from time import perf_counter

    began = perf_counter()
    from corelab.race.page import write

    size = write(options.out, i18n.current()) / 1e6
    said = _("{page}: {size:.1f} MB, in {seconds:.1f} s. Open it in a browser.")
    print(said.format(page=options.out, size=size, seconds=perf_counter() - began))
    return 0


if __name__ == "__main__":
    command()
