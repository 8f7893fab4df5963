from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.telling.harmless import clip, code, fenced, harmless, inline

NASTY = st.text(
    st.one_of(
        st.sampled_from("\x1b\x9b\x9d[]0;1mKPX^_\\\x07\x08\r\n\t`~ |*<\u202e\u200b\ufeff\ud800é🙂"),
        st.characters(),
    ),
    max_size=200,
)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b[38:2::255:0:0mred\x1b[m", "red"),
        ("\x9b31mred", "red"),
        ("\x1b]8;;http://a.b/\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x1b]0;title\x07text", "text"),
        ("\x1bP1$r0m\x1b\\text", "text"),
        ("\x1b(Btext\x1b7", "text"),
        ("a\x1b", "a\\x1b"),
        ("\x1b]0;never ended\nnext", "0;never ended\nnext"),
        ("bell\x07", "bell\\x07"),
        ("ab\x08", "ab\\x08"),
        ("a\tb", "a\tb"),
        ("a\r\nb\r\r\nc", "a\nb\nc"),
        (" 10%\r 50%\r100%\ndone", "100%\ndone"),
        ("100%\r    \r", "100%"),
        ("user\u202etxt.exe", "user\\u202etxt.exe"),
        ("zero\u200bwidth", "zero\\u200bwidth"),
        ("tag\U000e0041", "tag\\U000e0041"),
        ("a\u2028b\x85c", "a\\u2028b\\x85c"),
        ("half \ud83d", "half \ufffd"),
        ("⚠️ ünïcode 漢字", "⚠️ ünïcode 漢字"),
    ],
)
def test_shows_what_misleads(raw: str, shown: str) -> None:
    assert harmless(raw) == shown


@settings(deadline=None, max_examples=300)
@given(NASTY)
def test_leaves_only_text_lines_and_tabs(text: str) -> None:
    shown = harmless(text)
    assert harmless(shown) == shown
    bad = [c for c in shown if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") and c not in "\n\t"]
    assert bad == []


def test_an_unended_string_costs_linear_time() -> None:
    assert harmless("\x1b]" * 100_000) == ""
    assert harmless("\x9d" * 100_000) == "\\x9d" * 100_000


def fences(markdown: str) -> list[str]:
    """The contents of the fenced code blocks, by CommonMark's rules (section 4.5)."""
    blocks: list[str] = []
    opening = ""
    lines: list[str] = []
    for line in markdown.split("\n"):
        found = re.fullmatch(r" {0,3}(`{3,}|~{3,})(.*)", line)
        if not opening:
            if found and not ("`" in found[1] and "`" in found[2]):
                opening, lines = found[1], []
        elif found and found[1][0] == opening[0] and len(found[1]) >= len(opening) and not found[2].strip():
            blocks.append("\n".join(lines))
            opening = ""
        else:
            lines.append(line)
    assert not opening, "a block was left open"
    return blocks


@settings(deadline=None, max_examples=300)
@given(st.one_of(NASTY, st.text("`~ \n", max_size=40)))
def test_nothing_inside_ends_a_fence(text: str) -> None:
    (content,) = fences("before\n\n" + fenced(text) + "\n\nafter")
    assert content == harmless(text).removesuffix("\n")


@settings(deadline=None, max_examples=200)
@given(NASTY, st.integers(0, 300))
def test_clip_keeps_to_the_size_and_to_the_text(text: str, size: int) -> None:
    text = harmless(text)
    clipped = clip(text, size)
    assert len(clipped.encode()) <= size
    if len(text.encode()) <= size:
        assert clipped == text
    assert "\ufffd" not in clipped or "\ufffd" in text


@settings(deadline=None, max_examples=100)
@given(st.text(st.sampled_from("aé🙂 \n"), min_size=400, max_size=2000), st.integers(200, 390))
def test_clip_keeps_head_and_tail_and_counts_what_it_cut(text: str, size: int) -> None:
    head, count, tail = re.split(r"\n\[\.\.\. ([\d,]+) bytes cut \.\.\.\]\n", clip(text, size))
    assert text.startswith(head)
    assert text.endswith(tail)
    assert int(count.replace(",", "")) == len(text.encode()) - len(head.encode()) - len(tail.encode())
    # What is kept uses the room, but for cuts at the ends of lines.
    assert len(clip(text, size).encode()) >= size - 2 * 120 - 10


def test_clip_cuts_at_lines_and_keeps_more_of_the_end() -> None:
    text = "".join(f"line {number:03}\n" for number in range(100))
    clipped = clip(text, 300)
    head, _, tail = clipped.partition("\n[...")
    assert all(re.fullmatch(r"line \d{3}", line) for line in head.split("\n"))
    assert clipped.endswith("line 099\n")
    assert len(tail) > len(head)


@settings(deadline=None, max_examples=200)
@given(NASTY, st.integers(10, 80))
def test_inline_text_is_one_line_without_markup(text: str, size: int) -> None:
    shown = inline(text, size)
    assert "\n" not in shown
    # Every mark is behind a backslash of its own.
    assert re.fullmatch(r"(?:[^\\`*<\[|]|\\.)*", shown)
    assert not re.match(r"[#>+=~_-]|\d{1,9}[.)]", shown)
    assert len(re.sub(r"\\(.)", r"\1", shown).encode()) <= size


@settings(deadline=None, max_examples=200)
@given(NASTY)
def test_a_code_span_is_not_ended_by_its_text(text: str) -> None:
    shown = code(text)
    assert "\n" not in shown
    if shown:
        ticks = re.match(r"`+", shown)
        assert ticks is not None
        inside = shown[len(ticks[0]) : -len(ticks[0])]
        assert len(ticks[0]) not in {len(run) for run in re.findall(r"`+", inside)}
        assert not re.search(r"(?<!\\)\|", inside)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("## Title", "\\## Title"),
        ("> said", "\\> said"),
        ("- item", "\\- item"),
        ("12. item", "12\\. item"),
        ("--- | ---", "\\--- \\| ---"),
        ("404 is not 200", "404 is not 200"),
        ("a - b # c", "a - b # c"),
    ],
)
def test_inline_text_opens_no_block(text: str, shown: str) -> None:
    assert inline(text) == shown


def test_long_names_are_shortened() -> None:
    assert inline("a" * 50, 20) == "a" * 16 + " ..."
    assert code("é" * 50, 20) == "`" + "é" * 8 + " ...`"
