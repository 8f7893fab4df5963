"""A run's state as one JSON object, for `inv factory.status`."""

from __future__ import annotations

from dark_factory.core.plan import Deliver, Plan, RunAgent, Start, Stop, Validate, WriteFeedback, next_action
from dark_factory.core.score import Score
from dark_factory.core.state import RunPaused, State
from dark_factory.core.telling.regressions import persistent
from dark_factory.core.verdict import Decision


def snapshot(state: State, *, plan: Plan) -> dict[str, object]:
    """The state for people and programs; values are those of JSON.

    run: its name, null before the first. iteration: the newest. verdict, reason: null while the run goes on.
    satisfaction: of the newest judged iteration, history: of all; 0 to 1, null where no scenario was evaluated.
    failing: the scenarios that did not pass when they were last run, with the first and the last iteration of this
    same failure. gates: of the newest judged iteration.
    budget: pairs of what is used and what is allowed; null for unknown use and for no limit.
    next: a sentence. best: the iteration of the best candidate, null before one was judged.
    """
    judged = [one for one in state.iterations if one.score is not None]
    score = judged[-1].score if judged else None
    limits = plan.limits
    return {
        "run": state.started.run if state.started else None,
        "iteration": state.last.number if state.iterations else None,
        "verdict": str(state.ended.decision) if state.ended else None,
        "reason": state.ended.reason if state.ended else None,
        "satisfaction": score.satisfaction if score else None,
        "history": [one.score.satisfaction if one.score else None for one in state.iterations],
        "failing": _failing(state),
        "gates": _gates(score) if score else [],
        "budget": {
            "iterations": [state.last.number if state.iterations else 0, limits.max_iterations],
            "seconds": [round(state.elapsed, 1), limits.max_duration],
            "tokens": [state.tokens, limits.tokens],
            "usd": [state.usd, limits.usd],
        },
        "next": next_step(state, plan=plan),
        "best": state.best.number if judged else None,
    }


def next_step(state: State, *, plan: Plan) -> str:
    """What happens or is to be done next, in a sentence."""
    if state.ended is not None:
        return _after_the_end(state)
    if state.began:
        return _at_work(state)
    return _ahead(state, plan)


def _at_work(state: State) -> str:
    if state.began == "agent":
        return f"The agent is at work on iteration {state.last.number + 1}."
    return f"Iteration {state.last.number} is being validated."


def _ahead(state: State, plan: Plan) -> str:
    match next_action(plan, state):
        case Start():
            return "`inv factory.loop` starts a run."
        case Validate(iteration=iteration):
            return f"Iteration {iteration.number} is to be validated."
        case WriteFeedback(iteration=iteration):
            return f"The feedback on iteration {iteration.number} is to be written."
        case Deliver(iteration=iteration, restores=restores):
            again = " again, as the best one" if restores else ""
            return f"Iteration {iteration.number} is to be committed to the run's branch{again}."
        case RunAgent(iteration=iteration):
            return f"The agent is to be called for iteration {iteration}."
        case Stop(verdict=verdict):
            return f"The run is to end as {verdict.decision}: {verdict.reason}."
        case None:
            return ""


def _after_the_end(state: State) -> str:
    if isinstance(state.ended, RunPaused):
        return "`inv factory.loop --resume` goes on from here."
    if state.ended is not None and state.ended.decision is Decision.CONVERGED:
        if state.head is None:
            return "Nothing is to be done: the base satisfies."
        return f"The result is on {state.branch}: `git merge {state.branch}` where it is not yet."
    if state.ended is not None and state.ended.do:
        return f"Read escalation.md: {state.ended.do}."
    return "Read escalation.md, then change the specification, or raise a limit and `inv factory.loop --resume`."


def _failing(state: State) -> list[dict[str, object]]:
    return [
        {"id": one.id, "name": one.name, "status": str(one.status), "since": one.since, "until": one.until}
        for one in persistent(state)
        if one.what == "scenario"
    ]


def _gates(score: Score) -> list[dict[str, object]]:
    return [
        {"name": one.name, "layer": int(one.layer), "status": str(one.status), "findings": one.findings}
        for one in score.gates
    ]
