from __future__ import annotations

import json

import tomli
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.config import (
    AgentConfig,
    Config,
    EnvironmentConfig,
    GateConfig,
    LoopConfig,
    ProjectConfig,
    ScenariosConfig,
)
from dark_factory.core.factory_toml.show import config_json, config_rows
from dark_factory.core.report import Layer

CONFIG = Config(
    project=ProjectConfig(name='a "b"'),
    loop=LoopConfig(max_duration=5400.0),
    environment=EnvironmentConfig(setup=(("bash", "-c", "npm ci"), ("make", "all"))),
    gates=(
        GateConfig(
            name="cov",
            kind="coverage",
            layer=Layer.STRUCTURAL,
            of="tests",
            thresholds={"min_coverage": 80.5, "max_x": 10.0},
        ),
    ),
    scenarios=ScenariosConfig(resources={"a b": 2}),
    agent=AgentConfig(kind="command", command=("bash", "-c", "run me"), variables=("KEY",)),
    provenance={"loop.max_duration": "factory.toml:3", "agent.kind": "FACTORY_AGENT_KIND"},
)


def shown(config: Config) -> dict[str, str]:
    return {key: value for key, value, _ in config_rows(config)}


def test_values_are_shown_as_the_user_writes_them() -> None:
    values = shown(CONFIG)
    assert values["version"] == "1"
    assert values["project.name"] == '"a \\"b\\""'
    assert values["loop.max_duration"] == '"1h30m"'
    assert values["environment.setup"] == '["npm ci", ["make", "all"]]'
    assert values["gates.cov.layer"] == "2"
    assert values["gates.cov.thresholds"] == "{ min_coverage = 80.5, max_x = 10 }"
    assert values["scenarios.resources"] == '{ "a b" = 2 }'
    assert values["scenarios.jobs"] == '"auto"'
    assert values["agent.command"] == '"run me"'
    assert values["agent.env"] == '["KEY"]'
    assert values["feedback.max_size"] == '"64KiB"'
    assert values["feedback.disclosure"] == '"output"'
    assert values["judge.enabled"] == "false"


def test_what_is_not_set_is_said_in_brackets() -> None:
    values = shown(CONFIG)
    assert values["budget.usd"] == "(no ceiling)"
    assert values["gates.cov.command"] == "(not set)"
    assert values["environment.python"] == "(the version that runs the factory)"


def test_each_value_has_its_source() -> None:
    sources = {key: source for key, _, source in config_rows(CONFIG)}
    assert sources["loop.max_duration"] == "factory.toml:3"
    assert sources["agent.kind"] == "FACTORY_AGENT_KIND"
    assert sources["loop.stall_after"] == "default"


def test_without_an_agent_there_are_no_values_of_one() -> None:
    assert not [key for key in shown(Config(project=ProjectConfig(name="x"))) if key.startswith("agent")]


def test_programs_get_the_same_values() -> None:
    values = config_json(CONFIG)
    assert list(values) == [key for key, _, _ in config_rows(CONFIG)]
    assert values["loop.max_duration"] == {"value": "1h30m", "source": "factory.toml:3"}
    assert values["budget.tokens"] == {"value": None, "source": "default"}
    assert json.loads(json.dumps(values)) == values


@given(st.text(), st.lists(st.text()), st.dictionaries(st.text(min_size=1), st.integers(1, 9)))
@settings(deadline=None, max_examples=200)
def test_a_shown_value_is_the_same_value_in_toml(name: str, specs: list[str], resources: dict[str, int]) -> None:
    config = Config(
        project=ProjectConfig(name=name, specs=tuple(specs)), scenarios=ScenariosConfig(resources=resources)
    )
    lines = [f"{key} = {value}" for key, value, _ in config_rows(config) if not value.startswith("(")]
    read = tomli.loads("\n".join(lines))
    assert read["project"]["name"] == name
    assert read["project"]["specs"] == specs
    assert read["scenarios"]["resources"] == resources
