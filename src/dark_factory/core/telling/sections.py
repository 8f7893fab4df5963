"""The sections of a feedback file that tell what was found; the instructions have a module of their own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from dark_factory.core.config import Disclosure
from dark_factory.core.judging.thresholds import change, figure_of
from dark_factory.core.report import GateResult, Layer, Status
from dark_factory.core.shares import percent, sparkline
from dark_factory.core.telling.disclosed import Disclosed
from dark_factory.core.telling.facts import Facts, Standing
from dark_factory.core.telling.fitting import Piece, Section, Stream
from dark_factory.core.telling.harmless import code, inline
from dark_factory.core.telling.trajectory import Step

# What is left out first when there is no room: the highest first number, then the highest second one.
_REGRESSIONS, _GATES, _CAUSES, _DETAILS, _STEPS, _TABLE, _PATHS, _QUALITY = range(1, 9)
_NAMES = 8
"""How many names a line of the summary or of a cause lists."""
_FINDINGS = 50
_TRACKED_FINDINGS = 10
_STEP_TABLE = (
    "| Iteration | Satisfaction | Change | Passed | Red gates | What happened |\n"  # the rows follow
    "| --- | --- | --- | --- | --- | --- |\n"
)
_FIGURE_TABLE = (
    "| Gate | Status | Figure | Now | Base | Change | Limit |\n| --- | --- | --- | --- | --- | --- | --- |\n"
)


def summary(facts: Facts) -> Section:
    """Satisfaction and counts."""
    request, score = facts.request, facts.score
    layer = [one for one in request.gates.results if one.layer is Layer.DETERMINISTIC]
    passed = sum(one.status is Status.PASSED for one in layer)
    red = f"; red: {listed(code(one.name, 60) for one in facts.red)}" if facts.red else ""
    counts = ", ".join(f"{facts.count(status)} {status}" for status in Status)
    lines = [
        _standing(facts),
        "",
        f"- Iteration {facts.last.number} of at most {request.max_iterations}.",
        f"- Layer 1: {passed} of {counted(len(layer), 'gate')} passed{red}.",
        f"- Scenarios: {counts}." if score.scenarios else "- Scenarios: none was run.",
        *_comparison(facts),
    ]
    return Section("## Summary", (Piece("\n".join(lines)),))


def _standing(facts: Facts) -> str:
    satisfaction, threshold = facts.score.satisfaction, percent(facts.request.threshold)
    step = facts.steps[-1]
    share = (
        f"{step.passed} of {counted(step.evaluated, 'evaluated scenario')} passed, satisfaction {percent(satisfaction)}"
    )
    reached = f"{share}; the threshold is {threshold}."
    match facts.standing:
        case Standing.ALL_PASSED:
            return f"**Satisfied: everything that was judged passed.** {reached}"
        case Standing.ENOUGH:
            return f"**Satisfied: the threshold is reached.** {reached}"
        case Standing.UNJUDGED:
            return "**Not satisfied, but nothing that could be judged failed.**"
        case Standing.WORK if facts.red:
            return "**Not satisfied: layer 1 is red.** Scenarios are run only when all gates of layer 1 pass."
        case Standing.WORK if facts.blocking:
            names = listed(code(one.name, 60) for one in facts.blocking)
            return f"**Not satisfied: blocking gates are red ({names}).** {reached}"
        case Standing.WORK:
            return f"**Not satisfied.** {reached}"


def _comparison(facts: Facts) -> list[str]:
    step, best, lines = facts.steps[-1], facts.request.state.best, []
    if step.change is not None:
        before = [one for one in facts.steps[:-1] if one.satisfaction is not None][-1]
        lines.append(f"- Satisfaction against iteration {before.number}: {_points(step.change)}.")
    if best.number != step.number and best.score is not None:
        of = percent(best.score.satisfaction) if best.score.satisfaction is not None else "fewer red gates"
        lines.append(f"- The best so far is iteration {best.number} ({of}), not this one.")
    return lines


def regressions(facts: Facts) -> Section | None:
    """What passed before and fails now; None without such."""
    held_up = {gate.name for gate in (*facts.red, *facts.blocking)}
    lines = [
        f"- Gate {code(name, 100)}: passed last in iteration {one.passed}."
        for name, one in facts.gate_regressions.items()
        if name in held_up
    ]
    told = {key: one for key, one in facts.failed if key in facts.regressions}
    lines += [
        f"- {_named(one)}: passed last in iteration {facts.regressions[key].passed}." for key, one in told.items()
    ]
    untold = len(facts.regressions) - len(told)
    if untold:
        lines.append(f"- {counted(untold, 'scenario')} of which no more is told.")
    if not lines:
        return None
    heading = "## Regressions\n\nThese passed in an earlier iteration and fail now:"
    return Section(heading, _ranked(_REGRESSIONS, lines), "regressions", "\n")


def convergence(facts: Facts) -> Section:
    """Every iteration in a table."""
    steps = facts.steps
    heading = (
        "## Convergence Trajectory\n\n"
        f"Satisfaction by iteration, from 0 to 100%: {sparkline([step.satisfaction for step in steps])}"
    )
    base = Piece(_STEP_TABLE + _row(steps[0]))
    # The newest rows are the last to be left out.
    rows = tuple(Piece(_row(step), (_STEPS, len(steps) - step.number)) for step in steps[1:])
    return Section(heading, (base, *rows), "iterations", "\n")


def _row(step: Step) -> str:
    satisfaction = percent(step.satisfaction) if step.satisfaction is not None else "not known"
    moved = _points(step.change) if step.change is not None else ""
    passed = f"{step.passed} of {step.evaluated}" if step.evaluated else "none was run"
    red = listed(code(name, 60) for name in step.red) or "none"
    return f"| {step.number} | {satisfaction} | {moved} | {passed} | {red} | {step.happened} |"


def root_causes(facts: Facts) -> Section:
    """The causes, the first to be worked on first."""
    heading = "## Likely Root Causes"
    if not facts.causes:
        withheld = (
            "None could be told from what is disclosed." if facts.count(Status.FAILED) else "None: nothing failed."
        )
        return Section(heading, (Piece(withheld),))
    texts = []
    for place, cause in enumerate(facts.causes, 1):
        times = f", {cause.count} times" if cause.count > 1 else ""
        lines = [f"{place}. **{cause.title}**{times}. {cause.advice}"]
        lines += [f"   - It says: {line}" for line in cause.detail.splitlines()]
        lines += [f"   - Seen in: {listed(cause.where, '; ')}"] if cause.where else []
        texts.append("\n".join(lines))
    return Section(heading, _ranked(_CAUSES, texts), "causes", "\n")


def layer_one(facts: Facts) -> Section | None:
    """The tool's own words of each red gate of layer 1; None when there is none."""
    if not facts.red:
        return None
    heading = "## Layer 1\n\nThe tools' own errors. Nothing else is judged until these gates pass."
    return Section(heading, _gates(facts, facts.red, _GATES, _FINDINGS), "gates")


