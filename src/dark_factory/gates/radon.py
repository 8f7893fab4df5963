"""`kind = "radon"`: complexity (`radon cc`) and maintainability (`radon mi`), measured, and judged by thresholds.

Figures of `cc`: `max_complexity`, `mean_complexity`, `blocks`; of `mi`: `min_maintainability`, `mean_maintainability`,
`files`. A block is a function or a method. Classes are left out: radon's figure of a class is the mean of its methods
plus one, which would count them twice. radon exits with 0 whatever it finds, so it is passed by its own word unless a
file does not parse (https://radon.readthedocs.io/en/latest/commandline.html).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from statistics import fmean

from dark_factory.core.config import GateConfig
from dark_factory.core.judging.gate_argv import arguments, machine_argv
from dark_factory.core.judging.gate_reading import relative, report_or_stdout, unfinished, unreadable
from dark_factory.core.judging.gate_report import (
    ReportError,
    clean,
    line_number,
    listing,
    mapping,
    number,
    parse_json,
    words,
)
from dark_factory.core.ports import GateRun
from dark_factory.core.report import Finding, Level, Reading, Status

_REPORT = "radon.json"
_RANK_C = 11
"""The least complexity of rank C, where findings begin when no threshold says so."""
_RANK_B = 19
"""The best maintainability of rank B, where findings begin when no threshold says so."""


def argv(gate: GateConfig, outputs: Path, *, wants: frozenset[str]) -> tuple[str, ...]:  # noqa: ARG001
    """The author's command, with the report as JSON in a file: our copy of stdout has a size limit.

    All ranks are asked for, whatever `-n` and `-x` of the author's say: they would hide blocks from the figures.
    """
    worst = "C" if "mi" in arguments(gate.command, "radon")[:1] else "F"
    options = ["--json", "--min=A", f"--max={worst}", "--output-file={outputs}/" + _REPORT]
    return machine_argv(gate.command, "radon", outputs, options)


def read(run: GateRun) -> Reading:
    """A finding for each block or file beyond the threshold; without one, for blocks from rank C, files from B."""
    if (early := unfinished(run, "radon")) is not None:
        return early
    data = report_or_stdout(run, run.outputs / _REPORT)
    if run.result.exit_status != 0 or data is None:
        return unreadable(run, "radon", "and left no report")
    try:
        report = mapping(parse_json(data), "the report")
        if not report:
            reason = "radon found nothing to measure under the paths of its command"
            return Reading(status=Status.FAILED, reason=reason)
        return _reading(report, run)
    except ReportError as error:
        advice = "Give it the command `radon cc` or `radon mi`; for other tools use the kind `command`."
        return unreadable(run, "radon", f"and its report is not readable, {error}", advice=advice)


def _reading(report: Mapping[str, object], run: GateRun) -> Reading:
    bad: list[Finding] = []
    findings: list[Finding] = []
    complexities: list[float] = []
    maintainabilities: list[float] = []
    for path, entry in report.items():
        place = relative(path, run)
        if isinstance(entry, list):
            for item in listing(entry, "a file's blocks"):
                _block(mapping(item, "a block"), place, run, complexities, findings)
            continue
        values = mapping(entry, "a file")
        if "error" in values:
            message = words(values["error"], "an error")
            bad.append(Finding(level=Level.ERROR, rule="invalid-syntax", message=message, path=place))
        else:
            _maintainability(values, place, run, maintainabilities, findings)
    if complexities and maintainabilities:
        raise ReportError("it mixes complexity and maintainability")
    return Reading(
        status=Status.FAILED if bad else Status.PASSED,
        findings=(*bad, *findings),
        figures=_figures(complexities, maintainabilities, measured=len(report) - len(bad)),
        reason="radon could not parse a file" if bad else "",
    )


def _block(
    block: Mapping[str, object], path: str | None, run: GateRun, complexities: list[float], findings: list[Finding]
) -> None:
    kind = words(block.get("type"), "a block's type")
    if kind == "class":
        return
    complexity = number(block.get("complexity"), "a complexity")
    complexities.append(complexity)
    bound = run.gate.thresholds.get("max_complexity")
    if complexity > bound if bound is not None else complexity >= _RANK_C:
        owner = block.get("classname")
        name = f"{owner}.{block.get('name')}" if isinstance(owner, str) and owner else str(block.get("name"))
        limit = f", the limit is {bound:g}" if bound is not None else ""
        findings.append(
            Finding(
                level=Level.WARNING if bound is None else Level.ERROR,
                rule="complexity",
                message=clean(f"{kind} `{name}` has complexity {complexity:g} (rank {block.get('rank')}){limit}"),
                path=path,
                line=line_number(block.get("lineno")),
            )
        )


def _maintainability(
    values: Mapping[str, object], path: str | None, run: GateRun, figures: list[float], findings: list[Finding]
) -> None:
    index = number(values.get("mi"), "a maintainability index")
    figures.append(index)
    bound = run.gate.thresholds.get("min_maintainability")
    if index < bound if bound is not None else index <= _RANK_B:
        limit = f", the limit is {bound:g}" if bound is not None else ""
        findings.append(
            Finding(
                level=Level.WARNING if bound is None else Level.ERROR,
                rule="maintainability",
                message=clean(f"maintainability index {index:.2f} (rank {values.get('rank')}){limit}"),
                path=path,
            )
        )


def _figures(complexities: list[float], maintainabilities: list[float], *, measured: int) -> dict[str, float]:
    if maintainabilities:
        return {
            "min_maintainability": min(maintainabilities),
            "mean_maintainability": fmean(maintainabilities),
            "files": float(len(maintainabilities)),
        }
    if not measured:
        return {}
    # Files with classes but without a method have nothing that could be too complex.
    return {
        "max_complexity": max(complexities, default=0.0),
        "mean_complexity": fmean(complexities) if complexities else 0.0,
        "blocks": float(len(complexities)),
    }
