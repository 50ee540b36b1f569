"""Gradescope's harness: `run_autograder` is `python -m corelab.grading.gradescope`, and no more."""

from __future__ import annotations

import json
import secrets
import sys
from dataclasses import replace
from pathlib import Path

from corelab.common import i18n
from corelab.common.errors import UserError
from corelab.common.sanitize import one_line, print_safely
from corelab.grading import judge
from corelab.grading.gradebook import result_files
from corelab.grading.gradebook.graded import Graded
from corelab.grading.gradebook.gradescope_json import gradescope_json
from corelab.grading.gradebook.ledger import Key, Row
from corelab.grading.sandbox.sandbox import Sandbox
from corelab.grading.submissions.find import Student, find


def main(root: Path = Path("/autograder")) -> int:
    """Judge `submission/`, which is one student's, and write `results/results.json`. No test is
    hidden.

    There one is root in a container: the answer runs as another user, or in namespaces.

    Raises UserError where neither works: then nothing is judged. The language is CORELAB_LANG's,
    else the container's.
    """
    i18n.use(i18n.preferred())
    exercises = judge.load_exercises()
    seed = secrets.randbelow(2**63)
    try:
        (student,) = find([root / "submission"], judge.stems(exercises), owner="submission")
    except UserError:  # nothing that could be an answer: all of it is missing
        student = Student("submission", "submission")
    rows = {}
    with Sandbox(require="separate user", preload=judge.PRELOAD) as sandbox:
        for name, exercise in exercises.items():
            answer = student.answers.get(name)
            verdict = judge.judge_file(sandbox, exercise, answer, seed)
            rows[name] = Row(
                Key("", exercise.VERSION, seed, ""), answer.note if answer else "", verdict
            )
    graded = Graded(replace(student, name=_name(root)), rows)
    path = root / "results" / "results.json"
    result_files.write(path, [gradescope_json(graded, exercises)])
    return 0


def _name(root: Path) -> str:
    """The student's name, if Gradescope tells it."""
    try:
        metadata = json.loads((root / "submission_metadata.json").read_text(encoding="utf-8"))
        return one_line(metadata["users"][0]["name"], 80)
    except (OSError, ValueError, LookupError, TypeError):
        return "submission"


if __name__ == "__main__":
    try:
        sys.exit(main())
    except UserError as error:
        print_safely(f"corelab: {error}", sys.stderr)
        sys.exit(2)
