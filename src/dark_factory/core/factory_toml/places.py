"""Finds where in a TOML text each key stands, so that a problem can be shown at its line and column."""

from __future__ import annotations

import bisect
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import tomli

from dark_factory.core.checking.problems import Keys

_BLANK = re.compile(r"[ \t]*")
_BLANK_LINES = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_STRINGS = (
    re.compile(r'"""(?:[^\\]|\\[\s\S])*?"""(?:"{0,2})'),
    re.compile(r"'''[\s\S]*?'''(?:'{0,2})"),
    re.compile(r'"(?:[^"\\\n]|\\[^\n])*"'),
    re.compile(r"'[^'\n]*'"),
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^\n#]*")
_DEEPEST = 400  # more than the parser accepts; the paths of a hostile text must not fill the memory
_BARE_ELEMENT = re.compile(r"[^\n#,\]}]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One table header or one `key = value`: its offsets in the text, and whether it is a header."""

    start: int
    end: int
    is_header: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlPlaces:
    """Where the keys of one text stand.

    mentions: the offset of the first mention of each key path, array elements by their number.
    definitions: for a path given a value or a header of its own, the offsets of all of them; two are a duplicate.
    statements: in the order of the text.
    """

    text: str
    mentions: Mapping[Keys, int]
    definitions: Mapping[Keys, tuple[int, ...]]
    statements: tuple[Statement, ...]
    _line_starts: tuple[int, ...]

    def find(self, keys: Keys) -> tuple[int, int] | None:
        """Line and column, from 1, of a key or an array's element; None when the text does not have it."""
        offset = self.mentions.get(keys)
        return None if offset is None else self.at(offset)

    def at(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1 and in characters, of an offset."""
        line = bisect.bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1


def toml_places(text: str) -> TomlPlaces:
    r"""The places of all keys of a TOML text whose lines end in `\n`.

    Never fails: of a text that is not valid TOML, it finds what can be recognised.
    """
    scanner = _Scanner(text=text)
    scanner.document()
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    return TomlPlaces(
        text=text,
        mentions=scanner.mentions,
        definitions={keys: tuple(offsets) for keys, offsets in scanner.definitions.items()},
        statements=tuple(scanner.statements),
        _line_starts=tuple(starts),
    )


@dataclass(slots=True, kw_only=True)
class _Open:
    """An array or inline table that is being read; `count` is the number of the array's next element."""

    keys: Keys
    closer: str
    count: int = 0


@dataclass(slots=True, kw_only=True)
class _Scanner:
    text: str
    at: int = 0
    mentions: dict[Keys, int] = field(default_factory=dict)
    definitions: dict[Keys, list[int]] = field(default_factory=dict)
    statements: list[Statement] = field(default_factory=list)
    tables: dict[Keys, int] = field(default_factory=dict)  # arrays of tables, and how many tables each has

    def document(self) -> None:
        header: Keys = ()
        while True:
            self._skip(_BLANK_LINES)
            if self.at >= len(self.text):
                return
            start = self.at
            is_header = self.text[start] == "["
            if is_header:
                header = self._header(header)
            else:
                self._pair(header)
            self._skip(_BARE_VALUE)  # what is left of a statement that is not valid
            self.statements.append(Statement(start=start, end=self.at, is_header=is_header))

    def _header(self, before: Keys) -> Keys:
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        parts = self._key()
        if not parts:
            return before
        keys: Keys = ()
        for number, (part, offset) in enumerate(parts, 1):
            keys = (*keys, part)
            self.mentions.setdefault(keys, offset)
            is_last = number == len(parts)
            if is_last and is_array:
                self.tables[keys] = self.tables.get(keys, 0) + 1
            if keys in self.tables:
                keys = (*keys, self.tables[keys] - 1)
                self.mentions.setdefault(keys, offset)
            if is_last:
                self.definitions.setdefault(keys, []).append(offset)
        return keys

    def _pair(self, header: Keys) -> bool:
        """Read `key = value`; False when it is not one."""
        parts = self._key()
        keys = header
        for part, offset in parts:
            keys = (*keys, part)
            self.mentions.setdefault(keys, offset)
        if not parts or not self.text.startswith("=", self.at):
            return False
        self.definitions.setdefault(keys, []).append(parts[-1][1])
        self.at += 1
        self._skip(_BLANK)
        self._value(keys)
        return True

    def _key(self) -> list[tuple[str, int]]:
        """The parts of a dotted key with their offsets; what follows them on the line is next."""
        parts: list[tuple[str, int]] = []
        while True:
            self._skip(_BLANK)
            found = _BARE_KEY.match(self.text, self.at) or self._string()
            if found is None:
                return parts
            parts.append((_unquoted(found.group()), self.at))
            self.at = found.end()
            self._skip(_BLANK)
            if not self.text.startswith(".", self.at) or len(parts) >= _DEEPEST:
                return parts
            self.at += 1

    def _value(self, keys: Keys) -> None:
        # A stack of our own instead of recursion: nesting may be as deep as the parser allows.
        stack: list[_Open] = []
        while True:
            if self.text.startswith(("[", "{"), self.at):
                if len(stack) >= _DEEPEST:
                    return
                stack.append(_Open(keys=keys, closer="]" if self.text[self.at] == "[" else "}"))
                self.at += 1
            else:
                self._scalar(nested=bool(stack))
            inner = self._next(stack)
            if inner is None:
                return
            keys = inner

    def _next(self, stack: list[_Open]) -> Keys | None:
        """Go on to the next value inside the open arrays and inline tables; None when there is none."""
        while stack:
            self._skip(_BLANK_LINES)
            if self.text.startswith(",", self.at):
                self.at += 1
                self._skip(_BLANK_LINES)
            top = stack[-1]
            if self.text.startswith(top.closer, self.at):
                self.at += 1
                stack.pop()
                continue
            if self.at >= len(self.text):
                return None
            return self._element(top) if top.closer == "]" else self._inline_key(top)
        return None

    def _element(self, array: _Open) -> Keys | None:
        if self.text[self.at] in "}=":
            return None
        keys = (*array.keys, array.count)
        array.count += 1
        self.mentions.setdefault(keys, self.at)
        return keys

    def _inline_key(self, table: _Open) -> Keys | None:
        keys = table.keys
        parts = self._key()
        for part, offset in parts:
            keys = (*keys, part)
            self.mentions.setdefault(keys, offset)
        if not parts or not self.text.startswith("=", self.at):
            return None
        self.definitions.setdefault(keys, []).append(parts[-1][1])
        self.at += 1
        self._skip(_BLANK)
        return keys

    def _scalar(self, *, nested: bool) -> None:
        if found := self._string():
            self.at = found.end()
        else:
            self._skip(_BARE_ELEMENT if nested else _BARE_VALUE)

    def _string(self) -> re.Match[str] | None:
        return next((found for kind in _STRINGS if (found := kind.match(self.text, self.at))), None)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self.text, self.at)
        if found:
            self.at = found.end()


def _unquoted(part: str) -> str:
    if part[0] not in "\"'":
        return part
    if part[0] == "'" or "\\" not in part:
        return part[1:-1]
    try:
        return str(tomli.loads(f"key = {part}")["key"])
    except tomli.TOMLDecodeError:
        return part[1:-1]
