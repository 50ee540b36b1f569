"""`corelab grade`: judge what is new or changed in a class, then write the result files.

An answer is read when its turn comes, its verdict is kept at once, and a result file is written
from the ledger. So memory does not grow with the class; however a grader ends, the same command
goes on from there.
"""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from pathlib import Path

from corelab.common.errors import UserError
from corelab.common.i18n import _
from corelab.common.sanitize import print_safely
from corelab.grading import judge
from corelab.grading.gradebook import lms, result_files
from corelab.grading.gradebook.class_csv import class_csv
from corelab.grading.gradebook.graded import Exercises, Graded
from corelab.grading.gradebook.gradescope_json import gradescope_json
from corelab.grading.gradebook.ledger import Key, Ledger, Row
from corelab.grading.gradebook.report import overview, report_html
from corelab.grading.gradebook.summary import listed, progress, summary
from corelab.grading.sandbox.sandbox import STRONGEST_FIRST, Limits, Sandbox, why_not
from corelab.grading.submissions.find import Student, find
from corelab.grading.verdicts import Isolation, Verdict


def grade(
    paths: Sequence[Path],
    out: Path,
    *,
    seed: int | None = None,
    require_isolation: Isolation | None = None,
    jobs: int | None = None,
    limits: Limits | None = None,
    canvas: Path | None = None,
    moodle: Path | None = None,
) -> int:
    """Grade all that was handed in under `paths` into the folder `out`.

    Returns 0, or 130 where it was interrupted.

    seed: of the hidden data; without it the one of the ledger in `out`, which draws it when it is
    made.
    canvas, moodle: the instructor's own exports, of which filled copies are written into `out`.

    Raises UserError for bad input, where the isolation required cannot be had, where another grader
    works on `out`, and where its disk is full.
    """
    if seed is not None and not 0 <= seed < 2**63:
        message = _("--seed must be a whole number from 0 to {most}, got {seed}")
        raise UserError(message, most="2**63 - 1", seed=seed)
    exercises = judge.load_exercises()
    students = find(paths, judge.stems(exercises), leave_out=out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = _("{path}: expected a folder to write to, got: {error}")
        raise UserError(message, path=out, error=error.strerror) from None
    with Ledger(out / "ledger.sqlite") as ledger:
        seed = ledger.seed(seed)
        with (
            Sandbox(limits, require=require_isolation, preload=judge.PRELOAD) as sandbox,
            _interruptible() as interrupted,
        ):
            if sandbox.isolation == "limits only":
                warning = _("Isolation: limits only. Answers can read and write all of your files.")
                print_safely(f"{warning}\n{why_not('namespaces')}", sys.stderr)
            work = _Work(exercises, ledger, sandbox, seed, str(astuple(sandbox.limits)))
            _judge_class(work, students, jobs or _cores(), interrupted)
        if interrupted.is_set():
            told = _(
                "Interrupted. Every verdict so far is kept: the same command goes on from here."
            )
            print_safely(told, sys.stderr)
            return 130
        _write_result_files(work, students, out, canvas, moodle)
    return 0


# ---- judging -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Work:
    exercises: Exercises
    ledger: Ledger
    sandbox: Sandbox
    seed: int
    limits: str


@dataclass(frozen=True)
class _Task:
    """One answer to judge, and where its verdict belongs."""

    student: str
    exercise: str
    filename: str
    content: bytes
    key: Key
    note: str


def _judge_class(
    work: _Work, students: list[Student], jobs: int, interrupted: threading.Event
) -> None:
    """Bring the ledger up to what was handed in."""

    def judge_task(task: _Task) -> Verdict:
        return judge.judge_answer(
            work.sandbox, work.exercises[task.exercise], task.content, task.filename, work.seed
        )

    with progress(len(students) * len(work.exercises)) as bar:
        tasks = _tasks(work, students, lambda: bar.update())
        for task, verdict in _judged(tasks, judge_task, jobs, interrupted):
            work.ledger.record(task.student, task.exercise, Row(task.key, task.note, verdict))
            bar.update()


def _tasks(work: _Work, students: list[Student], on_done: Callable[[], object]) -> Iterator[_Task]:
    """Yield what is to be judged, one at a time; what needs no judging is done on the way."""
    for student in students:
        for name, exercise in work.exercises.items():
            answer = student.answers.get(name)
            note = answer.note if answer else ""
            content = judge.content_of(exercise, answer)
            digest = "" if isinstance(content, Verdict) else hashlib.sha256(content).hexdigest()
            key = Key(digest, exercise.VERSION, work.seed, work.limits)
            before = work.ledger.row(student.id, name)
            if isinstance(content, Verdict):
                now = Row(key, note, content)
            elif before and _still_holds(before, key, work.sandbox.isolation):
                now = replace(before, note=note)
            else:
                yield _Task(student.id, name, answer.shown if answer else "", content, key, note)
                continue
            if now != before:
                work.ledger.record(student.id, name, now)
            on_done()


def _still_holds(row: Row, key: Key, isolation: Isolation) -> bool:
    """Return whether the verdict that is there would come out again."""
    verdict = row.verdict
    if replace(row.key, limits="") != replace(key, limits=""):
        return False
    if verdict.status == "unreadable":
        return True
    # The limits do not matter to an answer that ended by itself; what could not be checked is tried
    # again.
    if verdict.status != "graded" and (
        verdict.status == "could not check" or row.key.limits != key.limits
    ):
        return False
    return STRONGEST_FIRST.index(verdict.isolation) <= STRONGEST_FIRST.index(isolation)


def _judged(
    tasks: Iterator[_Task],
    judge: Callable[[_Task], Verdict],
    jobs: int,
    interrupted: threading.Event,
) -> Iterator[tuple[_Task, Verdict]]:
    """Yield each task with its verdict as soon as it is made, `jobs` at a time; after an interrupt
    only those in flight."""
    running: dict[Future[Verdict], _Task] = {}
    with ThreadPoolExecutor(jobs) as pool:
        while True:
            while len(running) < jobs and not interrupted.is_set() and (task := next(tasks, None)):
                running[pool.submit(judge, task)] = task
            if not running:
                return
            # Not for ever: on Windows a wait without end cannot be interrupted.
            for future in wait(running, timeout=0.5, return_when=FIRST_COMPLETED).done:
                yield running.pop(future), future.result()


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """An event that Ctrl-C sets, so that no verdict is lost on the way; a second one ends at
    once."""
    interrupted = threading.Event()

    def on_interrupt(*_given: object) -> None:
        if interrupted.is_set():
            os._exit(130)
        interrupted.set()
        print_safely(
            "\n" + _("Interrupted: waiting for the answers in flight; again to end at once."),
            sys.stderr,
        )

    if (
        threading.current_thread() is not threading.main_thread()
    ):  # only there Python handles signals
        yield interrupted
        return
    before = signal.signal(signal.SIGINT, on_interrupt)
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


# ---- the result files ----------------------------------------------------------------------------


def _write_result_files(
    work: _Work, students: list[Student], out: Path, canvas: Path | None, moodle: Path | None
) -> None:
    """Write everything anew from the ledger: the same verdicts give the same files."""
    exercises = work.exercises
    result_files.remove_partial(out)
    result_files.remove_partial(out / "results")

    def graded_students() -> Iterator[Graded]:
        for student in students:
            rows = {name: work.ledger.row(student.id, name) for name in exercises}
            yield Graded(student, {name: row for name, row in rows.items() if row})

    remarks = [_students_not_given(work.ledger, students, out)]
    for graded in graded_students():
        result_files.write(_results(out, graded.student.id), [gradescope_json(graded, exercises)])
    result_files.write(out / "gradebook.csv", [class_csv(graded_students(), exercises)])
    result_files.write(out / "report.html", report_html(graded_students, exercises))
    points = {name: exercise.POINTS for name, exercise in exercises.items()}
    points[""] = sum(points.values())
    for name, export, fill in (
        ("canvas", canvas, lms.fill_canvas),
        ("moodle", moodle, lms.fill_moodle),
    ):
        if export:
            filled = fill(export, [_grade(graded) for graded in graded_students()], points)
            path = out / f"{name}.csv"
            result_files.write(path, [filled.text])
            copy = _("{path}, a filled copy of {export}").format(path=path, export=export)
            remarks.append(listed(copy, filled.remarks))
    print_safely(summary(overview(graded_students(), exercises), exercises))
    where = _("gradebook.csv, report.html and results/ are in {path}").format(path=out)
    print_safely("\n".join(["", *filter(None, remarks), where]))


def _students_not_given(ledger: Ledger, students: list[Student], out: Path) -> str:
    """Remove the results of those graded here before who were not given this time, and list them.

    Their verdicts stay in the ledger.
    """
    others = sorted(set(ledger.students()) - {student.id for student in students})
    for other in others:
        _results(out, other).unlink(missing_ok=True)
    title = _("graded here before, not given this time, and so not in the result files:")
    return listed(title, others)


def _results(out: Path, student: str) -> Path:
    return out / "results" / f"{student}.json"


def _grade(graded: Graded) -> lms.Grade:
    scores = {name: graded.score(name) for name in graded.rows}
    return lms.Grade(graded.student, {**scores, "": graded.total})
