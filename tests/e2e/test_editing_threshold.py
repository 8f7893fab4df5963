"""Editing the threshold changes the verdict, and every exit status has a cause that a user can meet."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import MakeProject
from e2e_project import FactoryProject, ended, is_alive, wait_for

SETTINGS = """\
version = 1

[loop]
max_iterations = {max_iterations}
satisfaction_threshold = {threshold}
stall_after = {stall_after}

[environment]
backend = "none"

[gates.shape]
layer = 1
kind = "command"
command = {gate}

[gates.size]
layer = 2
kind = "command"
command = ["grep", "-q", "pears", "words.txt"]

[scenarios]
jobs = 2
timeout = "20s"

[isolation]
sandbox = "none"

[delivery]
artifacts = false
"""
AGENT = """
[agent]
kind = "command"
command = {command}
timeout = "10m"
env = ["AGENT_HANGS"]
"""
SCENARIO = """\
# Scenario: There are {word}

## Category
content

## Preconditions
- There is a list of words.

## Behavioral Expectation
The list has {word}.

## Evaluation Method
```bash
grep -x {word} words.txt
```

## Pass Criteria
The word is on a line of its own.

## Evidence Required
- The matching line.
"""
# The first call leaves a mark that a test can wait for; told to hang, it stays until it is ended.
SCRIPT = """\
if [ -n "$AGENT_HANGS" ]; then
    echo "half" >> words.txt
    echo $$ > started.txt
    exec sleep 600
