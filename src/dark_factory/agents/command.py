"""Any coding agent that is a command line: argv with placeholders, the prompt in a file and, when asked, on stdin."""

from __future__ import annotations

import json

from dark_factory.core.agent_run import AgentReport, AgentRequest, CostLabel, Turn, Usage
from dark_factory.core.command import Command, CommandResult
from dark_factory.core.config import AgentConfig

_INTERRUPT_GRACE = 5.0
_TRANSCRIPT_CAP = 16 * 1024 * 1024


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
    """Replace `{name}` of the known placeholders; other braces stay as they are."""
    for name, value in values.items():
        part = part.replace("{" + name + "}", value)
    return part


def _usage(request: AgentRequest) -> Usage:
    try:
        data = json.loads((request.outputs / "usage.json").read_bytes()[:65536])
        tokens, usd = data.get("tokens"), data.get("usd")
    except (OSError, ValueError, AttributeError, RecursionError):
        return Usage()
    tokens = tokens if isinstance(tokens, int) and tokens >= 0 else None
    usd = float(usd) if isinstance(usd, (int, float)) and usd >= 0 else None
    known = tokens is not None or usd is not None
    return Usage(tokens=tokens, usd=usd, label=CostLabel.REPORTED if known else CostLabel.UNKNOWN)
