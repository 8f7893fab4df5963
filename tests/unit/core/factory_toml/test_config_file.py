from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.config import (
    AgentConfig,
    BudgetConfig,
    Config,
    Disclosure,
    EnvironmentConfig,
    GateConfig,
    ProjectConfig,
    ScenariosConfig,
)
from dark_factory.core.errors import ExitStatus, InputError
from dark_factory.core.factory_toml.load import load_config
from dark_factory.core.report import Layer
from dark_factory.core.schema import Problem

SCHEMA: dict[str, Any] = json.loads(
    (Path(__file__).parents[4] / "schemas" / "factory.schema.json").read_text(encoding="utf-8")
)
KINDS = {
    "gates": ("bandit", "command", "coverage", "mypy", "pytest", "radon", "ruff", "vulture"),
    "agents": ("command", "replay"),
    "workspaces": ("clone",),
    "sandboxes": ("none",),
}
HEAD = "version = 1\n"


def load(source: str | bytes | None, environ: dict[str, str] | None = None, **options: Any) -> Config:
    data = source.encode() if isinstance(source, str) else source
    return load_config(
        data,
        schema=SCHEMA,
        kinds=KINDS,
        environ=environ or {},
        options=options.get("options", {}),
        project_name="demo",
    )


def refused(source: str | bytes | None, environ: dict[str, str] | None = None, **options: Any) -> InputError:
    with pytest.raises(InputError) as caught:
        load(source, environ, **options)
    assert caught.value.status is ExitStatus.BAD_INPUT
    return caught.value


def one(source: str | bytes) -> Problem:
    (problem,) = refused(source).problems
    return problem


def test_the_smallest_file_has_all_defaults() -> None:
    config = load(HEAD)
    assert config.project == ProjectConfig(name="demo")
    assert config == Config(project=ProjectConfig(name="demo"), provenance=config.provenance)
    assert config.provenance["version"] == "factory.toml:1"
    assert set(config.provenance.values()) == {"factory.toml:1", "default"}


def test_the_schemas_defaults_are_the_configurations() -> None:
    def table(name: str, body: dict[str, Any]) -> str:
        lines = [
            f"{key} = {json.dumps(value['default'])}" for key, value in body["properties"].items() if "default" in value
        ]
        return "\n".join([f"[{name}]", *lines, ""])

    tables = [table(name, body) for name, body in SCHEMA["properties"].items() if "properties" in body]
    explicit = load(HEAD + "\n".join(tables).replace("[agent]", '[agent]\nkind = "command"\ncommand = ["x"]'))
    expected = load(HEAD + '[agent]\nkind = "command"\ncommand = ["x"]')
    for name in ("project", "loop", "budget", "environment", "scenarios", "isolation", "agent", "feedback", "delivery"):
        assert getattr(explicit, name) == getattr(expected, name)


def test_every_key_is_read_in_its_own_unit() -> None:
    config = load(
        HEAD
        + """
[project]
name = "x"
specs = ["./docs/", "docs"]
[loop]
max_iterations = 0
satisfaction_threshold = 1
max_duration = "1h30m"
[budget]
usd = 5
tokens = 5_000_000
[environment]
backend = "none"
setup = ["npm ci", ["make", "all"]]
setup_timeout = "90s"
env = ["LANG"]
[gates.tests]
kind = "pytest"
layer = 1
command = "pytest -q"
[gates.cov]
kind = "coverage"
layer = 2
of = "tests"
thresholds = { min_coverage = 80 }
[gates.a]
kind = "my.own_gate"
layer = 1
blocking = false
environment = "own"
requires = ["x"]
timeout = "1m"
[scenarios]
jobs = 3
resources = { database = 2 }
[agent]
kind = "replay"
patches = "./patches"
timeout = "500ms"
env = ["KEY"]
[judge]
enabled = false
[feedback]
disclosure = "count"
max_size = "64KB"
"""
    )
    assert config.project == ProjectConfig(name="x", specs=("docs",))
    assert (config.loop.max_iterations, config.loop.satisfaction_threshold) == (0, 1.0)
    assert isinstance(config.loop.satisfaction_threshold, float)
    assert config.loop.max_duration == 5400.0
    assert config.budget == BudgetConfig(usd=5.0, tokens=5_000_000)
    assert config.environment == EnvironmentConfig(
        backend="none", setup=(("bash", "-c", "npm ci"), ("make", "all")), setup_timeout=90.0, variables=("LANG",)
    )
    assert config.gates == (
        GateConfig(
            name="tests",
            kind="pytest",
            layer=Layer.DETERMINISTIC,
            command=("bash", "-c", "pytest -q"),
            blocking=True,
        ),
        GateConfig(name="cov", kind="coverage", layer=Layer.STRUCTURAL, of="tests", thresholds={"min_coverage": 80.0}),
        GateConfig(
            name="a",
            kind="my.own_gate",
            layer=Layer.DETERMINISTIC,
            environment="own",
            requires=("x",),
            timeout=60.0,
        ),
    )
    assert config.scenarios == ScenariosConfig(jobs=3, resources={"database": 2})
    assert config.agent == AgentConfig(kind="replay", patches="patches", timeout=0.5, variables=("KEY",))
    assert (config.feedback.disclosure, config.feedback.max_size) == (Disclosure.COUNT, 64_000)


