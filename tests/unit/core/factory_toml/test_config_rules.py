from __future__ import annotations

import pytest
import tomli

from dark_factory.core.checking.problems import Keys
from dark_factory.core.factory_toml.places import toml_places
from dark_factory.core.factory_toml.rules import broken_rules
from dark_factory.core.factory_toml.sources import Settings
from dark_factory.core.schema import Problem

KINDS = {
    "gates": ("command", "coverage", "mypy", "pytest", "ruff"),
    "agents": ("command", "replay"),
    "workspaces": ("clone",),
    "sandboxes": ("none",),
}
TESTS = '[gates.tests]\nkind = "pytest"\ncommand = ["pytest"]\n'


def problems(text: str, overridden: dict[Keys, str] | None = None, told: tuple[str, ...] = ()) -> tuple[Problem, ...]:
    settings = Settings(
        document=tomli.loads(text),
        overridden=overridden or {},
        path="f",
        lines=text.split("\n"),
        places=toml_places(text),
    )
    return broken_rules(settings, KINDS, told=told)


@pytest.mark.parametrize(
    "text",
    [
        "",
        TESTS,
        TESTS + '[gates.cov]\nkind = "coverage"\nof = "tests"',
        '[gates.own]\nkind = "my_gates.special"',
        '[gates.lint]\nkind = "ruff"\ncommand = "ruff check"\nenvironment = "own"\nrequires = ["ruff"]',
        '[agent]\nkind = "command"\ncommand = ["x", ""]',
        '[agent]\nkind = "replay"\npatches = "patches"',
        '[agent]\nkind = "my.agent"',
        '[isolation]\nworkspace = "clone"\nsandbox = "none"',
        '[isolation]\nsandbox = "auto"',
        '[project]\nspecs = ["."]\n[environment]\npythonpath = ["."]',
        '[delivery]\nbranch = "a/{run}"',
    ],
)
def test_what_keeps_all_rules_has_no_problem(text: str) -> None:
    assert problems(text) == ()


@pytest.mark.parametrize(
    ("text", "place", "pointer", "message", "hint"),
    [
        ('[gates.a]\nkind = "rufff"', "f:2:1", "gates.a.kind", 'unknown kind "rufff"', 'did you mean "ruff"?'),
        ('[agent]\nkind = "codex"', "f:2:1", "agent.kind", 'unknown kind "codex"', "known kinds: command, replay;"),
        ('[agent]\nkind = "a..b"', "f:2:1", "agent.kind", 'unknown kind "a..b"', "import path"),
        ('[isolation]\nworkspace = "clon"', "f:2:1", "isolation.workspace", 'unknown kind "clon"', '"clone"?'),
        ('[isolation]\nsandbox = "atuo"', "f:2:1", "isolation.sandbox", 'unknown kind "atuo"', '"auto"?'),
        ('[gates.a]\nkind = "ruff"', "f:1:8", "gates.a", '"command" is missing: kind ruff needs it', "such as"),
        (
            '[gates.a]\nkind = "ruff"\ncommand = "x"\nof = "a"',
            "f:4:1",
            "gates.a.of",
            "does not read another gate",
            "coverage",
        ),
        ('[gates.a]\nkind = "coverage"', "f:1:8", "gates.a", '"of" is missing', "this file has none"),
        (TESTS + '[gates.a]\nkind = "coverage"', "f:4:8", "gates.a", '"of" is missing', "kind pytest: tests"),
        (
            TESTS + '[gates.a]\nkind = "coverage"\nof = "test"',
            "f:6:1",
            "gates.a.of",
            'there is no gate "test"',
            'did you mean "tests"?',
        ),
        (
            TESTS + '[gates.a]\nkind = "coverage"\nof = "a"',
            "f:6:1",
            "gates.a.of",
            'the gate "a" is not of kind pytest',
            "kind pytest: tests",
        ),
        (
            TESTS + '[gates.a]\nkind = "coverage"\nof = "tests"\ncommand = ["x"]',
            "f:7:1",
            "gates.a.command",
            "has no command of its own",
            "remove it",
        ),
        (
            '[gates.a]\nkind = "ruff"\ncommand = "x"\nrequires = ["ruff"]',
            "f:4:1",
            "gates.a.requires",
            "the shared environment does not install these",
            'environment = "own"',
        ),
        ('[agent]\nkind = "command"', "f:1:2", "agent", '"command" is missing', ""),
        ('[agent]\nkind = "replay"', "f:1:2", "agent", '"patches" is missing', ""),
        ('[project]\nartifacts = "/x"', "f:2:1", "project.artifacts", '"/x" is absolute', ""),
        ('[agent]\nkind = "x.y"\nprompt = "../p"', "f:3:1", "agent.prompt", '"../p" is outside the repository', ""),
        (
            '[environment]\nfiles = ["a", "../b"]',
            "f:2:15",
            "environment.files[1]",
            '"../b" is outside the repository',
            "",
        ),
        ('[scenarios]\nholdout = ["./"]', "f:2:12", "scenarios.holdout[0]", "the whole repository", "folder"),
        (
            '[project]\nspecs = ["specs", "hidden/specs"]\n[scenarios]\nholdout = ["hidden"]',
            "f:2:19",
            "project.specs[1]",
            '"hidden/specs" is in the holdout "hidden"',
            "never sees",
        ),
        ('[delivery]\nbranch = "a b/{run}"', "f:2:1", "delivery.branch", "which git refuses", "factory/{run}"),
        ('[loop]\nmax_duration = "400d"', "f:2:1", "loop.max_duration", "longer than a year", ""),
        ('[gates.a]\nkind = "x.y"\ntimeout = "400d"', "f:3:1", "gates.a.timeout", "longer than a year", ""),
        ('[feedback]\nmax_size = "0.1B"', "f:2:1", "feedback.max_size", "not a whole number of bytes", ""),
        ('[agent]\nkind = "command"\ncommand = " "', "f:3:1", "agent.command", "has no program", ""),
        ('[gates.a]\nkind = "x.y"\ncommand = ["", "a"]', "f:3:1", "gates.a.command", "has no program", ""),
        ('[environment]\nsetup = ["x", "\\t"]', "f:2:15", "environment.setup[1]", "has no program", ""),
        ('[environment]\nrequires = ["x", "a\\u0000"]', "f:2:18", "environment.requires[1]", "NUL", ""),
    ],
)
def test_each_broken_rule_has_its_place(text: str, place: str, pointer: str, message: str, hint: str) -> None:
    (problem,) = problems(text)
    assert (problem.place, problem.pointer) == (place, pointer)
    assert message in problem.message
    assert hint in problem.hint


def test_an_agent_without_a_kind_that_only_variables_speak_of() -> None:
    overridden: dict[Keys, str] = {("agent", "timeout"): "FACTORY_AGENT_TIMEOUT"}
    (problem,) = problems('agent = { timeout = "5m" }', overridden)
    assert (problem.path, problem.message) == ("FACTORY_AGENT_TIMEOUT", "there is no agent")


def test_values_of_the_wrong_type_are_passed_over() -> None:
    text = "gates = 1\nproject = []\nloop = { max_duration = 5 }\nagent = { kind = 1, command = 2 }\ndelivery = 'x'"
    assert problems(text) == ()
    assert problems("[gates]\na = 1\nb = { kind = 2, of = 3, command = [4] }\n[scenarios]\nholdout = [1]") == ()


def test_a_duration_that_the_schema_refuses_is_not_told_twice() -> None:
    assert problems('[loop]\nmax_duration = "5"', told=("loop.max_duration",)) == ()
