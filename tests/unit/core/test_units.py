from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.units import format_duration, format_size, parse_duration, parse_size, respelled


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90.0),
        ("1h30m", 5400.0),
        ("500ms", 0.5),
        ("2h", 7200.0),
        ("1d", 86400.0),
        ("1.5h", 5400.0),
        ("1m0.25s", 60.25),
        ("1s250ms", 1.25),
        ("366d", 366 * 86400.0),
    ],
)
def test_a_duration_is_read_in_seconds(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is not a duration"),
        ("10", "is not a duration"),
        ("-5s", "is not a duration"),
        ("5 s", "is not a duration"),
        ("5s\n", "is not a duration"),
        ("5S", "is not a duration"),
        ("٣s", "is not a duration"),
        ("30m1h", "from large to small"),
        ("1m1m", "from large to small"),
        ("0s", "no time at all"),
        ("0h0m", "no time at all"),
        ("367d", "longer than a year"),
    ],
)
def test_a_wrong_duration_is_refused_in_words(text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=fault):
        parse_duration(text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(5400, "1h30m"), (0.5, "500ms"), (90, "1m30s"), (86400, "1d"), (1.5, "1.5s"), (0.0005, "0.5ms"), (0, "0s")],
)
def test_a_duration_is_shown_in_the_users_units(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.floats(min_value=1e-9, max_value=366 * 86400))
@settings(deadline=None, max_examples=200)
def test_every_duration_survives_being_shown(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.text(alphabet="0123456789.dhms -", max_size=12))
@settings(deadline=None, max_examples=300)
def test_any_text_is_a_duration_above_zero_or_refused(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert 0 < seconds <= 366 * 86400


@pytest.mark.parametrize(
    ("text", "size"), [("64KB", 64000), ("1MiB", 1048576), ("500B", 500), ("1.5KiB", 1536), ("2GB", 2 * 10**9)]
)
def test_a_size_is_read_in_bytes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "64", "64kb", "64 KB", "-1B", "1TB", "1KB\n", "0.5B", "1.0001KB"])
def test_a_wrong_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a (size|whole number of bytes)"):
        parse_size(text)


@pytest.mark.parametrize(("size", "text"), [(65536, "64KiB"), (1000, "1KB"), (1, "1B"), (0, "0B"), (10**9, "1GB")])
def test_a_size_is_shown_in_its_largest_unit(size: int, text: str) -> None:
    assert format_size(size) == text


@given(st.integers(min_value=0, max_value=10**15 - 1))
@settings(deadline=None, max_examples=200)
def test_every_size_survives_being_shown(size: int) -> None:
    assert parse_size(format_size(size)) == size


@pytest.mark.parametrize(
    ("loose", "exact"),
    [("10 minutes", "10m"), ("1H 30Min", "1h30m"), ("64kb", "64KB"), ("1 mib", "1MiB"), ("5 apples", "5apples")],
)
def test_a_loose_spelling_gets_our_units(loose: str, exact: str) -> None:
    assert respelled(loose) == exact
