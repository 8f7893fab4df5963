"""The headings and fenced code blocks of a markdown text, as CommonMark sees them, in one pass over the text."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Only lines that can open a construct are looked at; everything between them is skipped by the regular expression
# engine, so that five megabytes of prose or of script take milliseconds.
_OPENING = re.compile(
    r"^ {0,3}(?:(?P<heading>#{1,6})(?![^ \t\n])|(?P<fence>`{3,}|~{3,})|(?P<comment><!--))", re.MULTILINE
)
_MOST = 10_000
_COMMENT_END = re.compile(r"-->[^\n]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """A heading such as `## Category`.

    level: from 1 to 6. line: the line that it stands on, from 1.
    start, end: the positions of that line's first character and of its line end.
    """

    level: int
    text: str
    line: int
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A fenced code block.

    language: the first word of the info string in lower case, empty when there is none.
    line: of the opening fence, from 1. start: the position of that line's first character.
    text: the lines between the fences, each with its end, freed of the indentation of the opening fence.
    closed: whether there is a closing fence; without one the block reaches to the end of the text.
    """

    language: str
    line: int
    start: int
    text: str
    closed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a markdown text is made of, in the order of its lines.

    unclosed_comment: the line of a `<!--` without its `-->`, which hides the rest of the text; None when there is none.
    too_many: the line on which reading stopped because no page for people has so many headings and blocks.
    """

    headings: tuple[Heading, ...]
    blocks: tuple[Block, ...]
    unclosed_comment: int | None = None
    too_many: int | None = None


def outline(text: str, *, start: int = 0) -> Outline:
    """Read a text whose lines end in LF, from the character `start` on; line numbers count from the text's beginning.

    Headings are those with `#` signs. Inside a block, a comment or a longer fence nothing is a heading or a fence.
    """
    lines = _LineNumbers(text)
    headings: list[Heading] = []
    blocks: list[Block] = []
    position = start
    while match := _OPENING.search(text, position):
        line = lines.at(match.start())
        if len(headings) + len(blocks) >= _MOST:
            return Outline(headings=tuple(headings), blocks=tuple(blocks), too_many=line)
        end = _line_end(text, match.end())
        rest = text[match.end() : end]
        position = end
        if marks := match["heading"]:
            headings.append(
                Heading(level=len(marks), text=_heading_text(rest), line=line, start=match.start(), end=end)
            )
        elif match["comment"]:
            closing = _COMMENT_END.search(text, match.end() - 2)
            if closing is None:
                return Outline(headings=tuple(headings), blocks=tuple(blocks), unclosed_comment=line)
            position = closing.end()
        elif match["fence"][0] == "~" or "`" not in rest:
            block, position = _block(text, match, rest, line)
            blocks.append(block)
    return Outline(headings=tuple(headings), blocks=tuple(blocks))


def _block(text: str, opening: re.Match[str], info: str, line: int) -> tuple[Block, int]:
    """The block that an opening fence begins, and the position after it."""
    fence = opening["fence"]
    first = min(opening.end() + len(info) + 1, len(text))
    closing = re.compile(rf"^ {{0,3}}{re.escape(fence[0])}{{{len(fence)},}}[ \t]*$", re.MULTILINE).search(text, first)
    body = text[first : closing.start() if closing else len(text)]
    indent = opening.start("fence") - opening.start()
    if indent:
        body = re.sub(rf"^ {{1,{indent}}}", "", body, flags=re.MULTILINE)
    words = info.split(maxsplit=1)
    language = words[0].lower() if words else ""
    block = Block(language=language, line=line, start=opening.start(), text=body, closed=closing is not None)
    return block, closing.end() if closing else len(text)


def _heading_text(rest: str) -> str:
    text = rest.strip(" \t")
    without_closing = text.rstrip("#")
    return without_closing.rstrip(" \t") if without_closing == "" or without_closing[-1] in " \t" else text


def _line_end(text: str, position: int) -> int:
    found = text.find("\n", position)
    return found if found >= 0 else len(text)


class _LineNumbers:
    """The line number of a position, asked for positions that only grow."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        self._line = 1

    def at(self, position: int) -> int:
        self._line += self._text.count("\n", self._position, position)
        self._position = position
        return self._line
