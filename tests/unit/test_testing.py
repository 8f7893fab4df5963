"""The doubles themselves: what they answer, refuse and keep."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.command import Command, CommandResult, Outcome
from dark_factory.core.ports import Clock, Executor, Job, Watcher
from dark_factory.core.state import RunResumed, ValidationBegan
from dark_factory.loop import EventLog
from dark_factory.testing import (
    FakeClock,
    FakeExecutor,
    MemoryJournal,
    RecordingWatcher,
    UnplannedCommandError,
    project,
    result,
)


def command(*argv: str) -> Command:
    return Command(argv=argv, cwd=Path("/nowhere"), env={}, secrets=("hunter2",))


def only_true(asked: Command) -> CommandResult | None:
    return result(asked) if asked.argv[0] == "true" else None


def test_they_are_what_the_ports_ask_for() -> None:
    executor: Executor = FakeExecutor(only_true)
    clock: Clock = FakeClock()
    watcher: Watcher = RecordingWatcher()
    log: EventLog = MemoryJournal()
    assert (executor.run(command("true")).passed, clock.monotonic(), log.events()) == (True, 0.0, ())
    watcher.note("x")


def test_an_unplanned_command_is_refused_without_its_secrets() -> None:
    executor = FakeExecutor(only_true)
    with pytest.raises(UnplannedCommandError, match=r"login '\*\*\*!'$"):
        executor.run(command("login", "hunter2!"))
    assert executor.commands == []


def test_jobs_run_the_longest_first_and_come_back_in_order() -> None:
    executor = FakeExecutor(result)
    watcher = RecordingWatcher()
    jobs = [Job(key=key, command=command(key), weight=weight) for key, weight in (("a", 1.0), ("b", 3.0), ("c", 2.0))]
    results = executor.run_all(jobs, at_once=None, progress=watcher.progress)
    assert list(results) == ["a", "b", "c"]
    assert [asked.argv for asked in executor.commands] == [("b",), ("c",), ("a",)]
    assert [(one.running[0][0], one.ended, one.total) for one in watcher.progresses] == [
        ("b", 0, 3),
        ("c", 1, 3),
        ("a", 2, 3),
    ]


def test_jobs_that_are_named_are_cancelled() -> None:
    executor = FakeExecutor(result)
    told: list[tuple[str, Outcome]] = []

    def ended(key: str, found: CommandResult) -> Sequence[str]:
        told.append((key, found.outcome))
        return ["b"] if key == "a" else []

    results = executor.run_all([Job(key=key, command=command(key)) for key in "abc"], at_once=1, ended=ended)
    assert {key: found.outcome for key, found in results.items()} == {
        "a": Outcome.EXITED,
        "b": Outcome.CANCELLED,
        "c": Outcome.EXITED,
    }
    assert told == [("a", Outcome.EXITED), ("b", Outcome.CANCELLED), ("c", Outcome.EXITED)]
    assert [asked.argv for asked in executor.commands] == [("a",), ("c",)]


@pytest.mark.parametrize(
    ("outcome", "exit_status", "passed"),
    [
        (Outcome.EXITED, 0, True),
        (Outcome.SIGNALLED, 137, False),
        (Outcome.TIMED_OUT, 137, False),
        (Outcome.CANCELLED, None, False),
        (Outcome.NOT_STARTED, None, False),
    ],
)
def test_a_result_has_the_status_of_its_outcome(outcome: Outcome, exit_status: int | None, passed: bool) -> None:
    found = result(command("x"), outcome=outcome)
    assert (found.exit_status, found.passed) == (exit_status, passed)


def test_a_result_has_streams_as_text_or_bytes() -> None:
    found = result(command("x"), 3, stdout="gr\u00fcn", stderr=b"\xff", duration=2.0, error="e")
    assert (found.exit_status, found.stdout.text(), found.stderr.text()) == (3, "gr\u00fcn", "\ufffd")
    assert (found.stdout.size, found.stdout.cut, found.duration, found.error) == (5, 0, 2.0, "e")


@given(st.lists(st.floats(0, 1e6, allow_nan=False), max_size=5))
@settings(deadline=None, max_examples=50)
def test_time_moves_only_when_it_is_told_to(steps: list[float]) -> None:
    clock = FakeClock(at=1000.0)
    for step in steps:
        clock.advance(step)
    assert clock.monotonic() == pytest.approx(sum(steps))
    assert clock.now() == pytest.approx(1000.0 + sum(steps))
    with pytest.raises(ValueError, match="does not go back"):
        clock.advance(-1.0)


def test_a_journal_begins_with_what_it_is_given() -> None:
    first = ValidationBegan(at=0.0, iteration=0)
    journal = MemoryJournal([first])
    journal.append(RunResumed(at=1.0))
    assert journal.events() == (first, RunResumed(at=1.0))


def test_a_watcher_keeps_what_it_hears() -> None:
    watcher = RecordingWatcher()
    watcher.stage("gates")
    watcher.note("passed")
    watcher.close()
    assert (watcher.stages, watcher.notes, watcher.progresses) == (["gates"], ["passed"], [])


def test_a_project_is_made_of_a_dict(tmp_path: Path) -> None:
    root = project(tmp_path / "a/b", {"tool": "#!/bin/sh\ntrue\n", "data/x.bin": b"\x00", "plain.txt": "gr\u00fcn"})
    assert (root / "plain.txt").read_bytes() == "gr\u00fcn".encode()
    assert (root / "data/x.bin").read_bytes() == b"\x00"
    assert [(root / name).stat().st_mode & 0o777 for name in ("tool", "plain.txt")] == [0o755, 0o644]
    project(root, {"tool": "no program any more\n"})
    assert (root / "tool").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("path", ["../x", "/etc/x", "a/../../x"])
def test_a_project_stays_in_its_folder(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="leads out"):
        project(tmp_path / "p", {path: ""})
