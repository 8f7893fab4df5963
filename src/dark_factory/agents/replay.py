"""An agent that is a recording: it applies the patches of a folder in order, one a call, and costs nothing."""

from __future__ import annotations

import re
from pathlib import Path

from dark_factory.core.agent_run import AgentReport, AgentRequest, CostLabel, Turn, Usage
from dark_factory.core.command import Command, CommandResult
from dark_factory.core.config import AgentConfig


def turn(agent: AgentConfig, request: AgentRequest) -> Turn:
    """`git apply` of the patch whose place in the folder is the iteration's number."""
    patches = recorded(request.patches) if request.patches else []
    if not 1 <= request.iteration <= len(patches):
        return Turn(command=None, note=f"the recording in {agent.patches} ends after {len(patches)} patches")
    patch = patches[request.iteration - 1]
    if not patch.stat().st_size:
        return Turn(command=None, note=f"recorded patch {patch.name} is empty")
    argv = ("git", "apply", "--whitespace=nowarn", str(patch))
    # A repository above the workspace must not take the patch for its own.
    env = {**request.env, "GIT_CEILING_DIRECTORIES": str(request.workspace.parent)}
    command = Command(argv=argv, cwd=request.workspace, env=env, timeout=request.timeout)
    return Turn(command=command, note=f"recorded patch {patch.name}")


def read(_agent: AgentConfig, _request: AgentRequest, result: CommandResult) -> AgentReport:
    """A recording is free; a patch that does not apply is a failure."""
    note = "" if result.passed else f"the patch does not apply: {result.stderr.text().strip()[:500]}"
    return AgentReport(failed=not result.passed, usage=Usage(tokens=0, usd=0.0, label=CostLabel.REPORTED), note=note)


def recorded(folder: Path) -> list[Path]:
    """The patches of a folder in order, numbers compared as numbers; a run's own `iterations/N/changes.patch` too."""
    found = [path for path in folder.rglob("*.patch") if path.is_file()]
    return sorted(found, key=lambda path: _natural(path.relative_to(folder).as_posix()))


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Numbers by their value, before words."""
    parts = [part for part in re.split(r"(\d+)", name) if part]
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts]
