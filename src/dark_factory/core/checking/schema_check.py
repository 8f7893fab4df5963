"""Checks a value against a JSON Schema and says what is wrong in the user's words."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jsonschema

from dark_factory.core.checking.problems import (
    Keys,
    Locate,
    did_you_mean,
    in_order,
    kind_and_value,
    pointer,
    problem_at,
    shown,
)
from dark_factory.core.checking.schema_words import expected, repaired
from dark_factory.core.schema import Problem

_Schema = Mapping[str, Any]
_Finding = tuple[Keys, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Broken:
    """One broken rule: its keyword and that keyword's value, the schema around it, and the value that broke it."""

    keys: Keys
    rule: str
    bound: Any
    schema: _Schema
    value: Any
    is_name: bool


def check(
    instance: object,
    schema: Mapping[str, object],
    *,
    path: str,
    lines: Sequence[str],
    locate: Locate,
) -> tuple[Problem, ...]:
    """All problems of a parsed document, in the order of their places.

    instance: what TOML or YAML parsed to. path: the file as the user knows it. lines: its lines, without their ends.
    locate: the line and column (from 1) of a key path; None when it has no place of its own, then its nearest
    parent's place is shown.

    Stricter than JSON Schema where people are: 5.0 is no integer, nan and inf are no numbers, and `$` in a pattern is
    the very end of the text.
    """
    findings: list[_Finding] = []
    readable = _readable(instance, (), findings)
    for broken in _broken_rules(readable, schema):
        findings.extend(_findings(broken, schema))
    return in_order(
        problem_at(keys, message, hint, path=path, lines=lines, locate=locate) for keys, message, hint in findings
    )


def _broken_rules(instance: object, schema: Mapping[str, object]) -> Iterator[_Broken]:
    errors = list(_validator(json.dumps(schema)).iter_errors(instance))
    mistyped = {tuple(error.absolute_path) for error in errors if error.validator == "type"}
    for error in errors:
        if error.validator in ("enum", "const") and tuple(error.absolute_path) in mistyped:
            continue  # the wrong type is said already
        yield _Broken(
            keys=tuple(error.absolute_path),
            rule=str(error.validator),
            bound=error.validator_value,
            schema=error.schema if isinstance(error.schema, dict) else {},
            value=error.instance,
            is_name="propertyNames" in error.absolute_schema_path,
        )


def _findings(broken: _Broken, root: _Schema) -> list[_Finding]:
    keys, value, schema = broken.keys, broken.value, broken.schema
    if broken.is_name:
        description = str(schema.get("description", ""))
        return [((*keys, str(value)), f"{shown(value)} can't be used as a name", description)]
    if broken.rule == "additionalProperties":
        return _unknown_keys(broken, root)
    if broken.rule == "required":
        missing = [name for name in broken.bound if name not in value]
        return [(keys, f'the key "{name}" is missing', _add(schema, name, root)) for name in missing]
    return [(keys, *_said(broken, root))]


def _said(broken: _Broken, root: _Schema) -> tuple[str, str]:
    """Message and hint for a rule that speaks of one value."""
    match broken.rule:
        case "minLength" | "minItems":
            return f"expected {_at_least(broken)}, got {shown(broken.value)}", ""
        case "uniqueItems":
            return "an entry stands here twice", "leave each entry once"
        case "enum":
            return _mismatch(broken, root), _choice(broken, root)
        case "const":
            return _mismatch(broken, root), str(broken.schema.get("description", ""))
        case _:
            hint = repaired(broken.value, broken.schema, root)
            if not hint and broken.rule == "pattern":
                hint = str(broken.schema.get("description", ""))
            return _mismatch(broken, root), hint


def _mismatch(broken: _Broken, root: _Schema) -> str:
    if broken.rule == "pattern" and re.fullmatch(r"[0-9]+(\.[0-9]+)?", broken.value):
        return f"{shown(broken.value)} has no unit: expected {expected(broken.schema, root)}"
    if broken.rule in ("enum", "const"):
        return f"expected {expected(broken.schema, root)}, got {shown(broken.value)}"
    return f"expected {expected(broken.schema, root)}, got {kind_and_value(broken.value)}"


def _unknown_keys(broken: _Broken, root: _Schema) -> list[_Finding]:
    known = list(broken.schema.get("properties", {}))
    patterns = list(broken.schema.get("patternProperties", {}))
    found: list[_Finding] = []
    for name in broken.value:
        if name in known or any(re.search(pattern, name) for pattern in patterns):
            continue
        hint = did_you_mean(name, known, what="known keys here")
        if not hint.startswith("did") and (home := _homes(name, broken.keys, root)):
            hint = f"this is a key of {home}"
        found.append(((*broken.keys, name), "unknown key", hint or str(broken.schema.get("description", ""))))
    return found


def _homes(name: str, keys: Keys, root: _Schema) -> str:
    """The tables at the top that do have this key: it was probably written below the wrong header."""
    homes = [
        f"[{table}]"
        for table, body in root.get("properties", {}).items()
        if (table,) != keys and name in body.get("properties", {})
    ]
    return " and of ".join(homes)


def _choice(broken: _Broken, root: _Schema) -> str:
    words = [choice for choice in broken.bound if isinstance(choice, str)]
    found = did_you_mean(broken.value, words) if isinstance(broken.value, str) else ""
    return found if found.startswith("did") else repaired(broken.value, broken.schema, root)


def _add(schema: _Schema, name: str, root: _Schema) -> str:
    body = schema.get("properties", {}).get(name)
    return f"add it: {pointer((name,))} is {expected(body, root)}" if body else "add it"


def _at_least(broken: _Broken) -> str:
    if broken.rule == "minLength":
        return "some text" if broken.bound == 1 else f"at least {broken.bound} characters"
    return f"a list of at least {broken.bound} {'entry' if broken.bound == 1 else 'entries'}"


def _readable(value: object, keys: Keys, findings: list[_Finding]) -> object:
    """The value without what the validator can't read, which is told in `findings`.

    Those are keys that are no text (YAML has `1:` and `on:`), and integers too long to be printed.
    """
    if isinstance(value, list):
        return [_readable(item, (*keys, index), findings) for index, item in enumerate(value)]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        findings.append((keys, "the integer has more than 64 bits", ""))
        return 0
    if not isinstance(value, dict):
        return value
    kept: dict[str, object] = {}
    for key, item in value.items():
        if isinstance(key, str):
            kept[key] = _readable(item, (*keys, key), findings)
        else:
            findings.append((keys, f"a key must be text, got {kind_and_value(key)}", "write it in quotes"))
    return kept


def _is_integer(_checker: object, value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_checker: object, value: object) -> bool:
    return _is_integer(_checker, value) or (isinstance(value, float) and math.isfinite(value))


def _pattern(_validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[jsonschema.ValidationError]:
    exact = pattern[:-1] + r"\Z" if pattern.endswith("$") and not pattern.endswith(r"\$") else pattern
    if isinstance(instance, str) and not re.search(exact, instance):
        yield jsonschema.ValidationError(f"{instance!r} does not match {pattern!r}")


@functools.lru_cache(maxsize=8)
def _validator(schema: str) -> Any:
    base = jsonschema.Draft202012Validator
    types = base.TYPE_CHECKER.redefine_many({"integer": _is_integer, "number": _is_number})
    strict: Any = jsonschema.validators.extend(  # type: ignore[no-untyped-call]  # the stubs lack it
        base, validators={"pattern": _pattern}, type_checker=types
    )
    return strict(json.loads(schema))
