"""`kind = "mypy"`: its JSON lines, and its own JUnit file as the proof that it came to its end.

Figures: `errors`. Exit statuses: 0 clean, 1 messages, 2 could not check: an error of ours unless mypy names what in the
code stopped it (a syntax error, a module found twice).
"""

from __future__ import annotations

import re
from pathlib import Path

from dark_factory.core.config import GateConfig
from dark_factory.core.judging.gate_argv import arguments, machine_argv, tool_at
from dark_factory.core.judging.gate_reading import by_exit_status, relative, unfinished, unreadable
from dark_factory.core.judging.gate_report import ReportError, clean, line_number, mapping, parse_json, words
from dark_factory.core.judging.junit_cases import Case, junit_cases
from dark_factory.core.ports import GateRun
from dark_factory.core.report import Finding, Level, Reading, Status

_REPORT = "mypy.xml"
_NO_FILE = "There are no .py[i] files"
_LEVELS = {"error": Level.ERROR, "warning": Level.WARNING, "note": Level.NOTE}

# `a.py:3: error: message  [code]`, from a mypy that was not told to write JSON, or stopped before it could.
_TEXT = re.compile(
    r"^(?P<path>[^\s:{][^:\n]*):(?P<line>\d+):(?:\d+:)? (?P<level>error|note|warning): "
    r"(?P<message>.*?)(?:  \[(?P<code>[\w-]+)\])?$",
    re.MULTILINE,
)
# mypy goes on without the whole of a configuration file that it cannot parse, and may then pass with its defaults.
# Complaints about single options name a section: `setup.cfg: [mypy]: Unrecognized option`.
_CONFIG = re.compile(r"^(?:\S*/)?(?:pyproject\.toml|setup\.cfg|\.?mypy\.ini): (?!\[).+$", re.MULTILINE)


def argv(gate: GateConfig, outputs: Path, *, wants: frozenset[str]) -> tuple[str, ...]:  # noqa: ARG001
    """The author's command, with JSON on stdout and mypy's own JUnit file.

    mypy says nothing at all about a clean tree in JSON; the JUnit file tells that from a mypy that never ran. The cache
    goes beside it unless the author keeps his own: a candidate could bring a forged one.
    """
    options = ["--output=json", "--junit-xml={outputs}/" + _REPORT]
    if not any(word.partition("=")[0] == "--cache-dir" for word in arguments(gate.command, "mypy")):
        options.append("--cache-dir={outputs}/mypy_cache")
    return machine_argv(gate.command, "mypy", outputs, options)


def read(run: GateRun) -> Reading:
    """Findings with mypy's error codes (`misc` where it gives none); notes are kept as notes."""
    if (early := unfinished(run, "mypy")) is not None:
        return early
    report = run.read(run.outputs / _REPORT)
    if tool_at(run.gate.command, "mypy") is None and report is None:
        return by_exit_status(run, _findings(_said(run), run))
    if _NO_FILE in _said(run):
        return Reading(status=Status.FAILED, figures={"errors": 0.0}, reason="mypy found no Python file to check")
    if _CONFIG.search(run.result.stderr.text()):
        advice = "Repair the configuration file: mypy would check with its defaults instead."
        return unreadable(run, "mypy", "ignoring its configuration", advice=advice)
    return _reading(run, report)


def _reading(run: GateRun, report: bytes | None) -> Reading:
    try:
        cases = junit_cases(report) if report is not None else ()
    except ReportError as error:
        return unreadable(run, "mypy", f"and its report is not readable, {error}")
    findings = _findings(_whole(run, cases), run)
    errors = sum(finding.level is Level.ERROR for finding in findings)
    figures = {"errors": float(errors)}
    match run.result.exit_status:
        case 0 if not cases:
            return unreadable(run, "mypy", "and left no report")
        case 0 if not errors:
            return Reading(status=Status.PASSED, findings=findings, figures=figures)
        case 0 | 1 if errors:
            counts = frozenset({"errors"})
            return Reading(status=Status.FAILED, findings=findings, figures=figures, counts=counts)
        case 1 if findings:
            reason = "mypy exits with 1 for its notes, without an error"
            return Reading(status=Status.FAILED, findings=findings, figures=figures, reason=reason)
        case 2 if errors:
            # The rest of the code was not checked, so the number of errors is no measure.
            reason = "mypy could not check the rest of the code"
            return Reading(status=Status.FAILED, findings=findings, figures=figures, reason=reason)
        case _:
            return unreadable(run, "mypy", "which says that it could not check")


def _whole(run: GateRun, cases: tuple[Case, ...]) -> str:
    """All that mypy said: the report has it too, and is not cut where our copy of stdout is."""
    if run.result.stdout.cut and cases:
        return "\n".join(case.text for case in cases) + "\n" + run.result.stderr.text()
    return _said(run)


def _said(run: GateRun) -> str:
    return run.result.stdout.text() + "\n" + run.result.stderr.text()


def _findings(text: str, run: GateRun) -> tuple[Finding, ...]:
    found = (_json_finding(line, run) or _text_finding(line, run) for line in text.splitlines())
    return tuple(finding for finding in found if finding is not None)


def _json_finding(line: str, run: GateRun) -> Finding | None:
    if not line.startswith("{"):
        return None
    try:
        entry = mapping(parse_json(line.encode()), "a message")
        message = words(entry.get("message"), "a message")
        hint = entry.get("hint")
        return Finding(
            level=_LEVELS.get(words(entry.get("severity"), "a severity"), Level.ERROR),
            rule=words(entry.get("code") or "misc", "a code"),
            message=f"{message}\n{clean(hint)}" if isinstance(hint, str) and hint else message,
            path=relative(words(entry.get("file"), "a file name"), run),
            line=line_number(entry.get("line")),
        )
    except ReportError:
        return None


def _text_finding(line: str, run: GateRun) -> Finding | None:
    match = _TEXT.match(line)
    # A crash of mypy has the form of an error in the file that it was busy with.
    if match is None or "INTERNAL ERROR" in line or len(match["line"]) > 9:
        return None
    return Finding(
        level=_LEVELS[match["level"]],
        rule=match["code"] or "misc",
        message=clean(match["message"]),
        path=relative(match["path"], run),
        line=line_number(int(match["line"])),
    )
