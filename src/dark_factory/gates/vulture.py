"""`kind = "vulture"`: code that nothing uses, from the lines that vulture prints (it has no machine format).

Figures: `findings`. Exit statuses (https://github.com/jendrikseipp/vulture#exit-codes): 0 nothing found, 1 a file that
does not parse or cannot be read, 2 usage, 3 dead code. Nothing printed with 0 is its word for a clean tree, so a folder
without a Python file passes, too.
"""

from __future__ import annotations

import re
from pathlib import Path

from dark_factory.core.config import GateConfig
from dark_factory.core.judging.gate_argv import placed, tool_at
from dark_factory.core.judging.gate_reading import by_exit_status, relative, unfinished, unreadable
from dark_factory.core.judging.gate_report import clean, line_number
from dark_factory.core.ports import GateRun
from dark_factory.core.report import Finding, Level, Reading, Status

_DEAD = re.compile(
    r"^(?P<path>.+?):(?P<line>\d{1,9}): (?P<message>.+ \(\d+% confidence(?:, \d+ lines?)?\))$", re.MULTILINE
)
_BROKEN = re.compile(r"^(?P<path>.+?):(?P<line>\d{1,9}): (?P<message>invalid syntax .*)$", re.MULTILINE)
_SYNTAX = "invalid-syntax"


def argv(gate: GateConfig, outputs: Path, *, wants: frozenset[str]) -> tuple[str, ...]:  # noqa: ARG001
    """The author's command as it is."""
    return placed(gate.command, outputs)


def read(run: GateRun) -> Reading:
    """Findings such as `unused-function`, vulture's confidence in the message; certain ones (100%) are errors."""
    if (early := unfinished(run, "vulture")) is not None:
        return early
    stdout, stderr = run.result.stdout.text(), run.result.stderr.text()
    dead = tuple(_finding(match, _rule(match["message"]), run) for match in _DEAD.finditer(stdout))
    broken = tuple(_finding(match, _SYNTAX, run) for match in _BROKEN.finditer(stderr))
    if tool_at(run.gate.command, "vulture") is None:
        return by_exit_status(run, broken + dead)
    figures = {"findings": float(len(dead) + len(broken))}
    match run.result.exit_status:
        case 0 if not stdout.strip():
            return Reading(status=Status.PASSED, figures=figures)
        case 0:
            return unreadable(run, "vulture", "but printed something", advice="Leave out --verbose.")
        case 3 if run.result.stdout.cut:
            reason = f"vulture printed {run.result.stdout.size:,} bytes, too many to keep and count"
            return Reading(status=Status.FAILED, findings=broken + dead, reason=reason)
        case 3 if dead and not broken:
            return Reading(status=Status.FAILED, findings=dead, figures=figures, counts=frozenset(figures))
        case 1 | 3 if broken:
            reason = "vulture could not parse a file, and what it uses"
            return Reading(status=Status.FAILED, findings=broken + dead, figures=figures, reason=reason)
        case _:
            return unreadable(run, "vulture", "and no line of its output is a finding")


def _finding(match: re.Match[str], rule: str, run: GateRun) -> Finding:
    certain = rule == _SYNTAX or "(100% confidence" in match["message"]
    return Finding(
        level=Level.ERROR if certain else Level.WARNING,
        rule=rule,
        message=clean(match["message"]),
        path=relative(match["path"], run),
        line=line_number(int(match["line"])),
    )


def _rule(message: str) -> str:
    kind = re.match(r"unused (\w+)", message)
    return f"unused-{kind[1]}" if kind else "unreachable-code"
