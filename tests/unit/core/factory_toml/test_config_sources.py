from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.factory_toml.places import toml_places
from dark_factory.core.factory_toml.sources import Override, Settings, from_environment, from_options, overlaid

SCHEMA: dict[str, Any] = {
    "properties": {
        "version": {"type": "integer"},
        "loop": {
            "properties": {
                "count": {"type": "integer", "minimum": 0},
                "share": {"type": "number"},
                "on": {"type": "boolean"},
                "max_wait": {"$ref": "#/$defs/duration"},
                "jobs": {"anyOf": [{"const": "auto"}, {"type": "integer", "minimum": 1}]},
                "run": {"type": ["array", "string"]},
                "list": {"type": "array"},
                "table": {"type": "object"},
            }
        },
        "gates": {"additionalProperties": {"type": "object"}},
    },
    "$defs": {"duration": {"title": "Duration", "type": "string", "pattern": "^[0-9]+s$", "examples": ["5s"]}},
}


@pytest.mark.parametrize(
    ("name", "text", "key", "value"),
    [
        ("FACTORY_LOOP_COUNT", "3", "count", 3),
        ("FACTORY_LOOP_SHARE", "0.5", "share", 0.5),
        ("FACTORY_LOOP_SHARE", ".5", "share", 0.5),
        ("FACTORY_LOOP_SHARE", "1", "share", 1),
        ("FACTORY_LOOP_ON", "True", "on", True),
        ("FACTORY_LOOP_ON", "0", "on", False),
        ("FACTORY_LOOP_MAX_WAIT", "10s", "max_wait", "10s"),
        ("FACTORY_LOOP_JOBS", "auto", "jobs", "auto"),
        ("FACTORY_LOOP_JOBS", "4", "jobs", 4),
        ("FACTORY_LOOP_RUN", "a b", "run", "a b"),
    ],
)
def test_a_variable_is_read_by_the_type_of_its_key(name: str, text: str, key: str, value: object) -> None:
    overrides, problems = from_environment({name: text}, SCHEMA)
    assert problems == ()
    assert overrides == (Override(keys=("loop", key), value=value, source=name),)
    assert type(overrides[0].value) is type(value)


@pytest.mark.parametrize(
    ("name", "text", "pointer", "message", "hint"),
    [
        ("FACTORY_LOOP_COUNT", "x", "loop.count", 'expected an integer of at least 0, got the string "x"', ""),
        ("FACTORY_LOOP_COUNT", "-1", "loop.count", "expected an integer of at least 0, got the integer -1", ""),
        ("FACTORY_LOOP_SHARE", "nan", "loop.share", 'expected a number, got the string "nan"', ""),
        ("FACTORY_LOOP_ON", "maybe", "loop.on", 'expected true or false, got the string "maybe"', ""),
        ("FACTORY_LOOP_MAX_WAIT", "10", "loop.max_wait", '"10" has no unit', 'write "10s"'),
        ("FACTORY_LOOP_COUNTS", "1", "", "unknown variable", 'did you mean "FACTORY_LOOP_COUNT"?'),
        ("FACTORY_LOOP_LIST", "a", "loop.list", "a list can't be set", "factory.toml"),
        ("FACTORY_LOOP_TABLE", "a", "loop.table", "a table can't be set", "factory.toml"),
        ("FACTORY_GATES_LINT_LAYER", "1", "", "[gates] can't be set by a variable", "factory.toml"),
    ],
)
def test_a_wrong_variable_is_a_problem_of_that_name(
    name: str, text: str, pointer: str, message: str, hint: str
) -> None:
    overrides, (problem,) = from_environment({name: text}, SCHEMA)
    assert overrides == ()
    assert (problem.place, problem.pointer) == (name, pointer)
    assert problem.message.startswith(message)
    assert hint in problem.hint


@pytest.mark.parametrize("name", ["FACTORY_STATE", "FACTORY_SCENARIOS", "FACTORY_LOOP", "LOOP_COUNT", "factory_loop_x"])
def test_variables_of_no_table_are_left_alone(name: str) -> None:
    assert from_environment({name: "x", "FACTORY_LOOP_COUNT": ""}, SCHEMA) == ((), ())


def test_an_option_has_the_name_of_its_key_or_its_own() -> None:
    overrides, problems = from_options({"loop.max_wait": "3s", "loop.count": (2, "--times")}, SCHEMA)
    assert problems == ()
    assert [(override.value, override.source) for override in overrides] == [("3s", "--max-wait"), (2, "--times")]


def test_a_wrong_option_is_a_problem_of_that_name() -> None:
    overrides, problems = from_options({"loop.count": ("x", "--times"), "loop.other": 1, "list": 2}, SCHEMA)
    assert overrides == ()
    assert sorted(problem.path for problem in problems) == ["--list", "--other", "--times"]


def test_an_override_takes_the_place_of_what_the_file_says() -> None:
    overrides = (
        Override(keys=("loop", "count"), value=2, source="A"),
        Override(keys=("loop", "count"), value=3, source="--b"),
    )
    assert overlaid({"loop": {"count": 1, "on": True}, "x": 1}, overrides) == {"loop": {"count": 3, "on": True}, "x": 1}
    assert overlaid({"loop": "wrong"}, overrides) == {"loop": {"count": 3}}


def test_settings_tell_values_and_their_sources() -> None:
    text = "[loop]\ncount = 1\nrun = ['a', 2, 'b']\n"
    settings = Settings(
        document={"loop": {"count": 9, "run": ["a", 2, "b"]}},
        overridden={("loop", "count"): "--count"},
        path="f.toml",
        lines=text.split("\n"),
        places=toml_places(text),
    )
    assert settings.source(("loop", "count")) == "--count"
    assert settings.source(("loop", "run")) == "f.toml:3"
    assert settings.source(("loop", "on")) == "default"
    assert list(settings.texts("loop", "run")) == [(("loop", "run", 0), "a"), (("loop", "run", 2), "b")]
    assert settings.text("loop", "count") is None
    assert settings.table("loop", "count") == {}
    assert settings.problem(("loop", "run", 2), "m").place == "f.toml:3:16"
    assert settings.problem(("loop", "count"), "m").place == "--count"


@given(st.dictionaries(st.sampled_from(["COUNT", "SHARE", "ON", "MAX_WAIT", "JOBS", "RUN"]), st.text(max_size=20)))
@settings(deadline=None, max_examples=150)
def test_any_text_of_a_variable_is_a_value_or_a_problem(values: dict[str, str]) -> None:
    environ = {f"FACTORY_LOOP_{key}": text for key, text in values.items()}
    overrides, problems = from_environment(environ, SCHEMA)
    told = {override.source for override in overrides} | {problem.path for problem in problems}
    assert told == {name for name, text in environ.items() if text}
