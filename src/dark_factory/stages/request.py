"""Prepare what an agent call is given: feedback in the workspace, a prompt beside it, a HOME of its own."""

from __future__ import annotations

from pathlib import Path

from dark_factory.core.agent_run import AgentRequest
from dark_factory.core.config import AgentConfig
from dark_factory.core.environment import judged_variables
from dark_factory.core.prompt import TEMPLATE, render
from dark_factory.core.state import State
from dark_factory.effects.project import folder_inside, make_private, remove_tree, write_atomically
from dark_factory.stages.environment import toolbox
from dark_factory.stages.validation import Bench


def agent_request(
    bench: Bench,
    agent: AgentConfig,
    state: State,
    *,
    root: Path,
    workspace: Path,
    told: Path,
    private: Path,
    seconds: float,
    max_iterations: int,
) -> AgentRequest:
    """The request for the iteration after the state's last one.

    root: the author's checkout, where recorded patches are. told: the run's folder with all its feedback files.
    private: an empty folder of this call alone. seconds: how long the call may take.
    """
    config = bench.config
    feedback = _bring_feedback(folder_inside(workspace, config.project.artifacts), told, state.last.number)
    prompt = render(
        _template(workspace / agent.prompt),
        iteration=state.last.number + 1,
        max_iterations=max_iterations,
        specs=config.project.specs,
        feedback=f"{config.project.artifacts}/{feedback.name}",
        protected=config.isolation.protected,
    )
    write_atomically(private / "prompt.md", prompt.encode())
    box = toolbox(
        config.environment,
        config.environment.requires,
        tree=workspace,
        folder=bench.folder / "environments",
        executor=bench.executor,
        environ=bench.environ,
        watcher=bench.watcher,
        anchor=bench.folder / "judge/tree",
    )
    env = judged_variables(
        bench.environ,
        toolbox=box,
        own=bench.own,
        home=make_private(private / "home"),
        tmp=make_private(private / "tmp"),
        passed_on=agent.variables,
    )
    return AgentRequest(
        iteration=state.last.number + 1,
        workspace=workspace,
        prompt_file=private / "prompt.md",
        feedback_file=feedback,
        outputs=make_private(private / "outputs"),
        env=env,
        timeout=seconds,
        patches=root / agent.patches if agent.patches else None,
    )


def _bring_feedback(folder: Path, told: Path, newest: int) -> Path:
    """Copy the feedback on every iteration so far into the workspace; whatever else was there goes."""
    remove_tree(folder)
    for number in range(newest + 1):
        name = f"feedback_iter_{number}.md"
        write_atomically(folder / name, (told / name).read_bytes())
    return folder / f"feedback_iter_{newest}.md"


def _template(path: Path) -> str:
    # The agent could have left a link here that leads to a file of the author's.
    if path.is_symlink() or not path.is_file():
        return TEMPLATE
    return path.read_text("utf-8", "replace")
