"""The text of one scenario file, and the making of problems at its places."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, field

from dark_factory.core.schema import Problem

_LONGEST_SOURCE = 200


@dataclass(slots=True, kw_only=True)
class Page:
    """A scenario's text without byte order mark and with LF line ends, and the problems found in it so far."""

    path: str
    text: str
    problems: list[Problem] = field(default_factory=list)
    _lines: list[str] | None = field(default=None, init=False)

    @property
    def lines(self) -> Sequence[str]:
        """The lines without their ends, split when they are first needed: a good file of megabytes never needs them."""
        if self._lines is None:
            self._lines = self.text.split("\n")
        return self._lines

    def add(self, message: str, line: int, *, column: int = 1, hint: str = "", pointer: str = "") -> None:
        """Note a problem at a line and column, counted from 1."""
        source = self.lines[line - 1] if 0 < line <= len(self.lines) else ""
        if len(source) > _LONGEST_SOURCE:
            source = source[:_LONGEST_SOURCE] + "..." if column <= _LONGEST_SOURCE else ""
        self.problems.append(
            Problem(
                path=self.path, message=message, line=line, column=column, source=source, pointer=pointer, hint=hint
            )
        )


def decode(source: bytes, *, path: str) -> Page:
    """Read the bytes of a file; of bytes that are no text, the page has a problem and an empty text.

    CRLF becomes LF, so that the script is the same wherever it was written.
    """
    page = Page(path=path, text="")
    if source.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        page.add("the file is UTF-16", 1, hint="save it as UTF-8")
        return page
    content = source.removeprefix(codecs.BOM_UTF8)
    offset = len(source) - len(content)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8")
        line, column = _place(before, len(before))
        message = f"the file is not UTF-8: byte 0x{content[error.start]:02X} at offset {error.start + offset}"
        page.add(message, line, column=column, hint="save it as UTF-8")
        return page
    if (nul := text.find("\0")) >= 0:
        line, column = _place(text, nul)
        page.add("the file holds a NUL character", line, column=column, hint="no shell can read it; remove it")
        return page
    page.text = text.replace("\r\n", "\n")
    return page


def _place(text: str, position: int) -> tuple[int, int]:
    return text.count("\n", 0, position) + 1, position - (text.rfind("\n", 0, position) + 1) + 1
