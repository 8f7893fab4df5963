"""Have the toolbox of the judged processes ready: a virtual environment that Nox makes and keeps outside every tree."""

from __future__ import annotations

import platform
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from dark_factory.core.command import Command
from dark_factory.core.config import EnvironmentConfig
from dark_factory.core.environment import Toolbox, environment_key, installer_variables, is_local, requirements
from dark_factory.core.errors import InfrastructureError
from dark_factory.core.patterns import Patterns
from dark_factory.core.ports import Executor, Watcher
from dark_factory.effects.project import remove_tree
from dark_factory.effects.seal import broken, seal

_NOXFILE = Path(__file__).parent.parent / "sessions.py"
_FILE_OPTION = re.compile(r"^(--requirement=|--constraint=|-r|-c)")


class ToolboxError(InfrastructureError):
    """The installer refused the requirements."""


def toolbox(
    config: EnvironmentConfig,
    requires: Iterable[str],
    *,
    tree: Path,
    folder: Path,
    executor: Executor,
    environ: Mapping[str, str],
    watcher: Watcher,
    anchor: Path | None = None,
) -> Toolbox:
    """The toolbox with these requirements, made by Nox when there is none yet.

    tree: the tree that local requirements read. folder: where this repository's environments are kept.
    anchor: the judge tree's path when `tree` is another one; then nothing is made, and what is missing stays missing.

    An environment that judged code has changed is made anew: its tools would judge the next candidate.

    Raises ToolboxError with the installer's own words.
    """
    requires = tuple(requires)
    if config.backend == "none" or not requires:
        return Toolbox()
    local = is_local(requires)
    key = environment_key(
        requires,
        interpreter=f"{sys.executable} {platform.python_version()} {config.python or ''}",
        anchor=str(anchor or tree) if local else "",
        files={**_dependency_files(tree, config.files), **_named_files(tree, requires)} if local else {},
    )
    ready = folder / key / "ready"
    if anchor is None and ready.exists() and (spoilt := broken(Path(ready.read_text(encoding="utf-8").strip()))):
        more = f" and {len(spoilt) - 1} more" if len(spoilt) > 1 else ""
        watcher.note(f"the environment is not as it was made, and is made anew: {spoilt[0]}{more}")
        ready.unlink()
    if not ready.exists():
        if anchor is not None:
            return Toolbox()
        watcher.stage(f"making the environment of {len(requires)} requirements (once)")
        _make(config, requires, tree=tree, folder=folder / key, ready=ready, executor=executor, environ=environ)
    return Toolbox(root=Path(ready.read_text(encoding="utf-8").strip()))


def _make(
    config: EnvironmentConfig,
    requires: tuple[str, ...],
    *,
    tree: Path,
    folder: Path,
    ready: Path,
    executor: Executor,
    environ: Mapping[str, str],
) -> None:
    remove_tree(folder)
    folder.mkdir(parents=True)
    python = ("--force-python", config.python) if config.python else ()
    nox = (sys.executable, "-m", "nox", "--noxfile", str(_NOXFILE), "--envdir", str(folder), "--session", "environment")
    result = executor.run(
        Command(
            argv=(*nox, *python, "--", *requirements(requires)),
            # Not in the tree: `python -m` takes modules from where it stands. Nox goes there to install.
            cwd=folder,
            env={
                # Hard links would let judged code write into the cache of all the author's environments.
                "UV_LINK_MODE": "copy",
                **installer_variables(environ),
                "FACTORY_TREE": str(tree),
                "FACTORY_READY": str(ready),
                "NO_COLOR": "1",
            },
            timeout=config.setup_timeout,
        )
    )
    if not result.passed or not ready.exists():
        raise ToolboxError(
            "the environment of the gates could not be made: " + result.ending(),
            why=_last_lines(result.stdout.text() + "\n" + result.stderr.text()),
            do="check [environment] requires in factory.toml and that the package index answers",
        )
    seal(Path(ready.read_text(encoding="utf-8").strip()))


def _dependency_files(tree: Path, patterns: Iterable[str]) -> dict[str, bytes]:
    spec = Patterns(patterns)
    files: dict[str, bytes] = {}
    for path in tree.rglob("*"):
        name = path.relative_to(tree).as_posix()
        if spec.match(name) and path.is_file():
            files[name] = path.read_bytes()
    return files


def _named_files(tree: Path, requires: Iterable[str]) -> dict[str, bytes]:
    """The files that the requirements themselves name, `-r deps/dev.in`, whatever the patterns are."""
    files: dict[str, bytes] = {}
    for part in requirements(requires):
        name = _FILE_OPTION.sub("", part)
        if name and (tree / name).is_file():
            files[name] = (tree / name).read_bytes()
    return files


def _last_lines(text: str, count: int = 12) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n    ".join(lines[-count:])
