"""What the agent may be told of a failed scenario: at most a level's worth, and never the scenario's own words."""

from __future__ import annotations

import re
from typing import assert_never

from dark_factory.core.config import Disclosure
from dark_factory.core.report import ScenarioResult
from dark_factory.core.scenario import Scenario
from dark_factory.core.scenario_md.body import SECTIONS
from dark_factory.core.telling.disclosed import Disclosed
from dark_factory.core.telling.quotation import Quotations

REDACTED = "[redacted: quotes the scenario]"

_LEVELS = (Disclosure.OUTPUT, Disclosure.OUTCOME, Disclosure.COUNT)
_HEREDOC = re.compile(r"(?<!<)<<(?!<)-?[ \t]*[\"']?(\w+)")
_XTRACE_ON = re.compile(r"\bset[ \t]+(?:-\w+[ \t]+)*-\w*x|\bset[ \t]+-o[ \t]+xtrace|\b(?:ba)?sh[ \t]+-\w*x")
_XTRACE = re.compile(r"\++ ")
# What stands in every other script tells nothing about this one, and agents would lose their own tracebacks to it.
_BOILERPLATE = frozenset(
    {
        "#!/bin/bash",
        "#!/bin/sh",
        "#!/usr/bin/env bash",
        "#!/usr/bin/env python3",
        "exit 0",
        "exit 1",
        "return",
        "return 0",
        "return 1",
        "set -e",
        "set -eu",
        "set -euo pipefail",
        "set -x",
    }
)


def disclose(
    result: ScenarioResult, scenario: Scenario, level: Disclosure, *, private: tuple[str, ...] = ()
) -> Disclosed:
    """What the agent is told of a result, at the configured level or the scenario's own, whichever tells less.

    private: paths that are replaced by the word `scenario`, such as that of the script outside the tree.
    """
    level = max(level, scenario.disclose or level, key=_LEVELS.index)
    match level:
        case Disclosure.COUNT:
            return Disclosed(level=level, status=result.status)
        case Disclosure.OUTCOME:
            return Disclosed(level=level, status=result.status, title=result.name, category=result.category)
        case Disclosure.OUTPUT:
            redactor = _Redactor(scenario, private)
            return Disclosed(
                level=level,
                status=result.status,
                title=result.name,
                category=result.category,
                exit_status=result.exit_status,
                timed_out=result.timed_out,
                duration=result.duration,
                reason=redactor.redact(result.public_reason),
                stdout=redactor.redact(result.stdout),
                stderr=redactor.redact(result.stderr),
            )
        case _:
            assert_never(level)


class _Redactor:
    """Replaces every output line that quotes a scenario."""

    def __init__(self, scenario: Scenario, private: tuple[str, ...]) -> None:
        self._quotations = Quotations(_secrets(scenario))
        self._private = sorted((path for path in private if path), key=len, reverse=True)
        # A trace shows commands after their variables were filled in: they differ from the scenario's lines.
        self._traces = bool(_XTRACE_ON.search(scenario.script))

    def redact(self, text: str) -> str:
        for path in self._private:
            text = text.replace(path, "scenario")
        return "\n".join(REDACTED if self._quotes(line) else line for line in text.split("\n"))

    def _quotes(self, line: str) -> bool:
        return (self._traces and _XTRACE.match(line) is not None) or self._quotations.found_in(line)


def _secrets(scenario: Scenario) -> set[str]:
    """The lines of the scenario and of its patterns that no output may show."""
    expect = scenario.expect
    lines = set(scenario.text.split("\n"))
    for pattern in (*expect.stdout, *expect.stderr, *expect.files):
        lines.update(pattern.split("\n"))
    public = {*_BOILERPLATE, *SECTIONS, scenario.name, scenario.category, *_HEREDOC.findall(scenario.script)}
    return {line for line in lines if _core(line) not in public and not _is_structure(line)}


def _core(line: str) -> str:
    """A line without the signs that markdown puts before it."""
    text = " ".join(line.split())
    return text if text.startswith("#!") else re.sub(r"^(?:#+ (?:Scenario: ?)?|[-*] )?\[?|\]$", "", text)


def _is_structure(line: str) -> bool:
    """Whether a line only opens something: a fence, `expect:`, `else:`."""
    text = line.strip()
    return text.startswith(("```", "~~~")) or re.fullmatch(r"[\w-]+:", text) is not None
