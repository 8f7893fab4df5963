"""What every kind on the agents shelf promises: a new file is tested on the day it appears."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import cast

import pytest
from agent_samples import a_request, a_result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dark_factory.core.agent_run import AgentReport, CostLabel, Turn
from dark_factory.core.command import Outcome
from dark_factory.core.config import AgentConfig
from dark_factory.core.ports import AgentKind
from dark_factory.effects.project import kinds

KINDS = kinds("agents")
# Variables by which a kind may tell its program what it was asked; everything else comes from the request.
OF_OURS = ("FACTORY_", "GIT_CEILING_DIRECTORIES")

PATCH = "--- a/code\n+++ b/code\n@@ -1 +1 @@\n-a\n+b\n"

endings = pytest.mark.parametrize(
    ("outcome", "exit_status"),
    [
        (Outcome.EXITED, 0),
        (Outcome.EXITED, 1),
        (Outcome.SIGNALLED, 137),
        (Outcome.TIMED_OUT, 137),
        (Outcome.TIMED_OUT, 0),
        (Outcome.CANCELLED, 137),
        (Outcome.NOT_STARTED, None),
    ],
)
each_kind = pytest.mark.parametrize("name", KINDS)
quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def kind_named(name: str) -> AgentKind:
    return cast("AgentKind", importlib.import_module(f"dark_factory.agents.{name}"))


def an_agent(name: str, *, stdin: bool = False, variables: tuple[str, ...] = ()) -> AgentConfig:
    """A configuration that any kind can work with."""
    return AgentConfig(
        kind=name, command=("agent", "{prompt_file}"), patches="recording", stdin=stdin, variables=variables
    )


def a_recording(folder: Path) -> Path:
    (folder / "recording").mkdir(exist_ok=True)
    for number in (1, 2):
        (folder / f"recording/{number}.patch").write_text(PATCH, encoding="utf-8")
    return folder / "recording"


def test_there_are_kinds() -> None:
    assert {"command", "replay"} <= set(KINDS)


@each_kind
def test_a_kind_has_both_functions(name: str) -> None:
    kind = kind_named(name)
    assert len(inspect.signature(kind.turn).parameters) == 2
    assert len(inspect.signature(kind.read).parameters) == 3


@each_kind
@quick
@given(
    iteration=st.integers(),
    stdin=st.booleans(),
    env=st.dictionaries(st.sampled_from(["PATH", "API_KEY", "HOME", "LANG"]), st.text(max_size=5)),
)
def test_a_turn_never_raises_and_asks_for_no_more_than_it_was_given(
    tmp_path: Path, name: str, *, iteration: int, stdin: bool, env: dict[str, str]
) -> None:
    request = a_request(tmp_path, iteration, env=env, patches=a_recording(tmp_path))
    turn = kind_named(name).turn(an_agent(name, stdin=stdin, variables=("API_KEY",)), request)
    assert isinstance(turn, Turn)
    if turn.command is None:
        assert turn.note
        return
    assert turn.command.argv
    assert turn.command.cwd == request.workspace
    assert turn.command.timeout == request.timeout
    assert turn.command.stdin in (None, request.prompt_file)
    assert {key: value for key, value in turn.command.env.items() if not key.startswith(OF_OURS)} == env
    assert request.env == env, "the request is not changed"
    assert list(request.workspace.iterdir()) == []


@each_kind
def test_the_first_turn_has_something_to_run(tmp_path: Path, name: str) -> None:
    request = a_request(tmp_path, 1, patches=a_recording(tmp_path))
    assert kind_named(name).turn(an_agent(name), request).command is not None


@each_kind
def test_a_missing_recording_or_variable_is_no_exception(tmp_path: Path, name: str) -> None:
    request = a_request(tmp_path, 1, env={}, patches=None)
    assert isinstance(kind_named(name).turn(an_agent(name, variables=("MISSING",)), request), Turn)


@each_kind
@endings
def test_every_ending_is_read(tmp_path: Path, name: str, outcome: Outcome, exit_status: int | None) -> None:
    request = a_request(tmp_path)
    result = a_result(request, outcome, exit_status)
    report = kind_named(name).read(an_agent(name), request, result)
    assert isinstance(report, AgentReport)
    assert report.failed is not result.passed
    assert bool(report.note) is report.failed


@each_kind
@quick
@given(stdout=st.binary(max_size=200), stderr=st.binary(max_size=200), exit_status=st.integers(0, 255))
def test_no_output_makes_reading_raise_or_the_bill_odd(
    tmp_path: Path, name: str, *, stdout: bytes, stderr: bytes, exit_status: int
) -> None:
    request = a_request(tmp_path)
    result = a_result(request, exit_status=exit_status, stdout=stdout, stderr=stderr)
    usage = kind_named(name).read(an_agent(name), request, result).usage
    assert usage.tokens is None or usage.tokens >= 0
    assert usage.usd is None or 0 <= usage.usd < float("inf")
    if usage.label is CostLabel.UNKNOWN:
        assert (usage.tokens, usage.usd) == (None, None)
