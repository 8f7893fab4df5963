"""Says in words what a JSON Schema asks for, and what a wrong value could be repaired to."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dark_factory.core.checking.problems import shown
from dark_factory.core.units import respelled

_TYPES = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
_Schema = Mapping[str, object]


def resolve(schema: object, root: _Schema) -> _Schema:
    """The schema with its `$ref` into `#/$defs/` followed; what stands beside the `$ref` wins."""
    if not isinstance(schema, dict):
        return {}
    reference = schema.get("$ref")
    if not isinstance(reference, str):
        return schema
    definitions = root.get("$defs")
    target = definitions.get(reference.removeprefix("#/$defs/")) if isinstance(definitions, dict) else None
    beside = {key: value for key, value in schema.items() if key != "$ref"}
    return {**(target if isinstance(target, dict) else {}), **beside}


def expected(schema: object, root: _Schema) -> str:
    """What a schema asks for: `a string such as "10m"`, `"uv" or "none"`, `a number from 0 to 1`."""
    asked = resolve(schema, root)
    if "const" in asked:
        return shown(asked["const"])
    if isinstance(choices := asked.get("enum"), list):
        return either([shown(choice) for choice in choices])
    branches = asked.get("anyOf", asked.get("oneOf"))
    if isinstance(branches, list):
        return either([expected(branch, root) for branch in branches])
    kinds = _kinds(asked)
    words = either([_typed(kind, asked, root) for kind in kinds]) if kinds else "another value"
    # The title beside a `$ref` is that of the key, the one behind it is that of the kind of value.
    title = _kind_of_value(schema, root).get("title")
    if "pattern" in asked and kinds == ["string"] and isinstance(title, str):
        words = _with_article(title)
    return words + _range(asked) + _example(asked, kinds)


def repaired(value: object, schema: object, root: _Schema) -> str:
    """A hint what to write instead of a wrong value; empty when nothing is evident."""
    asked = resolve(schema, root)
    kinds = _kinds(asked)
    if isinstance(branches := asked.get("anyOf", asked.get("oneOf")), list):
        return next((hint for branch in branches if (hint := repaired(value, branch, root))), "")
    if "string" in kinds and not isinstance(value, bool) and (text := _with_unit(value, asked)):
        return f"write {shown(text)}"
    if isinstance(value, str):
        return _unquoted(value, kinds)
    if isinstance(value, float) and kinds == ["integer"] and value.is_integer():
        return f"write {int(value)}"
    if _is_percent(value, asked) and isinstance(value, int | float):
        return f"write {value / 100:g} for {value:g} percent"
    return ""


def either(words: list[str]) -> str:
    """`a`, `a or b`, `a, b or c`."""
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _kind_of_value(schema: object, root: _Schema) -> _Schema:
    if isinstance(schema, dict) and "$ref" in schema:
        return resolve({"$ref": schema["$ref"]}, root)
    return resolve(schema, root)


def _kinds(schema: _Schema) -> list[str]:
    kind = schema.get("type")
    if isinstance(kind, str):
        return [kind]
    return [str(one) for one in kind] if isinstance(kind, list) else []


def _typed(kind: str, schema: _Schema, root: _Schema) -> str:
    words = _TYPES.get(kind, kind)
    if kind == "array" and (items := _kinds(resolve(schema.get("items"), root))):
        plural = {"string": "strings", "array": "lists", "integer": "integers", "number": "numbers"}
        words += " of " + either([plural.get(item, item) for item in items])
    return words


def _range(schema: _Schema) -> str:
    low, high, above = schema.get("minimum"), schema.get("maximum"), schema.get("exclusiveMinimum")
    if low is not None and high is not None:
        return f" from {low} to {high}"
    if low is not None:
        return f" of at least {low}"
    if above is not None:
        return f" above {above}"
    return f" of at most {high}" if high is not None else ""


def _example(schema: _Schema, kinds: list[str]) -> str:
    examples = schema.get("examples")
    if kinds != ["string"] or not isinstance(examples, list) or not examples:
        return ""
    return f" such as {shown(examples[0])}"


def _with_article(title: str) -> str:
    word = title[0].lower() + title[1:]
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _with_unit(value: object, schema: _Schema) -> str:
    """The text with its units respelled, or a bare number with the unit of the first example that makes it valid."""
    number = str(value).strip() if isinstance(value, int | float) and abs(value) < 10**15 else value
    pattern, examples = schema.get("pattern"), schema.get("examples")
    if not isinstance(number, str) or not isinstance(pattern, str) or not isinstance(examples, list):
        return ""
    if (spelled := respelled(number)) != number and re.search(pattern, spelled):
        return spelled
    if not re.fullmatch(r"\s*[0-9]+(\.[0-9]+)?\s*", number):
        return ""
    units = [unit.group() for example in examples if (unit := re.search(r"[A-Za-z]+$", str(example)))]
    candidates = (number.strip() + unit for unit in units)
    return next((text for text in candidates if re.search(pattern, text)), "")


def _unquoted(value: str, kinds: list[str]) -> str:
    if "integer" in kinds and re.fullmatch(r"[+-]?[0-9]{1,15}", value):
        return f"write {int(value)} without quotes"
    if "number" in kinds and re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", value):
        return f"write {float(value):g} without quotes"
    if kinds == ["boolean"] and value.lower() in ("true", "false"):
        return f"write {value.lower()} without quotes"
    if kinds == ["array"]:
        return f"write [{shown(value)}]"
    return ""


def _is_percent(value: object, schema: _Schema) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    return schema.get("minimum") == 0 and schema.get("maximum") == 1 and 1 < value <= 100
