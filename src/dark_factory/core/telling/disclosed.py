"""What the agent is told of one scenario; modules that write for the agent know scenarios only as this."""

from __future__ import annotations

from dataclasses import dataclass

from dark_factory.core.config import Disclosure
from dark_factory.core.report import Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """What the agent is told of one scenario; made by disclosure.py, and all of it may be shown.

    level: how much that is. With `outcome`, only title, category and status are filled; with `count`, only status.
    title: the scenario's name. duration: seconds. reason: what went wrong, in words that never quote the scenario.
    stdout, stderr: the candidate's own output, without lines that quote the scenario.
    """

    level: Disclosure
    status: Status
    title: str = ""
    category: str = ""
    exit_status: int | None = None
    timed_out: bool = False
    duration: float = 0.0
    reason: str = ""
    stdout: str = ""
    stderr: str = ""
