"""One call of the agent: what it is asked, and what came of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from pathlib import Path

from dark_factory.core.command import Command


class CostLabel(enum.StrEnum):
    """Where a figure of the bill comes from; unknown is never shown as zero."""

    REPORTED = "reported"
    COMPUTED = "computed"
    UNKNOWN = "unknown"


class AgentOutcome(enum.StrEnum):
    """How an agent call ended, decided from its exit status, its own words and the tree's diff together."""

    EDITED = "edited"
    UNCHANGED = "unchanged"
    TIMED_OUT = "timed_out"
    CRASHED = "crashed"
    NOT_STARTED = "not_started"


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """The bill of one call.

    tokens: input and output, cached ones counted once; None when unknown.
    usd: money; None when unknown.
    """

    tokens: int | None = None
    usd: float | None = None
    label: CostLabel = CostLabel.UNKNOWN


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentRequest:
    """What an agent is asked.

    iteration: the number of the candidate it is to make, from 1.
    prompt_file, feedback_file: absolute paths outside the workspace and inside it.
    patches: the author's folder of recorded patches, outside the workspace.
    outputs: a private folder for what the agent reports of itself.
    """

    iteration: int
    workspace: Path
    prompt_file: Path
    feedback_file: Path
    outputs: Path
    env: dict[str, str]
    timeout: float
    patches: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What an agent kind wants run: a command, or None when it has nothing left to do (then `note` says why)."""

    command: Command | None
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentReport:
    """What an agent kind makes of its finished command: its bill, and whether it failed by its own word."""

    failed: bool
    usage: Usage = field(default_factory=Usage)
    note: str = ""
