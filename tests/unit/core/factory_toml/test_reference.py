from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tomli

from dark_factory.core.factory_toml.reference import reference_markdown

ROOT = Path(__file__).parents[4]
SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas" / "factory.schema.json").read_text(encoding="utf-8"))


def test_the_page_in_the_documentation_is_made_from_the_schema() -> None:
    page = (ROOT / "docs" / "reference" / "factory-toml.md").read_text(encoding="utf-8")
    assert page == reference_markdown(SCHEMA)


def test_every_key_is_on_the_page() -> None:
    page = reference_markdown(SCHEMA)
    for table, body in SCHEMA["properties"].items():
        for key in body.get("properties", ()):
            assert f"- key: `{table}.{key}`" in page
    for key in SCHEMA["$defs"]["gate"]["properties"]:
        assert f"- key: `gates.NAME.{key}`" in page


def test_a_key_is_told_with_its_value_default_variable_and_example() -> None:
    entry = reference_markdown(SCHEMA).split("### max_duration\n")[1].split("###")[0].split("## ")[0]
    assert "- value: a duration\n" in entry
    assert '- default: `"2h"`\n' in entry
    assert "- variable: `FACTORY_LOOP_MAX_DURATION`\n" in entry
    assert '`max_duration = "1h30m"`' in entry


def test_only_what_a_variable_can_set_has_one() -> None:
    page = reference_markdown(SCHEMA)
    assert "FACTORY_PROJECT_SPECS" not in page
    assert "FACTORY_SCENARIOS_RESOURCES" not in page
    assert "FACTORY_GATES" not in page
    assert "FACTORY_AGENT_COMMAND" in page


def test_every_example_on_the_page_is_toml() -> None:
    lines = [line for line in reference_markdown(SCHEMA).splitlines() if line.startswith("- for example: ")]
    examples = [part for line in lines for part in line.split("`")[1::2]]
    assert len(examples) > 50
    for example in examples:
        tomli.loads(example)
