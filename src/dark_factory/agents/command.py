"""Any coding agent that is a command line: argv with placeholders, the prompt in a file and, when asked, on stdin."""

from __future__ import annotations

import json
import os
import re
import stat
from pathlib import Path

from dark_factory.core.agent_run import AgentReport, AgentRequest, CostLabel, Turn, Usage
from dark_factory.core.command import Command, CommandResult
from dark_factory.core.config import AgentConfig

_INTERRUPT_GRACE = 5.0
_TRANSCRIPT_CAP = 16 * 1024 * 1024
_USAGE_CAP = 64 * 1024
# More than anybody was ever billed, tokens or money, for one call.
_MOST = 1e15
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def turn(agent: AgentConfig, request: AgentRequest) -> Turn:
    """The configured argv, its placeholders filled in.

    The agent may report its bill as JSON, `{"tokens": 1200, "usd": 0.04}`, in the file that FACTORY_USAGE names.
    """
    values = {
        "prompt_file": str(request.prompt_file),
        "feedback_file": str(request.feedback_file),
        "workspace": str(request.workspace),
        "iteration": str(request.iteration),
    }
    env = {**request.env, "FACTORY_USAGE": str(request.outputs / "usage.json")}
    env |= {f"FACTORY_{name.upper()}": value for name, value in values.items()}
    return Turn(
        command=Command(
            argv=tuple(fill(part, values) for part in agent.command),
            cwd=request.workspace,
            env=env,
            timeout=request.timeout,
            stdin=request.prompt_file if agent.stdin else None,
            interrupt_grace=_INTERRUPT_GRACE,
            output_cap=_TRANSCRIPT_CAP,
            secrets=tuple(request.env[name] for name in agent.variables if name in request.env),
        )
    )


def read(_agent: AgentConfig, request: AgentRequest, result: CommandResult) -> AgentReport:
    """Failed by its exit status; the bill is unknown unless the agent wrote one."""
    note = "" if result.passed else result.ending()
    return AgentReport(failed=not result.passed, usage=_usage(request), note=note)


def fill(part: str, values: dict[str, str]) -> str:
    """Replace `{name}` of the known placeholders, once; other braces stay as they are."""
    return _PLACEHOLDER.sub(lambda found: values.get(found[1], found[0]), part)


def _usage(request: AgentRequest) -> Usage:
    try:
        data = json.loads(_bounded(request.outputs / "usage.json"))
    except (OSError, ValueError, RecursionError):
        return Usage()
    found = data if isinstance(data, dict) else {}
    tokens, usd = _amount(found.get("tokens")), _amount(found.get("usd"))
    tokens = tokens if isinstance(tokens, int) else None
    usd = float(usd) if usd is not None else None
    known = tokens is not None or usd is not None
    return Usage(tokens=tokens, usd=usd, label=CostLabel.REPORTED if known else CostLabel.UNKNOWN)


def _bounded(path: Path) -> bytes:
    """The beginning of a regular file; the agent may have put anything in its place, also what never ends."""
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        return os.read(fd, _USAGE_CAP) if stat.S_ISREG(os.fstat(fd).st_mode) else b""
    finally:
        os.close(fd)


def _amount(value: object) -> int | float | None:
    """A number that can be added to a bill, or None."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if 0 <= value < _MOST else None
