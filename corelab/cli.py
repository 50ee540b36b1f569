"""The command `corelab`. Nothing here imports torch: `--help` answers at once."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from corelab import __version__
from corelab.console import OneLineParser, say_error, use_utf8
from corelab.errors import UserError


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

    handout = commands.add_parser(
        "handout",
        help="write what students get, without a line of the answers",
        description="Write what students get (labs, bench, data, READMEs) into a new folder. "
        "Without --out: generate this project's labs/ from its solutions/.",
    )
    handout.add_argument("--out", type=Path, metavar="DIR", help="the new folder")
    handout.set_defaults(run=_handout)
    return parser


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
