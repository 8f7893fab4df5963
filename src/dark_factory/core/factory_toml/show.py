"""Shows every effective setting with the place that it came from, in the units that the user writes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from dark_factory.core.checking.problems import pointer
from dark_factory.core.config import Config
from dark_factory.core.factory_toml.build import KEY_OF_FIELD
from dark_factory.core.units import format_duration, format_size

_ABSENT: Mapping[str, str] = {
    "usd": "(no ceiling)",
    "tokens": "(no ceiling)",
    "python": "(the version that runs the factory)",
}


def config_rows(config: Config) -> tuple[tuple[str, str, str], ...]:
    """(dotted key, value as TOML, source) of every effective value; what is not set is said in brackets."""
    return tuple((key, _toml(key, value), config.provenance.get(key, "default")) for key, value in _values(config))


def config_json(config: Config) -> dict[str, dict[str, object]]:
    """The same for programs: by dotted key, `value` (null when there is none) and `source`."""
    return {key: {"value": value, "source": config.provenance.get(key, "default")} for key, value in _values(config)}


def _values(config: Config) -> Iterator[tuple[str, Any]]:
    """Dotted keys and values as they would stand in factory.toml, None for what is not set."""
    yield "version", 1
    tables = ("project", "loop", "budget", "environment", "gates", "scenarios", "isolation", "agent", "judge")
    for table in (*tables, "feedback", "delivery"):
        if table == "gates":
            for gate in config.gates:
                yield from _table(f"gates.{gate.name}", gate)
        elif table == "judge":
            yield "judge.enabled", False
        elif (values := getattr(config, table)) is not None:
            yield from _table(table, values)


def _table(prefix: str, values: Any) -> Iterator[tuple[str, Any]]:
    is_gate = prefix.startswith("gates.")
    for field in fields(values):
        if is_gate and field.name == "name":
            continue
        key = KEY_OF_FIELD.get(field.name, field.name)
        yield f"{prefix}.{key}", _as_written(key, getattr(values, field.name))


def _as_written(key: str, value: Any) -> Any:
    if key in _WRITTEN:
        return _WRITTEN[key](value)
    return list(value) if isinstance(value, tuple) else value


def _command(argv: tuple[str, ...]) -> str | list[str]:
    """One string again for what was written as one."""
    return argv[2] if argv[:2] == ("bash", "-c") and len(argv) == 3 else list(argv)


_WRITTEN: Mapping[str, Callable[[Any], Any]] = {
    "command": lambda argv: _command(argv) if argv else None,
    "disclosure": str,
    "jobs": lambda jobs: "auto" if jobs is None else jobs,
    "layer": int,
    "max_duration": format_duration,
    "max_size": format_size,
    "resources": dict,
    "setup": lambda commands: [_command(argv) for argv in commands],
    "setup_timeout": format_duration,
    "thresholds": lambda bounds: {name: int(bound) if bound == int(bound) else bound for name, bound in bounds.items()},
    "timeout": format_duration,
}


def _toml(key: str, value: Any) -> str:
    match value:
        case None:
            return _ABSENT.get(key.rpartition(".")[2], "(not set)")
        case bool():
            return "true" if value else "false"
        case str():
            return _escaped(json.dumps(value, ensure_ascii=False))
        case list():
            return "[" + ", ".join(_toml(key, item) for item in value) + "]"
        case dict():
            inner = ", ".join(f"{_escaped(pointer((name,)))} = {_toml(name, item)}" for name, item in value.items())
            return f"{{ {inner} }}" if inner else "{}"
        case _:
            return repr(value)


def _escaped(text: str) -> str:
    # JSON's escapes are TOML's, but JSON leaves DEL as it is.
    return text.replace("\x7f", "\\u007f")
