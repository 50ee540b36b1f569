"""A new process for each answer, on any platform: "limits only"."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress

import psutil

from corelab.grading.sandbox.command import environment, python_running_worker, visible_paths
from corelab.grading.sandbox.monitor import Limits, Usage, disk_used, watch
from corelab.grading.sandbox.outcome import Outcome
from corelab.grading.sandbox.run import ExitStatus, RunPipes
from corelab.grading.sandbox.scratch import scratch_folder


class ProcessTree:
    """A process and its descendants, on any platform: those that were seen before they lost their
    parents."""

    def __init__(self, pid: int) -> None:
        self.known = {psutil.Process(pid)}

    def _living(self) -> list[psutil.Process]:
        for process in list(self.known):
            with suppress(psutil.Error):
                self.known.update(process.children(recursive=True))
        living = []
        for process in self.known:
            with suppress(psutil.Error):
                if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                    living.append(process)
        return living

    def measure(self) -> Usage:
        cpu, memory, tasks = 0.0, 0, 0
        for process in self._living():
            with suppress(psutil.Error), process.oneshot():
                cpu += sum(
                    process.cpu_times()[:4]
                )  # where the system tells, with children waited for
                memory += process.memory_info().rss
                tasks += process.num_threads()
        return Usage(cpu, memory, tasks)

    def kill(self) -> None:
        for _try in range(100):  # what forks faster than this escapes
            living = self._living()
            if not living:
                return
            for process in living:
                with suppress(psutil.Error):
                    process.kill()
            time.sleep(0.01)  # not psutil's waiting, which would take the exit code away from Popen


class OneShotWorker:
    """Runs each answer in a new process, on any platform: "limits only". Prints come in one
    stream."""

    usable = True

    def close(self) -> None:
        """Nothing outlives a run."""

    def run(self, job: bytes, limits: Limits) -> Outcome:
        with scratch_folder() as folder:
            process = subprocess.Popen(
                [*python_running_worker(sys.executable, visible_paths()), "once"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=environment(str(folder)),
                start_new_session=True,  # Ctrl-C is the grader's alone
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
            tree = ProcessTree(process.pid)
            try:
                feed, results, printed = process.stdin, process.stdout, process.stderr
                assert feed is not None and results is not None and printed is not None  # noqa: PT018
                pipes = RunPipes(feed, [printed], results, job, limits)
                used = watch(
                    pipes.results.done, tree.measure, lambda: disk_used(folder, limits), limits
                )
            finally:
                usage = tree.measure()
                tree.kill()
                code = process.wait()
            return pipes.outcome("limits only", used, ExitStatus(code, usage))
