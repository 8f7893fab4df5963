"""The schema of the frontmatter documents every key, and its own examples and defaults are valid."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

SCHEMA: dict[str, Any] = json.loads((Path(__file__).parents[4] / "schemas" / "scenario.schema.json").read_text("utf-8"))
# Their default is another place of the file, or another file.
DERIVED = {"id", "name", "category", "timeout"}


def keys(schema: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for name, body in schema.get("properties", {}).items():
        yield prefix + name, body
        yield from keys(body, f"{prefix}{name}.")


KEYS = dict(keys(SCHEMA))


def test_it_is_a_schema_of_the_2020_draft() -> None:
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", KEYS)
def test_every_key_is_described_with_valid_examples(name: str) -> None:
    body = KEYS[name]
    assert body["description"].endswith(".")
    validator = jsonschema.Draft202012Validator({**body, "$defs": SCHEMA["$defs"]})
    assert body["examples"]
    for example in body["examples"]:
        validator.validate(example)
    if name not in DERIVED:
        validator.validate(body["default"])


@pytest.mark.parametrize("name", ["", "requires", "expect"])
def test_no_table_takes_an_unknown_key(name: str) -> None:
    body = KEYS[name] if name else SCHEMA
    assert body["additionalProperties"] is False
