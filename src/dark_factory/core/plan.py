"""What to do next: the pure half of the loop."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dark_factory.core.agent_run import AgentOutcome
from dark_factory.core.report import Status
from dark_factory.core.shares import percent
from dark_factory.core.state import Iteration, RunStopped, State
from dark_factory.core.units import format_duration
from dark_factory.core.verdict import Decision, Verdict

_ATTEMPTS = 3
"""How often one iteration's agent call may be cut off (a killed factory) before the run is given up."""
_FAILED_CALLS = 2
"""How many agent calls in a row may fail without changing anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of a run; max_duration in seconds; None is no bound."""

    max_iterations: int
    satisfaction_threshold: float
    stall_after: int
    max_duration: float
    usd: float | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a run is to do. agent: the kind that is called, or None when none is configured."""

    limits: Limits
    agent: str | None


@dataclass(frozen=True, slots=True)
class Start:
    """Take the base and open the run."""


@dataclass(frozen=True, slots=True)
class Validate:
    """Judge the newest candidate."""

    iteration: Iteration


@dataclass(frozen=True, slots=True)
class WriteFeedback:
    """Write down what was found."""

    iteration: Iteration


@dataclass(frozen=True, slots=True)
class Deliver:
    """Commit a candidate to the run's branch."""

    iteration: Iteration
    restores: bool = False


@dataclass(frozen=True, slots=True)
class RunAgent:
    """Call the agent for the next candidate. seconds: what is left of the run's time."""

    iteration: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Stop:
    """End the run."""

    verdict: Verdict
    best: int


Action = Start | Validate | WriteFeedback | Deliver | RunAgent | Stop


def next_action(plan: Plan, state: State) -> Action | None:
    """What to do in this state; None when the run has ended.

    Every candidate is validated, the last one included, and told and delivered before the run may end.
    """
    if state.started is None:
        return Start()
    if state.ended is not None:
        return None
    last = state.last
    if last.score is None:
        return Validate(last) if state.attempts < _ATTEMPTS else _cut_off(state)
    if last.feedback is None:
        return WriteFeedback(last)
    if last.number > 0 and last.commit is None:
        return Deliver(last)
    verdict = judge(plan, state)
    if verdict is None:
        return RunAgent(last.number + 1, plan.limits.max_duration - state.elapsed)
    if state.head is not None and state.head_iteration != state.best.number:
        return Deliver(state.best, restores=True)
    return Stop(verdict, state.best.number)


def judge(plan: Plan, state: State) -> Verdict | None:
    """Whether a validated run is over, and how; the first rule that applies decides. None means another iteration."""
    for rule in (_converged, _infrastructure, _blocked, _agent_failed, _oscillating, _stalled, _limits):
        verdict = rule(plan, state)
        if verdict is not None:
            return verdict
    return None


def _converged(plan: Plan, state: State) -> Verdict | None:
    score, threshold = state.last.score, plan.limits.satisfaction_threshold
    if score is None or not score.satisfied(threshold):
        return None
    reached = f"satisfaction {percent(score.satisfaction)} reaches the threshold {percent(threshold)}"
    return Verdict(decision=Decision.CONVERGED, reason=f"{reached} at iteration {state.last.number}")


def _infrastructure(_plan: Plan, state: State) -> Verdict | None:
    base = state.iterations[0].score
    if base is not None and base.errored:
        return Verdict(
            decision=Decision.INFRASTRUCTURE,
            reason=f"the base could not be judged: {', '.join(base.errored[:5])} errored",
            do="mend the tool or the scenario (see gate_results.json and scenario_results.json), then start again",
        )
    if state.attempts >= _ATTEMPTS:
        return Verdict(
            decision=Decision.INFRASTRUCTURE,
            reason=f"iteration {state.last.number + 1}'s agent call was cut off {state.attempts} times of {_ATTEMPTS}",
            do="find out what ends the factory during the agent's call (memory, a time limit of the machine)",
        )
    return None


def _cut_off(state: State) -> Stop:
    """The end of a run whose validation ends the factory each time."""
    verdict = Verdict(
        decision=Decision.INFRASTRUCTURE,
        reason=f"iteration {state.last.number}'s validation was cut off {state.attempts} times of {_ATTEMPTS}",
        do="find out what ends the factory while it judges: memory, a time limit, or the candidate itself",
    )
    judged = any(iteration.score is not None for iteration in state.iterations)
    return Stop(verdict, state.best.number if judged else 0)


def _blocked(_plan: Plan, state: State) -> Verdict | None:
    """No agent call can help when nothing can be evaluated; better told before one is paid for."""
    base = state.iterations[0].score
    if state.last.number > 0 or base is None or base.skipped or base.satisfaction is not None or base.errored:
        return None
    skipped = [one for one in base.scenarios if one.status is Status.SKIPPED]
    if skipped:
        why = f"every scenario ({len(skipped)}) is skipped, the first because: {skipped[0].reason}"
        return Verdict(decision=Decision.BLOCKED, reason=why, do="provide what the scenarios require, then start again")
    return Verdict(decision=Decision.BLOCKED, reason="there is no scenario to evaluate", do="write a scenario first")


