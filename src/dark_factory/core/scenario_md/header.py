"""The frontmatter of a scenario: finding it, checking it against the schema, and reading its values."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from dark_factory.core.checking.problems import Keys, in_order, pointer
from dark_factory.core.checking.schema_check import check
from dark_factory.core.config import Disclosure
from dark_factory.core.judging.expectation import compile_pattern
from dark_factory.core.scenario import Expectation, Requirements
from dark_factory.core.scenario_md import frontmatter
from dark_factory.core.scenario_md.frontmatter import Frontmatter, YamlError
from dark_factory.core.scenario_md.page import Page
from dark_factory.core.schema import Problem
from dark_factory.core.units import parse_duration

_FRONTMATTER = re.compile(r"---[ \t]*\n(?:(?P<yaml>.*?)\n)??(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What the frontmatter says.

    end: the position of the text below it. value: its keys as the schema allows them; empty when there is a problem.
    keys: line and column of each key. readable: whether `value` is all that was written.
    """

    end: int = 0
    value: Mapping[str, Any] = field(default_factory=dict)
    keys: Mapping[Keys, tuple[int, int]] = field(default_factory=dict)
    readable: bool = True

    def line(self, key: str) -> int | None:
        """The line of a key at the top, from 1; None when the frontmatter does not have it."""
        place = self.keys.get((key,))
        return place[0] if place else None

    def texts(self, table: str, key: str = "") -> tuple[str, ...]:
        """A list of texts, where one text alone is a list of one."""
        value = self.value.get(table, {} if key else [])
        value = value.get(key, []) if key else value
        return (value,) if isinstance(value, str) else tuple(value)

    @property
    def timeout(self) -> float | None:
        """Seconds; None when the frontmatter gives none."""
        return parse_duration(self.value["timeout"]) if "timeout" in self.value else None

    @property
    def resources(self) -> dict[str, int]:
        """Names of the resources and how many of each."""
        value = self.value.get("resources", [])
        return dict(value) if isinstance(value, dict) else dict.fromkeys(value, 1)

    @property
    def requires(self) -> Requirements:
        """What must be there before the scenario is evaluated."""
        return Requirements(
            commands=self.texts("requires", "commands"),
            env=self.texts("requires", "env"),
            platform=self.texts("requires", "platform"),
            modules=self.texts("requires", "modules"),
        )

    @property
    def expect(self) -> Expectation:
        """What is checked beside the command's own verdict."""
        return Expectation(
            exit_status=self.value.get("expect", {}).get("exit_status", 0),
            stdout=self.texts("expect", "stdout"),
            stderr=self.texts("expect", "stderr"),
            files=self.texts("expect", "files"),
        )

    @property
    def disclose(self) -> Disclosure | None:
        """How much the agent may be told; None when the frontmatter does not say."""
        return Disclosure(self.value["disclose"]) if "disclose" in self.value else None


def read_header(page: Page, schema: Mapping[str, object]) -> Header:
    """Read the frontmatter, if there is one; problems are added to the page."""
    if not re.match(r"---[ \t]*(?:\n|\Z)", page.text):
        return Header()
    found = _FRONTMATTER.match(page.text)
    if found is None:
        page.add("the frontmatter is never closed", 1, hint="end it with a line ---")
        return Header(end=len(page.text), readable=False)
    try:
        read = frontmatter.read(found["yaml"] or "", first_line=2)
    except YamlError as error:
        page.add(error.message, error.line, column=error.column, hint=error.hint)
        return Header(end=found.end(), readable=False)
    if not isinstance(read.value, dict):
        page.add("the frontmatter is no table of keys", 2, hint="write each key as 'key: value'")
        return Header(end=found.end(), readable=False)
    problems = [*_schema_problems(page, read, schema)]
    wrong = {problem.pointer for problem in problems}
    problems += [problem for problem in _value_problems(page, read) if problem.pointer not in wrong]
    page.problems.extend(in_order(problems))
    value = {} if problems else read.value
    return Header(end=found.end(), value=value, keys=read.keys, readable=not problems)


def _schema_problems(page: Page, read: Frontmatter, schema: Mapping[str, object]) -> Iterator[Problem]:
    problems = check(read.value, schema, path=page.path, lines=page.lines, locate=read.keys.get)
    if not problems:
        return
    quoted = _with_quotes(read.value, (), read.unquoted)
    remaining = {
        problem.pointer for problem in check(quoted, schema, path=page.path, lines=page.lines, locate=read.keys.get)
    }
    written = {pointer(keys): text for keys, text in read.unquoted.items()}
    for problem in problems:
        text = written.get(problem.pointer)
        if text is not None and problem.pointer not in remaining:
            # Quotes alone make it right: YAML took text such as `on`, `1.0` or `2024-01-01` for something else.
            yield dataclasses.replace(problem, hint=f"YAML does not read {text} as text; write it in quotes: '{text}'")
        else:
            yield problem


def _with_quotes(value: object, keys: Keys, unquoted: Mapping[Keys, str]) -> object:
    if isinstance(value, dict):
        return {key: _with_quotes(item, (*keys, key), unquoted) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_quotes(item, (*keys, index), unquoted) for index, item in enumerate(value)]
    return unquoted.get(keys) or value


def _value_problems(page: Page, read: Frontmatter) -> Iterator[Problem]:
    """What a schema cannot say: durations, regular expressions, paths that stay in the tree."""
    for keys, place in read.values.items():
        value = _at(read.value, keys)
        if not isinstance(value, str):
            continue
        message, hint = _wrong(keys, value)
        if message:
            line, column = place
            yield Problem(
                path=page.path,
                message=message,
                hint=hint,
                line=line,
                column=column,
                source=page.lines[line - 1],
                pointer=pointer(keys),
            )


def _wrong(keys: Keys, value: str) -> tuple[str, str]:
    match keys:
        case ("timeout",):
            try:
                parse_duration(value)
            except ValueError as error:
                return str(error), "write it as 90s, 10m or 1h30m"
        case ("expect", "stdout" | "stderr", *_):
            try:
                compile_pattern(value)
            except ValueError as error:
                return f"not a regular expression: {error}", "a sign that stands for itself needs a backslash before it"
        case ("expect", "files", *_) | ("evidence", _):
            if value.startswith(("/", "~")) or ".." in value.split("/"):
                return "this path leaves the repository", "write it relative to the repository's root"
        case _:
            pass
    return "", ""


def _at(value: Any, keys: Keys) -> Any:
    for key in keys:
        value = value[key]
    return value
