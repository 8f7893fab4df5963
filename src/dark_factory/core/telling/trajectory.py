"""How a run went so far, iteration by iteration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from dark_factory.core.agent_run import AgentOutcome
from dark_factory.core.report import Layer, Status
from dark_factory.core.state import Iteration, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One iteration.

    satisfaction: 0 to 1; None when no scenario was evaluated. change: of satisfaction since the last iteration that
    has one; None without such.
    passed, evaluated: numbers of scenarios. red: names of the gates that kept the candidate from being judged or
    satisfied. judged: whether it was validated yet. happened: how the candidate came to be, in a few words.
    """

    number: int
    satisfaction: float | None
    change: float | None
    passed: int
    evaluated: int
    red: tuple[str, ...]
    judged: bool
    happened: str


def trajectory(state: State) -> tuple[Step, ...]:
    """A step for every iteration, the base first."""
    steps: list[Step] = []
    before: float | None = None
    for iteration in state.iterations:
        score = iteration.score
        scenarios = score.scenarios if score else ()
        satisfaction = score.satisfaction if score else None
        change = satisfaction - before if satisfaction is not None and before is not None else None
        passed = sum(one.status is Status.PASSED for one in scenarios)
        red = (
            gate.name
            for gate in (score.gates if score else ())
            if gate.status is not Status.PASSED and (gate.blocking or gate.layer is Layer.DETERMINISTIC)
        )
        steps.append(
            Step(
                number=iteration.number,
                satisfaction=satisfaction,
                change=change,
                passed=passed,
                evaluated=passed + sum(one.status is Status.FAILED for one in scenarios),
                red=tuple(red),
                judged=score is not None,
                happened=happened(iteration),
            )
        )
        before = before if satisfaction is None else satisfaction
    return tuple(steps)


def happened(iteration: Iteration) -> str:
    """How a candidate came to be, in a few words."""
    words = _outcome(iteration)
    if iteration.reset:
        words += f"; {_count(len(iteration.reset), 'protected path')} put back"
    if iteration.refused:
        words += f"; {_count(len(iteration.refused), 'path')} refused"
    return words


def _outcome(iteration: Iteration) -> str:
    match iteration.outcome:
        case None:
            return "the base" if iteration.number == 0 else "nothing known of the agent's call"
        case AgentOutcome.EDITED:
            return "the agent edited files"
        case AgentOutcome.UNCHANGED:
            return "the agent changed nothing"
        case AgentOutcome.TIMED_OUT:
            return "the agent ran out of time"
        case AgentOutcome.CRASHED:
            return "the agent failed"
        case AgentOutcome.NOT_STARTED:
            return "the agent could not be started"
        case _:
            assert_never(iteration.outcome)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