def _agent_failed(plan: Plan, state: State) -> Verdict | None:
    if plan.agent is None:
        return Verdict(
            decision=Decision.AGENT_FAILED,
            reason="the base does not satisfy, and factory.toml names no agent",
            do="add an [agent] table to factory.toml",
        )
    last, since = state.last, state.iterations[state.resumed_from + 1 :]
    if last.outcome is AgentOutcome.NOT_STARTED and since:
        return Verdict(
            decision=Decision.AGENT_FAILED,
            reason=f"the agent could not be started: {last.note}",
            do="check [agent] command in factory.toml",
        )
    failed = 0
    for iteration in reversed(since):
        unchanged = iteration.tree == state.iterations[iteration.number - 1].tree
        if not unchanged or iteration.outcome not in (AgentOutcome.CRASHED, AgentOutcome.TIMED_OUT):
            break
        failed += 1
    if failed >= _FAILED_CALLS:
        return Verdict(
            decision=Decision.AGENT_FAILED,
            reason=f"{failed} agent calls in a row of {_FAILED_CALLS} failed and changed nothing: {last.note}",
            do="read the agent's transcript in the last iterations' folders",
        )
    return None


def _oscillating(_plan: Plan, state: State) -> Verdict | None:
    recent = state.iterations[-4:]
    if len(recent) < 4 or _last_improvement(state.iterations) > recent[0].number:
        return None
    for what, marks in (
        ("trees", [iteration.tree for iteration in recent]),
        ("failures", [iteration.score.failure if iteration.score else "" for iteration in recent]),
    ):
        if marks[0] == marks[2] and marks[1] == marks[3] and marks[0] != marks[1]:
            return Verdict(
                decision=Decision.OSCILLATING,
                reason=f"iterations {recent[0].number} to {recent[-1].number} alternate between the same two {what}",
                do="two of the requirements may contradict each other; read the two feedback files side by side",
            )
    return None


def _stalled(plan: Plan, state: State) -> Verdict | None:
    bound = plan.limits.stall_after
    calls = state.iterations[1:]
    recent = calls[-bound:]
    if len(recent) < bound:
        return None
    limit = f"stall_after = {bound}"
    if all(one.score is not None and not one.score.layer_one_passed for one in recent):
        return _stall(f"layer 1 was red in the last {bound} iterations ({limit})")
    improved = _last_improvement(state.iterations)
    idle = state.last.number - improved
    if idle < bound:
        return None
    marks = {one.score.failure for one in recent if one.score}
    trees = {one.tree for one in recent}
    if len(trees) == 1 and state.iterations[-bound - 1].tree in trees:
        return _stall(f"the agent changed nothing in the last {bound} iterations ({limit})")
    if len(marks) == 1:
        return _stall(f"the same failures in the last {bound} iterations ({limit})")
    return _stall(f"no better score than iteration {improved}'s in the last {idle} iterations ({limit})")


def _stall(reason: str) -> Verdict:
    return Verdict(decision=Decision.STALLED, reason=reason, do="change the specification, or take over by hand")


def _last_improvement(iterations: Sequence[Iteration]) -> int:
    improved, best = 0, None
    for iteration in iterations:
        if iteration.score is not None and (best is None or iteration.score.rank > best):
            improved, best = iteration.number, iteration.score.rank
    return improved


def _limits(plan: Plan, state: State) -> Verdict | None:
    limits, used = plan.limits, state.last.number
    if used >= limits.max_iterations:
        return Verdict(
            decision=Decision.EXHAUSTED,
            reason=f"iterations {used} of {limits.max_iterations}",
            do="`inv factory.loop --resume --max-iterations N` goes on from here",
        )
    # One call without a bill must not lift the ceiling of those with one.
    if limits.tokens is not None and state.least_tokens >= limits.tokens:
        least = "" if state.tokens is not None else "at least "
        return _over_budget(f"tokens: {least}{state.least_tokens:,} of {limits.tokens:,}", "tokens")
    if limits.usd is not None and state.least_usd >= limits.usd:
        least = "" if state.usd is not None else "at least "
        return _over_budget(f"{least}{state.least_usd:.2f} USD of {limits.usd:.2f} USD", "usd")
    for key, bill, ceiling in (("tokens", state.tokens, limits.tokens), ("usd", state.usd, limits.usd)):
        if ceiling is not None and bill is None:
            # Unknown is not zero: a ceiling that can't be held ends the run before another call is paid for.
            return Verdict(
                decision=Decision.OVER_BUDGET,
                reason=f"the bill of a call is unknown, so budget.{key} = {ceiling:,g} can't be held",
                do=f"let the agent report its bill in the file that FACTORY_USAGE names, or drop budget.{key}",
            )
    if state.elapsed >= limits.max_duration:
        spent = f"{format_duration(round(state.elapsed))} of {format_duration(limits.max_duration)}"
        do = "raise loop.max_duration, then `inv factory.loop --resume`"
        return Verdict(decision=Decision.OUT_OF_TIME, reason=f"{spent} are used", do=do)
    return None


def _over_budget(reason: str, key: str) -> Verdict:
    do = f"raise budget.{key}, then `inv factory.loop --resume`"
    return Verdict(decision=Decision.OVER_BUDGET, reason=reason, do=do)


def ending(state: State) -> Verdict | None:
    """The verdict that a run's events recorded."""
    if state.ended is None:
        return None
    do = state.ended.do if isinstance(state.ended, RunStopped) else "`--resume` goes on from here"
    return Verdict(decision=state.ended.decision, reason=state.ended.reason, do=do)