def quality(facts: Facts) -> Section | None:
    """The figures of layer 2, and their change since the base; None without layer 2."""
    gates = [one for one in facts.request.gates.results if one.layer is Layer.STRUCTURAL]
    if not gates:
        return None
    base = facts.request.state.iterations[0].score
    figures = {one.name: one.figures for one in base.gates} if base and facts.last.number else {}
    rows = [
        row
        for gate in gates
        for row in _figures(gate, figures.get(gate.name, {}), facts.request.thresholds.get(gate.name, {}))
    ]
    heading = "## Quality\n\nLayer 2, against the base (iteration 0)."
    pieces = (Piece(_FIGURE_TABLE + rows[0]), *_ranked(_TABLE, rows[1:]))
    details = _gates(facts, (*facts.blocking, *facts.tracked), _QUALITY, _TRACKED_FINDINGS)
    # The blank line ends the table.
    after = tuple(Piece("\n" + one.text, one.rank, one.streams) for one in details)
    return Section(heading, (*pieces, *after), "rows and gates", "\n")


def _figures(gate: GateResult, base: Mapping[str, float], bounds: Mapping[str, float]) -> list[str]:
    moved = change(gate.figures, base)
    blocking = ", blocking" if gate.blocks else ""
    limits: dict[str, str] = {}
    for key, bound in bounds.items():
        name = figure_of(key, gate.figures)
        if name is not None:
            limits[name] = f"{'at most' if key.startswith('max_') else 'at least'} {_plain(bound)}"
    if not gate.figures:
        return [f"| {code(gate.name, 60)} | {gate.status}{blocking} | | | | | |"]
    return [
        f"| {code(gate.name, 60)} | {gate.status}{blocking} | {inline(name.replace('_', ' '), 60)} | {_plain(value)} "
        f"| {_plain(base[name]) if name in base else ''} | {_moved(moved[name]) if name in moved else ''} "
        f"| {limits.get(name, '')} |"
        for name, value in gate.figures.items()
    ]


def scenarios(facts: Facts) -> Section:
    """All that may be told of every failed scenario."""
    heading = "## Failed Scenarios"
    if not facts.count(Status.FAILED):
        none = "None was run: layer 1 is red." if facts.red else "None."
        return Section(heading, (Piece(none),))
    pieces = [
        Piece(_detail(facts, place, key, one), (_DETAILS, place), _streams(one))
        for place, (key, one) in enumerate(facts.failed, 1)
    ]
    if facts.untold:
        more = " more" if pieces else ""
        pieces.append(
            Piece(f"{counted(facts.untold, f'{more.strip()} scenario'.strip())} failed; no more is disclosed.")
        )
    return Section(heading, tuple(pieces), "scenarios")


