"""Loads factory.toml: its text and everything laid over it become a Config, or all problems at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dark_factory.core.checking.problems import in_order
from dark_factory.core.checking.schema_check import check
from dark_factory.core.config import Config
from dark_factory.core.errors import InputError
from dark_factory.core.factory_toml.build import built_config
from dark_factory.core.factory_toml.rules import Kinds, broken_rules
from dark_factory.core.factory_toml.sources import Option, Settings, from_environment, from_options, overlaid
from dark_factory.core.factory_toml.text import TomlError, read_toml
from dark_factory.core.schema import Problem

_EXAMPLE = "version = 1"


def load_config(
    source: bytes | None,
    *,
    path: str = "factory.toml",
    schema: Mapping[str, Any],
    kinds: Kinds,
    environ: Mapping[str, str],
    options: Mapping[str, Option],
    project_name: str,
) -> Config:
    """The settings of a run: built-in default < factory.toml < `FACTORY_*` environment < task option.

    source: the file's bytes, or None when there is no such file. path: the file as the user knows it.
    schema: the parsed `schemas/factory.schema.json`.
    kinds: the names on the shelves `gates`, `agents`, `workspaces` and `sandboxes`.
    options: by dotted key (`loop.max_iterations`) the value, or the value and the option's name when that is not the
    key's last part: `{"loop.satisfaction_threshold": (0.9, "--threshold")}`. A string is read by the key's type.
    project_name: the name of a project that names none.

    Raises InputError with every problem of the file, the variables and the options.
    """
    if source is None:
        raise _missing(path)
    text = _decoded(source, path)
    toml = read_toml(text)
    lines = text.split("\n")
    syntax = tuple(_syntax_problem(error, path, lines) for error in toml.errors)
    in_schema = check(toml.document, schema, path=path, lines=lines, locate=toml.places.find)
    by_variable, variable_problems = from_environment(environ, schema)
    by_option, option_problems = from_options(options, schema)
    overrides = (*by_variable, *by_option)
    settings = Settings(
        document=overlaid(toml.document, overrides),
        overridden={override.keys: override.source for override in overrides},
        path=path,
        lines=lines,
        places=toml.places,
    )
    in_rules = broken_rules(settings, kinds, told={problem.pointer for problem in in_schema})
    found = (*in_schema, *in_rules)
    if syntax:
        # What was left out as unreadable must not be told to be missing.
        found = tuple(problem for problem in found if not _may_be_unread(problem))
    in_file = in_order((*syntax, *(problem for problem in found if problem.path == path)))
    elsewhere = (problem for problem in found if problem.path != path)
    problems = (*in_file, *dict.fromkeys((*elsewhere, *variable_problems, *option_problems)))
    if problems:
        raise _refused(problems, path)
    return built_config(settings, schema, project_name=project_name)


def _decoded(source: bytes, path: str) -> str:
    """The file as text, line ends as TOML sees them. Raises InputError with the place of what is no UTF-8."""
    if source.startswith((b"\xff\xfe", b"\xfe\xff")):
        problem = Problem(path=path, line=1, column=1, message="this file is UTF-16", hint="save it as UTF-8")
        raise _refused((problem,), path)
    try:
        return source.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        # Without its byte order mark the decoder counts from the mark's end.
        data = error.object
        before = data[: error.start].decode("utf-8")
        line = data.split(b"\n")[before.count("\n")].decode("utf-8", "replace").rstrip("\r")
        problem = Problem(
            path=path,
            line=before.count("\n") + 1,
            column=len(before) - before.rfind("\n"),
            source=line,
            message=f"the byte 0x{data[error.start]:02x} is not UTF-8",
            hint="save the file as UTF-8, or write the character anew",
        )
        raise _refused((problem,), path) from error


def _syntax_problem(error: TomlError, path: str, lines: Sequence[str]) -> Problem:
    return Problem(
        path=path,
        line=error.line,
        column=error.column,
        source=lines[error.line - 1],
        pointer=error.key,
        message=error.message,
        hint=error.hint,
    )


def _may_be_unread(problem: Problem) -> bool:
    return "is missing" in problem.message or problem.message.startswith("there is no gate")


def _missing(path: str) -> InputError:
    problem = Problem(path=path, message="there is no such file")
    return InputError(
        f"This folder has no {path}.",
        problems=(problem,),
        why="the task was started outside the repository's root, or the repository does not use the factory yet",
        do=f"change to the repository's root; or make a {path} that begins with: {_EXAMPLE}",
    )


def _refused(problems: tuple[Problem, ...], path: str) -> InputError:
    count = len(problems)
    what = path if any(problem.path == path for problem in problems) else "a setting from outside the file"
    return InputError(
        f"{what} can't be used: {count} {'problem' if count == 1 else 'problems'}.",
        problems=problems,
        do="correct what is listed above; the reference page of factory.toml explains every key",
    )
