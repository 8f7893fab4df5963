"""`kind = "coverage"`: coverage.py's JSON report, written by the gate that `of` names, so that tests run once.

Figures, in percent: `coverage` (branches included where they were measured), `branch_coverage`. The report is made by a
process that runs the candidate's code, so it is a measure to track, not a proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from dark_factory.core.config import GateConfig
from dark_factory.core.judging.gate_argv import placed
from dark_factory.core.judging.gate_reading import relative, unfinished
from dark_factory.core.judging.gate_report import ReportError, line_number, listing, mapping, number, parse_json
from dark_factory.core.ports import GateRun
from dark_factory.core.report import Finding, Level, Reading, Status

_REPORT = "coverage.json"
_RANGES = 20
"""How many ranges of missing lines a finding lists."""


def argv(gate: GateConfig, outputs: Path, *, wants: frozenset[str]) -> tuple[str, ...] | None:  # noqa: ARG001
    """None: there is nothing to run; a gate with a command of its own makes it write `{outputs}/coverage.json`."""
    return placed(gate.command, outputs) if gate.command else None


def read(run: GateRun) -> Reading:
    """A note for each file with lines that no test ran."""
    source = f"[gates.{run.gate.of or run.gate.name}]"
    if (early := unfinished(run, f"the command of {source}")) is not None:
        return early
    data = run.read(run.outputs / _REPORT)
    if data is None:
        return _absent(run, source)
    try:
        return _reading(data, run)
    except ReportError as error:
        return Reading(
            status=Status.ERRORED,
            reason=f"the coverage report of {source} is not readable, {error}",
            advice="Use coverage 7 or newer, and look for code that writes to the report's place.",
        )


def _absent(run: GateRun, source: str) -> Reading:
    ending = "" if run.result.passed else f"; it ended with {run.result.ending()}, so repair the tests first"
    return Reading(
        status=Status.ERRORED,
        reason=f"the run of {source} left no coverage report{ending}",
        advice=(
            "Add `pytest-cov` to `requires` of [environment] in factory.toml, and write the tests' command as a list "
            f"of words, or add --cov --cov-report=json:{{outputs}}/{_REPORT} to it."
        ),
    )


def _reading(data: bytes, run: GateRun) -> Reading:
    report = mapping(parse_json(data), "the report")
    totals = mapping(report.get("totals"), "`totals`")
    if not number(totals.get("num_statements"), "`num_statements`"):
        return Reading(status=Status.FAILED, figures={"coverage": 0.0}, reason="coverage measured no line of code")
    figures = {"coverage": _percent(number(totals.get("percent_covered"), "`percent_covered`"))}
    if branches := number(totals.get("num_branches", 0), "`num_branches`"):
        covered = number(totals.get("covered_branches"), "`covered_branches`")
        figures["branch_coverage"] = _percent(100 * covered / branches)
    files = mapping(report.get("files"), "`files`")
    return Reading(status=Status.PASSED, findings=tuple(_findings(files, run)), figures=figures)


def _findings(files: Mapping[str, object], run: GateRun) -> Iterable[Finding]:
    for path, entry in files.items():
        listed = listing(mapping(entry, "a file").get("missing_lines"), "`missing_lines`")
        lines = sorted({line for line in map(line_number, listed) if line is not None})
        if lines:
            message = f"{_ranges(lines)} not covered"
            yield Finding(
                level=Level.NOTE, rule="missing-lines", message=message, path=relative(path, run), line=lines[0]
            )


def _ranges(lines: Sequence[int]) -> str:
    """`lines 3-7, 12`, of ascending numbers."""
    spans: list[list[int]] = []
    for line in lines:
        if spans and line == spans[-1][-1] + 1:
            spans[-1] = [spans[-1][0], line]
        else:
            spans.append([line, line])
    shown = [str(first) if first == last else f"{first}-{last}" for first, last in spans[:_RANGES]]
    more = f" and {len(spans) - _RANGES} more ranges" if len(spans) > _RANGES else ""
    return f"line{'' if len(lines) == 1 else 's'} {', '.join(shown)}{more}"


def _percent(value: float) -> float:
    if not 0 <= value <= 100:
        raise ReportError(f"{value:g} is no percentage")
    return value
