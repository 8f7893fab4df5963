"""A run of the link shortener in four iterations, for the tests of what people and agents read."""

from __future__ import annotations

from collections.abc import Mapping

from dark_factory.core.agent_run import AgentOutcome, Usage
from dark_factory.core.config import Disclosure
from dark_factory.core.report import (
    Finding,
    GateReport,
    GateResult,
    Layer,
    Level,
    ScenarioReport,
    ScenarioResult,
    Status,
)
from dark_factory.core.score import score
from dark_factory.core.state import (
    AgentBegan,
    AgentEnded,
    Delivered,
    Event,
    FeedbackWritten,
    RunStarted,
    State,
    Validated,
    evolve,
)
from dark_factory.core.telling.disclosed import Disclosed

BRANCH = "factory/20260714-1"
TRACEBACK = """\
Traceback (most recent call last):
  File "src/shortener/storage.py", line 41, in create
    self._claims[alias].expires_at
KeyError: 'expires_at'
"""
UNUSED = Finding(
    level=Level.ERROR, rule="F401", message="`os` imported but unused", path="src/shortener/server.py", line=3
)
COMPLEX = Finding(
    level=Level.WARNING, rule="CC", message="`route` has complexity 14", path="src/shortener/server.py", line=40
)

Reports = tuple[GateReport, ScenarioReport]


def gates(*lint: Finding, complexity: float = 9.0, coverage: float = 81.0, security: bool = True) -> GateReport:
    """Two gates of layer 1 and three of layer 2."""
    too_complex = complexity > 10
    return GateReport(
        results=(
            GateResult(
                name="lint",
                kind="ruff",
                layer=Layer.DETERMINISTIC,
                blocking=True,
                status=Status.FAILED if lint else Status.PASSED,
                findings=lint,
                figures={"findings": float(len(lint))},
            ),
            GateResult(
                name="types", kind="mypy", layer=Layer.DETERMINISTIC, blocking=True, status=Status.PASSED, output="fine"
            ),
            GateResult(
                name="complexity",
                kind="radon",
                layer=Layer.STRUCTURAL,
                blocking=False,
                status=Status.FAILED if too_complex else Status.PASSED,
                figures={"max_complexity": complexity},
                reason=f"max_complexity is {complexity:g}, the limit is 10" if too_complex else "",
                findings=(COMPLEX,) if too_complex else (),
            ),
            GateResult(
                name="coverage",
                kind="coverage",
                layer=Layer.STRUCTURAL,
                blocking=False,
                status=Status.PASSED,
                figures={"coverage": coverage},
            ),
            GateResult(
                name="security",
                kind="bandit",
                layer=Layer.STRUCTURAL,
                blocking=False,
                status=Status.PASSED if security else Status.ERRORED,
                reason="" if security else "bandit ended with exit status 2, and left no report",
                advice="" if security else "Run the command of [gates.security] by hand.",
                figures={"findings": 0.0} if security else {},
            ),
        )
    )


def scenarios(*failing: str) -> ScenarioReport:
    """Five scenarios, of which some fail, and one that is skipped."""
    results = [
        _result("cli", "The command line creates links", "cli", "", "/usr/bin/python: No module named shortener.cli\n"),
        _result("dashboard", "The dashboard shows totals", "dashboard", "", "curl: (22) returned error: 404\n"),
        _result("expired", "An expired alias is free again", "storage", "POST -> 500\n", f"\x1b[31m{TRACEBACK}\x1b[0m"),
        _result("listing", "Links are listed newest first", "api", "GET -> 500\n", TRACEBACK),
        _result("slow", "A slow client blocks nobody", "integration", "", "", late=True),
    ]
    return ScenarioReport(
        results=(
            *(one if one.id in failing else _passed(one) for one in results),
            ScenarioResult(
                id="browser",
                name="Works in a browser",
                path="scenarios/browser.md",
                category="dashboard",
                weight=1.0,
                status=Status.SKIPPED,
                reason="needs the command chromium",
                public_reason="needs the command chromium",
            ),
        )
    )


