"""The demo converges on this machine, in public: nothing it promises on the screen is missing on the disk."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from e2e_project import FactoryProject

pytestmark = pytest.mark.network


def test_the_demo_converges(tmp_path: Path) -> None:
    here = FactoryProject(root=tmp_path / "here", state=tmp_path / "state")
    here.root.mkdir()
    outcome = here.run("demo", "--folder", "shop").assert_status(0)
    demo = FactoryProject(root=here.root / "shop", state=here.state)

    assert "converged" in outcome.out
    assert "recording" in outcome.out
    assert "no key" in outcome.out
    assert demo.git("status", "--porcelain") == ""
    assert demo.git("log", "--format=%s") == "base\n"
    status = demo.run("status", "--json").assert_status(0).json
    calls = _check_status(demo, status)
    _check_the_story(demo, calls)
    _check_feedback(demo, calls)
    _check_what_is_said(demo, outcome.out)
    assert not [*demo.artifacts.rglob("escalation.md")]
    branch = f"factory/{status['run']}"
    assert len(demo.git("rev-list", f"main..{branch}").split()) == calls
    assert "scenarios/" in demo.git("ls-tree", "-r", "--name-only", branch)

    shown = demo.run("status").assert_status(0).out
    assert "converged" in shown
    assert status["run"] in shown
    again = here.run("demo", "--folder", "shop").assert_status(2)
    assert "shop is there already" in again.err


def _check_status(demo: FactoryProject, status: dict[str, Any]) -> int:
    """What `status` says agrees with the journal; the number of agent calls."""
    calls = len(demo.events("AgentBegan"))
    assert calls >= 4
    assert demo.runs() == [status["run"]]
    assert (status["verdict"], status["iteration"], status["best"]) == ("converged", calls, calls)
    assert (status["satisfaction"], status["failing"]) == (1.0, [])
    assert status["history"] == [event["score"]["satisfaction"] for event in demo.events("Validated")]
    assert len(status["history"]) == calls + 1
    judged = [share for share in status["history"] if share is not None]
    assert judged[0] < 0.5
    assert {gate["layer"] for gate in status["gates"]} == {1, 2}
    assert {gate["status"] for gate in status["gates"]} == {"passed"}
    budget = status["budget"]
    assert (budget["tokens"], budget["usd"]) == ([0, None], [0, None])
    assert calls == budget["iterations"][0] <= budget["iterations"][1]
    assert 0 < budget["seconds"][0] < budget["seconds"][1]
    assert "merge" in status["next"]
    return calls


def _check_the_story(demo: FactoryProject, calls: int) -> None:
    """Layer 1 is red once, something that had passed fails later, and a protected path is put back."""
    scores = [event["score"] for event in demo.events("Validated")]
    red = [number for number, score in enumerate(scores) if score["skipped"]]
    assert red
    assert all(scores[number]["scenarios"] == [] for number in red)
    assert _regressions(demo)
    ends = demo.events("AgentEnded")
    assert [end["iteration"] for end in ends] == list(range(1, calls + 1))
    reset = {path for end in ends for path in end["reset"]}
    assert "factory.toml" in reset
    for path in reset:
        head = f"factory/{demo.runs()[0]}"
        assert demo.git("rev-parse", f"main:{path}") == demo.git("rev-parse", f"{head}:{path}")


def _check_feedback(demo: FactoryProject, calls: int) -> None:
    """A file for every iteration, which names what fails; the regressions above all else."""
    files = sorted(path.name for path in demo.artifacts.glob("feedback_iter_*.md"))
    assert files == [f"feedback_iter_{number}.md" for number in range(calls + 1)]
    assert (demo.artifacts / "iteration_count.txt").read_text("ascii") == f"{calls}\n"
    regressions = _regressions(demo)
    for event in demo.events("Validated"):
        text = (demo.artifacts / f"feedback_iter_{event['iteration']}.md").read_text("utf-8")
        for one in event["score"]["scenarios"]:
            assert one["status"] == "passed" or one["name"] in text
        lost = regressions.get(event["iteration"], set())
        section = text.partition("## Regressions")[2].partition("\n## ")[0]
        assert {name for name in lost if name in section} == lost


def _regressions(demo: FactoryProject) -> dict[int, set[str]]:
    """By iteration, the scenarios that fail in it and had passed in an earlier one."""
    passed: set[str] = set()
    found: dict[int, set[str]] = {}
    for event in demo.events("Validated"):
        for one in event["score"]["scenarios"]:
            if one["status"] == "passed":
                passed.add(one["name"])
            elif one["name"] in passed:
                found.setdefault(event["iteration"], set()).add(one["name"])
    return found


def _check_what_is_said(demo: FactoryProject, out: str) -> None:
    """The file and the branch that the last words point to are there."""
    told = re.search(r"cat (\S+/feedback_iter_(\d+)\.md) +what the agent was told after a regression", out)
    assert told is not None
    assert int(told[2]) in _regressions(demo)
    assert "## Regressions" in (demo.root / told[1]).read_text("utf-8")
    shown = re.search(r"git diff (\S+) -- src", out)
    assert shown is not None
    assert "src/shortener" in demo.git("diff", "--stat", shown[1], "--", "src")
