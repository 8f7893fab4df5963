from __future__ import annotations

import json

from gate_samples import OUTPUTS, TREE, a_gate, a_run

from dark_factory.core.report import Finding, Level, Status
from dark_factory.gates import ruff

CHECK = a_gate("ruff", "ruff", "check", ".")
FORMAT = a_gate("ruff", "ruff", "format", "--check", ".")
SHELL = a_gate("ruff", "bash", "-c", "ruff check . && true")


def entry(**more: object) -> dict[str, object]:
    return {
        "code": "F401",
        "filename": f"{TREE}/pkg/a.py",
        "location": {"column": 8, "row": 3},
        "message": "`os` imported but unused",
        "severity": "error",
    } | more


def argv(*command: str) -> tuple[str, ...]:
    return ruff.argv(a_gate("ruff", *command), OUTPUTS, wants=frozenset())


def test_the_report_is_asked_for_once_and_before_the_paths_behind_a_double_dash() -> None:
    added = ("--no-cache", "--output-format=json", f"--output-file={OUTPUTS}/ruff.json")
    assert argv("ruff", "check", ".") == ("ruff", "check", ".", *added)
    assert argv("ruff", "check", "--", "-x.py") == ("ruff", "check", *added, "--", "-x.py")
    # ruff refuses an option that is given twice.
    assert argv("ruff", "check", "--output-format", "github", "-o", "x", ".") == ("ruff", "check", ".", *added)
    assert argv("ruff", "check", "--output-format=full", ".") == ("ruff", "check", ".", *added)
    assert argv("ruff", "format", "--check") == ("ruff", "format", "--check", "--no-cache")
    assert argv("make", "lint") == ("make", "lint")


def test_findings_keep_code_place_and_message() -> None:
    report = json.dumps([entry(), entry(code=None, message="SyntaxError: Expected ')'", severity=None)])
    reading = ruff.read(a_run(CHECK, 1, reports={"ruff.json": report}))
    assert reading.status is Status.FAILED
    assert reading.findings == (
        Finding(level=Level.ERROR, rule="F401", message="`os` imported but unused", path="pkg/a.py", line=3),
        Finding(level=Level.ERROR, rule="invalid-syntax", message="SyntaxError: Expected ')'", path="pkg/a.py", line=3),
    )
    assert reading.figures == {"findings": 2}


def test_only_findings_in_code_that_parses_can_be_bounded_by_a_threshold() -> None:
    def counts(*entries: dict[str, object]) -> frozenset[str]:
        return ruff.read(a_run(CHECK, 1, reports={"ruff.json": json.dumps(entries)})).counts

    assert counts(entry()) == {"findings"}
    assert counts(entry(), entry(code="invalid-syntax")) == frozenset()


def test_a_broken_configuration_is_errored_in_ruff_s_own_words() -> None:
    said = "ruff failed\n  Cause: Failed to parse pyproject.toml\n  Cause: TOML parse error at line 1, column 11\n"
    reading = ruff.read(a_run(CHECK, 2, stderr=said))
    assert reading.status is Status.ERRORED
    assert "Failed to parse pyproject.toml" in reading.reason
    assert "[gates.check]" in reading.advice
    assert ruff.read(a_run(CHECK, 2, stderr=said, reports={"ruff.json": "[]"})).status is Status.ERRORED


def test_a_module_that_python_does_not_have_is_a_missing_tool() -> None:
    gate = a_gate("ruff", "python", "-m", "ruff", "check")
    reading = ruff.read(a_run(gate, 1, stderr="/env/bin/python: No module named ruff\n"))
    assert reading.status is Status.ERRORED
    assert "`requires`" in reading.advice


def test_no_file_to_check_is_failed() -> None:
    said = "warning: No Python files found under the given path(s)\n"
    assert ruff.read(a_run(CHECK, 0, stderr=said, reports={"ruff.json": "[]"})).status is Status.FAILED
    assert ruff.read(a_run(FORMAT, 0, stderr=said)).status is Status.FAILED


