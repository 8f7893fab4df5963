"""The agent that is a command line: placeholders, prompt, variables, and a bill that nobody has to believe."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from agent_samples import a_request, a_result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dark_factory.agents.command import fill, read, turn
from dark_factory.core.agent_run import AgentRequest, CostLabel, Usage
from dark_factory.core.command import Command, Outcome
from dark_factory.core.config import AgentConfig
from dark_factory.effects.system import Processes

AGENT = AgentConfig(kind="command", command=("agent", "{prompt_file}"))
UNKNOWN = Usage()


def command_of(agent: AgentConfig, request: AgentRequest) -> Command:
    command = turn(agent, request).command
    assert command is not None
    return command


def test_placeholders_are_filled_in(tmp_path: Path) -> None:
    argv = (
        "agent",
        "-p",
        "{prompt_file}",
        "--at={workspace}:{iteration}",
        "{feedback_file}",
        "{other} {} {{x}} {",
        "é",
    )
    request = a_request(tmp_path, 7)
    assert command_of(AgentConfig(kind="command", command=argv), request).argv == (
        "agent",
        "-p",
        str(request.prompt_file),
        f"--at={request.workspace}:7",
        str(request.feedback_file),
        "{other} {} {{x}} {",
        "é",
    )


@settings(max_examples=200, deadline=None)
@given(
    parts=st.lists(st.sampled_from(["{a}", "{b}", "{c}", "a", "{", "}", " "]), max_size=8),
    values=st.fixed_dictionaries({"a": st.sampled_from(["1", "{b}", "{a}"]), "b": st.sampled_from(["2", "{a}", "}"])}),
)
def test_each_placeholder_is_filled_in_once(parts: list[str], values: dict[str, str]) -> None:
    """What was filled in is a path of somebody's, and no place for further placeholders."""
    text = "".join(parts)
    expected, rest = "", text
    while rest:
        name = next((name for name in values if rest.startswith("{" + name + "}")), None)
        expected += values[name] if name else rest[0]
        rest = rest[len(name) + 2 if name else 1 :]
    assert fill(text, values) == expected


def test_the_agent_is_told_everything_by_variables_too(tmp_path: Path) -> None:
    request = a_request(tmp_path, 3, env={"PATH": "/bin", "API_KEY": "s3cret"})
    env = command_of(AGENT, request).env
    assert {name: env[name] for name in env if name.startswith("FACTORY_")} == {
        "FACTORY_PROMPT_FILE": str(request.prompt_file),
        "FACTORY_FEEDBACK_FILE": str(request.feedback_file),
        "FACTORY_WORKSPACE": str(request.workspace),
        "FACTORY_ITERATION": "3",
        "FACTORY_USAGE": str(request.outputs / "usage.json"),
    }
    assert {name: env[name] for name in env if not name.startswith("FACTORY_")} == request.env


def test_the_prompt_is_fed_only_when_asked(tmp_path: Path) -> None:
    request = a_request(tmp_path)
    assert command_of(AGENT, request).stdin is None
    assert command_of(AgentConfig(kind="command", command=("agent",), stdin=True), request).stdin == request.prompt_file


def test_variables_that_are_passed_on_are_secrets(tmp_path: Path) -> None:
    agent = AgentConfig(kind="command", command=("agent", "--key", "s3cret"), variables=("API_KEY", "MISSING"))
    command = command_of(agent, a_request(tmp_path, env={"PATH": "/bin", "API_KEY": "s3cret"}))
    assert command.secrets == ("s3cret",)
    assert "s3cret" not in command.redacted()


def test_an_agent_has_a_moment_to_report_its_bill(tmp_path: Path) -> None:
    assert command_of(AGENT, a_request(tmp_path)).interrupt_grace > 0


