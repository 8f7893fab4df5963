"""The YAML at the head of a file, read into plain values that know the line and column of every key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from dark_factory.core.checking.problems import Keys

# The C reader is ten times as fast, but not every build of PyYAML has it. Any: the stubs leave its methods untyped.
Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

LARGEST = 64 * 1024
"""Characters of YAML that are read. The largest sensible header has a few thousand, and the time that YAML takes
grows faster than its size."""

_DEEPEST = 16
# What YAML does not read, and what only YAML takes for the end of a line (carriage return, U+0085, U+2028, U+2029):
# line numbers would no longer be those of the file.
_NOT_ALLOWED = re.compile("[^\t\n\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_TAG = "tag:yaml.org,2002:"
_HINTS = {
    "cannot start any token": "text that begins with @, ` or % must be in quotes",
    "mapping values are not allowed": "text that holds a colon and a space must be in quotes",
    "could not find expected ':'": "a key is followed by a colon and a space",
    "expected <block end>": "keys of one table begin in the same column",
    "expected ',' or": "a list in brackets needs its closing bracket, and a comma between entries",
    "unknown escape character": "in double quotes a backslash is written twice; in single quotes it stands for itself",
    "while scanning a quoted scalar": "a quote that is opened must be closed",
}


class YamlError(Exception):
    """The YAML cannot be read: what is wrong, its line and column from 1, and what to write instead."""

    def __init__(self, message: str, *, line: int, column: int, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column
        self.hint = hint


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontmatter:
    """What the YAML says.

    value: dicts, lists, strings, numbers, booleans and None, and nothing else.
    keys: line and column of each key of a table and each entry of a list.
    values: line and column of what stands there.
    unquoted: as written, each value that has no quotes and that YAML reads as something else than text.
    """

    value: object = field(default_factory=dict)
    keys: Mapping[Keys, tuple[int, int]] = field(default_factory=dict)
    values: Mapping[Keys, tuple[int, int]] = field(default_factory=dict)
    unquoted: Mapping[Keys, str] = field(default_factory=dict)


def read(text: str, *, first_line: int = 1) -> Frontmatter:
    """Read YAML with LF line ends whose first line is line `first_line` of its file.

    Refuses what a small header never needs and what can hurt: aliases (a billion laughs), tags, keys given twice,
    deep nesting, and more than LARGEST characters. A date is read as the text that it was written as, because no key
    takes a date.

    Raises YamlError at the first thing that cannot be read.
    """
    if len(text) > LARGEST:
        message = f"the frontmatter has {len(text):,} characters; at most {LARGEST:,} are read"
        raise YamlError(message, line=first_line, column=1, hint="long text belongs below the closing ---")
    if found := _NOT_ALLOWED.search(text):
        message = f"the character U+{ord(found.group()):04X} is not allowed here"
        line, column = text.count("\n", 0, found.start()), found.start() - text.rfind("\n", 0, found.start())
        raise YamlError(message, line=line + first_line, column=column, hint="remove it")
    try:
        loader = Loader(text)
        return _Reader(loader, first_line).document()
    except yaml.MarkedYAMLError as error:
        raise _marked(error, text, first_line) from None


class _Reader:
    """Builds the values from YAML's events: unlike nodes, they show an alias as an alias and cost no recursion."""

    def __init__(self, loader: Any, first_line: int) -> None:
        self._loader = loader
        self._first_line = first_line
        self._keys: dict[Keys, tuple[int, int]] = {}
        self._values: dict[Keys, tuple[int, int]] = {}
        self._unquoted: dict[Keys, str] = {}

    def document(self) -> Frontmatter:
        loader = self._loader
        loader.get_event()  # the stream
        if isinstance(loader.peek_event(), yaml.StreamEndEvent):
            return Frontmatter()
        loader.get_event()  # the document
        value = self._value((), loader.get_event())
        loader.get_event()  # the document's end
        event = loader.get_event()
        if not isinstance(event, yaml.StreamEndEvent):
            raise self._error(event, "a second YAML document begins here", "keep one, and end it with ---")
        value = {} if value is None else value
        return Frontmatter(value=value, keys=self._keys, values=self._values, unquoted=self._unquoted)

    def _value(self, keys: Keys, event: yaml.Event) -> object:
        self._refuse(event, keys)
        self._values[keys] = self._place(event)
        match event:
            case yaml.MappingStartEvent():
                return self._table(keys)
            case yaml.SequenceStartEvent():
                return self._list(keys)
            case yaml.ScalarEvent():
                return self._scalar(keys, event)
            case _:
                raise self._error(event, "a value is expected here", "")

    def _table(self, keys: Keys) -> dict[str, object]:
        table: dict[str, object] = {}
        while not isinstance(event := self._loader.get_event(), yaml.MappingEndEvent):
            self._refuse(event, keys)
            if not isinstance(event, yaml.ScalarEvent):
                raise self._error(event, "a key must be one word or text", "")
            key = event.value
            if key in table:
                first = self._keys[(*keys, key)][0]
                message = f'the key "{key}" is given twice, first on line {first}'
                raise self._error(event, message, "keep one of them")
            self._keys[(*keys, key)] = self._place(event)
            table[key] = self._value((*keys, key), self._loader.get_event())
        return table

    def _list(self, keys: Keys) -> list[object]:
        entries: list[object] = []
        while not isinstance(event := self._loader.get_event(), yaml.SequenceEndEvent):
            place = (*keys, len(entries))
            self._keys[place] = self._place(event)
            entries.append(self._value(place, event))
        return entries

    def _scalar(self, keys: Keys, event: yaml.ScalarEvent) -> object:
        text = event.value
        kind = self._loader.resolve(yaml.ScalarNode, text, event.implicit).removeprefix(_TAG)
        if kind == "str":
            return text
        self._unquoted[keys] = text
        node = yaml.ScalarNode(_TAG + kind, text)
        try:
            match kind:
                case "int":
                    return self._loader.construct_yaml_int(node)
                case "float":
                    return self._loader.construct_yaml_float(node)
                case "bool":
                    return self._loader.construct_yaml_bool(node)
                case "null":
                    return None
                case _:
                    return text
        except ValueError:  # `0b_`, or an integer of more digits than Python reads
            raise self._error(event, "this number cannot be read", "put it in quotes if it is text") from None

    def _refuse(self, event: yaml.Event, keys: Keys) -> None:
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            sign = "*" if isinstance(event, yaml.AliasEvent) else "&"
            hint = f"write the value out, or put text that begins with {sign} in quotes"
            raise self._error(event, f"{sign}{getattr(event, 'anchor', '')}: anchors and aliases are not read", hint)
        if tag := getattr(event, "tag", None):
            shown = str(tag).replace(_TAG, "!!")
            hint = "write the value without it, or put text that begins with ! in quotes"
            raise self._error(event, f"{shown}: tags are not read", hint)
        if len(keys) > _DEEPEST:
            raise self._error(event, f"lists and tables are nested more than {_DEEPEST} deep", "")

    def _place(self, event: Any) -> tuple[int, int]:
        return event.start_mark.line + self._first_line, event.start_mark.column + 1

    def _error(self, event: yaml.Event, message: str, hint: str) -> YamlError:
        line, column = self._place(event)
        return YamlError(message, line=line, column=column, hint=hint)


def _marked(error: yaml.MarkedYAMLError, text: str, first_line: int) -> YamlError:
    said = ", ".join(part for part in (error.context, error.problem) if part)
    rows = text.split("\n")
    line, column = _position(error.problem_mark)
    if error.context_mark and _is_end(rows, line, column):
        # Something is not closed: the end of the text says less than the place where it began.
        line, column = _position(error.context_mark)
    if line >= len(rows):
        # The C reader ends its last line even when the text does not.
        line, column = len(rows) - 1, len(rows[-1])
    hint = next((hint for words, hint in _HINTS.items() if words in said), "")
    if "\t" in rows[line][: column + 1]:
        hint = "indent with spaces: YAML does not read tabs as indentation"
    return YamlError(f"not valid YAML: {said}", line=line + first_line, column=column + 1, hint=hint)


def _position(mark: Any) -> tuple[int, int]:
    return (mark.line, mark.column) if mark else (0, 0)


def _is_end(rows: list[str], line: int, column: int) -> bool:
    return not any(row.strip() for row in [*(row[column:] for row in rows[line : line + 1]), *rows[line + 1 :]])