fi
if [ "$FACTORY_ITERATION" = 1 ]; then echo plums >> words.txt; fi
if [ "$FACTORY_ITERATION" = 2 ]; then echo cherries >> words.txt; fi
"""


def files(
    threshold: float = 0.9,
    *,
    agent: str | None = '["true"]',
    gate: str = '["test", "-s", "words.txt"]',
    max_iterations: int = 2,
    stall_after: int = 3,
) -> dict[str, str]:
    """Two scenarios of three pass: two thirds, which is above 0.6 and below 0.9."""
    settings = SETTINGS.format(threshold=threshold, gate=gate, max_iterations=max_iterations, stall_after=stall_after)
    scenarios = {f"scenarios/{word}.md": SCENARIO.format(word=word) for word in ("apples", "pears", "cherries")}
    return {
        "factory.toml": settings + (AGENT.format(command=agent) if agent else ""),
        "specs/words.md": "# Words\n\nThe fruit of the season, one on a line.\n",
        "words.txt": "apples\npears\n",
        "agent.sh": SCRIPT,
        **scenarios,
    }


def edit(project: FactoryProject, old: str, new: str) -> None:
    """Change one text of factory.toml and commit that."""
    text = (project.root / "factory.toml").read_text("utf-8")
    assert text.count(old) == 1
    project.write("factory.toml", text.replace(old, new))
    project.commit(f"{old} becomes {new}")


def test_a_threshold_below_what_the_base_reaches_converges_without_a_call(factory_project: MakeProject) -> None:
    project = factory_project(files(0.6))
    view = project.run("loop", "--json").assert_status(0).json
    assert (view["verdict"], view["iteration"], view["history"]) == ("converged", 0, [pytest.approx(2 / 3)])
    assert [one["id"] for one in view["failing"]] == ["cherries"]
    assert project.events("AgentBegan") == []
    assert project.git("branch", "--list", "factory/*") == ""


def test_editing_the_threshold_changes_the_verdict(factory_project: MakeProject) -> None:
    project = factory_project(files(0.6))
    project.run("local").assert_status(0)
    edit(project, "satisfaction_threshold = 0.6", "satisfaction_threshold = 0.9")
    project.run("local").assert_status(1)
    view = project.run("loop", "--json").assert_status(1).json
    assert (view["verdict"], view["iteration"]) == ("exhausted", 2)
    assert "2 of 2" in view["reason"]
    assert len(project.events("AgentBegan")) == 2
    escalation = (project.artifacts / "escalation.md").read_text("utf-8")
    assert "There are cherries" in escalation
    edit(project, "satisfaction_threshold = 0.9", "satisfaction_threshold = 0.6")
    assert project.run("loop", "--json").assert_status(0).json["verdict"] == "converged"
    assert not (project.artifacts / "escalation.md").exists()


def test_option_and_variable_go_before_the_file(factory_project: MakeProject) -> None:
    project = factory_project(files(0.9))
    assert project.run("loop", "--threshold", "0.6", "--json").assert_status(0).json["iteration"] == 0
    low, high = ({"FACTORY_LOOP_SATISFACTION_THRESHOLD": value} for value in ("0.6", "0.95"))
    assert project.run("loop", "--json", env=low).assert_status(0).json["iteration"] == 0
    assert project.run("loop", "--json", "--threshold", "0.6", env=high).assert_status(0).json["iteration"] == 0
    project.run("local", env=low).assert_status(0)
    project.run("local").assert_status(1)


def test_an_agent_that_changes_nothing_stalls_the_run(factory_project: MakeProject) -> None:
    project = factory_project(files(max_iterations=9, stall_after=2))
    view = project.run("loop", "--json").assert_status(1).json
    assert (view["verdict"], view["iteration"]) == ("stalled", 2)
    assert "stall_after = 2" in view["reason"]


@pytest.mark.parametrize(("threshold", "status"), [("0.6", 0), ("0.9", 1)])
def test_stages_on_their_own_agree_with_the_loop(factory_project: MakeProject, threshold: str, status: int) -> None:
    project = factory_project(files(float(threshold)))
    project.run("local").assert_status(status)
    project.run("scenarios").assert_status(1)
    project.run("scenarios", "--id", "apples").assert_status(0)
    project.run("gates").assert_status(0)
    assert "There are cherries" in (project.artifacts / "feedback_iter_0.md").read_text("utf-8")


def test_a_misspelt_key_is_bad_input(factory_project: MakeProject) -> None:
    project = factory_project(files())
    edit(project, "satisfaction_threshold", "satisfaction_treshold")
    outcome = project.run("loop").assert_status(2)
    assert "factory.toml:5:1" in outcome.err
    assert "satisfaction_treshold" in outcome.err
    assert "satisfaction_threshold" in outcome.err
    assert project.runs() == []


def test_a_missing_tool_is_no_fault_of_the_agent(factory_project: MakeProject) -> None:
    project = factory_project(files(gate='["no-such-tool-anywhere"]'))
    view = project.run("loop", "--json").assert_status(3).json
    assert view["verdict"] == "infrastructure"
    assert "gate shape" in view["reason"]
    assert project.events("AgentBegan") == []


def test_an_agent_that_cannot_be_started(factory_project: MakeProject) -> None:
    project = factory_project(files(agent='["no-such-agent-anywhere"]'))
    view = project.run("loop", "--json").assert_status(4).json
    assert (view["verdict"], view["iteration"]) == ("agent_failed", 1)
    assert "no-such-agent-anywhere" in view["reason"]


def test_an_agent_that_crashes_twice_without_a_change(factory_project: MakeProject) -> None:
    project = factory_project(files(agent='["bash", "-c", "echo no key >&2; exit 7"]', max_iterations=9))
    view = project.run("loop", "--json").assert_status(4).json
    assert (view["verdict"], view["iteration"]) == ("agent_failed", 2)
    assert [event["exit_status"] for event in project.events("AgentEnded")] == [7, 7]
    transcript = project.artifacts / "runs" / view["run"] / "iterations/2/agent-stderr.txt"
    assert transcript.read_text("utf-8").strip() == "no key"


def test_without_an_agent_the_base_has_to_satisfy(factory_project: MakeProject) -> None:
    project = factory_project(files(0.9, agent=None))
    view = project.run("loop", "--json").assert_status(4).json
    assert view["verdict"] == "agent_failed"
    assert "no agent" in view["reason"]
    project.run("loop", "--threshold", "0.6").assert_status(0)


def test_a_second_loop_is_turned_away(factory_project: MakeProject) -> None:
    project = factory_project(files(agent='["bash", "agent.sh"]'))
    first = project.start("loop", env={"AGENT_HANGS": "1"})
    wait_for(lambda: project.in_workspace("started.txt"), first)
    second = project.run("loop").assert_status(6)
    assert f"process {first.pid}" in second.err
    assert len(project.runs()) == 1
    first.send_signal(signal.SIGINT)
    assert ended(first).status == 130


def uninterrupted(factory_project: MakeProject) -> dict[str, Any]:
    """What a run of the same files comes to when nothing happens to it."""
    project = factory_project(files(agent='["bash", "agent.sh"]', max_iterations=4), name="reference")
    view = project.run("loop", "--json").assert_status(0).json
    return result(project, view)


def result(project: FactoryProject, view: dict[str, Any]) -> dict[str, Any]:
    """All of a run's outcome that does not name the run or the time."""
    kept = {key: view[key] for key in ("verdict", "reason", "iteration", "satisfaction", "history", "failing", "best")}
    branch = f"factory/{view['run']}"
    trees = project.git("log", "--format=%T %s", f"main..{branch}").splitlines()
    gates = [(gate["name"], gate["status"]) for gate in view["gates"]]
    return {**kept, "trees": trees, "gates": gates, "iterations": view["budget"]["iterations"]}