def test_a_real_agent_edits_its_workspace_and_reports_its_bill(tmp_path: Path) -> None:
    script = 'cat > "$FACTORY_WORKSPACE/done"; echo \'{"tokens": 12, "usd": 0.5}\' > "$FACTORY_USAGE"'
    agent = AgentConfig(kind="command", command=("sh", "-c", script), stdin=True)
    request = a_request(tmp_path, env={"PATH": os.environ["PATH"]})
    report = read(agent, request, Processes().run(command_of(agent, request)))
    assert (tmp_path / "workspace/done").read_text() == "Do it.\n"
    assert not report.failed
    assert report.usage == Usage(tokens=12, usd=0.5, label=CostLabel.REPORTED)


# The bill


def bill(folder: Path, content: bytes) -> Usage:
    request = a_request(folder)
    (request.outputs / "usage.json").write_bytes(content)
    return read(AGENT, request, a_result(request)).usage


@pytest.mark.parametrize(
    ("content", "usage"),
    [
        ('{"tokens": 0, "usd": 0}', Usage(tokens=0, usd=0.0, label=CostLabel.REPORTED)),
        ('{"tokens": 5}', Usage(tokens=5, label=CostLabel.REPORTED)),
        ('{"usd": 1}', Usage(usd=1.0, label=CostLabel.REPORTED)),
        ('{"usd": 1, "tokens": "many"}', Usage(usd=1.0, label=CostLabel.REPORTED)),
        ('{"tokens": 1.5}', UNKNOWN),
        ('{"tokens": true, "usd": false}', UNKNOWN),
        ('{"tokens": -1, "usd": -0.5}', UNKNOWN),
        ('{"usd": Infinity}', UNKNOWN),
        ('{"usd": NaN}', UNKNOWN),
        ('{"usd": 1e999}', UNKNOWN),
        ('{"usd": 1' + "0" * 400 + "}", UNKNOWN),
        ('{"tokens": 1' + "0" * 400 + "}", UNKNOWN),
        ("{}", UNKNOWN),
        ("[]", UNKNOWN),
        ("null", UNKNOWN),
        ("", UNKNOWN),
        ("{", UNKNOWN),
        ("[" * 60_000, UNKNOWN),
        ('{"tokens": 5}' + " " * 70_000 + "x", Usage(tokens=5, label=CostLabel.REPORTED)),
    ],
)
def test_a_bill_is_taken_only_when_it_is_one(tmp_path: Path, content: str, usage: Usage) -> None:
    assert bill(tmp_path, content.encode()) == usage


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=50),
        st.fixed_dictionaries(
            {
                name: st.one_of(
                    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers())
                )
                for name in ("tokens", "usd")
            }
        ).map(lambda data: json.dumps(data).encode()),
    )
)
def test_no_bill_breaks_the_books(tmp_path: Path, content: bytes) -> None:
    usage = bill(tmp_path, content)
    assert usage.tokens is None or (usage.tokens >= 0 and not isinstance(usage.tokens, bool))
    assert usage.usd is None or 0 <= usage.usd < float("inf")
    known = usage.tokens is not None or usage.usd is not None
    assert usage.label is (CostLabel.REPORTED if known else CostLabel.UNKNOWN)


@pytest.mark.parametrize("thing", ["nothing", "pipe", "endless", "link", "folder"])
def test_what_stands_in_the_bills_place_is_not_waited_for(tmp_path: Path, thing: str) -> None:
    request = a_request(tmp_path)
    place = request.outputs / "usage.json"
    if thing == "pipe":
        os.mkfifo(place)
    elif thing == "endless":
        place.symlink_to("/dev/zero")
    elif thing == "link":
        (tmp_path / "other.json").write_text('{"tokens": 1}')
        place.symlink_to(tmp_path / "other.json")
    elif thing == "folder":
        place.mkdir()
    assert read(AGENT, request, a_result(request)).usage == UNKNOWN


def test_a_failed_call_has_a_bill_too(tmp_path: Path) -> None:
    request = a_request(tmp_path)
    (request.outputs / "usage.json").write_text('{"tokens": 9}')
    report = read(AGENT, request, a_result(request, Outcome.TIMED_OUT, 137))
    assert report.failed
    assert report.usage.tokens == 9
    assert report.note == "timed out after 12.5 s"
