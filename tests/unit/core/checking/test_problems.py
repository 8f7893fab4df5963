from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.checking.problems import (
    Keys,
    did_you_mean,
    in_order,
    kind_and_value,
    nearest,
    pointer,
    problem_at,
    shown,
)
from dark_factory.core.schema import Problem


def test_a_pointer_is_spelled_as_toml_spells_keys() -> None:
    assert pointer(("gates", "lint", "command", 0)) == "gates.lint.command[0]"
    assert pointer(("a b", "c")) == '"a b".c'
    assert pointer(()) == ""


def test_a_problem_without_a_place_of_its_own_stands_at_its_parent() -> None:
    places: dict[Keys, tuple[int, int]] = {("loop",): (2, 2)}
    problem = problem_at(("loop", "x", 3), "wrong", "right", path="f", lines=["a", "[loop]"], locate=places.get)
    assert (problem.line, problem.column, problem.source) == (2, 2, "[loop]")
    assert problem.pointer == "loop.x[3]"


def test_a_problem_of_the_whole_file_stands_at_its_start_and_of_no_file_nowhere() -> None:
    assert problem_at((), "m", path="f", lines=["x = 1"], locate=lambda _: None).place == "f:1:1"
    assert problem_at((), "m", path="f", lines=[], locate=lambda _: None).place == "f"


def test_problems_come_by_place_and_once() -> None:
    first, second = Problem(path="f", message="m", line=2, column=9), Problem(path="f", message="m", line=10, column=1)
    assert in_order([second, first, second]) == (first, second)


@pytest.mark.parametrize(
    ("word", "known", "found"),
    [
        ("max_iteration", ["max_duration", "max_iterations"], "max_iterations"),
        ("MAX-ITERATIONS", ["max_iterations"], "max_iterations"),
        ("UV", ["uv", "none"], "uv"),
        ("zzz", ["uv", "none"], None),
    ],
)
def test_the_nearest_word_is_found(word: str, known: list[str], found: str | None) -> None:
    assert nearest(word, known) == found


def test_without_a_near_word_all_known_ones_are_listed() -> None:
    assert did_you_mean("rufff", ["ruff", "mypy"]) == 'did you mean "ruff"?'
    assert did_you_mean("zzz", ["ruff", "mypy"], what="known kinds") == "known kinds: ruff, mypy"
    assert did_you_mean("zzz", []) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (True, "true"),
        (600, "the integer 600"),
        (1.5, "the float 1.5"),
        ('a"b', 'the string "a\\"b"'),
        ({}, "an empty table"),
        ([1], "a list"),
        (None, "nothing"),
        (dt.date(2026, 1, 2), "the date 2026-01-02"),
        (dt.time(7, 30), "the time 07:30:00"),
    ],
)
def test_a_value_is_named_with_its_type(value: object, text: str) -> None:
    assert kind_and_value(value) == text


def test_an_integer_too_long_to_print_is_shown() -> None:
    assert shown(10**5000) == "a very large integer"
    assert shown(-(10**5000)) == "a very large negative integer"


@given(st.text())
@settings(deadline=None)
def test_a_shown_text_stays_short_and_on_one_line(text: str) -> None:
    assert len(shown(text)) <= 60
    assert "\n" not in shown(text)
