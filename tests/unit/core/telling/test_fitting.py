from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.telling.fitting import Piece, Section, Stream, fit

SIZE = 2000


def sections(*pieces: Piece, joiner: str = "\n\n") -> list[Section]:
    return [
        Section("# Title", ()),
        Section("## Parts", pieces, "parts", joiner),
        Section("## End", (Piece("the end"),)),
    ]


def test_everything_is_shown_where_there_is_room() -> None:
    text = fit(sections(Piece("one", (1, 0), (Stream("out:", "words"),)), Piece("two", (1, 1))), SIZE)
    assert text == "# Title\n\n## Parts\n\none\n\nout:\n\n```text\nwords\n```\n\ntwo\n\n## End\n\nthe end\n"


def test_long_streams_are_cut_and_short_ones_stay_whole() -> None:
    long, short = "".join(f"line {number}\n" for number in range(2000)), "short words"
    text = fit(
        sections(
            *(Piece(f"piece {place}", (1, place), (Stream("o", one),)) for place, one in enumerate((long, short, long)))
        ),
        SIZE,
    )
    assert all(f"piece {place}" in text for place in range(3))
    assert short in text
    cuts = [int(cut.replace(",", "")) for cut in re.findall(r"([\d,]+) bytes cut", text)]
    assert len(cuts) == 2
    assert abs(cuts[0] - cuts[1]) < 150, "both get the same share"
    assert text.count("line 0\n") == text.count("line 1999\n") == 2
    assert SIZE * 0.8 < len(text.encode()) <= SIZE


def test_pieces_are_left_out_by_rank_and_counted() -> None:
    pieces = [Piece(f"piece {place} " + "x" * 300, (rank, place)) for place, rank in enumerate((2, 1, 2, 3, 1, 1))]
    text = fit(sections(*pieces), 1300)
    assert [place for place in range(6) if f"piece {place}" in text] == [1, 4, 5]
    assert "(3 of 6 parts left out: this file is limited to 1300B.)" in text


def test_pieces_without_a_rank_stay_whatever_the_size() -> None:
    text = fit(sections(Piece("kept"), Piece("x" * 500, (1, 0))), 100)
    assert "kept" in text
    assert "the end" in text
    assert "xxx" not in text


WORDS = st.text(st.characters(codec="utf-8"), max_size=400)
STREAMS = st.builds(Stream, st.just("out:"), WORDS | st.text("`\n", max_size=900) | WORDS.map(lambda text: text * 9))
PIECES = st.builds(
    Piece,
    st.text("ab é", max_size=200),
    st.tuples(st.integers(1, 3), st.integers(0, 5)),
    st.lists(STREAMS, max_size=2).map(tuple),
)


@settings(deadline=None, max_examples=150)
@given(st.lists(PIECES, max_size=8), st.integers(400, 6000), st.sampled_from(["\n", "\n\n"]))
def test_the_size_holds_and_the_order_stays(pieces: list[Piece], size: int, joiner: str) -> None:
    text = fit(sections(*pieces, joiner=joiner), size)
    assert len(text.encode()) <= size
    assert text.startswith("# Title\n\n## Parts")
    assert text.endswith("\n\n## End\n\nthe end\n")
