"""The three places that a setting can come from: factory.toml, `FACTORY_*` variables and task options."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dark_factory.core.checking.problems import Keys, did_you_mean, pointer, problem_at
from dark_factory.core.checking.schema_check import check
from dark_factory.core.checking.schema_words import resolve
from dark_factory.core.factory_toml.places import TomlPlaces
from dark_factory.core.schema import Problem

Scalar = str | int | float
Option = Scalar | tuple[Scalar, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One value from outside the file. source: the variable (`FACTORY_LOOP_STALL_AFTER`) or option (`--threshold`)."""

    keys: tuple[str, ...]
    value: object
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings that were written anywhere, later sources over earlier ones, and where each one stands.

    document: in the shape of factory.toml; parts of it may be of the wrong type.
    overridden: the source of each key path that does not come from the file.
    """

    document: Mapping[str, Any]
    overridden: Mapping[Keys, str]
    path: str
    lines: Sequence[str]
    places: TomlPlaces

    def table(self, *keys: str) -> Mapping[str, Any]:
        """The table at a key path; empty when there is none."""
        found: Any = self.document
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def text(self, *keys: str) -> str | None:
        """The string at a key path, or None when there is none."""
        value = self.table(*keys[:-1]).get(keys[-1])
        return value if isinstance(value, str) else None

    def texts(self, *keys: str) -> Iterator[tuple[Keys, str]]:
        """The string, or the strings of the list, at a key path, each with its own path."""
        value = self.table(*keys[:-1]).get(keys[-1])
        if isinstance(value, str):
            yield keys, value
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if isinstance(item, str):
                yield (*keys, index), item

    def problem(self, keys: Keys, message: str, hint: str = "") -> Problem:
        """A problem at the place in the file, or of the variable or option that the value came from."""
        source = next((self.overridden[keys[:size]] for size in (2, 1) if keys[:size] in self.overridden), None)
        if source is not None:
            return Problem(path=source, pointer=pointer(keys), message=message, hint=hint)
        return problem_at(keys, message, hint, path=self.path, lines=self.lines, locate=self.places.find)

    def source(self, keys: Keys) -> str:
        """Where an effective value comes from: `default`, `factory.toml:9`, a variable or an option."""
        if keys in self.overridden:
            return self.overridden[keys]
        place = self.places.find(keys)
        return f"{self.path}:{place[0]}" if place else "default"


def overlaid(document: Mapping[str, Any], overrides: Sequence[Override]) -> dict[str, Any]:
    """The document with the overrides put in, later ones over earlier ones."""
    result = dict(document)
    for override in overrides:
        table, key = override.keys
        below = result.get(table)
        result[table] = {**(below if isinstance(below, dict) else {}), key: override.value}
    return result


def from_environment(
    environ: Mapping[str, str], schema: Mapping[str, Any]
) -> tuple[tuple[Override, ...], tuple[Problem, ...]]:
    """What `FACTORY_TABLE_KEY` variables say, and what is wrong with them.

    An empty variable is one that is not set. Variables of no table (`FACTORY_STATE`) are somebody else's.
    """
    found: list[Override] = []
    problems: list[Problem] = []
    for name in sorted(name for name in environ if environ[name]):
        table = next((table for table in schema["properties"] if name.startswith(_variable(table, ""))), None)
        if table is None:
            continue
        known = schema["properties"][table].get("properties", {})
        key = next((key for key in known if _variable(table, key) == name), None)
        if key is not None:
            found.append(Override(keys=(table, key), value=environ[name], source=name))
        elif not known:
            message = f"[{table}] can't be set by a variable"
            problems.append(Problem(path=name, message=message, hint="write it in factory.toml"))
        else:
            variables = [_variable(table, key) for key in known]
            hint = did_you_mean(name, variables, what="known variables")
            problems.append(Problem(path=name, message="unknown variable", hint=hint))
    overrides, more = _checked(found, schema)
    return overrides, (*problems, *more)


def from_options(
    options: Mapping[str, Option], schema: Mapping[str, Any]
) -> tuple[tuple[Override, ...], tuple[Problem, ...]]:
    """What task options say, and what is wrong with them.

    options: by dotted key, the value, or the value and the option's name where it is not the key's last part.
    """
    found: list[Override] = []
    problems: list[Problem] = []
    for dotted, given in options.items():
        value, name = given if isinstance(given, tuple) else (given, "--" + dotted.split(".")[-1].replace("_", "-"))
        table, _, key = dotted.partition(".")
        if key in schema["properties"].get(table, {}).get("properties", {}):
            found.append(Override(keys=(table, key), value=value, source=name))
        else:
            problems.append(Problem(path=name, message=f"{dotted} is no key of factory.toml"))
    overrides, more = _checked(found, schema)
    return overrides, (*problems, *more)


def _checked(
    overrides: Sequence[Override], schema: Mapping[str, Any]
) -> tuple[tuple[Override, ...], tuple[Problem, ...]]:
    """The overrides with their values read by the type that the schema asks for; those that do not fit are problems."""
    good: list[Override] = []
    problems: list[Problem] = []
    for override in overrides:
        table, key = override.keys
        asked = schema["properties"][table]["properties"][key]
        kinds = _kinds(resolve(asked, schema))
        if kinds in (["array"], ["object"]):
            message = f"a {'list' if kinds == ['array'] else 'table'} can't be set by a variable or an option"
            hint = "write it in factory.toml"
            problems.append(Problem(path=override.source, pointer=f"{table}.{key}", message=message, hint=hint))
            continue
        value = _read(override.value, kinds) if isinstance(override.value, str) else override.value
        alone = {"$defs": schema.get("$defs", {}), "properties": {table: {"properties": {key: asked}}}}
        wrong = check({table: {key: value}}, alone, path=override.source, lines=(), locate=lambda _keys: None)
        problems.extend(wrong)
        if not wrong:
            good.append(replace(override, value=value))
    return tuple(good), tuple(problems)


def _read(text: str, kinds: Sequence[str]) -> object:
    """The text as a value of one of the types; as it is when it is none."""
    if "boolean" in kinds and text.lower() in ("true", "1", "false", "0"):
        return text.lower() in ("true", "1")
    if ("integer" in kinds or "number" in kinds) and re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        return int(text)
    if "number" in kinds and re.fullmatch(r"[+-]?[0-9]{0,15}\.[0-9]{1,15}", text):
        return float(text)
    return text


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    if "anyOf" in schema:
        return [kind for branch in schema["anyOf"] for kind in _kinds(branch)]
    kind = schema.get("type", [])
    return [kind] if isinstance(kind, str) else list(kind)


def _variable(table: str, key: str) -> str:
    return f"FACTORY_{table}_{key}".upper()
