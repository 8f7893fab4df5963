"""The demo: a small real program, its hidden scenarios, and a recorded agent that needs six tries."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TextIO

from dark_factory.assembly import House
from dark_factory.core.errors import ExitStatus, InputError
from dark_factory.core.ports import Watcher
from dark_factory.core.verdict import Decision
from dark_factory.effects.git import Git
from dark_factory.effects.project import shipped
from dark_factory.effects.system import Processes
from dark_factory.runs import start

_EXAMPLE = "examples/shortener"
_LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*_cache", ".venv", ".nox", "artifacts", "*.egg-info")


def demo(folder: Path, environ: Mapping[str, str], watcher: Watcher, out: TextIO) -> ExitStatus:
    """Copy the example into a new `folder`, make it a repository, and run the loop there.

    Raises InputError when the folder is there already and not empty.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already", do="name another folder: `inv factory.demo --folder PATH`")
    shutil.copytree(shipped(_EXAMPLE), folder, ignore=_LEFT_OUT, dirs_exist_ok=True)
    git = Git(executor=Processes(), environ=environ)
    for words in ("init --quiet", "add --all", "commit --quiet --message=base"):
        git.run(*words.split(), cwd=folder)
    watcher.note(f"the demo is in {folder}; its agent is a recording, so nothing is paid and no key is needed")
    house = House.open(folder.resolve(), environ, {}, watcher)
    verdict, state = start(house, allow_dirty=False)
    watcher.close()
    if verdict.decision is not Decision.CONVERGED:
        out.write(f"\n{verdict.decision}: {verdict.reason}\nto go on: cd {folder} && inv factory.loop --resume\n")
        return verdict.exit_status
    run = state.started.run if state.started else ""
    program = "dark-factory" if shutil.which("dark-factory") else str(Path(sys.executable).with_name("dark-factory"))
    look = {
        f"cd {folder}": "",
        f"cat {house.config.project.artifacts}/feedback_iter_4.md": "what the agent was told after a regression",
        f"git log --stat factory/{run}": "one commit for each iteration",
        f"git diff main...factory/{run} -- src": "what would be merged",
        "ls scenarios": "what the agent never saw",
        f"{program} status": "how it ended",
    }
    width = max(map(len, look))
    out.write(
        f"\n{verdict.decision}: {verdict.reason}\n\n"
        "The agent was a recording: its patches went wrong in believable ways until the feedback was met.\n"
        "Look at:\n" + "".join(f"    {command:<{width}}  {why}".rstrip() + "\n" for command, why in look.items())
    )
    return verdict.exit_status
