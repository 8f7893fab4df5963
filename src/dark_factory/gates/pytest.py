"""`kind = "pytest"`: the tests, read from pytest's own JUnit file; for a `coverage` gate, coverage of the same run.

Figures: `tests`, `passed`, `failed`, `errors`, `skipped`. Exit statuses
(https://docs.pytest.org/en/stable/reference/exit-codes.html): 0 passed, 1 failed, 2 interrupted (the usual cause is a
module that cannot be imported), 3 internal error, 4 usage, 5 nothing collected. 3 and 4 are errored, except that a
`conftest.py` which cannot be imported (4) is the code's fault. A status of 0 is believed only with a report in which at
least one test passed and none failed or was left open: a test can end the process, and a plugin can change the status.
"""

from __future__ import annotations

import re
from pathlib import Path

from dark_factory.core.config import GateConfig
from dark_factory.core.judging.gate_argv import arguments, machine_argv, tool_at
from dark_factory.core.judging.gate_reading import last_words, local, relative, unfinished, unreadable
from dark_factory.core.judging.gate_report import ReportError, clean, line_number
from dark_factory.core.judging.junit_cases import Case, junit_cases
from dark_factory.core.ports import GateRun
from dark_factory.core.report import Finding, Level, Reading, Status

_REPORT = "junit.xml"
_TAIL = 30
"""How many of the last lines of a failure's long form a finding keeps."""
_LAST = 3000
"""How many of its last characters are looked at for them."""

# All of these read what the code under test can print, so no repetition may meet another one without a bound.
# `tests/test_a.py:5: AssertionError`, the last line of pytest's own traceback, or `File "a.py", line 5` of Python's.
_PLACE = re.compile(r'^(?:E {1,9})?(?: {0,9}File "([^"\n]+)", line (\d+)|([^\s:][^:\n]*):(\d+): .*)', re.MULTILINE)
_STOPPED = re.compile(
    r"^!+ (.{0,99}(?:Exit|Interrupted|KeyboardInterrupt|stopping after)\b.{0,499}?) !+$", re.MULTILINE
)
_SUMMARY = re.compile(r"^=* ?((?:\d+ [a-z]+(?:, )?)+) in [\d.]+s.*$", re.MULTILINE)
_SHORT = re.compile(r"^(?:FAILED|ERROR) (\S{1,499}?\.py\S{0,499})(?: - (.*))?$", re.MULTILINE)


def argv(gate: GateConfig, outputs: Path, *, wants: frozenset[str]) -> tuple[str, ...]:
    """The author's command, with the JUnit file, and with pytest-cov's JSON report when a `coverage` gate reads it.

    The family `xunit1` has the file of each test. `--cov` alone measures what the project's coverage settings name; a
    `--cov` of the author's own is kept. pytest's cache and coverage's data file stay in the tree, which is thrown away:
    `-p no:cacheprovider` would break commands with `--lf` and projects with `cache_dir`.
    """
    options = ["--junitxml={outputs}/" + _REPORT, "-o", "junit_family=xunit1"]
    if "coverage" in wants:
        if not any(word.partition("=")[0] == "--cov" for word in arguments(gate.command, "pytest")):
            options.append("--cov")
        options.append("--cov-report=json:{outputs}/coverage.json")
    return machine_argv(gate.command, "pytest", outputs, options)


def read(run: GateRun) -> Reading:
    """A finding for each failed test, its rule the node id that `pytest NODE` runs again."""
    if (early := unfinished(run, "pytest")) is not None:
        return early
    data = run.read(run.outputs / _REPORT)
    if tool_at(run.gate.command, "pytest") is None and data is None:
        return _read_summary(run)
    match run.result.exit_status:
        case 3:
            return unreadable(run, "pytest", "an internal error of pytest or of a plugin")
        case 4:
            return _usage(run)
        case 0 | 1 | 2 | 5:
            pass
        case _:
            return unreadable(run, "pytest", "which is no status of pytest")
    if data is None:
        advice = "Look for a test that ends the process (os._exit), and for `-p no:junitxml`."
        return unreadable(run, "pytest", "and left no report", advice=advice)
    try:
        return _reading(run, junit_cases(data))
    except ReportError as error:
        return unreadable(run, "pytest", f"and its report is not readable, {error}")


def _reading(run: GateRun, cases: tuple[Case, ...]) -> Reading:
    findings = tuple(_finding(case, run) for case in cases if case.status in (Status.FAILED, Status.ERRORED))
    figures = _figures(
        passed=sum(case.status is Status.PASSED and bool(case.name) for case in cases),
        failed=sum(case.status is Status.FAILED for case in cases),
        errors=sum(case.status is Status.ERRORED for case in cases),
        skipped=sum(case.status is Status.SKIPPED for case in cases),
    )
    if findings:
        return Reading(status=Status.FAILED, findings=findings, figures=figures)
    reason = _why_not(run, figures, stopped=any(not case.name for case in cases))
    return Reading(status=Status.FAILED if reason else Status.PASSED, figures=figures, reason=reason)


