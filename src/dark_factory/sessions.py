"""The Nox sessions of a repository: one for all gates, one for each gate, and the environment that they share.

A repository's noxfile.py is two lines: `from dark_factory.sessions import register` and `register()`. The factory also
runs this very file as a noxfile, to have environments made.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import nox

nox.options.default_venv_backend = "uv"


@nox.session(default=False)
def environment(session: nox.Session) -> None:
    """Make a virtual environment with the requirements after `--`; the factory calls this when it needs one."""
    ready = os.environ.get("FACTORY_READY")
    if ready is None or not session.posargs:
        session.skip("environments are made when a gate needs one: run `nox -s gates`")
    with session.chdir(os.environ.get("FACTORY_TREE", ".")):
        session.install(*session.posargs, env={"UV_COMPILE_BYTECODE": "1"})
    Path(ready).write_text(str(Path(session.virtualenv.location).absolute()), encoding="utf-8")


def register(root: Path | None = None) -> None:
    """Make a session of every gate in factory.toml, tagged `layer1` or `layer2`, and the session `gates` of all.

    root: the repository; the folder of the noxfile, which Nox makes the working folder, when not given.
    """
    from dark_factory import tasks

    root = root or Path.cwd()
    gates = tasks.gates_of(root)
    _register("gates", lambda session: tasks.run_gates_for(session.posargs, root), default=True, tags=[])
    for name, layer in gates:
        _register(name, _only(name, root), default=False, tags=[f"layer{layer}"])


def _only(name: str, root: Path) -> Callable[[nox.Session], int]:
    from dark_factory import tasks

    return lambda _: tasks.run_gates_for(["--only", name], root)


def _register(name: str, run: Callable[[nox.Session], int], *, default: bool, tags: list[str]) -> None:
    def session(session: nox.Session) -> None:
        if run(session) != 0:
            session.error(f"{name}: see the table above")

    session.__doc__ = "Run every gate of factory.toml." if name == "gates" else f"Run the gate {name}."
    nox.session(name=name, venv_backend="none", default=default, tags=tags)(session)
