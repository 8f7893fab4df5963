"""What gates and scenarios found: statuses, findings, figures and the reports made of them."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field


class Status(enum.StrEnum):
    """JUnit's words: `errored` means that we could not tell, `skipped` that we did not try."""

    PASSED = "passed"
    FAILED = "failed"
    ERRORED = "errored"
    SKIPPED = "skipped"


class Level(enum.StrEnum):
    """SARIF's levels of a finding."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Layer(enum.IntEnum):
    """The layers of validation that gates belong to."""

    DETERMINISTIC = 1
    STRUCTURAL = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that a tool found, in SARIF's terms.

    rule: the tool's id of the rule (`F401`, `arg-type`, `B105`, a test's id).
    path, line: where, relative to the tree; None when the tool does not say.
    """

    level: Level
    rule: str
    message: str
    path: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = self.path or ""
        if self.path and self.line is not None:
            place = f"{self.path}:{self.line}"
        return f"{place + ': ' if place else ''}{self.rule}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a gate kind makes of a finished tool.

    status: passed or failed by the tool's own word, or errored when the tool did not do its work.
    findings: in the tool's order.
    figures: numbers by name, e.g. `coverage` in percent, `max_complexity`, `findings`.
    reason: one sentence for a status that the findings do not explain.
    advice: what to do about an errored status.
    counts: names of the figures that count the findings, when these are the whole cause of a failed status: a `max_`
    threshold on one of them decides instead of the tool (core/judging/thresholds.py).
    """

    status: Status
    findings: tuple[Finding, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    advice: str = ""
    counts: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateResult:
    """One gate's result on one tree.

    duration: seconds of wall time; 0 for a gate that only reads another's output.
    output: the tool's own words, stdout then stderr, capped.
    """

    name: str
    kind: str
    layer: Layer
    blocking: bool
    status: Status
    findings: tuple[Finding, ...] = ()
    figures: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    advice: str = ""
    duration: float = 0.0
    output: str = ""

    @property
    def blocks(self) -> bool:
        """Whether this result keeps the candidate from being satisfied."""
        return self.blocking and self.status is not Status.PASSED


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """All gates on one tree, in the order of factory.toml."""

    results: tuple[GateResult, ...] = ()
    duration: float = 0.0

    @property
    def layer_one_passed(self) -> bool:
        """Whether every layer 1 gate passed; without any, there is nothing that blocks."""
        return all(result.status is Status.PASSED for result in self.results if result.layer is Layer.DETERMINISTIC)

    @property
    def blocking(self) -> tuple[GateResult, ...]:
        """The results that keep the candidate from being satisfied."""
        return tuple(result for result in self.results if result.blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioResult:
    """One scenario's result on one tree.

    path: its file, relative to the repository; category: empty when it names none.
    reason: why it was skipped or errored, or which expectation failed, for the author (it may quote the scenario).
    public_reason: the same for the agent: it never quotes the scenario.
    exit_status: of the last attempt, None when it never started; duration: seconds of all attempts.
    attempts, passes: how often it ran (`repeat`), and how often it passed.
    evidence: paths of collected files, relative to the evidence folder.
    """

    id: str
    name: str
    path: str
    category: str
    weight: float
    status: Status
    reason: str = ""
    public_reason: str = ""
    exit_status: int | None = None
    timed_out: bool = False
    duration: float = 0.0
    stdout: str = ""
    stderr: str = ""
    attempts: int = 0
    passes: int = 0
    evidence: tuple[str, ...] = ()

    @property
    def evaluated(self) -> bool:
        """Whether it counts: skipped and errored say nothing about the candidate."""
        return self.status in (Status.PASSED, Status.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioReport:
    """All scenarios on one tree, ordered by path.

    skipped_reason: why none was run at all (layer 1 failed); empty when they were run.
    """

    results: tuple[ScenarioResult, ...] = ()
    duration: float = 0.0
    skipped_reason: str = ""

    def count(self, status: Status) -> int:
        """How many results have this status."""
        return sum(result.status is status for result in self.results)

    @property
    def satisfaction(self) -> float | None:
        """The weighted share of evaluated scenarios that passed, 0 to 1; None when none was evaluated."""
        evaluated = [result for result in self.results if result.evaluated]
        total = sum(result.weight for result in evaluated)
        if not evaluated or total <= 0:
            return None
        if all(result.status is Status.PASSED for result in evaluated):
            return 1.0
        return sum(result.weight for result in evaluated if result.status is Status.PASSED) / total

    @property
    def passed(self) -> bool:
        """Whether at least one was evaluated, all evaluated passed, and none errored."""
        return self.satisfaction == 1.0 and not self.count(Status.ERRORED)
