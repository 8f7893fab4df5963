"""Every way in which the factory can fail, each with its exit status.

FactoryError                       3
├── InputError                     2   something the user wrote is wrong
├── InfrastructureError            3   the machine, a tool or our own machinery
├── AgentError                     4   the agent could not be run
├── IntegrityError                 5   the holdout leaked or the verdict was tampered with
├── StateError                     6   the run's state is unusable or locked by another
└── InterruptedByUserError         130 Ctrl-C
"""

from __future__ import annotations

import enum
from typing import ClassVar

from dark_factory.core.schema import Problem


class ExitStatus(enum.IntEnum):
    """The exit status of every task (POSIX: 0 is success)."""

    SATISFIED = 0
    NOT_SATISFIED = 1
    BAD_INPUT = 2
    INFRASTRUCTURE = 3
    AGENT_FAILED = 4
    INTEGRITY = 5
    STATE = 6
    INTERRUPTED = 130


class FactoryError(Exception):
    """A failure that is told to a person in three parts, never as a traceback.

    what: what happened, and where.
    why: the likely cause; empty when `what` says it all.
    do: the next thing to do.
    """

    status: ClassVar[ExitStatus] = ExitStatus.INFRASTRUCTURE

    def __init__(self, what: str, *, why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.do = do

    def __str__(self) -> str:
        parts = [self.what]
        if self.why:
            parts.append(f"  likely why: {self.why}")
        if self.do:
            parts.append(f"  what to do: {self.do}")
        return "\n".join(parts)


class InputError(FactoryError):
    """Something the user wrote is wrong; carries all problems found, not only the first."""

    status = ExitStatus.BAD_INPUT

    def __init__(self, what: str, *, problems: tuple[Problem, ...] = (), why: str = "", do: str = "") -> None:
        super().__init__(what, why=why, do=do)
        self.problems = problems

    def __str__(self) -> str:
        return "\n\n".join([*(str(problem) for problem in self.problems), super().__str__()])


class InfrastructureError(FactoryError):
    """The machine, a tool or our own machinery failed; nobody's work is to blame."""

    status = ExitStatus.INFRASTRUCTURE


class AgentError(FactoryError):
    """The agent could not be run at all."""

    status = ExitStatus.AGENT_FAILED


class IntegrityError(FactoryError):
    """The holdout leaked, or the verdict was tampered with."""

    status = ExitStatus.INTEGRITY


class StateError(FactoryError):
    """The run's state is unusable, or another process holds it."""

    status = ExitStatus.STATE


class InterruptedByUserError(FactoryError):
    """The user asked us to stop."""

    status = ExitStatus.INTERRUPTED
