"""The command line of a gate: the author's words, and the options that make the tool write what we can read.

A tool is recognised where the command starts with it (`ruff check .`), runs it as a module (`python -m ruff`) or hands
over to it (`uv run ruff`). In anything else (a shell's text, `nox`, `make`) no option can be added reliably: such a
command stays as it is, and its kind reads the exit status, unless the author has the tool write the report himself, to
the place that `{outputs}` names.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path, PurePosixPath

OUTPUTS = "{outputs}"
"""The placeholder for the private folder of a gate's reports; a path with no quoting of its own."""

_PYTHON = re.compile(r"(python|pypy)[0-9.]*")
_LAUNCHERS = frozenset(
    {"uv", "uvx", "poetry", "pdm", "hatch", "pipx", "pipenv", "pixi", "rye", "conda", "micromamba"}
    | {"env", "nice", "time", "timeout", "stdbuf", "coverage", "xvfb-run"}
)
# `uv run nox -s ruff` names a session, not the tool.
_RUNNERS = frozenset(
    {"nox", "tox", "make", "just", "task", "inv", "invoke", "pre-commit", "bash", "sh", "dash", "zsh", "fish"}
)


def placed(command: Collection[str], outputs: Path) -> tuple[str, ...]:
    """The command with `{outputs}` replaced wherever it occurs, in a shell's text too."""
    return tuple(word.replace(OUTPUTS, str(outputs)) for word in command)


def tool_at(command: tuple[str, ...], tool: str) -> int | None:
    """Where the tool's own word stands in a command that ends by running it, or None."""
    if not command:
        return None
    names = [_name(word) for word in command]
    if names[0] == tool:
        return 0
    if tool not in names:
        return None
    place = names.index(tool)
    if _PYTHON.fullmatch(names[0]):
        return place if command[place - 1] == "-m" else None
    if names[0] in _LAUNCHERS and not _RUNNERS.intersection(names[:place]):
        return place
    return None


def machine_argv(
    command: tuple[str, ...],
    tool: str,
    outputs: Path,
    options: Collection[str],
    *,
    drop: Collection[str] = (),
) -> tuple[str, ...]:
    """The command with `options` added to the tool's, `{outputs}` replaced in all of it.

    drop: options with a value that are taken out of the author's words, for tools that refuse an option given twice.
    A command whose tool cannot be seen is only `placed`.
    """
    place = tool_at(command, tool)
    if place is None:
        return placed(command, outputs)
    head, words = command[: place + 1], command[place + 1 :]
    # Behind `--` everything is a path.
    end = words.index("--") if "--" in words else len(words)
    return placed((*head, *_without(words[:end], drop), *options, *words[end:]), outputs)


def arguments(command: tuple[str, ...], tool: str) -> tuple[str, ...]:
    """The words behind the tool's own; none when it cannot be seen."""
    place = tool_at(command, tool)
    return () if place is None else command[place + 1 :]


def _name(word: str) -> str:
    # `uvx ruff@0.15` names a version.
    return PurePosixPath(word).name.partition("@")[0]


def _without(words: tuple[str, ...], drop: Collection[str]) -> tuple[str, ...]:
    kept: list[str] = []
    rest = iter(words)
    for word in rest:
        option, equals, _ = word.partition("=")
        if option not in drop:
            kept.append(word)
        elif not equals:
            next(rest, None)
    return tuple(kept)
