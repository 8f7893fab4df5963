from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from dark_factory.core.command import Captured, Command, CommandResult, Outcome
from dark_factory.core.config import GateConfig
from dark_factory.core.judging.gate_reading import (
    by_exit_status,
    last_words,
    program,
    relative,
    report_or_stdout,
    unfinished,
    unreadable,
)
from dark_factory.core.ports import GateRun
from dark_factory.core.report import Layer, Status

GATE = GateConfig(name="lint", kind="ruff", layer=Layer.DETERMINISTIC, command=("/env/bin/ruff", "check"))


def a_run(
    exit_status: int | None = 0,
    *,
    outcome: Outcome = Outcome.EXITED,
    stdout: bytes = b"",
    stderr: bytes = b"",
    size: int = 0,
    tree: str = "/judge/tree",
    gate: GateConfig = GATE,
    report: bytes | None = None,
) -> GateRun:
    result = CommandResult(
        command=Command(argv=gate.command, cwd=Path("/elsewhere"), env={}, timeout=90.0),
        outcome=outcome,
        exit_status=exit_status,
        duration=1.0,
        stdout=Captured(head=stdout, size=size or len(stdout)),
        stderr=Captured(head=stderr, size=len(stderr)),
        error="no such program",
    )
    return GateRun(gate=gate, result=result, outputs=Path("/out"), tree=Path(tree), read=lambda _: report)


@pytest.mark.parametrize("exit_status", [0, 1, 2, 125, 128, 129, 143, 255])
def test_a_tool_that_ended_by_itself_is_left_to_its_kind(exit_status: int) -> None:
    assert unfinished(a_run(exit_status), "ruff") is None


@pytest.mark.parametrize("outcome", [outcome for outcome in Outcome if outcome is not Outcome.EXITED])
def test_every_other_ending_is_errored_with_reason_and_advice(outcome: Outcome) -> None:
    reading = unfinished(a_run(137, outcome=outcome), "ruff")
    assert reading is not None
    assert reading.status is Status.ERRORED
    assert reading.reason.startswith("ruff ")
    assert reading.advice


@pytest.mark.parametrize("exit_status", [126, 127])
def test_a_shell_s_words_for_a_missing_program_are_errored(exit_status: int) -> None:
    reading = unfinished(a_run(exit_status, stderr=b"sh: ruff: not found\n"), "ruff")
    assert reading is not None
    assert "sh: ruff: not found" in reading.reason


def test_the_advice_names_the_table_that_the_gate_s_tools_come_from() -> None:
    own = dataclasses.replace(GATE, environment="own")
    shared = unfinished(a_run(None, outcome=Outcome.NOT_STARTED), "ruff")
    private = unfinished(a_run(None, outcome=Outcome.NOT_STARTED, gate=own), "ruff")
    assert shared is not None
    assert private is not None
    assert "[environment]" in shared.advice
    assert "[gates.lint]" in private.advice
    assert "no such program" in shared.reason


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("a.py", "a.py"),
        ("./pkg/a.py", "pkg/a.py"),
        ("pkg/../a.py", "a.py"),
        ("/judge/tree/pkg/a.py", "pkg/a.py"),
        ("/private/judge/tree/a.py", "a.py"),
        ("/elsewhere/a.py", "a.py"),
        ("/judge/tree-2/a.py", "/judge/tree-2/a.py"),
        ("/usr/lib/a.py", "/usr/lib/a.py"),
        ("../a.py", "../a.py"),
        ("a\x1b[1m.py", "a.py"),
        ("", None),
    ],
)
def test_paths_are_relative_to_the_tree(raw: str, expected: str | None) -> None:
    assert relative(raw, a_run()) == expected


def test_a_tree_below_private_is_known_by_its_short_name() -> None:
    assert relative("/var/x/a.py", a_run(tree="/private/var/x")) == "a.py"


def test_the_last_words_are_those_about_the_error() -> None:
    usage = b"usage: mypy [-h]\n            [files ...]\nmypy: error: unrecognized arguments: --x\n"
    assert last_words(a_run(2, stderr=usage)) == "mypy: error: unrecognized arguments: --x"
    trace = b"Traceback (most recent call last):\n  File x\nValueError: bad\n"
    assert last_words(a_run(1, stderr=trace)) == "ValueError: bad"
    assert last_words(a_run(2, stderr=b"\n ruff failed\n  Cause: no\n  more\n")) == "ruff failed Cause: no"
    assert last_words(a_run(2, stdout=b"only here\n")) == "only here"
    assert last_words(a_run(2, stdout=b"cannot parse /judge/tree/pyproject.toml\n")) == "cannot parse pyproject.toml"
    assert last_words(a_run(2)) == ""


def test_an_unreadable_tool_says_how_it_ended_and_what_it_said() -> None:
    reading = unreadable(a_run(2, stderr=b"no luck\n"), "ruff", "and left no report")
    assert reading.status is Status.ERRORED
    assert reading.reason == "ruff ended with exit status 2, and left no report: no luck"


def test_a_command_we_cannot_see_into_is_its_exit_status() -> None:
    assert by_exit_status(a_run(0)).status is Status.PASSED
    assert by_exit_status(a_run(2)).status is Status.FAILED
    assert by_exit_status(a_run(2)).reason == "exit status 2"


def test_the_report_comes_before_stdout_and_a_cut_stdout_is_none() -> None:
    report = Path("/out/x.json")
    assert report_or_stdout(a_run(stdout=b"[]", report=b""), report) == b""
    assert report_or_stdout(a_run(stdout=b"[]"), report) == b"[]"
    assert report_or_stdout(a_run(stdout=b"[]", size=99), report) is None
    assert report_or_stdout(a_run(stdout=b" \n"), report) is None


def test_the_program_is_named_by_its_last_part() -> None:
    assert program(a_run()) == "ruff"
    assert program(a_run(gate=dataclasses.replace(GATE, command=()))) == "ruff"


def test_a_shell_that_did_not_find_a_tool_names_the_tool() -> None:
    gate = dataclasses.replace(GATE, command=("bash", "-c", "nosuchtool x"))
    run = a_run(127, gate=gate, stderr=b"bash: line 1: nosuchtool: command not found")
    reading = unfinished(run, "bash")
    assert reading is not None
    assert reading.reason.startswith("nosuchtool is not there (exit status 127): bash: line 1")
    assert "`nosuchtool`" in reading.advice
