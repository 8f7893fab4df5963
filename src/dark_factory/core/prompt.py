"""The prompt of an agent call: the repository's own template, or ours, with its placeholders filled in."""

from __future__ import annotations

from collections.abc import Iterable

TEMPLATE = """\
You are the coding agent of a convergence loop. Nobody reviews your code: it is judged by how it behaves.

1. Read the specification: {specs}.
2. Read the feedback on the present state: {feedback}. Earlier feedback files stand beside it.
3. Change the code so that the specification is met and everything in the feedback is mended, in the order of its
   instructions.

Rules:
- Behaviour is checked by scenarios that you cannot see. Implement the specification in general; do not guess at checks.
- These paths are put back after your call, so leave them alone: {protected}.
- Keep lint, types and tests green by mending the code: no suppressions, no skipped, deleted or weakened tests.
- If something in the specification cannot be met or contradicts itself, say so plainly in your last message.

This is iteration {iteration} of at most {max_iterations}.
"""
"""The built-in template; a file at `[agent] prompt` takes its place."""


def render(
    template: str,
    *,
    iteration: int,
    max_iterations: int,
    specs: Iterable[str],
    feedback: str,
    protected: Iterable[str],
) -> str:
    """Fill in `{specs}`, `{feedback}`, `{protected}`, `{iteration}` and `{max_iterations}`; other braces stay."""
    values = {
        "specs": ", ".join(f"`{path}`" for path in specs),
        "feedback": f"`{feedback}`",
        "protected": ", ".join(f"`{path}`" for path in protected),
        "iteration": str(iteration),
        "max_iterations": str(max_iterations),
    }
    for name, value in values.items():
        template = template.replace("{" + name + "}", value)
    return template
