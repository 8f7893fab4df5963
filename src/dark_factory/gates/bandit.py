"""`kind = "bandit"`: security findings, from bandit's JSON report.

Figures: `findings`, `high`, `medium`, `low` (severities). Exit statuses: 0 nothing found, 1 findings, 2 usage or
configuration (https://bandit.readthedocs.io/en/latest/man/bandit.html). bandit exits with 0 past a file that it cannot
parse; here that is failed, because the file was not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dark_factory.core.config import GateConfig
from dark_factory.core.judging.gate_argv import machine_argv, tool_at
from dark_factory.core.judging.gate_reading import by_exit_status, relative, report_or_stdout, unfinished, unreadable
from dark_factory.core.judging.gate_report import ReportError, line_number, listing, mapping, parse_json, words
from dark_factory.core.ports import GateRun
from dark_factory.core.report import Finding, Level, Reading, Status

_REPORT = "bandit.json"
_LEVELS = {"HIGH": Level.ERROR, "MEDIUM": Level.WARNING, "LOW": Level.NOTE}


def argv(gate: GateConfig, outputs: Path, *, wants: frozenset[str]) -> tuple[str, ...]:  # noqa: ARG001
    """The author's command, with the report as JSON in a file: our copy of stdout has a size limit."""
    options = ["--format=json", "--output={outputs}/" + _REPORT]
    return machine_argv(gate.command, "bandit", outputs, options)


def read(run: GateRun) -> Reading:
    """Findings with bandit's test ids: severity high is an error, medium a warning, low a note."""
    if (early := unfinished(run, "bandit")) is not None:
        return early
    data = report_or_stdout(run, run.outputs / _REPORT)
    hidden = tool_at(run.gate.command, "bandit") is None and run.read(run.outputs / _REPORT) is None
    if not hidden and run.result.exit_status not in (0, 1):
        return unreadable(run, "bandit", "which says that it could not check")
    try:
        if data is None:
            raise ReportError("it left none")
        return _reading(mapping(parse_json(data), "it"), run)
    except ReportError as error:
        # A wrapper may show bandit's text instead of JSON, but bandit always says something.
        silent = run.result.passed and not run.result.stdout.size and not run.result.stderr.size
        if hidden and not silent:
            return by_exit_status(run)
        return unreadable(run, "bandit", f"and its report is not readable, {error}")


def _reading(report: Mapping[str, object], run: GateRun) -> Reading:
    results = [mapping(item, "a result") for item in listing(report.get("results"), "`results`")]
    errors = [mapping(item, "an error") for item in listing(report.get("errors"), "`errors`")]
    # One entry of the metrics is the sum of all files.
    files = len(mapping(report.get("metrics"), "`metrics`")) - 1
    unparsed = [error for error in errors if "syntax error" in words(error.get("reason"), "a reason")]
    if len(unparsed) < len(errors):
        other = next(error for error in errors if error not in unparsed)
        path, reason = words(other.get("filename"), "a file name"), words(other.get("reason"), "a reason")
        return unreadable(run, "bandit", f"and could not check {path}: {reason}")
    if files < 1:
        return Reading(status=Status.FAILED, reason="bandit found no Python file to check: for a folder it needs -r")
    findings = (*(_unparsed(error, run) for error in unparsed), *(_finding(result, run) for result in results))
    severities = [words(result.get("issue_severity"), "a severity").upper() for result in results]
    figures = {"findings": float(len(findings))} | {
        name.lower(): float(severities.count(name)) for name in ("HIGH", "MEDIUM", "LOW")
    }
    if run.result.passed and not unparsed:
        return Reading(status=Status.PASSED, findings=findings, figures=figures)
    reason = ""
    if unparsed:
        reason = "bandit could not parse a file"
    elif not findings:
        reason = f"bandit ended with {run.result.ending()} without a finding"
    return Reading(
        status=Status.FAILED,
        findings=findings,
        figures=figures,
        reason=reason,
        counts=frozenset() if reason else frozenset(figures),
    )


def _finding(result: Mapping[str, object], run: GateRun) -> Finding:
    confidence = words(result.get("issue_confidence"), "a confidence").lower()
    return Finding(
        level=_LEVELS.get(words(result.get("issue_severity"), "a severity").upper(), Level.WARNING),
        rule=words(result.get("test_id"), "a test id"),
        message=f"{words(result.get('issue_text'), 'a text')} (confidence {confidence})",
        path=relative(words(result.get("filename"), "a file name"), run),
        line=line_number(result.get("line_number")),
    )


def _unparsed(error: Mapping[str, object], run: GateRun) -> Finding:
    path = relative(words(error.get("filename"), "a file name"), run)
    return Finding(level=Level.ERROR, rule="invalid-syntax", message=words(error.get("reason"), "a reason"), path=path)
