"""What one validation says of a candidate, reduced to what decisions need."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dark_factory.core.fingerprint import fingerprint
from dark_factory.core.report import GateReport, GateResult, Layer, ScenarioReport, ScenarioResult, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class GateScore:
    """One gate's result in brief.

    findings: how many. failure: the fingerprint of what it said, empty when it passed.
    """

    name: str
    layer: Layer
    blocking: bool
    status: Status
    findings: int = 0
    figures: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    failure: str = ""
    duration: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenarioScore:
    """One scenario's result in brief. failure: the fingerprint of what it said, empty when it passed."""

    id: str
    name: str
    category: str = ""
    weight: float = 1.0
    status: Status
    reason: str = ""
    failure: str = ""
    duration: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One validation in brief.

    satisfaction: None when no scenario was evaluated.
    skipped: why no scenario was run; empty when they were.
    """

    gates: tuple[GateScore, ...] = ()
    scenarios: tuple[ScenarioScore, ...] = ()
    satisfaction: float | None = None
    skipped: str = ""

    @property
    def layer_one_passed(self) -> bool:
        """Whether every layer 1 gate passed."""
        return all(gate.status is Status.PASSED for gate in self.gates if gate.layer is Layer.DETERMINISTIC)

    @property
    def blocked_by(self) -> tuple[GateScore, ...]:
        """The blocking gates, of any layer, that did not pass."""
        return tuple(gate for gate in self.gates if gate.blocking and gate.status is not Status.PASSED)

    @property
    def errored(self) -> tuple[str, ...]:
        """Names of blocking gates and scenarios that we could not judge."""
        gates = [f"gate {gate.name}" for gate in self.blocked_by if gate.status is Status.ERRORED]
        return (*gates, *(f"scenario {one.id}" for one in self.scenarios if one.status is Status.ERRORED))

    @property
    def failing(self) -> tuple[ScenarioScore, ...]:
        """The scenarios that failed or errored."""
        return tuple(one for one in self.scenarios if one.status in (Status.FAILED, Status.ERRORED))

    @property
    def failure(self) -> str:
        """The fingerprint of everything that keeps this candidate from passing; empty when nothing does."""
        parts = [f"{gate.name} {gate.failure}" for gate in self.blocked_by]
        parts += [f"{one.id} {one.failure}" for one in self.failing]
        return "|".join(sorted(parts))

    def satisfied(self, threshold: float) -> bool:
        """Whether a candidate with this score may be delivered as converged.

        Nothing evaluated is not satisfied, and neither is anything that we could not judge. The tolerance is for sums
        of weights in binary fractions, far below the weight of any scenario.
        """
        if self.blocked_by or self.errored or self.satisfaction is None:
            return False
        return self.satisfaction >= threshold - 1e-9

    @property
    def rank(self) -> tuple[int, int, float, float]:
        """Orders candidates from worse to better: gates that block, what could not be judged, satisfaction, findings.

        What could not be judged comes before satisfaction, so that nothing ranks above a satisfied candidate without
        being satisfied itself.
        """
        red = self.blocked_by
        findings = sum(gate.findings for gate in red)
        satisfaction = -1.0 if self.satisfaction is None else self.satisfaction
        return (-len(red), -len(self.errored), satisfaction, -float(findings))


def score(gates: GateReport, scenarios: ScenarioReport) -> Score:
    """Reduce the reports of one validation."""
    return Score(
        gates=tuple(_gate(result) for result in gates.results),
        scenarios=tuple(_scenario(result) for result in scenarios.results),
        satisfaction=scenarios.satisfaction,
        skipped=scenarios.skipped_reason,
    )


def _gate(result: GateResult) -> GateScore:
    words = [finding.rule + finding.message + (finding.path or "") for finding in result.findings] or [result.output]
    return GateScore(
        name=result.name,
        layer=result.layer,
        blocking=result.blocking,
        status=result.status,
        findings=len(result.findings),
        figures=result.figures,
        reason=result.reason,
        failure="" if result.status is Status.PASSED else fingerprint([result.status, *words]),
        duration=result.duration,
    )


def _scenario(result: ScenarioResult) -> ScenarioScore:
    words = [result.status, str(result.exit_status), result.reason, result.stdout, result.stderr]
    return ScenarioScore(
        id=result.id,
        name=result.name,
        category=result.category,
        weight=result.weight,
        status=result.status,
        reason=result.public_reason,
        failure="" if result.status is Status.PASSED else fingerprint(words),
        duration=result.duration,
    )