def test_ctrl_c_pauses_and_resume_ends_as_if_nothing_had_happened(factory_project: MakeProject) -> None:
    project = factory_project(files(agent='["bash", "agent.sh"]', max_iterations=4))
    process = project.start("loop", env={"AGENT_HANGS": "1"})
    agent = int(wait_for(lambda: project.in_workspace("started.txt"), process).read_text("ascii"))
    process.send_signal(signal.SIGINT)
    outcome = ended(process)
    outcome.assert_status(130)
    assert not is_alive(agent)
    assert project.events()[-1]["event"] == "RunPaused"
    assert project.run("status", "--json").assert_status(0).json["verdict"] == "interrupted"
    view = project.run("loop", "--resume", "--json").assert_status(0).json
    assert len(project.runs()) == 1
    assert result(project, view) == uninterrupted(factory_project)


def test_a_killed_factory_loses_nothing(factory_project: MakeProject) -> None:
    project = factory_project(files(agent='["bash", "agent.sh"]', max_iterations=4))
    process = project.start("loop", env={"AGENT_HANGS": "1"})
    agent = int(wait_for(lambda: project.in_workspace("started.txt"), process).read_text("ascii"))
    process.kill()
    assert ended(process).status == -signal.SIGKILL
    before = project.events()
    assert before[-1]["event"] == "AgentBegan"
    status = project.run("status", "--json").assert_status(0).json
    assert (status["verdict"], status["process_alive"]) == (None, False)
    outcome = project.run("loop", "--resume", "--json").assert_status(0)
    view = outcome.json
    # What the killed factory could not end, the next one ends; where it can't be found, this test does.
    if sys.platform == "linux":
        assert not is_alive(agent)
        assert "ended 1 process that a killed factory had left" in outcome.err
    else:
        os.killpg(agent, signal.SIGKILL)
    assert project.events()[: len(before)] == before
    assert [event["iteration"] for event in project.events("AgentBegan")] == [1, 1, 2]
    assert result(project, view) == uninterrupted(factory_project)


def test_a_run_that_is_over_has_nothing_to_resume(factory_project: MakeProject, tmp_path: Path) -> None:
    project = factory_project(files(0.6))
    project.run("loop", "--resume").assert_status(2)
    name = project.run("loop", "--json").assert_status(0).json["run"]
    assert project.runs() == [name]
    assert {path.name for path in tmp_path.iterdir()} == {"project", "project-state"}
