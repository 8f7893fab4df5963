"""The note for the person who takes over a run that did not converge; it names scenarios, so no agent may read it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from dark_factory.core.plan import Limits
from dark_factory.core.report import Status
from dark_factory.core.shares import percent
from dark_factory.core.state import State
from dark_factory.core.telling.harmless import code, harmless, inline
from dark_factory.core.telling.regressions import Persistent, persistent, regressions
from dark_factory.core.telling.sections import counted, listed
from dark_factory.core.telling.trajectory import happened, trajectory
from dark_factory.core.verdict import Decision, Verdict

_OFTEN = 2
"""In how many iterations the same failure is worth a person's look: a try at it did not change it."""
_MORE = 5
"""How many further iterations the command to go on allows."""


def escalation(
    state: State,
    verdict: Verdict,
    *,
    limits: Limits,
    branch: str,
    artifacts: str = "artifacts/factory",
    paths: Mapping[str, str] | None = None,
) -> str:
    """The markdown of `escalation.md`.

    branch: the run's. artifacts: the folder of the feedback files. paths: by scenario id, its file.
    """
    run = state.started.run if state.started else "unknown"
    failing = persistent(state)
    parts = [
        f"# Escalation: run {code(run)} ended as {verdict.decision}",
        f"{_sentence(inline(verdict.reason, 600))}",
        f"What to do next: {_sentence(harmless(verdict.do))}" if verdict.do else "",
        "## What Was Tried",
        _tried(state),
        "## What Keeps Failing",
        _keeps_failing(failing, paths or {}),
        "## What to Look At",
        "\n".join(f"- {line}" for line in (*_advice(state, verdict, failing), *_places(state, run, artifacts))),
        "## How to Go On",
        _commands(state, verdict, limits, branch),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _tried(state: State) -> str:
    rows = [
        "| Iteration | Satisfaction | Passed | Red gates | What happened | Files changed | Note |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for step, iteration in zip(trajectory(state), state.iterations, strict=True):
        satisfaction = percent(step.satisfaction) if step.satisfaction is not None else "not known"
        passed = f"{step.passed} of {step.evaluated}" if step.evaluated else "none was run"
        red = listed(code(name, 60) for name in step.red) or "none"
        changed = str(iteration.changed) if iteration.number else ""
        rows.append(
            f"| {step.number} | {satisfaction} | {passed} | {red if step.judged else 'not judged'} "
            f"| {happened(iteration)} | {changed} | {inline(iteration.note, 200)} |"
        )
    calls = f"{counted(state.calls, 'agent call')} begun"
    tokens = f"{state.tokens:,} tokens" if state.tokens is not None else "tokens unknown"
    usd = f"{state.usd:.2f} USD" if state.usd is not None else "cost unknown"
    best = f" The best candidate is that of iteration {state.best.number}." if _judged(state) else ""
    return "\n".join(rows) + f"\n\n{calls}, {tokens}, {usd}.{best}"


def _keeps_failing(failing: tuple[Persistent, ...], paths: Mapping[str, str]) -> str:
    if not failing:
        return "Nothing failed when it was last judged."
    return "\n".join(_failure(one, paths) for one in failing)


def _failure(one: Persistent, paths: Mapping[str, str]) -> str:
    name = f" ({inline(one.name, 100)})" if one.name != one.id else ""
    place = f" in {code(paths[one.id])}" if one.what == "scenario" and one.id in paths else ""
    since = (
        f"in the same way in {one.iterations} iterations, {one.since} to {one.until}"
        if one.iterations > 1
        else f"in this way only in iteration {one.until}"
    )
    verb = "could not be judged" if one.status is Status.ERRORED else one.status
    reason = f": {inline(one.reason, 300)}" if one.reason else ""
    return f"- {one.what.capitalize()} {code(one.id, 100)}{name}{place}: {verb}, {since}{reason}."


def _advice(state: State, verdict: Verdict, failing: tuple[Persistent, ...]) -> Iterator[str]:
    errored = [one for one in failing if one.status is Status.ERRORED]
    if errored:
        yield f"Mend first what could not be judged, it is no fault of the agent: {_ids(errored)}."
    yield from _by_decision(state, verdict.decision)
    red = [one for one in failing if one.what == "gate" and one.status is Status.FAILED]
    if red:
        yield f"Gates are red: {_ids(red)}. `inv factory.gates` runs them on a checkout of the branch."
    often = [
        one for one in failing if one.what == "scenario" and one.status is Status.FAILED and one.iterations >= _OFTEN
    ]
    if often:
        yield (
            f"The same failure outlasted every try: {_ids(often)}. See whether the specification says what the "
            "scenario expects, whether the scenario itself is right, and whether it asks for a change of the "
            "architecture that error messages alone cannot tell."
        )
    broken = [code(one.id, 100) for one in regressions(state)]
    if broken:
        yield f"These passed in an earlier iteration: {listed(broken)}. See what changed since that commit."
    resets = sum(len(one.reset) for one in state.iterations)
    if resets:
        yield (
            f"The agent changed protected paths {counted(resets, 'time')}: {_resets(state)}. "
            "If the task needs that, change them yourself or unprotect them in `[isolation]`."
        )


def _by_decision(state: State, decision: Decision) -> Iterator[str]:
    last = state.last.number if state.iterations else 0
    match decision:
        case Decision.STALLED:
            yield "The score does not rise any more: take over interactively, or make the specification more exact."
        case Decision.OSCILLATING:
            yield (
                f"Two states alternate: read the feedback of iterations {max(last - 1, 0)} and {last} side by side for "
                "requirements that contradict each other."
            )
        case Decision.AGENT_FAILED:
            yield "The agent itself failed: read its transcript, and check its command, keys and limits."
        case Decision.INFRASTRUCTURE | Decision.INTERRUPTED | Decision.BLOCKED:
            yield "The run was held up from outside; remove the cause, then resume."
        case Decision.TAMPERED | Decision.LEAKED:
            yield "Do not merge the branch before you know what happened; the verdict cannot be trusted."
        case Decision.EXHAUSTED | Decision.OVER_BUDGET | Decision.OUT_OF_TIME:
            yield "A limit ended the run: if the satisfaction still rose, raise the limit and resume."
        case Decision.CONVERGED:
            return


def _places(state: State, run: str, artifacts: str) -> Iterator[str]:
    told = [one.feedback for one in state.iterations if one.feedback]
    if told:
        yield f"What the agent was told: {', '.join(code(path) for path in told[-2:])}."
    if state.iterations:
        folder = f"{artifacts}/runs/{run}/iterations/{state.last.number}/"
        yield f"Transcript, diff and evidence of the last iteration: {code(folder)}."
    yield f"Full results: {code(artifacts + '/scenario_results.json')}, {code(artifacts + '/gate_results.json')}."


def _commands(state: State, verdict: Verdict, limits: Limits, branch: str) -> str:
    lines = []
    if state.started is not None and state.head is not None:
        base = state.started.commit[:12]
        lines += [
            f"git log --stat {base}..{branch}",
            f"git diff {base} {branch}",
            f"git switch {branch}",
        ]
    lines += ["inv factory.status", _resume(state, verdict, limits)]
    return "```bash\n" + "\n".join(lines) + "\n```"


def _resume(state: State, verdict: Verdict, limits: Limits) -> str:
    """The command that goes on: with a limit raised where the same one would end the run again at once."""
    used = state.last.number if state.iterations else 0
    most = max(limits.max_iterations, used + _MORE)
    match verdict.decision:
        case Decision.EXHAUSTED:
            return f"inv factory.loop --resume --max-iterations {most}"
        case Decision.STALLED:
            patience = limits.stall_after + _MORE
            return f"FACTORY_LOOP_STALL_AFTER={patience} inv factory.loop --resume --max-iterations {most}"
        case _:
            return "inv factory.loop --resume"


def _ids(entries: list[Persistent]) -> str:
    return listed(f"{one.what} {code(one.id, 100)}" for one in entries)


def _resets(state: State) -> str:
    return listed(dict.fromkeys(code(path) for one in state.iterations for path in one.reset))


def _judged(state: State) -> bool:
    return any(one.score is not None for one in state.iterations)


def _sentence(text: str) -> str:
    return text if not text or text.endswith((".", "!", "?")) else text + "."
