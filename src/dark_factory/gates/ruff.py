"""`kind = "ruff"`: `ruff check` by its JSON report, `ruff format --check` by its text.

Figures: `findings`. Exit statuses (https://docs.astral.sh/ruff/linter/#exit-codes): 0 clean, 1 findings, 2 usage,
configuration or crash; `ruff format` also exits with 2 for a file that does not parse, which is the code's fault.
"""

from __future__ import annotations

import re
from pathlib import Path

from dark_factory.core.config import GateConfig
from dark_factory.core.judging.gate_argv import arguments, machine_argv, tool_at
from dark_factory.core.judging.gate_reading import (
    by_exit_status,
    last_words,
    relative,
    report_or_stdout,
    unfinished,
    unreadable,
)
from dark_factory.core.judging.gate_report import ReportError, clean, line_number, listing, mapping, parse_json, words
from dark_factory.core.ports import GateRun
from dark_factory.core.report import Finding, Level, Reading, Status

_REPORT = "ruff.json"
_SYNTAX = "invalid-syntax"
_NO_FILE = "No Python files found"
_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING, "info": Level.NOTE, "note": Level.NOTE}

# `a.py:1:8: F401 [*] message`: the concise form, for commands that we could not add JSON to.
_CONCISE = re.compile(
    r"^(?P<path>[^\s:][^:\n]*):(?P<line>\d+):\d+: (?P<rule>[\w-]+):? (?:\[\*\] )?(?P<message>.+)$", re.MULTILINE
)
# `unformatted: File would be reformatted` and the place in the next line, or, until ruff 0.14, `Would reformat: a.py`.
_FULL = re.compile(
    r"^(?P<rule>[\w-]+):? (?:\[\*\] )?(?P<message>.+)\n *--> (?P<path>[^\n]+?):(?P<line>\d+):\d+$"
    r"|^Would reformat: (?P<old>.+)$"
    r"|^error: Failed to parse (?P<bad>[^\n]+?):(?P<badline>\d+):\d+: (?P<why>.+)$",
    re.MULTILINE,
)
_FORMATTED = re.compile(r"^\d+ files? (already formatted|left unchanged)", re.MULTILINE)


def argv(gate: GateConfig, outputs: Path, *, wants: frozenset[str]) -> tuple[str, ...]:  # noqa: ARG001
    """The author's command, with the report as JSON in a file for `ruff check`: our copy of stdout has a size limit.

    No cache is read, since a candidate could bring a forged one, and none is written into the tree.
    """
    options = ["--no-cache"]
    if not _is_format(gate.command):
        options += ["--output-format=json", "--output-file={outputs}/" + _REPORT]
    drop = ("--output-format", "--output-file", "-o")
    return machine_argv(gate.command, "ruff", outputs, options, drop=drop)


def read(run: GateRun) -> Reading:
    """Findings with ruff's codes; a file that does not parse is an `invalid-syntax`."""
    if (early := unfinished(run, "ruff")) is not None:
        return early
    if tool_at(run.gate.command, "ruff") is None and run.read(run.outputs / _REPORT) is None:
        return by_exit_status(run, _json_or_text(run))
    if _NO_FILE in run.result.stderr.text():
        return Reading(status=Status.FAILED, figures={"findings": 0.0}, reason="ruff found no Python file to check")
    return _read_format(run) if _is_format(run.gate.command) else _read_check(run)


def _read_check(run: GateRun) -> Reading:
    if run.result.exit_status not in (0, 1):
        return unreadable(run, "ruff", "which says that it could not check")
    data = report_or_stdout(run, run.outputs / _REPORT)
    if data is None:
        return unreadable(run, "ruff", "and left no report")
    try:
        findings = _findings(data, run)
    except ReportError as error:
        return unreadable(run, "ruff", f"and its report is not readable, {error}")
    return _reading(run, findings)


def _read_format(run: GateRun) -> Reading:
    findings = _text_findings(run, (_FULL,))
    # A file that could not be read is no file that could not be parsed.
    parsed_badly = any(finding.rule == _SYNTAX for finding in findings)
    if run.result.exit_status == 0 and not _FORMATTED.search(run.result.stdout.text()):
        advice = "Leave out --quiet and --silent, so that ruff says how many files it checked."
        return unreadable(run, "ruff", "and does not say that it checked a file", advice=advice)
    if run.result.exit_status not in (0, 1) and not (run.result.exit_status == 2 and parsed_badly):
        return unreadable(run, "ruff", "which says that it could not check")
    if run.result.exit_status == 1 and not findings:
        return unreadable(run, "ruff", "and does not say which file it would change")
    return _reading(run, findings)


def _reading(run: GateRun, findings: tuple[Finding, ...]) -> Reading:
    figures = {"findings": float(len(findings))}
    if run.result.passed:
        return Reading(status=Status.PASSED, findings=findings, figures=figures)
    # A file that does not parse was not checked: the number of findings then says less than it seems to.
    countable = bool(findings) and all(finding.rule != _SYNTAX for finding in findings)
    return Reading(
        status=Status.FAILED,
        findings=findings,
        figures=figures,
        reason="" if findings else f"{run.result.ending()} without a finding: {last_words(run)}",
        counts=frozenset(figures) if countable else frozenset(),
    )


def _findings(data: bytes, run: GateRun) -> tuple[Finding, ...]:
    findings = []
    for item in listing(parse_json(data), "the report"):
        entry = mapping(item, "a finding")
        place = mapping(entry.get("location") or {}, "a location")
        severity = entry.get("severity")
        findings.append(
            Finding(
                level=_LEVELS.get(severity, Level.ERROR) if isinstance(severity, str) else Level.ERROR,
                # Until ruff 0.12 a syntax error has no code.
                rule=words(entry.get("code") or _SYNTAX, "a code"),
                message=words(entry.get("message"), "a message"),
                path=relative(words(entry.get("filename") or "", "a file name"), run),
                line=line_number(place.get("row")),
            )
        )
    return tuple(findings)


def _json_or_text(run: GateRun) -> tuple[Finding, ...]:
    try:
        return _findings(run.result.stdout.head, run)
    except ReportError:
        return _text_findings(run, (_CONCISE, _FULL))


def _text_findings(run: GateRun, patterns: tuple[re.Pattern[str], ...]) -> tuple[Finding, ...]:
    text = run.result.stdout.text() + "\n" + run.result.stderr.text()
    findings = []
    for match in (match for pattern in patterns for match in pattern.finditer(text)):
        part = match.groupdict()
        if part.get("old"):
            rule, message, path, line = "unformatted", "File would be reformatted", part["old"], None
        elif part.get("bad"):
            rule, message, path, line = _SYNTAX, part["why"], part["bad"], part["badline"]
        else:
            rule, message, path, line = part["rule"], part["message"], part["path"], part["line"]
        place = relative(path, run)
        findings.append(
            Finding(level=Level.ERROR, rule=rule, message=clean(message), path=place, line=_line(line)),
        )
    return tuple(findings)


def _line(digits: str | None) -> int | None:
    return line_number(int(digits)) if digits and len(digits) < 10 else None


def _is_format(command: tuple[str, ...]) -> bool:
    return next((word for word in arguments(command, "ruff") if not word.startswith("-")), "") == "format"
