"""Makes a Config of settings that have no problem: durations to seconds, sizes to bytes, commands to argv."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Any

from dark_factory.core.checking.problems import Keys, pointer
from dark_factory.core.config import (
    AgentConfig,
    BudgetConfig,
    Config,
    DeliveryConfig,
    Disclosure,
    EnvironmentConfig,
    FeedbackConfig,
    GateConfig,
    IsolationConfig,
    LoopConfig,
    ProjectConfig,
    ScenariosConfig,
)
from dark_factory.core.factory_toml.paths import normal_path
from dark_factory.core.factory_toml.sources import Settings
from dark_factory.core.report import Layer
from dark_factory.core.units import parse_duration, parse_size

KEY_OF_FIELD: Mapping[str, str] = {"variables": "env"}
"""Fields of the config's values whose key in factory.toml has another name."""


def built_config(settings: Settings, schema: Mapping[str, Any], *, project_name: str) -> Config:
    """The Config of settings that keep the schema and all rules.

    project_name: the name of a project that names none.
    """
    project = {"name": project_name, **_fields(ProjectConfig, settings.table("project"))}
    agent = settings.table("agent")
    return Config(
        project=ProjectConfig(**project),
        loop=LoopConfig(**_fields(LoopConfig, settings.table("loop"))),
        budget=BudgetConfig(**_fields(BudgetConfig, settings.table("budget"))),
        environment=EnvironmentConfig(**_fields(EnvironmentConfig, settings.table("environment"))),
        gates=tuple(_gate(name, settings.table("gates", name)) for name in settings.table("gates")),
        scenarios=ScenariosConfig(**_fields(ScenariosConfig, settings.table("scenarios"))),
        isolation=IsolationConfig(**_fields(IsolationConfig, settings.table("isolation"))),
        agent=AgentConfig(**_fields(AgentConfig, agent)) if agent else None,
        feedback=FeedbackConfig(**_fields(FeedbackConfig, settings.table("feedback"))),
        delivery=DeliveryConfig(**_fields(DeliveryConfig, settings.table("delivery"))),
        provenance={pointer(keys): settings.source(keys) for keys in _effective(settings, schema)},
    )


def _gate(name: str, table: Mapping[str, Any]) -> GateConfig:
    values = _fields(GateConfig, table)
    # Layer 1 is what blocks; layer 2 is tracked.
    return GateConfig(**{"name": name, "blocking": values["layer"] is Layer.DETERMINISTIC, **values})


def _fields(kind: type, table: Mapping[str, Any]) -> dict[str, Any]:
    keys = {field.name: KEY_OF_FIELD.get(field.name, field.name) for field in fields(kind)}
    return {name: _value(key, table[key]) for name, key in keys.items() if key in table}


def _value(key: str, value: Any) -> Any:
    if key in _CONVERTERS and not isinstance(value, bool):
        return _CONVERTERS[key](value)
    return tuple(value) if isinstance(value, list) else value


def _argv(command: str | list[str]) -> tuple[str, ...]:
    return ("bash", "-c", command) if isinstance(command, str) else tuple(command)


def _paths(paths: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(normal_path(path) for path in paths))


_CONVERTERS: Mapping[str, Callable[[Any], Any]] = {
    "artifacts": normal_path,
    "command": _argv,
    "disclosure": Disclosure,
    "holdout": _paths,
    "jobs": lambda jobs: None if jobs == "auto" else jobs,
    "layer": Layer,
    "max_duration": parse_duration,
    "max_size": parse_size,
    "patches": normal_path,
    "prompt": normal_path,
    "pythonpath": _paths,
    "satisfaction_threshold": float,
    "setup": lambda commands: tuple(_argv(command) for command in commands),
    "setup_timeout": parse_duration,
    "specs": _paths,
    "thresholds": lambda bounds: {name: float(bound) for name, bound in bounds.items()},
    "timeout": parse_duration,
    "usd": float,
}


def _effective(settings: Settings, schema: Mapping[str, Any]) -> Iterator[Keys]:
    """The path of every value that counts, in the schema's order; without [agent] there are none of an agent."""
    for table, body in schema["properties"].items():
        if table == "gates":
            for name in settings.table("gates"):
                yield from (("gates", name, key) for key in schema["$defs"]["gate"]["properties"])
        elif table != "agent" or settings.table("agent"):
            yield from ((table, key) for key in body.get("properties", ()))
        if "properties" not in body and table != "gates":
            yield (table,)
