"""Made-up scores and runs, for the tests of what the loop decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from dark_factory.core.agent_run import AgentOutcome, Usage
from dark_factory.core.plan import Action, Deliver, Limits, Plan, RunAgent, Start, Stop, Validate, WriteFeedback
from dark_factory.core.report import Layer, Status
from dark_factory.core.score import GateScore, ScenarioScore, Score
from dark_factory.core.state import (
    AgentBegan,
    AgentEnded,
    Delivered,
    Event,
    FeedbackWritten,
    Iteration,
    RunStarted,
    RunStopped,
    State,
    Validated,
    ValidationBegan,
)

FREE = Usage(tokens=0, usd=0.0)
STARTED = RunStarted(
    at=1000.0, run="run", version="1", commit="c", tree="full", visible="t0", dirty=False, isolation="clone"
)


def a_score(
    satisfaction: float | None,
    *,
    failure: str = "",
    red: Sequence[str] = (),
    status: Status = Status.FAILED,
    layer: Layer = Layer.DETERMINISTIC,
    errored: bool = False,
    findings: int = 0,
) -> Score:
    """A score; `red` gates have `status`, one scenario fails with the fingerprint `failure`, one errors if asked."""
    gates = tuple(
        GateScore(name=name, layer=layer, blocking=True, status=status, findings=findings, failure=failure or "red")
        for name in red
    )
    scenarios: list[ScenarioScore] = []
    if satisfaction is not None:
        passes = satisfaction >= 1.0
        scenarios.append(
            ScenarioScore(
                id="s",
                name="S",
                status=Status.PASSED if passes else Status.FAILED,
                failure="" if passes else failure or "f",
            )
        )
    if errored:
        scenarios.append(ScenarioScore(id="e", name="E", status=Status.ERRORED, failure="broken"))
    return Score(gates=gates, scenarios=tuple(scenarios), satisfaction=satisfaction)


def an_iteration(
    number: int,
    score: Score,
    *,
    tree: str | None = None,
    outcome: AgentOutcome = AgentOutcome.EDITED,
    usage: Usage = FREE,
    note: str = "",
) -> Iteration:
    """A judged, told and delivered candidate."""
    return Iteration(
        number=number,
        tree=tree or f"t{number}",
        score=score,
        feedback=f"feedback_iter_{number}.md",
        commit=f"c{number}" if number else None,
        outcome=outcome if number else None,
        usage=usage if number else None,
        note=note,
    )


def a_state(*iterations: Iteration, elapsed: float = 0.0, attempts: int = 0) -> State:
    """The state of a run whose newest candidate has been judged, told and delivered."""
    last = iterations[-1]
    return State(
        started=STARTED, iterations=iterations, elapsed=elapsed, attempts=attempts, head=last.commit,
        head_iteration=last.number,
    )  # fmt: skip


def a_plan(
    *,
    max_iterations: int = 5,
    threshold: float = 0.8,
    stall_after: int = 3,
    max_duration: float = 7200.0,
    usd: float | None = None,
    tokens: int | None = None,
    agent: str | None = "command",
) -> Plan:
    limits = Limits(
        max_iterations=max_iterations,
        satisfaction_threshold=threshold,
        stall_after=stall_after,
        max_duration=max_duration,
        usd=usd,
        tokens=tokens,
    )
    return Plan(limits=limits, agent=agent)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What the world does in one iteration: the candidate's tree and score, and how the agent's call went."""

    tree: str
    score: Score
    outcome: AgentOutcome = AgentOutcome.EDITED
    usage: Usage = FREE
    duration: float = 1.0


@dataclass(kw_only=True)
class World:
    """Performs actions on nothing; beyond the last turn that one repeats. Keeps what it was asked to do."""

    turns: Sequence[Turn]
    asked: list[Action] = field(default_factory=list)
    seen: list[State] = field(default_factory=list)

    def turn(self, number: int) -> Turn:
        return self.turns[min(number, len(self.turns) - 1)]

    def __call__(self, action: Action, state: State) -> Iterator[Event]:
        self.asked.append(action)
        self.seen.append(state)
        match action:
            case Start():
                yield RunStarted(
                    at=0.0, run="run", version="1", commit="c", tree="full", visible=self.turn(0).tree, dirty=False,
                    isolation="",
                )  # fmt: skip
            case Validate(iteration=iteration):
                yield ValidationBegan(at=0.0, iteration=iteration.number)
                turn = self.turn(iteration.number)
                yield Validated(at=0.0, iteration=iteration.number, score=turn.score, duration=turn.duration)
            case WriteFeedback(iteration=iteration):
                path = f"feedback_iter_{iteration.number}.md"
                yield FeedbackWritten(at=0.0, iteration=iteration.number, path=path, duration=0.0)
            case Deliver(iteration=iteration, restores=restores):
                commit = f"{'again-' if restores else ''}{iteration.tree}-on-{state.head}"
                yield Delivered(
                    at=0.0, iteration=iteration.number, branch="b", commit=commit, restores=restores, duration=0.0
                )
            case RunAgent(iteration=number):
                yield AgentBegan(at=0.0, iteration=number)
                turn = self.turn(number)
                yield AgentEnded(
                    at=0.0, iteration=number, outcome=turn.outcome, tree=turn.tree, changed=1, reset=(), refused=(),
                    usage=turn.usage, exit_status=0, note="", duration=turn.duration,
                )  # fmt: skip
            case Stop(verdict=verdict, best=best):
                yield RunStopped(at=0.0, decision=verdict.decision, reason=verdict.reason, best=best)