@pytest.mark.parametrize(
    ("source", "place", "pointer", "message", "hint"),
    [
        (HEAD + "[loop]\nstall_after = '3'", "factory.toml:3:1", "loop.stall_after", "expected an integer", "write 3"),
        (
            HEAD + "[loop]\n max_iteration = 3",
            "factory.toml:3:2",
            "loop.max_iteration",
            "unknown key",
            "max_iterations",
        ),
        (HEAD + "[lop]\n", "factory.toml:2:2", "lop", "unknown key", 'did you mean "loop"?'),
        (HEAD + "[agent]\nkind = 'replya'", "factory.toml:3:1", "agent.kind", "unknown kind", '"replay"?'),
        (HEAD + "[loop]\n[gates]\n[loop]\n", "factory.toml:4:2", "loop", "already in line 2", "rename"),
        (
            HEAD + "loop = { satisfaction_threshold = 80 }",
            "factory.toml:2:10",
            "loop.satisfaction_threshold",
            "expected a number from 0 to 1, got the integer 80",
            "write 0.8",
        ),
        (HEAD + "[scenarios]\ntimeout = 300", "factory.toml:3:1", "scenarios.timeout", "expected a duration", '"300s"'),
        (HEAD + "[scenarios]\ntimeout = '300'", "factory.toml:3:1", "scenarios.timeout", "has no unit", '"300s"'),
        (
            HEAD + "[project]\nspecs = [\n  'a',\n  '../b',\n]",
            "factory.toml:5:3",
            "project.specs[1]",
            '"../b" is outside the repository',
            "from the root",
        ),
        (HEAD + "[loop]\nstall_after = \n", "factory.toml:3:15", "", "not valid TOML", ""),
        (b"version = 1\n# caf\xe9\n", "factory.toml:2:6", "", "byte 0xe9 is not UTF-8", "UTF-8"),
        (b"version = 1\r\nname = '\xc3\xa9\xff'\r\n", "factory.toml:2:10", "", "byte 0xff is not UTF-8", "UTF-8"),
        (HEAD.encode("utf-16"), "factory.toml:1:1", "", "UTF-16", "save it as UTF-8"),
        ("[loop]\n", "factory.toml:1:1", "", 'the key "version" is missing', "version is 1"),
        ("", "factory.toml:1:1", "", 'the key "version" is missing', "version is 1"),
        ("version = 2\n", "factory.toml:1:1", "version", "expected 1, got 2", "only one"),
        (HEAD + "[judge]\nenabled = true", "factory.toml:3:1", "judge.enabled", "expected false", "has no LLM judge"),
        (HEAD + "[gates.Lint]\nkind='ruff'\nlayer=1\ncommand='x'", "factory.toml:2:8", "gates.Lint", "name", "letters"),
        (
            HEAD + "[gates.environment]\nkind='ruff'\nlayer=1\ncommand='x'",
            "factory.toml:2:8",
            "gates.environment",
            "name",
            "sessions of the factory",
        ),
    ],
)
def test_each_kind_of_problem_has_its_place(
    source: str | bytes, place: str, pointer: str, message: str, hint: str
) -> None:
    problem = refused(source).problems[0]
    assert (problem.place, problem.pointer) == (place, pointer)
    assert message in problem.message
    assert hint in problem.hint


def test_a_problem_is_shown_with_its_line_and_a_caret() -> None:
    text = str(refused(HEAD + "[loop]\n\tmax_iteration = 3\n"))
    assert text.startswith(
        "factory.toml:3:2: loop.max_iteration: unknown key\n"
        "    3 | \tmax_iteration = 3\n"
        "      | \t^\n"
        '        did you mean "max_iterations"?\n'
    )
    assert "factory.toml can't be used: 1 problem." in text


def test_a_missing_file_tells_what_to_do() -> None:
    error = refused(None)
    assert [problem.place for problem in error.problems] == ["factory.toml"]
    assert "root" in error.why
    assert "version = 1" in error.do


def test_a_byte_order_mark_and_windows_line_ends_are_taken() -> None:
    config = load(b"\xef\xbb\xbfversion = 1\r\n[loop]\r\nstall_after = 4\r\n")
    assert (config.loop.stall_after, config.provenance["loop.stall_after"]) == (4, "factory.toml:3")


