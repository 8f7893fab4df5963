"""Commands for people: secrets masked, endings in words, outputs that say what is missing."""

from __future__ import annotations

import shlex
import signal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.command import Captured, Command, CommandResult, Outcome


def a_command(*argv: str, secrets: tuple[str, ...] = (), timeout: float | None = None) -> Command:
    return Command(argv=argv, cwd=Path("/"), env={}, secrets=secrets, timeout=timeout)


def a_result(outcome: Outcome, exit_status: int | None = None, *, error: str = "") -> CommandResult:
    command = a_command("tool", timeout=1.5)
    return CommandResult(command=command, outcome=outcome, exit_status=exit_status, duration=1.0, error=error)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(max_size=10), min_size=1).map(tuple))
def test_the_command_line_can_be_pasted_into_a_shell(argv: tuple[str, ...]) -> None:
    assert tuple(shlex.split(a_command(*argv).redacted())) == argv


def test_plain_words_are_not_quoted() -> None:
    assert a_command("tool", "--a=b", "x/y.py", "a b", "").redacted() == "tool --a=b x/y.py 'a b' ''"


def test_secrets_are_masked_wherever_they_stand() -> None:
    command = a_command("curl", "-H", "Token: s3cret!", "s3cret!", secrets=("s3cret!", ""))
    assert command.redacted() == "curl -H 'Token: ***' '***'"


@pytest.mark.parametrize("secret", ["it's", "a'b'c", "'", 'q"'])
def test_a_secret_with_quotes_is_masked_too(secret: str) -> None:
    line = a_command("tool", f"--key={secret}", secrets=(secret,)).redacted()
    assert shlex.split(line) == ["tool", "--key=***"]


def test_of_two_secrets_the_longer_is_masked_as_a_whole() -> None:
    assert a_command("tool", "abcdef", secrets=("abc", "abcdef")).redacted() == "tool '***'"


@pytest.mark.parametrize(
    ("result", "words"),
    [
        (a_result(Outcome.EXITED, 0), "exit status 0"),
        (a_result(Outcome.EXITED, 139), "exit status 139"),
        (a_result(Outcome.SIGNALLED, 137), "ended by SIGKILL"),
        (a_result(Outcome.SIGNALLED, 128 + 99), "ended by signal 99"),
        (a_result(Outcome.TIMED_OUT, 137), "timed out after 1.5 s"),
        (a_result(Outcome.CANCELLED), "cancelled"),
        (
            a_result(Outcome.NOT_STARTED, error="tool: not found on PATH"),
            "could not be started: tool: not found on PATH",
        ),
    ],
)
def test_an_ending_in_words(result: CommandResult, words: str) -> None:
    assert result.ending() == words


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT])
def test_signals_have_names(number: signal.Signals) -> None:
    assert a_result(Outcome.SIGNALLED, 128 + number).ending() == f"ended by {number.name}"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_only_a_clean_exit_is_a_pass(outcome: Outcome) -> None:
    assert a_result(outcome, 0).passed is (outcome is Outcome.EXITED)
    assert not a_result(outcome, 1).passed
    assert not a_result(outcome, None).passed


@settings(max_examples=100, deadline=None)
@given(st.binary())
def test_a_whole_stream_is_its_text(data: bytes) -> None:
    assert Captured(head=data, size=len(data)).text() == data.decode("utf-8", "replace")


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=5).map(str.encode), st.text(max_size=5).map(str.encode), st.integers(1, 10**9))
def test_a_cut_stream_says_how_much_is_missing(head: bytes, tail: bytes, cut: int) -> None:
    stream = Captured(head=head, tail=tail, size=len(head) + len(tail) + cut)
    assert stream.cut == cut
    assert stream.text() == f"{head.decode()}\n[... {cut:,} bytes cut ...]\n{tail.decode()}"
