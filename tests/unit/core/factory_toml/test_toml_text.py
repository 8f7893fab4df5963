from __future__ import annotations

import pytest
import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.factory_toml.text import read_toml


def test_a_valid_text_is_parsed_with_its_places() -> None:
    toml = read_toml("[loop]\nstall_after = 3\n")
    assert toml.document == {"loop": {"stall_after": 3}}
    assert toml.places.find(("loop", "stall_after")) == (2, 1)
    assert toml.errors == ()


@pytest.mark.parametrize(
    ("text", "place", "message", "hint"),
    [
        ("a = \n", (1, 5), "no value can be read here", ""),
        ("x = 1\ntimeout = 10m\n", (2, 13), "the line goes on after its value", 'write timeout = "10m"'),
        ("kind = ruff\n", (1, 8), "no value can be read here", 'write kind = "ruff"'),
        ("stdin = True\n", (1, 9), "no value can be read here", "write stdin = true"),
        ("stdin = no\n", (1, 9), "no value can be read here", "write stdin = false"),
        ('a = "b\nc = 1\n', (1, 7), "the string is not closed on its line", ""),
        ("name: 3\n", (1, 5), "an = is missing after the key", "key = value, not key: value"),
        ('a = "\\d"\n', (1, 6), "a single backslash", "single quotes"),
        ("[loop\n", (1, 6), "needs its closing ]", ""),
        ("a = [1, 2\n", (2, 1), "comma or its closing ]", ""),
        ("a = { b = 1\n", (2, 1), "comma or its closing }", ""),
        ("= 1\n", (1, 1), "neither a [table] nor a key = value", ""),
        ("x = [1,\n[loop]\na = 1\n", (2, 2), "begun in line 1 is not closed", ""),
    ],
)
def test_a_syntax_error_has_its_place_and_a_way_out(text: str, place: tuple[int, int], message: str, hint: str) -> None:
    (error,) = read_toml(text).errors
    assert (error.line, error.column) == place
    assert message in error.message
    assert hint in error.hint


@pytest.mark.parametrize(
    ("text", "place", "key", "message"),
    [
        ("[gates.lint]\na = 1\n[gates.lint]\n", (3, 8), "gates.lint", "this table is already in line 1"),
        ("[loop]\na = 1\nb = 2\na = 3\n", (4, 1), "loop.a", "this key is already in line 2"),
        ("x = { a = 1, b = 2, a = 3 }\n", (1, 21), "x.a", "this key is already in line 1"),
        ("loop = 1\n[loop]\n", (2, 2), "loop", "this table is already in line 1"),
        ("a.b = 1\na . 'b' = 2\n", (2, 5), "a.b", "this key is already in line 1"),
    ],
)
def test_a_duplicate_name_tells_where_the_first_is(text: str, place: tuple[int, int], key: str, message: str) -> None:
    (error,) = read_toml(text).errors
    assert (error.line, error.column, error.key) == (*place, key)
    assert error.message == message


@pytest.mark.parametrize("text", ["a = 1\na.b = 2\n", "a = {}\na.b = 1\n", "a.b = 1\n[a]\n"])
def test_adding_to_what_is_complete_is_explained(text: str) -> None:
    (error,) = read_toml(text).errors
    assert error.line == 2
    assert "complete before" in error.message


def test_all_errors_are_found_and_the_rest_is_read() -> None:
    toml = read_toml('a = 10m\nb = 2\n[t]\nx = 1\n[t]\nx = 9\n[u]\ny = "\nz = 3\n')
    assert [(error.line, error.column) for error in toml.errors] == [(1, 7), (5, 2), (8, 6)]
    assert toml.document == {"b": 2, "t": {"x": 1}, "u": {"z": 3}}


def test_a_list_that_is_never_closed_does_not_swallow_the_next_table() -> None:
    toml = read_toml("x = [1,\n[loop]\na = 1\n")
    assert toml.document == {"loop": {"a": 1}}
    assert toml.places.find(("loop", "a")) == (3, 1)


def test_what_no_parser_takes_is_an_error_too() -> None:
    (nested,) = read_toml("a = " + "[" * 5000).errors
    assert "nested too deeply" in nested.message
    (digits,) = read_toml("a = 1\nb = " + "9" * 5000).errors
    assert (digits.line, digits.column) == (2, 5)
    assert "too many digits" in digits.message


@given(st.text(alphabet="[]{}=.,#\"'\\\n\t ab1é\r", max_size=80))
@settings(deadline=None, max_examples=300)
def test_any_text_is_read_or_has_errors_in_the_text(text: str) -> None:
    toml = read_toml(text)
    try:
        document = tomli.loads(text)
    except tomli.TOMLDecodeError:
        assert toml.errors
    else:
        assert toml.errors == ()
        assert toml.document == document
    lines = text.split("\n")
    for error in toml.errors:
        assert 1 <= error.line <= len(lines)
        assert 1 <= error.column <= len(lines[error.line - 1]) + 1
