from __future__ import annotations

import pytest
from gate_samples import OUTPUTS, a_gate, a_run

from dark_factory.core.report import Finding, Level, Status
from dark_factory.gates import vulture

GATE = a_gate("vulture", "vulture", ".")
DEAD = "a.py:1: unused import 'os' (90% confidence)\na b.py:12: unused variable 'fx' (100% confidence, 3 lines)\n"
SYNTAX = 'c.py:1: invalid syntax at "def f(:"\n'


def test_the_command_is_run_as_written() -> None:
    assert vulture.argv(GATE, OUTPUTS, wants=frozenset()) == ("vulture", ".")


def test_dead_code_is_found_with_its_kind_and_certainty() -> None:
    reading = vulture.read(a_run(GATE, 3, stdout=DEAD))
    assert reading.status is Status.FAILED
    assert reading.findings == (
        Finding(
            level=Level.WARNING,
            rule="unused-import",
            message="unused import 'os' (90% confidence)",
            path="a.py",
            line=1,
        ),
        Finding(
            level=Level.ERROR,
            rule="unused-variable",
            message="unused variable 'fx' (100% confidence, 3 lines)",
            path="a b.py",
            line=12,
        ),
    )
    assert reading.figures == {"findings": 2}
    assert reading.counts == {"findings"}


@pytest.mark.parametrize("message", ["unreachable code after 'return'", "unsatisfiable 'if' condition"])
def test_code_that_is_never_reached_has_one_rule(message: str) -> None:
    (finding,) = vulture.read(a_run(GATE, 3, stdout=f"a.py:1: {message} (100% confidence)\n")).findings
    assert finding.rule == "unreachable-code"


@pytest.mark.parametrize(("exit_status", "stdout", "count"), [(1, "", 1), (3, DEAD, 3)])
def test_a_file_that_does_not_parse_is_failed_and_no_count_to_bound(exit_status: int, stdout: str, count: int) -> None:
    reading = vulture.read(a_run(GATE, exit_status, stdout=stdout, stderr=SYNTAX))
    assert reading.status is Status.FAILED
    assert len(reading.findings) == count
    assert (reading.findings[0].rule, reading.findings[0].path) == ("invalid-syntax", "c.py")
    assert reading.counts == frozenset()


@pytest.mark.parametrize(
    ("exit_status", "stderr", "words"),
    [
        (1, "Error: /x/nothere could not be found.\n", "could not be found"),
        (2, "usage: vulture [options]\nvulture: error: argument --min-confidence: invalid int value\n", "invalid int"),
        (1, "Traceback (most recent call last):\n  File x\ntomllib.TOMLDecodeError: Expected\n", "TOMLDecodeError"),
    ],
)
def test_what_kept_vulture_from_looking_is_errored(exit_status: int, stderr: str, words: str) -> None:
    reading = vulture.read(a_run(GATE, exit_status, stderr=stderr))
    assert reading.status is Status.ERRORED
    assert words in reading.reason


def test_text_beside_a_status_of_zero_is_not_vulture_s_word() -> None:
    assert vulture.read(a_run(GATE, 0, stdout="Scanning: a.py\n")).status is Status.ERRORED
    assert vulture.read(a_run(GATE, 0)).status is Status.PASSED


def test_findings_that_were_cut_are_not_counted() -> None:
    reading = vulture.read(a_run(GATE, 3, stdout=DEAD, size=5_000_000))
    assert reading.status is Status.FAILED
    assert reading.figures == {}
    assert "5,000,000 bytes" in reading.reason


def test_a_runner_s_own_exit_status_decides() -> None:
    gate = a_gate("vulture", "make", "dead-code")
    reading = vulture.read(a_run(gate, 2, stdout=DEAD))
    assert reading.status is Status.FAILED
    assert len(reading.findings) == 2