def state_of(
    reports: tuple[Reports, ...] | None = None,
    *,
    reset: tuple[str, ...] = ("factory.toml",),
    refused: tuple[str, ...] = ("data: a symbolic link that leaves the tree (/etc)",),
) -> State:
    """The state after the last of these was judged; the last agent call touched protected paths."""
    reports = REPORTS if reports is None else reports
    state = evolve(State(), _started())
    for number, (gate_report, scenario_report) in enumerate(reports):
        last = number == len(reports) - 1
        events: list[Event] = []
        if number:
            events = [
                AgentBegan(at=1, iteration=number),
                AgentEnded(
                    at=2,
                    iteration=number,
                    outcome=AgentOutcome.EDITED,
                    tree=f"tree{number}",
                    changed=3 + number,
                    reset=reset if last else (),
                    refused=refused if last else (),
                    usage=Usage(tokens=12_000, usd=0.25),
                    exit_status=0,
                    note="",
                    duration=100,
                ),
            ]
        events.append(Validated(at=3, iteration=number, score=score(gate_report, scenario_report), duration=20))
        if not last:
            path = f"artifacts/factory/feedback_iter_{number}.md"
            events.append(FeedbackWritten(at=4, iteration=number, path=path, duration=0))
        if number and not last:
            commit = f"c{number}"
            events.append(Delivered(at=5, iteration=number, branch=BRANCH, commit=commit, restores=False, duration=0))
        for event in events:
            state = evolve(state, event)
    return state


def details_of(report: ScenarioReport, level: Disclosure = Disclosure.OUTPUT) -> Mapping[str, Disclosed]:
    """What core/telling/disclosure.py makes of the failed scenarios, redaction aside."""
    return {one.id: _disclosed(one, level) for one in report.results if one.status is Status.FAILED}


def _disclosed(one: ScenarioResult, level: Disclosure) -> Disclosed:
    if level is Disclosure.COUNT:
        return Disclosed(level=level, status=one.status)
    if level is Disclosure.OUTCOME:
        return Disclosed(level=level, status=one.status, title=one.name, category=one.category)
    return Disclosed(
        level=level,
        status=one.status,
        title=one.name,
        category=one.category,
        exit_status=one.exit_status,
        timed_out=one.timed_out,
        duration=one.duration,
        reason=one.public_reason,
        stdout=one.stdout,
        stderr=one.stderr,
    )


def _started() -> RunStarted:
    return RunStarted(
        at=0,
        run="20260714-1",
        version="1",
        commit="0123456789abcdef",
        tree="tree",
        visible="tree0",
        dirty=False,
        isolation="sandbox",
    )


def _result(key: str, name: str, category: str, stdout: str, stderr: str, *, late: bool = False) -> ScenarioResult:
    reason = "timed out after 20 s" if late else "exit status 1"
    return ScenarioResult(
        id=key,
        name=name,
        path=f"scenarios/{key}.md",
        category=category,
        weight=1.0,
        status=Status.FAILED,
        reason=reason,
        public_reason=reason,
        exit_status=137 if late else 1,
        timed_out=late,
        duration=20.0 if late else 2.31,
        stdout=stdout,
        stderr=stderr,
    )


def _passed(one: ScenarioResult) -> ScenarioResult:
    return ScenarioResult(
        id=one.id, name=one.name, path=one.path, category=one.category, weight=1.0, status=Status.PASSED, exit_status=0
    )


NOT_RUN = ScenarioReport(skipped_reason="layer 1 failed")
REPORTS: tuple[Reports, ...] = (
    (gates(), scenarios("cli", "dashboard", "expired", "slow")),
    (gates(UNUSED), NOT_RUN),
    (gates(), scenarios("expired", "slow")),
    (gates(complexity=14.0, coverage=79.5, security=False), scenarios("expired", "listing", "slow")),
)
