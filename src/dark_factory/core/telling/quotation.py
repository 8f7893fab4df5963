"""Finding lines of one text quoted inside lines of another, fast enough for megabytes of both."""

from __future__ import annotations

from collections.abc import Iterable

SHORTEST = 6
"""Characters. Anything shorter is found everywhere by chance."""

_PIECE = 64
_LEADING = "-*+>#|$ "
_TRAILING = "\\;& "


class Quotations:
    """An index of lines that must not be quoted.

    A line is found wherever it stands in another, whatever white space is between its words, and also without its
    leading bullet and its trailing `\\` or `;`. Of a line longer than 64 characters its last 64 are enough, and any 64
    that begin at a multiple of 64. Lines without a letter or digit, and lines shorter than SHORTEST (one space between
    words), are not looked for.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        # By the first SHORTEST characters, then by length: a position of the searched line costs one look-up, and at
        # most 59 more where it begins like some line, however many lines begin alike.
        self._index: dict[str, dict[int, set[str]]] = {}
        for line in lines:
            for piece in _pieces(line):
                self._index.setdefault(piece[:SHORTEST], {}).setdefault(len(piece), set()).add(piece)

    def found_in(self, line: str) -> bool:
        """Whether the line quotes one of the indexed lines."""
        text = _spaced(line)
        index = self._index
        for start in range(len(text) - SHORTEST + 1):
            by_length = index.get(text[start : start + SHORTEST])
            if by_length and any(text[start : start + length] in pieces for length, pieces in by_length.items()):
                return True
        return False


def _pieces(line: str) -> Iterable[str]:
    whole = _spaced(line)
    inner = whole.lstrip(_LEADING).rstrip(_TRAILING)
    text = inner if len(inner) >= SHORTEST else whole
    last = max(len(text) - _PIECE, 0)
    pieces = (text[start : start + _PIECE] for start in (*range(0, last, _PIECE), last))
    return [piece for piece in pieces if len(piece) >= SHORTEST and any(map(str.isalnum, piece))]


def _spaced(line: str) -> str:
    return " ".join(line.split())
