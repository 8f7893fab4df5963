"""Small helpers to say where a problem is and what the user probably meant."""

from __future__ import annotations

import datetime as dt
import difflib
import json
import re
from collections.abc import Callable, Iterable, Sequence

from dark_factory.core.schema import Problem

Keys = tuple[str | int, ...]
Locate = Callable[[Keys], tuple[int, int] | None]

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_SHOWN = 60


def pointer(keys: Keys) -> str:
    """A key path as TOML writes it: `gates.lint.command[0]`."""
    text = ""
    for key in keys:
        if isinstance(key, int):
            text += f"[{key}]"
        else:
            part = key if _BARE.fullmatch(key) else _quoted(key)
            text += f".{part}" if text else part
    return text


def problem_at(keys: Keys, message: str, hint: str = "", *, path: str, lines: Sequence[str], locate: Locate) -> Problem:
    """A problem at the place of a key, or of its nearest parent that has one.

    lines: the file's lines without their ends. A problem of the whole file is shown at its first character.
    """
    place = next((found for size in range(len(keys), -1, -1) if (found := locate(keys[:size]))), None)
    if place is None and lines:
        place = (1, 1)
    line, column = place or (None, None)
    source = lines[line - 1] if line is not None and 0 < line <= len(lines) else ""
    return Problem(
        path=path, message=message, hint=hint, line=line, column=column, source=source, pointer=pointer(keys)
    )


def in_order(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems by place, each once; those without a place come first."""
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: (problem.line or 0, problem.column or 0)))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant, or None when none is near."""
    by_lower = {candidate.lower(): candidate for candidate in known}
    lowered = word.lower().replace("-", "_")
    for spelling in (word.lower(), lowered):
        if found := difflib.get_close_matches(spelling, by_lower, n=1, cutoff=0.6):
            return by_lower[found[0]]
    return None


def did_you_mean(word: str, known: Iterable[str], *, what: str = "known") -> str:
    """A hint: the nearest known word, or all known ones; empty when nothing is known."""
    words = list(known)
    if found := nearest(word, words):
        return f'did you mean "{found}"?'
    return f"{what}: {', '.join(words)}" if words else ""


def shown(value: object) -> str:
    """A value as TOML writes it, shortened; lists and tables by their kind alone."""
    match value:
        case None:
            return "nothing"
        case bool() | int() | float():
            return _number(value)
        case dict() | list() | tuple():
            kind = "table" if isinstance(value, dict) else "list"
            return f"a {kind}" if value else f"an empty {kind}"
        case dt.datetime() | dt.date() | dt.time():
            return value.isoformat()
        case _:
            text = _quoted(str(value))
            return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 4] + '..."'


def kind_and_value(value: object) -> str:
    """A value with the name of its type: `the integer 600`."""
    if isinstance(value, bool):
        return shown(value)
    kinds = {str: "string", int: "integer", float: "float", dt.datetime: "date", dt.date: "date", dt.time: "time"}
    kind = kinds.get(type(value))
    return f"the {kind} {shown(value)}" if kind else shown(value)


def _number(value: bool | int | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) >= 10**20:
        # Python refuses to print an integer of many thousand digits.
        return "a very large integer" if value > 0 else "a very large negative integer"
    return str(value)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
