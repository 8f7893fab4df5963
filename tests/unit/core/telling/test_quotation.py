"""Finding quoted lines: the fast index agrees with the plain search that it stands for."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.telling.quotation import SHORTEST, Quotations

SHORT = st.text("ab -;", max_size=40)


@settings(deadline=None, max_examples=500)
@given(st.lists(SHORT, max_size=5), SHORT, SHORT, st.data())
def test_it_finds_what_a_plain_search_finds_and_nothing_else(
    lines: list[str], before: str, after: str, data: st.DataObject
) -> None:
    text = before + (data.draw(st.sampled_from(lines)) if lines else "") + after
    spaced = " ".join(text.split())
    plain = False
    for line in lines:
        whole = " ".join(line.split())
        inner = whole.lstrip("- ").rstrip("; ")
        wanted = inner if len(inner) >= SHORTEST else whole
        if len(wanted) >= SHORTEST and any(map(str.isalnum, wanted)):
            plain = plain or wanted in spaced
    assert Quotations(lines).found_in(text) is plain


def test_short_lines_and_lines_of_signs_are_not_looked_for() -> None:
    assert not Quotations(["abcde", "------------", "a      b", ""]).found_in("abcde ------------ a      b")
