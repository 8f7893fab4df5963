"""The feedback on a candidate, as the coding agent reads it."""

from __future__ import annotations

from dark_factory.core.telling import sections
from dark_factory.core.telling.facts import Facts, FeedbackInput
from dark_factory.core.telling.fitting import Section, fit
from dark_factory.core.telling.instructions import instructions

__all__ = ["SMALLEST", "FeedbackInput", "feedback"]

SMALLEST = 4096
"""Bytes below which a feedback would lose its summary or instructions."""


def feedback(request: FeedbackInput) -> str:
    """The markdown of `feedback_iter_N.md`.

    It never has more than `request.max_size` bytes, control characters, or words of a scenario beyond its `Disclosed`.
    Details are cut evenly before parts are left out; the summary and the instructions are always whole.
    """
    facts = Facts(request)
    title = Section(f"# Factory Feedback: iteration {facts.last.number}", ())
    parts = (
        title,
        sections.summary(facts),
        sections.regressions(facts),
        sections.convergence(facts),
        sections.root_causes(facts),
        sections.layer_one(facts),
        sections.quality(facts),
        sections.scenarios(facts),
        sections.not_judged(facts),
        sections.protected_paths(facts),
        instructions(facts),
    )
    return fit([part for part in parts if part is not None], max(request.max_size, SMALLEST))
