"""The instructions at the end of a feedback file: what to do, in the order of its importance."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from dark_factory.core.report import Status
from dark_factory.core.telling.facts import Facts, Standing
from dark_factory.core.telling.fitting import Piece, Section
from dark_factory.core.telling.harmless import code, inline
from dark_factory.core.telling.sections import counted, listed

_RULES = """\
For every change:

- Implement the specification ({specs}) in general. The scenarios are hidden: do not guess at them, and write no code
  for single cases of them.
- Do not delete, skip or weaken tests, and add no suppressions (`# noqa`, `# type: ignore`, `pragma: no cover` and the
  like): mend the code.
- Leave protected paths alone; changes to them are put back.
- Keep working what works now.
- If something cannot be done, or the specification contradicts itself, say so plainly in your last message instead of
  working around it."""


def instructions(facts: Facts) -> Section:
    """What to do next; nothing when nothing is asked."""
    return Section("## Instructions", (Piece(_text(facts)),))


def _text(facts: Facts) -> str:
    match facts.standing:
        case Standing.ALL_PASSED:
            return "Everything that was judged passed. There is nothing to do; change nothing."
        case Standing.ENOUGH:
            return "The threshold is reached. No change is asked for; what is told above is for information."
        case Standing.UNJUDGED:
            return (
                "Nothing that could be judged failed, and what could not be judged is not due to the code. "
                "There is nothing to do; change nothing."
            )
        case Standing.WORK:
            steps = [f"{place}. {step}" for place, step in enumerate(_steps(facts), 1)]
            specs = listed(code(path, 60) for path in facts.request.specs) or "the author's documents"
            return "\n".join(["In this order:", "", *steps, "", _RULES.format(specs=specs)])
        case _:
            assert_never(facts.standing)


def _steps(facts: Facts) -> Iterator[str]:
    failed = facts.count(Status.FAILED)
    if facts.red:
        yield (
            f"Make the gates of layer 1 pass: {listed(code(one.name, 60) for one in facts.red)}. "
            "No scenario is run before that, so nothing else counts yet."
        )
    if facts.blocking:
        yield f"Make the blocking gates of layer 2 pass: {listed(code(one.name, 60) for one in facts.blocking)}."
    if facts.regressions:
        told = [inline(one.title, 80) for key, one in facts.failed if key in facts.regressions][:3]
        names = f" ({'; '.join(told)})" if told else ""
        yield (
            f"Repair {counted(len(facts.regressions), 'regression')}{names}: "
            "find out which of the last changes broke it, before adding anything."
        )
    if failed and facts.causes and not facts.causes[0].blocking:
        yield (
            f"Make the {counted(failed, 'failed scenario')} pass, from the first likely root cause to the last. "
            f"Begin with: {facts.causes[0].title}."
        )
    elif failed:
        yield f"Make the {counted(failed, 'failed scenario')} pass: compare the behaviour with the specification."
    if facts.lasting:
        yield (
            f"{counted(len(facts.lasting), 'scenario')} failed before in just this way: "
            "what was tried did not touch the cause, so look for another one."
        )
    if facts.tracked:
        reasons = (
            code(one.name, 60) + (f" ({inline(one.reason, 100)})" if one.reason else "") for one in facts.tracked[:5]
        )
        yield f"After all that, improve the quality gates that do not pass: {', '.join(reasons)}."