def _why_not(run: GateRun, figures: dict[str, float], *, stopped: bool) -> str:
    """Why a run without a failed test is not passed; empty when it is."""
    banner = _STOPPED.search(run.result.stdout.text())
    match run.result.exit_status:
        case 5:
            return "pytest collected no test"
        case 0 if stopped or banner:
            how = clean(banner[1], limit=200) if banner else "a test was left open"
            return f"pytest was stopped before its last test: {how}"
        case 0 if not figures["passed"]:
            return f"no test passed: {figures['tests']:g} found, {figures['skipped']:g} skipped"
        case 0:
            return ""
        case _:
            # A plugin's own rule, e.g. pytest-cov: `FAIL Required test coverage of 90% not reached.`
            lines = [line for line in run.result.stdout.text().splitlines() if line.startswith(("FAIL ", "ERROR: "))]
            why = lines[-1] if lines else banner[1] if banner else last_words(run)
            return f"pytest ended with {run.result.ending()} though no test failed: {clean(why, limit=300)}"


def _finding(case: Case, run: GateRun) -> Finding:
    path, line = _place(case, run)
    text = local(clean(case.text[-_LAST:], limit=_LAST), run)
    lines = [line for line in text.splitlines() if line.strip()]
    short = local(clean(case.message), run).partition("\n")[0]
    if short in ("", "collection failure") and lines:
        short = lines[-1].removeprefix("E").strip()
    # The tail is what a reader needs: the failing line, the values in it and the place.
    message = "\n".join([clean(short, limit=500), *lines[-_TAIL:]])
    return Finding(level=Level.ERROR, rule=_node(case), message=clean(message), path=path, line=line)


def _place(case: Case, run: GateRun) -> tuple[str | None, int | None]:
    """The innermost place inside the tree; else where the test stands."""
    for match in reversed(list(_PLACE.finditer(case.text))):
        path = relative(match[1] or match[3], run)
        digits = match[2] or match[4]
        if path and not path.startswith(("/", "../", "<")) and len(digits) < 10:
            return path, line_number(int(digits))
    path = relative(case.file or "", run)
    return path, case.line + 1 if path and case.line is not None else None


def _node(case: Case) -> str:
    if case.file is None or not case.file.endswith(".py"):
        return "::".join(part for part in (case.classname, case.name) if part) or "pytest"
    if not case.classname:
        return case.file
    module = case.file.removesuffix(".py").replace("/", ".")
    classes = case.classname.removeprefix(module).strip(".")
    return "::".join([case.file, *(classes.split(".") if classes else ()), case.name])


def _usage(run: GateRun) -> Reading:
    said = run.result.stderr.text()
    if "ImportError while loading conftest" in said:
        case = Case(name="", classname="", status=Status.ERRORED, file="conftest.py", text=said)
        return Reading(status=Status.FAILED, findings=(_finding(case, run),), figures=_figures())
    if "unrecognized arguments: --cov" in said:
        advice = "Add `pytest-cov` to `requires` of [environment] in factory.toml: a coverage gate reads this one."
        return unreadable(run, "pytest", "it does not know --cov", advice=advice)
    return unreadable(run, "pytest", "which says that it was called wrongly")


def _read_summary(run: GateRun) -> Reading:
    """The reading of a command that we could not add a report to: the exit status and the line `3 passed in 0.1s`."""
    text = run.result.stdout.text()
    found = _SUMMARY.findall(text)
    counted = {word: int(digits[:9]) for digits, word in re.findall(r"(\d+) ([a-z]+)", found[-1])} if found else {}
    figures = _figures(
        passed=counted.get("passed", 0),
        failed=counted.get("failed", 0),
        errors=counted.get("error", 0) + counted.get("errors", 0),
        skipped=counted.get("skipped", 0),
    )
    findings = tuple(
        Finding(
            level=Level.ERROR,
            rule=clean(node),
            message=clean(message) or "failed",
            path=relative(node.partition("::")[0], run),
        )
        for node, message in _SHORT.findall(text)
    )
    if not run.result.passed or figures["failed"] or figures["errors"]:
        reason = "" if findings else run.result.ending()
        return Reading(status=Status.FAILED, findings=findings, figures=figures, reason=reason)
    if not found:
        advice = "Write the command as a list of words, or add --junitxml={outputs}/junit.xml to it."
        return unreadable(run, "pytest", "and does not say how many tests passed", advice=advice)
    if not figures["passed"]:
        return Reading(status=Status.FAILED, figures=figures, reason="no test passed")
    return Reading(status=Status.PASSED, figures=figures)


def _figures(*, passed: int = 0, failed: int = 0, errors: int = 0, skipped: int = 0) -> dict[str, float]:
    counts = {"passed": passed, "failed": failed, "errors": errors, "skipped": skipped}
    return {"tests": float(sum(counts.values())), **{name: float(count) for name, count in counts.items()}}
