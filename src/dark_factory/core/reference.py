"""Writes the reference page of factory.toml out of its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from dark_factory.core.schema_words import expected, resolve

_INTRODUCTION = """\
# factory.toml

This page is made from `schemas/factory.schema.json`; change the schema, not the page.

{description}

A value is taken from the first of these that has it: the task's option, the environment variable, factory.toml, the
default. An environment variable that is empty counts as not set. `inv factory.config` prints every value and where it
came from. With the line `#:schema ./schemas/factory.schema.json` at the top of the file, an editor completes and
explains the keys.
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
