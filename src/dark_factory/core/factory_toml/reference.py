"""Writes the reference pages of factory.toml and of a scenario's frontmatter out of their schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dark_factory.core.checking.schema_words import expected, resolve

_INTRODUCTION = """\
# factory.toml

This page is made from `schemas/factory.schema.json`; change the schema, not the page.

{description}

A value is taken from the first of these that has it: the task's option, the environment variable, factory.toml, the
default. An environment variable that is empty counts as not set. `inv factory.config` prints every value and where it
came from. With the line `#:schema ./schemas/factory.schema.json` at the top of the file, an editor completes and
explains the keys.
"""

_FRONTMATTER = """\
# Frontmatter of a scenario

This page is made from `schemas/scenario.schema.json`; change the schema, not the page.

{description} [Scenarios](../scenarios.md) tells the whole format.
"""


def reference_markdown(schema: Mapping[str, Any]) -> str:
    """The page: each table with each key, what it may be, its default, its variable and an example."""
    parts = [_INTRODUCTION.format(description=schema["description"])]
    for name, raw in schema["properties"].items():
        body = resolve(raw, schema)
        if name == "gates":
            gate = resolve(body["additionalProperties"], schema)
            names = resolve(body["propertyNames"], schema)["description"]
            parts.append(f"## [gates.NAME]\n\n{body['description']} {names}\n")
            parts.extend(_keys("gates.NAME", gate, schema))
        elif "properties" in body:
            parts.append(f"## [{name}]\n\n{body['description']}\n")
            parts.extend(_keys(name, body, schema))
        else:
            needed = name in schema.get("required", ())
            parts.append(_key(name, f"## {name}", body, schema, needed=needed, variable=""))
    parts.append("## Durations, sizes, paths and commands\n")
    for definition in ("duration", "size", "path", "command"):
        body = schema["$defs"][definition]
        parts.append(f"- **{body['title']}**: {body['description']} {_such_as(body)}")
    return "\n".join(parts) + "\n"


def frontmatter_markdown(schema: Mapping[str, Any]) -> str:
    """The page: each key with what it may be, its default and an example; the keys of a table follow it."""
    parts = [_FRONTMATTER.format(description=schema["description"])]
    parts.extend(_entries(schema, schema, above=""))
    return "\n".join(parts)


def _entries(table: Mapping[str, Any], schema: Mapping[str, Any], *, above: str) -> Iterator[str]:
    for name, raw in table["properties"].items():
        dotted = f"{above}.{name}" if above else name
        value = _one_or_more(raw, schema)
        lines = [f"## {dotted}", "", str(raw["description"]), "", f"- value: {value}"]
        if "default" in raw and raw["default"] not in ([], {}):
            lines.append(f"- default: `{_yaml(raw['default'])}`")
        examples = [f"`{name}: {_yaml(example)}`" for example in raw["examples"]]
        yield "\n".join([*lines, f"- for example: {', '.join(examples)}", ""])
        if "properties" in raw:
            yield from _entries(raw, schema, above=dotted)


def _one_or_more(body: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    """What a key may be; `if` tells a list from the one value that it may be instead."""
    if "else" in body:
        return f"{expected(body['else'], schema)}, or a list of such"
    if "properties" in body:
        return "a table with the keys below"
    return expected({**body, "examples": []}, schema)


def _keys(table: str, body: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[str]:
    for name, raw in body["properties"].items():
        key = resolve(raw, schema)
        is_settable = table != "gates.NAME" and key.get("type") not in ("array", "object")
        variable = f"FACTORY_{table}_{name}".upper() if is_settable else ""
        needed = name in body.get("required", ())
        yield _key(f"{table}.{name}", f"### {name}", raw, schema, needed=needed, variable=variable)


def _key(
    dotted: str, heading: str, body: Mapping[str, Any], schema: Mapping[str, Any], *, needed: bool, variable: str
) -> str:
    lines = [heading, "", str(body["description"]), "", f"- key: `{dotted}`"]
    lines.append(f"- value: {expected({**body, 'examples': []}, schema)}")
    if needed:
        lines.append("- required")
    elif "default" in body:
        lines.append(f"- default: `{_toml(body['default'])}`")
    if variable:
        lines.append(f"- variable: `{variable}`")
    examples = [f"`{dotted.rpartition('.')[2]} = {_toml(example)}`" for example in body.get("examples", ())]
    lines.append(f"- for example: {', '.join(examples)}")
    return "\n".join([*lines, ""])


def _such_as(body: Mapping[str, Any]) -> str:
    return "For example " + ", ".join(f"`{_toml(example)}`" for example in body["examples"]) + "."


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        inner = ", ".join(f"{key} = {_toml(item)}" for key, item in value.items())
        return f"{{ {inner} }}" if inner else "{}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(item) for item in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _yaml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key}: {_yaml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_yaml(item) for item in value) + "]"
    plain = isinstance(value, str) and value.replace("-", "").isalnum() and not value[0].isdigit()
    return str(value) if plain else json.dumps(value, ensure_ascii=False)
