from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.judging.gate_report import (
    MAX_SIZE,
    ReportError,
    clean,
    line_number,
    listing,
    mapping,
    number,
    parse_json,
    words,
)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"  \n",
        b"{",
        b"NaN",
        b"[Infinity]",
        b"\xff\xfe",
        b"[" * 200_000,
        b"9" * 10_000,
        b'"' + b"a" * MAX_SIZE + b'"',
    ],
)
def test_what_no_tool_writes_is_refused(data: bytes) -> None:
    with pytest.raises(ReportError):
        parse_json(data)


@given(value=st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5))
@settings(deadline=None, max_examples=60)
def test_json_is_read_as_it_was_written(value: object) -> None:
    assert parse_json(json.dumps(value).encode()) == value


@given(data=st.binary(max_size=60))
@settings(deadline=None, max_examples=150)
def test_any_bytes_are_json_or_refused(data: bytes) -> None:
    with contextlib.suppress(ReportError):
        json.dumps(parse_json(data), allow_nan=False)


def test_shapes_are_checked_by_name() -> None:
    for reading, value in ((mapping, []), (listing, {}), (words, 1), (number, "1"), (number, True), (number, None)):
        with pytest.raises(ReportError, match="the thing is not"):
            reading(value, "the thing")
    for huge in (float("inf"), float("nan"), 10**400):
        with pytest.raises(ReportError, match="finite"):
            number(huge, "the thing")
    assert number(3, "n") == 3.0


def test_lines_are_counted_from_one() -> None:
    assert [line_number(value) for value in (1, 0, -1, True, "3", None, 2.0)] == [1, None, None, None, None, None, None]


def test_text_is_made_safe_and_bounded() -> None:
    assert clean("a\x1b[1;31mb\x1b[0m\tc\r\n\x00d\x07 ") == "ab\tc\nd"
    assert clean("x" * 5000) == "x" * 3996 + " ..."


@given(text=st.text(alphabet=st.characters(), max_size=80))
@settings(deadline=None, max_examples=100)
def test_clean_text_can_be_written_anywhere_and_stays_clean(text: str) -> None:
    once = clean(text)
    assert once.encode("utf-8").decode("utf-8") == once
    assert clean(once) == once
