"""What the agent may be told of a failed scenario: at most a level's worth, and never the scenario's own words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from dark_factory.core.config import Disclosure
from dark_factory.core.report import GateReport, ScenarioResult
from dark_factory.core.scenario import Scenario
from dark_factory.core.scenario_md.body import SECTIONS
from dark_factory.core.telling.disclosed import Disclosed
from dark_factory.core.telling.harmless import harmless
from dark_factory.core.telling.quotation import Quotations

REDACTED = "[redacted: quotes the scenario]"

_LONG = 20
"""Characters of a line of the holdout that is looked for everywhere."""
_NOTHING = Quotations(())
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


def quotations_of(files: Iterable[bytes]) -> Quotations:
    """The longer lines of all files of the holdout: none of them may be told, whoever prints them.

    A judged process can read more than the scenario that it runs for. Short lines are left to each scenario's own
    redaction: `commit` or `sleep 1` of one would blacken the output of all others.
    """
    texts = (text.decode("utf-8", "replace") for text in files)
    lines = {line for text in texts for line in text.split("\n") if len(line.strip()) >= _LONG}
    return Quotations(line for line in lines if _core(line) not in _BOILERPLATE)


def redacted(text: str, quotations: Quotations) -> str:
    """The text, made harmless, without the lines that quote the holdout."""
    return "\n".join(REDACTED if quotations.found_in(line) else line for line in harmless(text).split("\n"))


def redacted_gates(report: GateReport, quotations: Quotations) -> GateReport:
    """The report without lines that quote the holdout: tests run the candidate's code, which may have kept some."""

    def clean(text: str) -> str:
        return redacted(text, quotations)

    return replace(
        report,
        results=tuple(
            replace(
                one,
                findings=tuple(
                    replace(found, rule=clean(found.rule), message=clean(found.message)) for found in one.findings
                ),
                reason=clean(one.reason),
                output=clean(one.output),
            )
            for one in report.results
        ),
    )


def disclose(
    result: ScenarioResult,
    scenario: Scenario,
    level: Disclosure,
    *,
    private: tuple[str, ...] = (),
    holdout: Quotations = _NOTHING,
) -> Disclosed:
    """What the agent is told of a result, at the configured level or the scenario's own, whichever tells less.

    private: paths that are replaced by the word `scenario`, such as that of the script outside the tree.
    holdout: what of the other scenarios may not be told either.
    """
    level = max(level, scenario.disclose or level, key=_LEVELS.index)
    match level:
        case Disclosure.COUNT:
            return Disclosed(level=level, status=result.status)
        case Disclosure.OUTCOME:
            return Disclosed(level=level, status=result.status, title=result.name, category=result.category)
        case Disclosure.OUTPUT:
            redactor = _Redactor(scenario, private, holdout)
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

    def __init__(self, scenario: Scenario, private: tuple[str, ...], holdout: Quotations) -> None:
        self._holdout = holdout
        self._quotations = Quotations(_secrets(scenario))
        self._private = sorted((path for path in private if path), key=len, reverse=True)
        # A trace shows commands after their variables were filled in: they differ from the scenario's lines.
        self._traces = bool(_XTRACE_ON.search(scenario.script))

    def redact(self, text: str) -> str:
        # First, so that no invisible sign hides in a line that the feedback will show without it.
        text = harmless(text)
        for path in self._private:
            text = text.replace(path, "scenario")
        return "\n".join(REDACTED if self._quotes(line) else line for line in text.split("\n"))

    def _quotes(self, line: str) -> bool:
        if self._traces and _XTRACE.match(line) is not None:
            return True
        return self._quotations.found_in(line) or self._holdout.found_in(line)


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
