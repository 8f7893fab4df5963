from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.checking.problems import Keys
from dark_factory.core.checking.schema_check import check
from dark_factory.core.schema import Problem

SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "count": {"type": "integer", "minimum": 0, "description": "A count."},
        "share": {"type": "number", "minimum": 0, "maximum": 1},
        "name": {"type": "string", "minLength": 1, "examples": ["demo"]},
        "wait": {"$ref": "#/$defs/duration", "title": "Wait"},
        "color": {"type": "string", "enum": ["red", "green"]},
        "on": {"type": "boolean"},
        "off": {"type": "boolean", "const": False, "description": "Only false so far."},
        "jobs": {"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1}]},
        "list": {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True},
        "deep": {"type": "object", "properties": {"inner": {"type": "integer"}}, "additionalProperties": False},
        "free": {
            "type": "object",
            "description": "Bounds.",
            "patternProperties": {"^max_": {"type": "number"}},
            "additionalProperties": False,
        },
        "named": {
            "type": "object",
            "propertyNames": {"pattern": "^[a-z]+$", "not": {"enum": ["taken"]}, "description": "Small letters."},
        },
    },
    "additionalProperties": False,
    "$defs": {
        "duration": {
            "title": "Duration",
            "type": "string",
            "pattern": "^[0-9]+(s|m)$",
            "examples": ["10m", "90s"],
            "description": "A time with its unit.",
        }
    },
}


def problems(instance: object, schema: dict[str, Any] = SCHEMA) -> tuple[Problem, ...]:
    return check(instance, schema, path="f.toml", lines=["first"], locate=lambda _keys: None)


def test_what_keeps_the_schema_has_no_problem() -> None:
    assert problems({"count": 1, "share": 0.5, "wait": "10m", "jobs": "auto", "list": ["a"], "off": False}) == ()


@pytest.mark.parametrize(
    ("instance", "pointer", "message", "hint"),
    [
        ({"count": "5"}, "count", 'expected an integer of at least 0, got the string "5"', "write 5 without quotes"),
        ({"count": 5.0}, "count", "expected an integer of at least 0, got the float 5.0", "write 5"),
        ({"count": True}, "count", "expected an integer of at least 0, got true", ""),
        ({"count": -1}, "count", "expected an integer of at least 0, got the integer -1", ""),
        ({"share": 80}, "share", "expected a number from 0 to 1, got the integer 80", "write 0.8 for 80 percent"),
        ({"share": float("nan")}, "share", "expected a number from 0 to 1, got the float nan", ""),
        ({"share": float("inf")}, "share", "expected a number from 0 to 1, got the float inf", ""),
        ({"name": 3}, "name", 'expected a string such as "demo", got the integer 3', ""),
        ({"name": dt.date(2026, 1, 2)}, "name", 'expected a string such as "demo", got the date 2026-01-02', ""),
        ({"name": ""}, "name", 'expected some text, got ""', ""),
        ({"wait": 600}, "wait", 'expected a duration such as "10m", got the integer 600', 'write "600m"'),
        ({"wait": "600"}, "wait", '"600" has no unit: expected a duration such as "10m"', 'write "600m"'),
        ({"wait": "10 Minutes"}, "wait", 'expected a duration such as "10m", got the string "10 Minutes"', '"10m"'),
        ({"wait": "10m\n"}, "wait", 'expected a duration such as "10m", got the string "10m\\n"', '"10m"'),
        ({"wait": "soon"}, "wait", 'expected a duration such as "10m", got the string "soon"', "with its unit"),
        ({"color": "gren"}, "color", 'expected "red" or "green", got "gren"', 'did you mean "green"?'),
        ({"color": 1}, "color", 'expected "red" or "green", got the integer 1', ""),
        ({"on": "true"}, "on", 'expected true or false, got the string "true"', "write true without quotes"),
        ({"off": True}, "off", "expected false, got true", "Only false so far."),
        ({"jobs": 0}, "jobs", 'expected "auto" or an integer of at least 1, got the integer 0', ""),
        ({"jobs": "2"}, "jobs", 'expected "auto" or an integer of at least 1, got the string "2"', "write 2 without"),
        ({"list": "a"}, "list", 'expected a list of strings, got the string "a"', 'write ["a"]'),
        ({"list": []}, "list", "expected a list of at least 1 entry, got an empty list", ""),
        ({"list": ["a", "a"]}, "list", "an entry stands here twice", "leave each entry once"),
        ({"list": ["a", 2]}, "list[1]", "expected a string, got the integer 2", ""),
        ({"deep": 1}, "deep", "expected a table, got the integer 1", ""),
        ({"deep": {"iner": 1}}, "deep.iner", "unknown key", 'did you mean "inner"?'),
        ({"inner": 1}, "inner", "unknown key", "this is a key of [deep]"),
        ({"zzz": 1}, "zzz", "unknown key", "known keys here: count, share"),
        ({"free": {"cover": 1}}, "free.cover", "unknown key", "Bounds."),
        ({"free": {"max_x": "1"}}, "free.max_x", 'expected a number, got the string "1"', "write 1 without quotes"),
        ({"named": {"A": 1}}, "named.A", '"A" can\'t be used as a name', "Small letters."),
        ({"named": {"taken": 1}}, "named.taken", '"taken" can\'t be used as a name', "Small letters."),
        ({"deep": {1: 2}}, "deep", "a key must be text, got the integer 1", "write it in quotes"),
        (None, "", "expected a table, got nothing", ""),
    ],
)
def test_each_broken_rule_is_said_in_words(instance: object, pointer: str, message: str, hint: str) -> None:
    (problem,) = problems(instance)
    assert (problem.pointer, problem.message) == (pointer, message)
    assert hint in problem.hint
    assert bool(hint) == bool(problem.hint)


def test_an_integer_too_long_to_print_is_a_problem() -> None:
    (problem,) = problems({"count": 16**5000})
    assert (problem.pointer, problem.message) == ("count", "the integer has more than 64 bits")


def test_each_missing_key_is_one_problem() -> None:
    schema = {"type": "object", "required": ["a", "b"], "properties": {"a": {"type": "integer"}}}
    found = problems({}, schema)
    assert [problem.message for problem in found] == ['the key "a" is missing', 'the key "b" is missing']
    assert [problem.hint for problem in found] == ["add it: a is an integer", "add it"]
    assert {problem.place for problem in found} == {"f.toml:1:1"}


def test_problems_come_in_the_order_of_their_places() -> None:
    places: dict[Keys, tuple[int, int]] = {("color",): (3, 1), ("count",): (7, 5), ("zzz",): (7, 2)}
    lines = [str(number) for number in range(1, 9)]
    found = check({"count": "x", "zzz": 1, "color": "blue"}, SCHEMA, path="f", lines=lines, locate=places.get)
    assert [problem.place for problem in found] == ["f:3:1", "f:7:2", "f:7:5"]
    assert [problem.source for problem in found] == ["3", "7", "7"]


def test_a_changed_schema_is_a_new_schema() -> None:
    schema: dict[str, Any] = {"type": "object"}
    assert problems({"a": 1}, schema) == ()
    schema["additionalProperties"] = False
    assert [problem.pointer for problem in problems({"a": 1}, schema)] == ["a"]


@given(
    st.dictionaries(
        st.sampled_from([*SCHEMA["properties"], "x", 1, None]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.dates(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=8,
        ),
    )
)
@settings(deadline=None, max_examples=150)
def test_any_value_is_checked_without_an_exception(instance: dict[object, object]) -> None:
    for problem in problems(instance):
        assert problem.message
        assert problem.place == "f.toml:1:1"