def test_all_problems_are_shown_at_once_in_the_order_of_the_file() -> None:
    source = """\
[project]
specs = "specs"
[loop]
max_duration = 10m
stall_after = 0
[gates.tests]
layer = 1
kind = "pytst"
[gates.cov]
layer = 2
kind = "coverage"
of = "test"
[gates.tests]
layer = 1
[delivery]
branch = "main"
"""
    places = [problem.place.removeprefix("factory.toml:") for problem in refused(source).problems]
    assert places == ["2:1", "4:18", "5:1", "8:1", "13:8", "16:1"]


def test_later_sources_win_and_every_value_tells_its_own() -> None:
    config = load(
        HEAD + "[loop]\nmax_iterations = 1\nstall_after = 1\nsatisfaction_threshold = 0.1\n",
        {
            "FACTORY_LOOP_MAX_ITERATIONS": "2",
            "FACTORY_LOOP_STALL_AFTER": "2",
            "FACTORY_AGENT_KIND": "command",
            "FACTORY_AGENT_COMMAND": "my-agent",
        },
        options={"loop.max_iterations": 3, "loop.satisfaction_threshold": ("0.3", "--threshold")},
    )
    assert (config.loop.max_iterations, config.loop.stall_after, config.loop.satisfaction_threshold) == (3, 2, 0.3)
    assert config.agent == AgentConfig(kind="command", command=("bash", "-c", "my-agent"))
    sources = config.provenance
    assert sources["loop.max_iterations"] == "--max-iterations"
    assert sources["loop.stall_after"] == "FACTORY_LOOP_STALL_AFTER"
    assert sources["loop.satisfaction_threshold"] == "--threshold"
    assert sources["loop.max_duration"] == "default"
    assert sources["agent.kind"] == "FACTORY_AGENT_KIND"


def test_problems_from_outside_the_file_come_after_its_own() -> None:
    error = refused(
        HEAD + "x = 1\n", {"FACTORY_LOOP_STALL_AFTER": "0"}, options={"delivery.branch": ("main", "--branch")}
    )
    assert [problem.path for problem in error.problems] == ["factory.toml", "FACTORY_LOOP_STALL_AFTER", "--branch"]


def test_no_problem_of_what_could_not_be_read_is_invented() -> None:
    problem = one(HEAD + "[gates.cov]\nlayer = 2\nkind = 'coverage'\nof = 'tests'\n[gates.tests\nlayer = 1\n")
    assert problem.place == "factory.toml:6:13"


TABLE_NAMES = st.sampled_from([*SCHEMA["properties"], "gates.tests", "gates.x", "lop", "'a b'"])
KEY_NAMES = st.sampled_from(
    [
        *sorted({key for body in SCHEMA["properties"].values() for key in body.get("properties", ())}),
        *("layer", "of", "thresholds", "requires", "blocking", "version", "a.b", '"\\u0000"'),
    ]
)
VALUES = st.sampled_from(
    [
        *("1", "-1", "0.5", "nan", "true", '""', '"x"', '"10m"', '"64KB"', '"10"', "[]", '["a"]', '[["a"], "b"]', "{}"),
        *('"command"', '"pytest"', '"coverage"', '"tests"', '"a.b"', "{ max_x = 1 }", "1979-05-27", '"\\u0000"'),
        *("10m", "'../x'", "'/x'", "'{run}'", "'99999999d'", "0x" + "f" * 40, "[1, [2, {a = 1}]]", "'~'", "' '"),
    ]
)
LINES = st.one_of(
    st.just("version = 1"),
    TABLE_NAMES.map(lambda name: f"[{name}]"),
    TABLE_NAMES.map(lambda name: f"[[{name}]]"),
    st.builds("{} = {}".format, KEY_NAMES, VALUES),
    st.text(max_size=10),
)


def attempt(source: str | bytes) -> Config | InputError:
    try:
        return load(source)
    except InputError as error:
        return error


@given(st.lists(LINES, max_size=14).map("\n".join))
@settings(deadline=None, max_examples=300)
def test_any_document_is_a_configuration_or_refused_with_places(source: str) -> None:
    result = attempt(source)
    if isinstance(result, Config):
        assert result.provenance["version"].startswith("factory.toml:")
        return
    lines = source.replace("\r\n", "\n").split("\n")
    assert str(result)
    assert result.problems
    for problem in result.problems:
        assert problem.line is not None
        assert problem.source == lines[problem.line - 1]


@given(st.binary(max_size=60))
@settings(deadline=None, max_examples=200)
def test_any_bytes_are_a_configuration_or_refused(source: bytes) -> None:
    result = attempt(source)
    assert isinstance(result, Config) or (result.problems and str(result))


def test_the_configurations_values_load_no_parser() -> None:
    code = "import sys, dark_factory.core.config; print({'tomli', 'jsonschema', 'yaml'} & set(sys.modules))"
    source = str(Path(__file__).parents[4] / "src")
    run = subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": source}, capture_output=True, check=True)
    assert run.stdout.strip() == b"set()"
