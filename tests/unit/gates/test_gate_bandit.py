from __future__ import annotations

import json

from gate_samples import OUTPUTS, a_gate, a_run

from dark_factory.core.report import Finding, Level, Reading, Status
from dark_factory.gates import bandit

GATE = a_gate("bandit", "bandit", "-r", "src")
METRICS = {"./src/a.py": {"loc": 5}, "_totals": {"loc": 5}}
UNPARSED = {"filename": "./src/b.py", "reason": "syntax error while parsing AST from file"}


def result(severity: str = "HIGH", **more: object) -> dict[str, object]:
    return {
        "filename": "./src/a.py",
        "issue_confidence": "HIGH",
        "issue_severity": severity,
        "issue_text": "subprocess call with shell=True",
        "line_number": 5,
        "test_id": "B602",
    } | more


def read(
    exit_status: int, *results: dict[str, object], errors: tuple[object, ...] = (), metrics: object = None
) -> Reading:
    report = {"errors": errors, "metrics": METRICS if metrics is None else metrics, "results": results}
    return bandit.read(a_run(GATE, exit_status, reports={"bandit.json": json.dumps(report)}))


def test_the_report_is_asked_for_in_a_file() -> None:
    expected = ("bandit", "-r", "src", "--format=json", f"--output={OUTPUTS}/bandit.json")
    assert bandit.argv(GATE, OUTPUTS, wants=frozenset()) == expected


def test_severities_are_levels_and_figures() -> None:
    reading = read(1, result(), result("MEDIUM"), result("LOW"), result("LOW"))
    assert reading.status is Status.FAILED
    assert reading.figures == {"findings": 4, "high": 1, "medium": 1, "low": 2}
    assert reading.counts == set(reading.figures)
    assert reading.findings[0] == Finding(
        level=Level.ERROR,
        rule="B602",
        message="subprocess call with shell=True (confidence high)",
        path="src/a.py",
        line=5,
    )
    assert [finding.level for finding in reading.findings[1:]] == [Level.WARNING, Level.NOTE, Level.NOTE]


def test_findings_below_the_command_s_own_bar_pass() -> None:
    assert read(0, result("LOW")).status is Status.PASSED
    assert read(0).status is Status.PASSED


def test_a_file_that_does_not_parse_is_failed_although_bandit_exits_with_zero() -> None:
    reading = read(0, errors=(UNPARSED,))
    assert reading.status is Status.FAILED
    assert [(finding.rule, finding.path) for finding in reading.findings] == [("invalid-syntax", "src/b.py")]
    assert reading.counts == frozenset()


def test_a_file_that_cannot_be_read_is_errored() -> None:
    reading = read(0, errors=(UNPARSED, {"filename": "./nothere", "reason": "No such file or directory"}))
    assert reading.status is Status.ERRORED
    assert "./nothere: No such file or directory" in reading.reason


def test_no_file_checked_is_failed_and_names_the_usual_cause() -> None:
    reading = read(0, metrics={"_totals": {"loc": 0}})
    assert reading.status is Status.FAILED
    assert "-r" in reading.reason


def test_usage_errors_are_told_without_bandit_s_log() -> None:
    said = "[main]\tINFO\tprofile include tests: None\nbandit: error: unrecognized arguments: --x\n"
    reading = bandit.read(a_run(GATE, 2, stderr=said))
    assert reading.status is Status.ERRORED
    assert "unrecognized arguments: --x" in reading.reason
    assert "INFO" not in reading.reason


def test_a_shell_s_exit_status_decides_unless_its_json_can_be_read() -> None:
    gate = a_gate("bandit", "bash", "-c", "bandit -q -r src")
    assert bandit.read(a_run(gate, 0, stdout="No issues identified.\n")).status is Status.PASSED
    assert bandit.read(a_run(gate, 1, stdout="Issue: [B602]\n")).status is Status.FAILED
    report = json.dumps({"errors": [], "metrics": METRICS, "results": [result()]})
    assert bandit.read(a_run(gate, 1, stdout=report)).figures["high"] == 1


def test_a_wrapper_that_says_nothing_has_not_shown_that_bandit_ran() -> None:
    hidden = a_gate("bandit", "bash", "-c", "run-bandit")
    assert bandit.read(a_run(hidden, 0)).status is Status.ERRORED
    assert bandit.read(a_run(hidden, 0, stdout="No issues identified.")).status is Status.PASSED
