from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.telling.harmless import harmless
from dark_factory.core.telling.symptoms import CauseKind, Symptom, symptom


def test_of_several_the_one_that_the_others_follow_from() -> None:
    stderr = "AssertionError: no answer\nConnectionRefusedError: [Errno 111] Connection refused\n"
    stdout = "Traceback (most recent call last):\nModuleNotFoundError: No module named 'app'\n"
    assert symptom(stderr, stdout) == Symptom(CauseKind.IMPORT, "app", "ModuleNotFoundError: No module named 'app'")


def test_of_equal_ones_the_last_that_stderr_tells() -> None:
    stderr = "KeyError: 'a'\nValueError: b\n"
    assert symptom(stderr, "TypeError: c\n") == Symptom(CauseKind.EXCEPTION, "ValueError", "ValueError: b")


def test_an_output_of_unknown_kind_is_known_by_its_last_words() -> None:
    assert symptom("\n", "one\ntwo  \n-----\n\n") == Symptom(CauseKind.OTHER, "two", "two")


def test_what_stands_at_either_end_of_a_long_output_is_found() -> None:
    noise = "a line of a log\n" * 20_000
    told = "ModuleNotFoundError: No module named 'app'\n"
    assert symptom(told + noise).kind is symptom(noise + told).kind is CauseKind.IMPORT


@settings(deadline=None, max_examples=150)
@given(st.text(max_size=200), st.text(max_size=200), st.none() | st.integers(0, 255), st.booleans())
def test_every_failure_has_a_symptom_of_one_line(stderr: str, stdout: str, status: int | None, late: bool) -> None:
    found = symptom(stderr, stdout, exit_status=status, timed_out=late)
    assert "\n" not in found.line
    if late:
        assert found.kind is not CauseKind.SILENT
    if not harmless(stderr).strip() and not harmless(stdout).strip() and not late and status in (None, 0, 1, 2):
        assert found.kind is CauseKind.SILENT
