"""However a stream is cut into pieces, the same head, tail and count come out, in bounded memory."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.capture import HeadTail

PIECES = st.lists(st.binary(max_size=40), max_size=20)


@settings(max_examples=300, deadline=None)
@given(pieces=PIECES, cap=st.integers(0, 60))
def test_head_tail_and_cut_are_right(pieces: list[bytes], cap: int) -> None:
    stream = HeadTail(cap)
    for piece in pieces:
        stream.feed(piece)
    whole, kept, half = b"".join(pieces), stream.captured(), cap // 2
    assert kept.size == len(whole)
    assert kept.cut == max(0, len(whole) - 2 * half)
    if kept.cut:
        assert kept.head == whole[:half]
        assert kept.tail == whole[len(whole) - half :]
    else:
        assert (kept.head, kept.tail) == (whole, b"")


@settings(max_examples=100, deadline=None)
@given(pieces=PIECES, more=PIECES, cap=st.integers(0, 60))
def test_asking_in_between_changes_nothing(pieces: list[bytes], more: list[bytes], cap: int) -> None:
    asked, silent = HeadTail(cap), HeadTail(cap)
    for piece in pieces:
        asked.feed(piece)
        silent.feed(piece)
    assert asked.captured() == silent.captured()
    for piece in more:
        asked.feed(piece)
        asked.captured()
        silent.feed(piece)
    assert asked.captured() == silent.captured()


@settings(max_examples=50, deadline=None)
@given(size=st.integers(1, 5000), cap=st.integers(0, 100))
def test_memory_is_bounded(size: int, cap: int) -> None:
    stream = HeadTail(cap)
    for _ in range(50):
        stream.feed(b"x" * size)
        assert len(stream._head) + len(stream._tail) <= 3 * cap