def test_exit_status_one_without_a_finding_is_failed_with_a_reason() -> None:
    reading = ruff.read(a_run(CHECK, 1, stderr="Fixed 2 errors.", reports={"ruff.json": "[]"}))
    assert reading.status is Status.FAILED
    assert "Fixed 2 errors." in reading.reason
    assert reading.counts == frozenset()


def test_statistics_are_no_findings() -> None:
    reading = ruff.read(a_run(CHECK, 0, reports={"ruff.json": '[{"code": "F401", "count": 3}]'}))
    assert reading.status is Status.ERRORED


def test_an_unfixed_and_unclean_message_is_made_safe() -> None:
    report = json.dumps([entry(message="a\x1b[31mb\x00c\ud800d", filename="/elsewhere/a.py")])
    (finding,) = ruff.read(a_run(CHECK, 1, reports={"ruff.json": report})).findings
    assert finding.message == "abc?d"
    assert finding.path == "/elsewhere/a.py"


FULL = """\
unformatted: File would be reformatted
  --> pkg/a.py:4:1
   |
3  |
4  +

unformatted: File would be reformatted
  --> test_a.py:2:1
   |

2 files would be reformatted
"""


def test_format_is_read_from_its_text_in_both_dialects() -> None:
    new = ruff.read(a_run(FORMAT, 1, stdout=FULL))
    assert [(finding.rule, finding.path, finding.line) for finding in new.findings] == [
        ("unformatted", "pkg/a.py", 4),
        ("unformatted", "test_a.py", 2),
    ]
    old = ruff.read(a_run(FORMAT, 1, stdout="Would reformat: pkg/a.py\n1 file would be reformatted\n"))
    assert [(finding.rule, finding.path, finding.line) for finding in old.findings] == [
        ("unformatted", "pkg/a.py", None)
    ]
    assert new.status is old.status is Status.FAILED
    assert ruff.read(a_run(FORMAT, 0, stdout="3 files already formatted\n")).status is Status.PASSED


def test_format_that_cannot_parse_is_failed_but_one_that_cannot_read_is_errored() -> None:
    new = "invalid-syntax: Expected a parameter\n --> a.py:1:7\n  |\n"
    old = "error: Failed to parse a.py:1:7: Expected a parameter\n"
    for run in (a_run(FORMAT, 2, stdout=new), a_run(FORMAT, 2, stderr=old)):
        reading = ruff.read(run)
        assert reading.status is Status.FAILED
        assert [(finding.rule, finding.path, finding.line) for finding in reading.findings] == [
            ("invalid-syntax", "a.py", 1)
        ]
    unread = ruff.read(a_run(FORMAT, 2, stdout="io: nothere: No such file or directory\n--> nothere:1:1\n"))
    assert unread.status is Status.ERRORED


def test_a_silenced_format_is_errored_with_advice() -> None:
    reading = ruff.read(a_run(FORMAT, 0))
    assert reading.status is Status.ERRORED
    assert "--quiet" in reading.advice


def test_a_shell_s_exit_status_decides_and_its_text_is_read_as_far_as_it_goes() -> None:
    concise = "pkg/a.py:1:8: F401 [*] `os` imported but unused\nFound 1 error.\n"
    reading = ruff.read(a_run(SHELL, 1, stdout=concise))
    assert reading.status is Status.FAILED
    assert [(finding.rule, finding.path, finding.line) for finding in reading.findings] == [("F401", "pkg/a.py", 1)]
    assert ruff.read(a_run(SHELL, 1, stdout=json.dumps([entry()]))).findings[0].rule == "F401"
    assert ruff.read(a_run(SHELL, 0, stdout="All checks passed!\n")).status is Status.PASSED
    assert ruff.read(a_run(SHELL, 2)).reason == "exit status 2"


def test_a_report_that_the_author_s_shell_wrote_is_read_like_ours() -> None:
    reading = ruff.read(a_run(SHELL, 0, reports={"ruff.json": "garbage"}))
    assert reading.status is Status.ERRORED
