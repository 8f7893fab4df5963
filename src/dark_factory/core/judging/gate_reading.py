"""What all kinds of gates read alike: a tool that is missing, crashed, ran too long or left nothing readable."""

from __future__ import annotations

import posixpath
import re
import signal
from pathlib import Path, PurePosixPath

from dark_factory.core.command import Outcome
from dark_factory.core.judging.gate_report import clean
from dark_factory.core.ports import GateRun
from dark_factory.core.report import Finding, Reading, Status

# A sandbox or a shell in between turns a child's signal into 128 + number. Only the signals of crashes are taken for
# one: some test runners exit with the number of their failed tests.
_CRASHES = frozenset(
    128 + number
    for number in (signal.SIGILL, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE, signal.SIGKILL, signal.SIGSEGV)
)

_NOT_FOUND = re.compile(r"(?P<tool>[^\s:]+): (?:command )?not found")
_ERROR = re.compile(r"\berror: ", re.IGNORECASE)


def unfinished(run: GateRun, tool: str) -> Reading | None:
    """The errored reading of a tool that did not come to its own end, or None for one that did."""
    result = run.result
    match result.outcome:
        case Outcome.EXITED:
            if result.exit_status in (126, 127):
                return missing(run, tool, f"could not be run ({result.ending()}): {last_words(run) or 'no output'}")
            if result.exit_status in _CRASHES:
                return _crashed(tool, f"{result.ending()}, the status of a process ended by", result.exit_status)
            return None
        case Outcome.NOT_STARTED:
            return missing(run, tool, result.ending())
        case Outcome.TIMED_OUT:
            return Reading(
                status=Status.ERRORED,
                reason=f"{tool} {result.ending()}",
                advice=f"Unless the code waits for ever, raise `timeout` of [gates.{run.gate.name}] in factory.toml.",
            )
        case Outcome.SIGNALLED:
            return _crashed(tool, "ended by", result.exit_status or 128)
        case Outcome.CANCELLED:
            return Reading(status=Status.ERRORED, reason=f"{tool} was cancelled", advice="Run the gates again.")


def missing(run: GateRun, tool: str, how: str) -> Reading:
    """The errored reading of a tool that is not there; `how` continues the sentence that the tool's name begins."""
    table = f"gates.{run.gate.name}" if run.gate.environment == "own" else "environment"
    if run.gate.command[:2] == ("bash", "-c") and (named := _NOT_FOUND.search(how)):
        # It is not bash that is missing but what it was to run.
        tool, how = named["tool"], f"is not there ({run.result.ending()}): {last_words(run)}"
    return Reading(
        status=Status.ERRORED,
        reason=clean(f"{tool} {how}", limit=600),
        advice=f"Add what provides `{tool}` to `requires` of [{table}] in factory.toml, or put it on PATH.",
    )


def unreadable(run: GateRun, tool: str, why: str, *, advice: str = "") -> Reading:
    """The errored reading of a tool that ended by itself but did not report; `why` follows "ended with ..."."""
    said = last_words(run)
    if f"No module named {tool}" in said or f"No module named '{tool}'" in said:
        return missing(run, tool, f"could not be run: {said}")
    return Reading(
        status=Status.ERRORED,
        reason=f"{tool} ended with {run.result.ending()}, {why}{': ' + said if said else ''}",
        advice=advice or f"Run the command of [gates.{run.gate.name}] by hand to see what {tool} needs.",
    )


def by_exit_status(run: GateRun, findings: tuple[Finding, ...] = ()) -> Reading:
    """The reading of a command that the kind cannot see into: 0 is passed, all else is failed."""
    if run.result.passed:
        return Reading(status=Status.PASSED, findings=findings)
    return Reading(status=Status.FAILED, findings=findings, reason="" if findings else run.result.ending())


def relative(raw: str, run: GateRun) -> str | None:
    """A path as a tool printed it, relative to the tree; one outside the tree stays absolute, none is None."""
    if not raw:
        return None
    path = posixpath.normpath(clean(raw))
    for root in (run.tree, run.result.command.cwd):
        prefix = _unprivate(str(root)).rstrip("/") + "/"
        if _unprivate(path).startswith(prefix):
            return _unprivate(path)[len(prefix) :]
    return path


def local(text: str, run: GateRun) -> str:
    """The text without the place of the judge tree, which is another one in each iteration and nobody's business."""
    return text.replace(f"{run.tree}/", "")


def program(run: GateRun) -> str:
    """The name of what the gate's command starts with, for sentences about commands of any kind."""
    return PurePosixPath(run.gate.command[0]).name if run.gate.command else run.gate.kind


def report_or_stdout(run: GateRun, report: Path) -> bytes | None:
    """The report file when the tool wrote one, else its stdout when that is whole and not blank, else None."""
    data = run.read(report)
    if data is not None:
        return data
    stdout = run.result.stdout
    whole = stdout.head + stdout.tail
    return whole if whole.strip() and not stdout.cut else None


def last_words(run: GateRun) -> str:
    """What the tool said went wrong, in one short line: a traceback's last line, else two lines from its error on."""
    for stream in (run.result.stderr, run.result.stdout):
        # bandit logs its settings before anything else.
        lines = [line.strip() for line in stream.text().splitlines() if line.strip() and "\tINFO\t" not in line]
        if lines:
            if any(line.startswith("Traceback (most recent call last)") for line in lines):
                return clean(local(lines[-1], run), limit=300)
            start = next((place for place, line in enumerate(lines) if _ERROR.search(line)), 0)
            return clean(local(" ".join(lines[start : start + 2]), run), limit=300)
    return ""


def _crashed(tool: str, how: str, exit_status: int) -> Reading:
    number = exit_status - 128
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}"
    memory = "The machine may have run out of memory: run fewer things at once. " if number == signal.SIGKILL else ""
    return Reading(
        status=Status.ERRORED,
        reason=f"{tool} crashed: {how} {name}",
        advice=f"{memory}Run the command by hand to see whether {tool} or the code that it runs is at fault.",
    )


def _unprivate(path: str) -> str:
    # On macOS /var and /tmp are links into /private, and tools print either.
    return path.removeprefix("/private")
