"""Requests to agents in a temporary folder, for the tests of the agents shelf."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from dark_factory.core.agent_run import AgentRequest
from dark_factory.core.command import Captured, Command, CommandResult, Outcome


def a_request(
    folder: Path, iteration: int = 1, *, env: Mapping[str, str] | None = None, patches: Path | None = None
) -> AgentRequest:
    """A request whose folders exist below `folder`."""
    for name in ("workspace", "outputs"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "prompt.md").write_text("Do it.\n", encoding="utf-8")
    return AgentRequest(
        iteration=iteration,
        workspace=folder / "workspace",
        prompt_file=folder / "prompt.md",
        feedback_file=folder / "workspace/feedback_iter_0.md",
        outputs=folder / "outputs",
        env={"PATH": "/usr/bin:/bin"} if env is None else dict(env),
        timeout=12.5,
        patches=patches,
    )


def a_result(
    request: AgentRequest,
    outcome: Outcome = Outcome.EXITED,
    exit_status: int | None = 0,
    *,
    stdout: bytes = b"",
    stderr: bytes = b"",
) -> CommandResult:
    """How a call could end."""
    return CommandResult(
        command=Command(argv=("agent",), cwd=request.workspace, env={}, timeout=request.timeout),
        outcome=outcome,
        exit_status=exit_status,
        duration=1.0,
        stdout=Captured(head=stdout, size=len(stdout)),
        stderr=Captured(head=stderr, size=len(stderr)),
        error="agent: not found on PATH" if outcome is Outcome.NOT_STARTED else "",
    )