def _detail(facts: Facts, place: int, key: str, one: Disclosed) -> str:
    lines = [f"### {place}. {_named(one)}", ""]
    reason = inline(one.reason, 500)
    after = f" after {one.duration:.1f} s" if one.duration and not one.timed_out else ""
    lines.append(f"Failed{after}{': ' + reason if reason else ''}.")
    if key in facts.regressions:
        lines.append(f"Regression: it passed last in iteration {facts.regressions[key].passed}.")
    if key in facts.lasting:
        lasting = facts.lasting[key]
        lines.append(
            f"It has failed in this same way since iteration {lasting.since}, {lasting.iterations} times: "
            "what was changed since did not help."
        )
    if one.level is not Disclosure.OUTPUT:
        lines.append("Its output is not disclosed.")
    elif not one.stdout.strip() and not one.stderr.strip():
        lines.append("It wrote nothing.")
    return "\n".join(lines)


def _streams(one: Disclosed) -> tuple[Stream, ...]:
    outputs = (("stdout", one.stdout), ("stderr", one.stderr))
    return tuple(Stream(f"{name}:", text.strip("\n")) for name, text in outputs if text.strip())


def not_judged(facts: Facts) -> Section | None:
    """What says nothing about the candidate; None without such."""
    errored, skipped = facts.gates(Status.ERRORED), facts.gates(Status.SKIPPED)
    lines = [
        f"- Gate {code(one.name, 60)} could not be judged{': ' + inline(one.reason, 300) if one.reason else ''}."
        for one in errored
    ]
    if facts.count(Status.ERRORED):
        lines.append(f"- {counted(facts.count(Status.ERRORED), 'scenario')} could not be judged.")
    lines += [f"- Gate {code(one.name, 60)} was not run." for one in skipped]
    if facts.count(Status.SKIPPED) or (not facts.score.scenarios and facts.score.skipped):
        number = counted(facts.count(Status.SKIPPED), "scenario") if facts.score.scenarios else "The scenarios"
        verb = "was" if facts.count(Status.SKIPPED) == 1 else "were"
        why = f": {inline(facts.score.skipped)}" if facts.score.skipped else ""
        lines.append(f"- {number} {verb} not run{why}.")
    if not lines:
        return None
    unable = bool(errored or facts.count(Status.ERRORED))
    lead = (
        "What could not be judged is not held against the code, and nothing has to be done about it." if unable else ""
    )
    heading = "## Not Judged" + (f"\n\n{lead}" if lead else "")
    return Section(heading, _ranked(_TABLE, lines), "entries", "\n")


def protected_paths(facts: Facts) -> Section | None:
    """What of the last agent call was undone; None when nothing was."""
    last = facts.last
    lines = [f"- Put back: {code(path)}" for path in last.reset]
    lines += [f"- Left out: {code(path, 400)}" for path in last.refused]
    if not lines:
        return None
    heading = "## Protected Paths\n\nThese changes of the last call did not become part of the code:"
    return Section(heading, _ranked(_PATHS, lines), "paths", "\n")


def _gates(facts: Facts, gates: Iterable[GateResult], rank: int, limit: int) -> tuple[Piece, ...]:
    pieces = []
    for place, gate in enumerate(gates):
        number = f", {counted(len(gate.findings), 'finding')}" if gate.findings else ""
        before = facts.gate_regressions.get(gate.name)
        lines = [f"### {code(gate.name, 100)}: failed{number}"]
        lines += ["", f"{_sentence(inline(gate.reason, 500))}"] if gate.reason else []
        lines += ["", f"Regression: it passed last in iteration {before.passed}."] if before else []
        shown = [str(finding) for finding in gate.findings[:limit]]
        more = len(gate.findings) - len(shown)
        joiner = "\n\n" if any("\n" in text for text in shown) else "\n"
        text = joiner.join(shown) + (f"\n... and {more} more" if more else "")
        label = "Findings:" if shown else "Output:"
        stream = Stream(label, text if shown else gate.output.strip("\n"))
        pieces.append(Piece("\n".join(lines), (rank, place), (stream,) if stream.text.strip() else ()))
    return tuple(pieces)


def _ranked(rank: int, texts: Iterable[str]) -> tuple[Piece, ...]:
    return tuple(Piece(text, (rank, place)) for place, text in enumerate(texts))


def _named(one: Disclosed) -> str:
    return inline(one.title, 150) + (f" ({inline(one.category, 60)})" if one.category else "")


def listed(names: Iterable[str], joiner: str = ", ") -> str:
    """The first of some names, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - _NAMES} more" if len(every) > _NAMES else ""
    return joiner.join(every[:_NAMES]) + more


def counted(number: int, noun: str) -> str:
    """A number with its noun."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _points(share: float) -> str:
    return f"{share * 100:+.1f} points" if abs(share) >= 0.0005 else "unchanged"


def _moved(value: float) -> str:
    return f"{value:+.2f}".rstrip("0").rstrip(".") if value else "0"


def _plain(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."
