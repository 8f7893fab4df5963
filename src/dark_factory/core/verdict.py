"""How a run ends: one word, a sentence that names the limit and its value, and an exit status."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from dark_factory.core.errors import ExitStatus


class Decision(enum.StrEnum):
    """The one word for how a run ended; the same everywhere it is shown."""

    CONVERGED = "converged"
    STALLED = "stalled"
    OSCILLATING = "oscillating"
    EXHAUSTED = "exhausted"
    OVER_BUDGET = "over_budget"
    OUT_OF_TIME = "out_of_time"
    BLOCKED = "blocked"
    TAMPERED = "tampered"
    LEAKED = "leaked"
    AGENT_FAILED = "agent_failed"
    INFRASTRUCTURE = "infrastructure"
    INTERRUPTED = "interrupted"


EXIT_STATUS = {
    Decision.CONVERGED: ExitStatus.SATISFIED,
    Decision.STALLED: ExitStatus.NOT_SATISFIED,
    Decision.OSCILLATING: ExitStatus.NOT_SATISFIED,
    Decision.EXHAUSTED: ExitStatus.NOT_SATISFIED,
    Decision.OVER_BUDGET: ExitStatus.NOT_SATISFIED,
    Decision.OUT_OF_TIME: ExitStatus.NOT_SATISFIED,
    Decision.BLOCKED: ExitStatus.NOT_SATISFIED,
    Decision.TAMPERED: ExitStatus.INTEGRITY,
    Decision.LEAKED: ExitStatus.INTEGRITY,
    Decision.AGENT_FAILED: ExitStatus.AGENT_FAILED,
    Decision.INFRASTRUCTURE: ExitStatus.INFRASTRUCTURE,
    Decision.INTERRUPTED: ExitStatus.INTERRUPTED,
}
"""The one table from verdicts to exit statuses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a run ended. reason: one sentence with the limit and its value. do: what a person should do next."""

    decision: Decision
    reason: str
    do: str = ""

    @property
    def exit_status(self) -> ExitStatus:
        """The exit status of a run that ended so."""
        return EXIT_STATUS[self.decision]
