from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from dark_factory.core.config import (
    AgentConfig,
    BudgetConfig,
    DeliveryConfig,
    EnvironmentConfig,
    FeedbackConfig,
    GateConfig,
    IsolationConfig,
    LoopConfig,
    ProjectConfig,
    ScenariosConfig,
)
from dark_factory.core.factory_toml.build import KEY_OF_FIELD

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[4] / "schemas" / "factory.schema.json").read_text(encoding="utf-8")
)
WITHOUT_DEFAULT = {
    "project.name",
    "budget.usd",
    "budget.tokens",
    "environment.python",
    "agent",
    "agent.kind",
    "agent.command",
    "agent.patches",
    "gate.layer",
    "gate.kind",
    "gate.command",
    "gate.of",
    "gate.blocking",
}
TABLES: dict[str, type] = {
    "project": ProjectConfig,
    "loop": LoopConfig,
    "budget": BudgetConfig,
    "environment": EnvironmentConfig,
    "scenarios": ScenariosConfig,
    "isolation": IsolationConfig,
    "agent": AgentConfig,
    "feedback": FeedbackConfig,
    "delivery": DeliveryConfig,
}


def tables() -> Iterator[tuple[str, dict[str, Any]]]:
    for name, body in SCHEMA["properties"].items():
        if "properties" in body:
            yield name, body
    yield "gate", SCHEMA["$defs"]["gate"]


def keys() -> Iterator[tuple[str, dict[str, Any]]]:
    yield from SCHEMA["properties"].items()
    for table, body in tables():
        yield from ((f"{table}.{name}", key) for name, key in body["properties"].items())


def test_it_is_a_valid_schema_of_2020_12() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize(("name", "key"), list(keys()))
def test_every_key_is_explained_to_an_editor(name: str, key: dict[str, Any]) -> None:
    assert key["title"]
    assert key["description"].endswith(".")
    assert ("default" in key) == (name not in WITHOUT_DEFAULT)
    if "properties" not in key:
        assert key["examples"]
    alone = {**key, "$defs": SCHEMA["$defs"]}
    for value in (*key.get("examples", ()), *([key["default"]] if "default" in key else ())):
        jsonschema.validate(value, alone, cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize(("name", "table"), list(tables()))
def test_every_table_refuses_unknown_keys(name: str, table: dict[str, Any]) -> None:
    assert table["additionalProperties"] is False


@pytest.mark.parametrize("name", SCHEMA["$defs"])
def test_every_definition_is_explained(name: str) -> None:
    assert SCHEMA["$defs"][name]["title"]
    assert SCHEMA["$defs"][name]["description"].endswith(".")


@pytest.mark.parametrize("name", TABLES)
def test_the_schema_has_the_keys_of_the_configuration(name: str) -> None:
    expected = {KEY_OF_FIELD.get(field.name, field.name) for field in fields(TABLES[name])}
    assert set(SCHEMA["properties"][name]["properties"]) == expected


def test_the_schema_has_the_keys_of_a_gate() -> None:
    expected = {field.name for field in fields(GateConfig)} - {"name"}
    assert set(SCHEMA["$defs"]["gate"]["properties"]) == expected
