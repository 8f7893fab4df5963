"""Reads scenario files: markdown sections, a bash block, and optional YAML frontmatter; says all that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from dark_factory.core.checking.problems import in_order
from dark_factory.core.errors import InputError
from dark_factory.core.scenario import Scenario
from dark_factory.core.scenario_md.body import CATEGORY, CRITERIA, EVIDENCE, EXPECTATION, PRECONDITIONS, Body, read_body
from dark_factory.core.scenario_md.header import Header, read_header
from dark_factory.core.scenario_md.page import Page, decode
from dark_factory.core.schema import Problem

_EXIT_ZERO = re.compile(
    r"(?P<negation>\b(?:not|never|cannot|without)[ \t]+(?:to[ \t]+)?)?"
    r"\bexit(?:s|ed|ing)?\b(?:[ \t]*[:=]|[ \t]+(?:with|a|an|the|status|code|of|is|be)\b){0,5}[ \t]*`?0\b(?!\.[0-9])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reading:
    """One file as far as it could be read; its problems are on the page. id: empty when it could not be told."""

    page: Page
    header: Header
    body: Body
    id: str

    @property
    def id_place(self) -> tuple[int, int]:
        return self.header.keys.get(("id",), (self.body.name_line, 1))


def parse_scenario(source: bytes, *, path: str, schema: Mapping[str, object]) -> Scenario:
    """One scenario from the bytes of its file.

    path: the file relative to the repository. schema: `schemas/scenario.schema.json`, parsed.
    Raises InputError with every problem of the file.
    """
    reading = _read(source, path, schema)
    _refuse_any(in_order(reading.page.problems), path)
    return _scenario(reading)


def load_scenarios(sources: Mapping[str, bytes], *, schema: Mapping[str, object]) -> tuple[Scenario, ...]:
    """All scenarios, ordered by path, from the bytes of their files by path.

    Raises InputError with every problem of every file; an id that two files share is one of them. Ids that differ
    only in case count as one id, because they name folders.
    """
    readings = [_read(sources[path], path, schema) for path in sorted(sources)]
    _note_shared_ids(readings)
    _refuse_any([problem for reading in readings for problem in in_order(reading.page.problems)], "the scenarios")
    return tuple(_scenario(reading) for reading in readings)


def _read(source: bytes, path: str, schema: Mapping[str, object]) -> _Reading:
    page = decode(source, path=path)
    if page.problems:
        return _Reading(page=page, header=Header(), body=Body(), id="")
    header = read_header(page, schema)
    if not header.readable and header.end == len(page.text):
        return _Reading(page=page, header=header, body=Body(), id="")
    category_given = not header.readable or header.line("category") is not None
    body = read_body(page, start=header.end, category_given=category_given)
    _note_contradictions(page, header, body)
    return _Reading(page=page, header=header, body=body, id=_identifier(page, header))


def _identifier(page: Page, header: Header) -> str:
    """The frontmatter's id, or else the file's name with hyphens for everything that an id cannot hold."""
    if "id" in header.value or not header.readable:
        return str(header.value.get("id", ""))
    stem = PurePosixPath(page.path).stem
    identifier = re.sub(r"[^A-Za-z0-9._-]+", "-", stem).strip("-._")
    if not identifier:
        page.add(f'the file\'s name "{stem}" gives no id', 1, hint="name it in the frontmatter: 'id: some-name'")
    return identifier


def _note_shared_ids(readings: Iterable[_Reading]) -> None:
    first_with: dict[str, _Reading] = {}
    for reading in readings:
        if not reading.id:
            continue
        first = first_with.setdefault(reading.id.lower(), reading)
        if first is not reading:
            line, column = reading.id_place
            message = f'the id "{reading.id}" is already that of {first.page.path}:{first.id_place[0]}'
            hint = "give one of the two another `id` in its frontmatter"
            reading.page.add(message, line, column=column, hint=hint, pointer="id")


def _note_contradictions(page: Page, header: Header, body: Body) -> None:
    name, category = header.value.get("name"), header.value.get("category")
    if name and body.name and " ".join(name.split()) != body.name:
        other = f'the title on line {body.name_line} says "{body.name}"'
        _contradiction(page, header, ("name",), f'"{name}"', other)
    if category and body.category and category.strip().lower() != body.category.lower():
        other = f'the section on line {body.sections[CATEGORY].line} says "{body.category}"'
        _contradiction(page, header, ("category",), f'"{category}"', other)
    status = header.value.get("expect", {}).get("exit_status", 0)
    criteria = body.sections.get(CRITERIA)
    if status and criteria and (said := _says_exit_zero(criteria.text)):
        line = page.text.count("\n", 0, criteria.start + said.start()) + 1
        other = f'the pass criteria on line {line} say "{said.group()}"'
        _contradiction(page, header, ("expect", "exit_status"), str(status), other)


def _contradiction(page: Page, header: Header, keys: tuple[str, ...], value: str, other: str) -> None:
    line, column = header.keys[keys]
    hint = "make the two agree"
    page.add(f"line {line} says {value}, but {other}", line, column=column, hint=hint, pointer=".".join(keys))


def _says_exit_zero(text: str) -> re.Match[str] | None:
    return next((found for found in _EXIT_ZERO.finditer(text) if not found["negation"]), None)


def _scenario(reading: _Reading) -> Scenario:
    header, body = reading.header, reading.body
    texts = {name: section.text for name, section in body.sections.items()}
    return Scenario(
        id=reading.id,
        name=body.name,
        path=reading.page.path,
        text=reading.page.text,
        script=body.script,
        category=body.category or header.value.get("category", "").strip(),
        preconditions=texts[PRECONDITIONS],
        expectation_text=texts[EXPECTATION],
        pass_criteria=texts[CRITERIA],
        evidence_text=texts[EVIDENCE],
        timeout=header.timeout,
        weight=float(header.value.get("weight", 1.0)),
        repeat=header.value.get("repeat", 1),
        requires=header.requires,
        resources=header.resources,
        expect=header.expect,
        evidence=header.texts("evidence"),
        disclose=header.disclose,
    )


def _refuse_any(problems: Iterable[Problem], where: str) -> None:
    found = tuple(problems)
    if not found:
        return
    count = "1 problem" if len(found) == 1 else f"{len(found)} problems"
    raise InputError(
        f"{count} in {where}",
        problems=found,
        do="correct the places above; `inv factory.check` looks again without running anything",
    )
