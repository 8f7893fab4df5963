"""Fitting a markdown document into a number of bytes: long outputs are cut before whole parts are left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from dark_factory.core.telling.harmless import block, clip, harmless
from dark_factory.core.units import format_size

_LEAST = 240
"""Bytes that a stream gets at least; when there is no room for that, parts are left out."""
_NOTE = 120
"""Bytes reserved in a section for the sentence that says what was left out."""


@dataclass(frozen=True)
class Stream:
    """Output shown in a code block; when there is no room for all, its head and tail are kept. label: a short line."""

    label: str
    text: str

    @cached_property
    def shown(self) -> str:
        """The text as it may be shown."""
        return harmless(self.text)

    @cached_property
    def size(self) -> int:
        """Bytes of the whole block."""
        return _size(self.block(_size(self.shown)))

    def block(self, size: int) -> str:
        """The label and a code block of `size` bytes of the text."""
        return f"{self.label}\n\n{block(clip(self.shown, size))}"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part that is shown whole, its streams aside, or left out.

    rank: the piece of the highest rank is left out first; None keeps it in any case, so it has to be small.
    """

    text: str
    rank: tuple[int, int] | None = None
    streams: tuple[Stream, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what follows it. noun: what its pieces are, in the plural. joiner: what stands between them."""

    heading: str
    pieces: tuple[Piece, ...]
    noun: str = "parts"
    joiner: str = "\n\n"


def fit(sections: Sequence[Section], size: int) -> str:
    """The document in the given order, in at most `size` bytes of UTF-8 as far as the ranks allow.

    Streams are cut to equal shares, those that need less than their share left whole. Where the shares would become
    useless, pieces are left out by rank, and each section says how many.
    """
    kept = [(piece, place) for place, section in enumerate(sections) for piece in section.pieces]
    cost = sum(_size(section.heading) + 2 for section in sections) + sum(_fixed(piece) for piece, _ in kept)
    need = cost + sum(_least(piece) for piece, _ in kept)
    left_out: set[int] = set()
    noted: set[int] = set()
    for piece, place in sorted((one for one in kept if one[0].rank is not None), key=_rank, reverse=True):
        if need <= size:
            break
        note = 0 if place in noted else _NOTE
        noted.add(place)
        left_out.add(id(piece))
        cost += note - _fixed(piece)
        need += note - _fixed(piece) - _least(piece)
    streams = [stream for piece, _ in kept if id(piece) not in left_out for stream in piece.streams]
    rooms = _shares([stream.size for stream in streams], size - cost)
    blocks = {id(stream): _block(stream, room) for stream, room in zip(streams, rooms, strict=True)}
    return "\n\n".join(_section(section, left_out, blocks, size) for section in sections) + "\n"


def _section(section: Section, left_out: set[int], blocks: dict[int, str], size: int) -> str:
    shown = [
        "\n\n".join([piece.text, *(blocks[id(stream)] for stream in piece.streams)])
        for piece in section.pieces
        if id(piece) not in left_out
    ]
    missing = len(section.pieces) - len(shown)
    note = f"({missing} of {len(section.pieces)} {section.noun} left out: this file is limited to {format_size(size)}.)"
    parts = [section.heading, section.joiner.join(shown), note if missing else ""]
    return "\n\n".join(part for part in parts if part)


def _shares(sizes: Sequence[int], room: int) -> list[int]:
    """Room for each stream: what it needs, or an equal share of what the smaller ones leave."""
    shares = [0] * len(sizes)
    for done, place in enumerate(sorted(range(len(sizes)), key=lambda place: sizes[place])):
        shares[place] = min(sizes[place], max(room, 0) // (len(sizes) - done))
        room -= shares[place]
    return shares


def _block(stream: Stream, room: int) -> str:
    """The stream in a code block, in at most `room` bytes as far as its label leaves it."""
    if stream.size <= room:
        return stream.block(stream.size)
    size = room
    while True:
        text = stream.block(size)
        over = _size(text) - room
        if over <= 0 or size <= 0:
            return text
        # Runs of backticks lengthen both fences, so that one byte less of text may save three.
        size -= max(over // 3, 1)


def _fixed(piece: Piece) -> int:
    return _size(piece.text) + 2 + 2 * len(piece.streams)


def _least(piece: Piece) -> int:
    return sum(min(_LEAST, stream.size) for stream in piece.streams)


def _rank(entry: tuple[Piece, int]) -> tuple[int, int]:
    return entry[0].rank or (0, 0)


def _size(text: str) -> int:
    return len(text.encode())
