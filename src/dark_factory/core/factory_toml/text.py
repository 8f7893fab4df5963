"""Parses TOML and explains its syntax errors; after an error it goes on, so that all problems are found at once."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import tomli

from dark_factory.core.checking.problems import pointer
from dark_factory.core.factory_toml.places import Statement, TomlPlaces, toml_places

_MOST_ERRORS = 20
_LONGEST_LINE = 500
_HEADER = re.compile(r"[ \t]*\[\[?[ \t]*[A-Za-z_\"'][^\[\]#,=]*\]\]?[ \t]*(#.*)?")
_UNQUOTED = re.compile(r"[ \t]*([A-Za-z0-9_.\"' \t-]+?)[ \t]*=[ \t]*([^\s\[{\"'#,=][^\[{\"'#,=]*?)[ \t]*(#.*)?")
_MESSAGES = {
    "Invalid value": "no value can be read here",
    "Invalid statement": "neither a [table] nor a key = value begins here",
    "Expected newline or end of document after a statement": "the line goes on after its value",
    "Expected '=' after a key in a key/value pair": "an = is missing after the key",
    "Unterminated string": "the string is not closed",
    "Illegal character '\\n'": "the string is not closed on its line",
    "Unclosed array": "the list needs a comma or its closing ] here",
    "Unclosed inline table": "the table needs a comma or its closing } here",
    "Expected ']' at the end of a table declaration": "the table's name needs its closing ] here",
    "Expected ']]' at the end of an array declaration": "the table's name needs its closing ]] here",
    "Invalid initial character for a key part": "a key is missing here",
    "Unescaped '\\' in a string": "a single backslash has no meaning in a string",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlError:
    """One syntax error. line, column: from 1. key: the pointer of a name that is taken; empty for other errors."""

    line: int
    column: int
    message: str
    hint: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlText:
    """A parsed text; with errors, `document` holds what could still be read."""

    document: Mapping[str, object]
    places: TomlPlaces
    errors: tuple[TomlError, ...]


def read_toml(text: str) -> TomlText:
    r"""Parse a text whose lines end in `\n`. Never raises: what is wrong is in `errors`."""
    errors: list[TomlError] = []
    document: dict[str, object] = {}
    while True:
        places = toml_places(text)
        try:
            document = tomli.loads(text)
        except tomli.TOMLDecodeError as error:
            errors.append(_explained(error, places))
            rest = _without(text, min(error.pos, len(text)), places, is_taken=bool(errors[-1].key))
            if rest != text and len(errors) < _MOST_ERRORS:
                text = rest
                continue
        except RecursionError:
            errors.append(TomlError(line=1, column=1, message="lists, tables or keys are nested too deeply"))
        except ValueError:
            line, column = places.at(_longest_number(text))
            errors.append(TomlError(line=line, column=column, message="the number has too many digits"))
        return TomlText(document=document, places=places, errors=tuple(errors))


def _explained(error: tomli.TOMLDecodeError, places: TomlPlaces) -> TomlError:
    if taken := _taken(error, places):
        return taken
    # For an escape the parser tells the place behind it, which can be past the text's end.
    offset = error.pos - 2 if error.msg.startswith("Unescaped") else min(error.pos, len(places.text))
    line, column = places.at(offset)
    source = places.text.split("\n")[line - 1]
    message = _MESSAGES.get(error.msg, error.msg[:1].lower() + error.msg[1:])
    begun = places.at(_statement(places, error.pos).start)[0]
    if begun < line and _HEADER.fullmatch(source):
        message = f"the list, table or string begun in line {begun} is not closed before this line"
    return TomlError(line=line, column=column, message=f"not valid TOML: {message}", hint=_hint(error.msg, source))


def _taken(error: tomli.TOMLDecodeError, places: TomlPlaces) -> TomlError | None:
    """The error as a name that stands in the file twice, or None when it is another one."""
    if not error.msg.startswith(("Cannot ", "Duplicate ")):
        return None
    statement = _statement(places, error.pos)
    for keys, offsets in places.definitions.items():
        again = next((offset for offset in offsets[1:] if statement.start <= offset <= error.pos), None)
        if again is not None:
            line, column = places.at(again)
            what = "table" if statement.is_header else "key"
            message = f"this {what} is already in line {places.at(offsets[0])[0]}"
            hint = "a name can stand only once: rename one of them, or join them"
            return TomlError(line=line, column=column, message=message, hint=hint, key=pointer(keys))
    line, column = places.at(statement.start)
    message = "not valid TOML: this adds to a value or table that was complete before"
    return TomlError(line=line, column=column, message=message, hint="write all of its keys in one place")


def _hint(message: str, source: str) -> str:
    unquoted = _UNQUOTED.fullmatch(source) if len(source) < _LONGEST_LINE else None
    if unquoted and message in ("Invalid value", "Expected newline or end of document after a statement"):
        key, value = unquoted[1], unquoted[2]
        if value.lower() in ("true", "yes", "on"):
            return f"write {key} = true"
        if value.lower() in ("false", "no", "off"):
            return f"write {key} = false"
        return f'text stands in quotes: write {key} = "{value}"'
    if message.startswith("Unescaped"):
        return "write two of them, or put the string in single quotes"
    if message == "Expected '=' after a key in a key/value pair" and ":" in source:
        return "TOML writes key = value, not key: value"
    return ""


def _statement(places: TomlPlaces, offset: int) -> Statement:
    before = [statement for statement in places.statements if statement.start <= offset]
    return before[-1] if before else Statement(start=0, end=offset, is_header=False)


def _without(text: str, offset: int, places: TomlPlaces, *, is_taken: bool) -> str:
    """The text with the wrong statement blanked out; its line numbers stay, so that later places are right."""
    statement = _statement(places, offset)
    end = text.find("\n", offset)
    end = len(text) if end < 0 else end
    if statement.is_header:
        # Without its header, a section's keys would seem to belong to the table before.
        return _blank(text, statement.start, _next_header(text, end))
    if is_taken:
        return _blank(text, statement.start, end)
    # A list or string that was never closed swallows what follows: go on at what looks like a header.
    swallowed = _next_header(text, text.find("\n", statement.start, offset))
    if statement.start < swallowed <= offset:
        return _blank(text, statement.start, swallowed)
    return _blank(text, statement.start, end)


def _next_header(text: str, offset: int) -> int:
    """The offset of the first line after `offset` that looks like a table's header; the text's end without one."""
    at = text.find("\n", offset) if offset >= 0 else -1
    while at >= 0:
        following = text.find("\n", at + 1)
        if _HEADER.fullmatch(text[at + 1 : following if following >= 0 else len(text)]):
            return at + 1
        at = following
    return len(text)


def _blank(text: str, start: int, end: int) -> str:
    return text[:start] + re.sub(r"[^\n]", " ", text[start:end]) + text[end:]


def _longest_number(text: str) -> int:
    found = max(re.finditer(r"[0-9A-Fa-f_]+", text), key=lambda match: len(match.group()), default=None)
    return found.start() if found else 0
