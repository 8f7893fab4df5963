"""Two failures are the same one when only what varies from run to run tells them apart."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.fingerprint import fingerprint, normalise

WORDS = st.text(alphabet="ghijkl XYZ:.!?\n", min_size=1, max_size=30)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("took 1.23s", "took 45.6s"),
        ("<Thing at 0x7f00aa>", "<Thing at 0x1>"),
        ("/tmp/judge-1/tree/app.py failed", "/home/someone/tree/app.py failed"),
        ("run 0f8fad5b-d9cb-469f-a165-70867728950e", "run 7c9e6679-7425-40de-944b-e07fc1f90ae7"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("a  b\r\n c", "a b c"),
        ("port 8080 in use", "port 9 in use"),
    ],
)
def test_what_varies_does_not_count(one: str, other: str) -> None:
    assert fingerprint([one]) == fingerprint([other])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("expected a", "expected b"),
        ("KeyError: name", "KeyError: names"),
        ("/tmp/x/app.py", "/tmp/x/lib.py"),
    ],
)
def test_what_is_said_counts(one: str, other: str) -> None:
    assert fingerprint([one]) != fingerprint([other])


def test_the_parts_are_told_apart() -> None:
    assert fingerprint(["ab", "c"]) != fingerprint(["a", "bc"])
    assert fingerprint(["a"]) != fingerprint(["a", ""])


@settings(max_examples=200, deadline=None)
@given(words=st.lists(WORDS, min_size=2, max_size=5), one=st.integers(0, 10**9), other=st.integers(0, 10**9))
def test_numbers_never_count(words: list[str], one: int, other: int) -> None:
    assert normalise(f" {one} ".join(words)) == normalise(f" {other} ".join(words))


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_has_a_short_name(text: str) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", fingerprint([text]))
    assert fingerprint([text]) == fingerprint([text])
    assert fingerprint([text + "\udcff"])


def test_of_a_long_text_the_end_counts() -> None:
    assert fingerprint(["x" * 9000 + "end"]) == fingerprint(["y" + "x" * 9000 + "end"])
    assert fingerprint(["x" * 9000 + "end"]) != fingerprint(["x" * 9000 + "other"])
