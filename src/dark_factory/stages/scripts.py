"""Have bash look over the scripts of scenarios without running them."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from dark_factory.core.command import Command
from dark_factory.core.ports import Executor, Job
from dark_factory.core.scenario import Scenario
from dark_factory.core.schema import Problem

_TIMEOUT = 60.0
_TOLD = re.compile(r": line (?P<line>\d+): (?P<what>.+)")


def script_problems(
    scenarios: Sequence[Scenario], executor: Executor, *, environ: Mapping[str, str], cwd: Path
) -> tuple[Problem, ...]:
    """What `bash -n` says is no valid bash, at its place in the scenario's file.

    A script that can't be parsed fails every candidate, so it is the author's to mend, before anything is run.
    """
    with tempfile.TemporaryDirectory(prefix="dark-factory-") as folder:
        jobs = []
        for number, scenario in enumerate(scenarios):
            script = Path(folder, str(number))
            script.write_text(scenario.script, encoding="utf-8")
            argv = ("bash", "-n", str(script))
            command = Command(argv=argv, cwd=cwd, env={"PATH": environ.get("PATH", "")}, timeout=_TIMEOUT)
            jobs.append(Job(key=scenario.path, command=command))
        results = executor.run_all(jobs, at_once=None)
    return tuple(
        _problem(scenario, results[scenario.path].stderr.text())
        for scenario in scenarios
        if results[scenario.path].exit_status not in (0, None)
    )


def _problem(scenario: Scenario, words: str) -> Problem:
    told = _TOLD.search(words)
    lines = scenario.text.splitlines()
    first = _first_line(scenario, lines)
    line = first + int(told["line"]) - 1 if told and first else None
    return Problem(
        path=scenario.path,
        line=line,
        column=1 if line else None,
        source=lines[line - 1] if line and line <= len(lines) else "",
        message=f"bash can't parse the script: {told['what'] if told else words.strip()}",
        hint="try it with `bash -n`",
    )


def _first_line(scenario: Scenario, lines: Sequence[str]) -> int | None:
    """The line of the file that the script begins at."""
    script = scenario.script.splitlines()
    for number in range(len(lines) - len(script) + 1):
        if [line.strip() for line in lines[number : number + len(script)]] == [line.strip() for line in script]:
            return number + 1
    return None
