"""Doubles for tests of the factory and of kinds made for it: an executor, a clock, a journal, a watcher, a project.

None of them starts a process, waits, or asks the machine anything; only `project` writes files. The product itself
imports nothing from here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from dark_factory.core.command import Captured, Command, CommandResult, Outcome
from dark_factory.core.ports import Job, Progress
from dark_factory.core.schedule import longest_first
from dark_factory.core.state import Event

_SOME_DAY = 1_767_225_600.0


class UnplannedCommandError(AssertionError):
    """The code under test ran a command that the test did not plan."""


class FakeExecutor:
    """An executor made of one function; what the function does not know is refused.

    commands: every command that was answered, in order.
    """

    def __init__(self, answer: Callable[[Command], CommandResult | None]) -> None:
        """Answer each command with `answer`; None refuses it."""
        self._answer = answer
        self.commands: list[Command] = []

    def run(self, command: Command) -> CommandResult:
        """The planned result. Raises UnplannedCommandError when there is none."""
        found = self._answer(command)
        if found is None:
            raise UnplannedCommandError(f"no result is planned for: {command.redacted()}")
        self.commands.append(command)
        return found

    def run_all(
        self,
        jobs: Sequence[Job],
        *,
        at_once: int | None,
        capacities: Mapping[str, int] | None = None,
        ended: Callable[[str, CommandResult], Collection[str]] | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> dict[str, CommandResult]:
        """One after the other, the longest first; jobs that `ended` names are cancelled if they have not run yet.

        at_once and capacities change nothing here.
        """
        del at_once, capacities
        results: dict[str, CommandResult] = {}
        cancelled: set[str] = set()
        for job in longest_first(jobs):
            if progress is not None:
                progress(Progress(running=((job.key, 0.0),), ended=len(results), total=len(jobs)))
            found = result(job.command, outcome=Outcome.CANCELLED) if job.key in cancelled else self.run(job.command)
            results[job.key] = found
            if ended is not None:
                cancelled.update(ended(job.key, found))
        return {job.key: results[job.key] for job in jobs}


class FakeClock:
    """A clock that moves only when it is told to. at: seconds since the epoch."""

    def __init__(self, at: float = _SOME_DAY) -> None:
        self._at = at
        self._passed = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._at + self._passed

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._passed

    def advance(self, seconds: float) -> None:
        """Let time pass. Raises ValueError for less than none."""
        if seconds < 0:
            raise ValueError(f"time does not go back: {seconds} s")
        self._passed += seconds


class MemoryJournal:
    """The events of a run, kept in memory; a journal that begins with a prefix of another is a run to resume."""

    def __init__(self, events: Sequence[Event] = ()) -> None:
        self._events = list(events)

    def events(self) -> tuple[Event, ...]:
        """All of them, in order."""
        return tuple(self._events)

    def append(self, event: Event) -> None:
        """Keep one more."""
        self._events.append(event)


class RecordingWatcher:
    """Keeps what it is told: `stages`, `notes` and `progresses`, each in order."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.notes: list[str] = []
        self.progresses: list[Progress] = []

    def stage(self, text: str) -> None:
        """A stage began."""
        self.stages.append(text)

    def progress(self, progress: Progress) -> None:
        """What is running in this stage."""
        self.progresses.append(progress)

    def note(self, text: str) -> None:
        """Something worth keeping."""
        self.notes.append(text)

    def close(self) -> None:
        """Nothing is open."""


def result(
    command: Command,
    exit_status: int | None = None,
    *,
    outcome: Outcome = Outcome.EXITED,
    stdout: str | bytes = "",
    stderr: str | bytes = "",
    duration: float = 0.0,
    error: str = "",
) -> CommandResult:
    """A result of `command`.

    exit_status: when not given, the one that fits the outcome: 0, 137 (killed), or None for what never ran.
    duration: seconds of wall time. error: why it could not be started.
    """
    if exit_status is None:
        exit_status = {Outcome.EXITED: 0, Outcome.SIGNALLED: 137, Outcome.TIMED_OUT: 137}.get(outcome)
    return CommandResult(
        command=command,
        outcome=outcome,
        exit_status=exit_status,
        duration=duration,
        stdout=_captured(stdout),
        stderr=_captured(stderr),
        error=error,
    )


def project(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """Write `files`, by their path with forward slashes, into `folder` and return it.

    A text that begins with `#!` becomes a program. Raises ValueError for a path that leads out of the folder.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in files.items():
        target = folder / path
        if not target.resolve().is_relative_to(folder.resolve()):
            raise ValueError(f"{path} leads out of {folder}")
        target.parent.mkdir(parents=True, exist_ok=True)
        data = content.encode() if isinstance(content, str) else content
        target.write_bytes(data)
        target.chmod(0o755 if data.startswith(b"#!") else 0o644)
    return folder


def _captured(stream: str | bytes) -> Captured:
    data = stream.encode() if isinstance(stream, str) else stream
    return Captured(head=data, size=len(data))
