from __future__ import annotations

from typing import Any

import pytest

from dark_factory.core.checking.schema_words import either, expected, repaired, resolve

ROOT: dict[str, Any] = {
    "$defs": {
        "duration": {"title": "Duration", "type": "string", "pattern": "^[0-9]+(s|m)$", "examples": ["10m", "90s"]},
        "odd": {"title": "Odd name", "type": "string", "pattern": "^x"},
    }
}


def test_what_stands_beside_a_reference_wins() -> None:
    assert resolve({"$ref": "#/$defs/duration", "title": "Timeout"}, ROOT)["title"] == "Timeout"
    assert resolve({"$ref": "#/$defs/duration"}, ROOT)["title"] == "Duration"
    assert resolve(True, ROOT) == {}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"$ref": "#/$defs/duration", "title": "Timeout"}, 'a duration such as "10m"'),
        ({"$ref": "#/$defs/odd"}, "an odd name"),
        ({"type": "integer", "exclusiveMinimum": 0}, "an integer above 0"),
        ({"type": "number", "maximum": 5}, "a number of at most 5"),
        ({"type": ["array", "string"], "items": {"type": "string"}}, "a list of strings or a string"),
        ({"anyOf": [{"const": "auto"}, {"$ref": "#/$defs/duration"}]}, '"auto" or a duration such as "10m"'),
        ({"enum": ["a", "b", 3]}, '"a", "b" or 3'),
        ({}, "another value"),
    ],
)
def test_a_schema_is_said_in_words(schema: dict[str, Any], words: str) -> None:
    assert expected(schema, ROOT) == words


@pytest.mark.parametrize(
    ("value", "schema", "hint"),
    [
        ("90", {"$ref": "#/$defs/duration"}, 'write "90m"'),
        (True, {"$ref": "#/$defs/duration"}, ""),
        (10**30, {"$ref": "#/$defs/duration"}, ""),
        ("1.5", {"type": "number"}, "write 1.5 without quotes"),
        ("x", {"type": "integer"}, ""),
        (1.5, {"type": "integer"}, ""),
        (150, {"type": "number", "minimum": 0, "maximum": 1}, ""),
    ],
)
def test_only_an_evident_repair_is_proposed(value: object, schema: dict[str, Any], hint: str) -> None:
    assert repaired(value, schema, ROOT) == hint


def test_alternatives_are_joined() -> None:
    assert [either(list(words)) for words in ("a", "ab", "abc")] == ["a", "a or b", "a, b or c"]
