"""What counts as a pass, and what author and agent are told when it is none."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.command import Captured, Command, CommandResult, Outcome
from dark_factory.core.judging.expectation import compile_pattern, judge
from dark_factory.core.report import Status
from dark_factory.core.scenario import Expectation, Scenario

COMMAND = Command(argv=("bash",), cwd=Path("/tree"), env={}, timeout=20.0)


def captured(text: str) -> Captured:
    return Captured(head=text.encode(), size=len(text.encode()))


def result(
    status: int | None = 0, outcome: Outcome = Outcome.EXITED, stdout: str = "", stderr: str = "", error: str = ""
) -> CommandResult:
    return CommandResult(
        command=COMMAND,
        outcome=outcome,
        exit_status=status,
        duration=1.0,
        stdout=captured(stdout),
        stderr=captured(stderr),
        error=error,
    )


def judged(
    expect: Expectation, came: CommandResult, *, files: tuple[str, ...] = (), missing: tuple[str, ...] = ()
) -> tuple[Status, str, str]:
    scenario = Scenario(id="a", name="a", path="a.md", text="", script="", expect=expect)
    return judge(scenario, result=came, files=files.__contains__, missing_evidence=missing)


PLAIN = Expectation()
FULL = Expectation(exit_status=3, stdout=(r"^total: \d+$", "ok"), stderr=("warn",), files=("dist/*.whl",))


@pytest.mark.parametrize(
    ("expect", "came"),
    [
        (PLAIN, result()),
        (PLAIN, result(stdout="anything", stderr="anything")),
        (FULL, result(3, stdout="ok\ntotal: 12\nend", stderr="a warning")),
        (Expectation(exit_status=143), result(143, Outcome.SIGNALLED)),
    ],
)
def test_what_is_expected_passes_without_a_word(expect: Expectation, came: CommandResult) -> None:
    assert judged(expect, came, files=("dist/*.whl",)) == (Status.PASSED, "", "")


@pytest.mark.parametrize(
    ("expect", "came", "author", "agent"),
    [
        (PLAIN, result(1), "exit status 1", "exit status 1"),
        (Expectation(exit_status=3), result(0), "exit status 0, expected 3", "exit status 0"),
        (PLAIN, result(139, Outcome.SIGNALLED), "ended by SIGSEGV", "ended by SIGSEGV"),
        (PLAIN, result(137, Outcome.TIMED_OUT), "timed out after 20 s", "timed out after 20 s"),
        (Expectation(stdout=("^a$",)), result(stdout="ab"), "stdout does not match ^a$", "stdout is not as expected"),
        (Expectation(stderr=("x",)), result(stdout="x"), "stderr does not match x", "stderr is not as expected"),
        (Expectation(files=("*.x",)), result(), "no file matches *.x", "an expected file is missing"),
        (
            Expectation(stdout=("a", "b"), files=("*.x", "*.y")),
            result(2),
            "exit status 2; stdout does not match a; stdout does not match b; no file matches *.x; no file matches *.y",
            "exit status 2; stdout is not as expected; an expected file is missing",
        ),
    ],
)
def test_what_is_not_expected_fails(expect: Expectation, came: CommandResult, author: str, agent: str) -> None:
    assert judged(expect, came) == (Status.FAILED, author, agent)


def test_a_command_that_timed_out_fails_whatever_status_is_expected() -> None:
    assert judged(Expectation(exit_status=137), result(137, Outcome.TIMED_OUT))[0] is Status.FAILED


def test_missing_evidence_fails_a_pass() -> None:
    assert judged(PLAIN, result(), missing=("logs/*.txt", "b.png")) == (
        Status.FAILED,
        "declared evidence is missing: logs/*.txt, b.png",
        "declared evidence is missing",
    )


@pytest.mark.parametrize(
    ("came", "author"),
    [
        (result(None, Outcome.NOT_STARTED, error="no bash"), "could not be started: no bash"),
        (result(137, Outcome.CANCELLED), "cancelled"),
    ],
)
def test_what_did_not_run_is_nobodys_failure(came: CommandResult, author: str) -> None:
    assert judged(FULL, came, missing=("x",)) == (Status.ERRORED, author, "the scenario could not be run")


def test_output_that_was_cut_fails_and_says_so() -> None:
    came = CommandResult(
        command=COMMAND,
        outcome=Outcome.EXITED,
        exit_status=0,
        duration=1.0,
        stdout=Captured(head=b"a", tail=b"b", size=1002),
    )
    status, author, agent = judged(Expectation(stdout=("x",)), came)
    assert status is Status.FAILED
    assert author == "stdout does not match x (1,000 bytes in its middle were not kept)"
    assert agent == "stdout is not as expected"


@pytest.mark.parametrize(
    "pattern", ["(", "a{99999999999999999999}", "[z-a]", "(?P<a>x)(?P<a>y)", "(" * 5000 + ")" * 5000]
)
def test_a_pattern_that_is_none_is_explained(pattern: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        compile_pattern(pattern)


def test_a_pattern_that_python_warns_of_is_still_one() -> None:
    assert compile_pattern("[[a]").search("[")


@settings(deadline=None, max_examples=150)
@given(
    secret=st.text("QXZ", min_size=4, max_size=8),
    status=st.integers(0, 255),
    expected=st.integers(0, 255),
    stdout=st.text(max_size=20),
    missing=st.booleans(),
)
def test_the_agents_reason_never_quotes_the_scenario(
    secret: str, status: int, expected: int, stdout: str, missing: bool
) -> None:
    expect = Expectation(exit_status=expected, stdout=(secret,), stderr=(secret,), files=(secret,))
    found, author, agent = judged(expect, result(status, stdout=stdout), missing=(secret,) if missing else ())
    assert found is Status.FAILED
    assert secret in author
    assert secret not in agent
    assert f"expected {expected}" not in agent
