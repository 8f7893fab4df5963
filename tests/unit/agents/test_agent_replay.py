"""The agent that is a recording: patches in order, one a call, and nothing past the end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from agent_samples import a_request, a_result
from git_samples import git
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dark_factory.agents.replay import read, recorded, turn
from dark_factory.core.agent_run import CostLabel, Usage
from dark_factory.core.config import AgentConfig
from dark_factory.effects.system import Processes

AGENT = AgentConfig(kind="replay", patches="recording")
FREE = Usage(tokens=0, usd=0.0, label=CostLabel.REPORTED)

PATCH = """\
diff --git a/code b/code
new file mode 100644
--- /dev/null
+++ b/code
@@ -0,0 +1 @@
+better
"""


def a_recording(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(PATCH, encoding="utf-8")
    return folder


def names_of(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in recorded(folder)]


def test_numbers_are_compared_as_numbers(tmp_path: Path) -> None:
    ordered = ["1-start.patch", "2.patch", "09.patch", "10.patch", "100.patch", "last.patch"]
    assert names_of(a_recording(tmp_path, *reversed(ordered))) == ordered


def test_a_runs_own_folders_are_a_recording(tmp_path: Path) -> None:
    ordered = [f"iterations/{number}/changes.patch" for number in (1, 2, 3, 10, 11)]
    assert names_of(a_recording(tmp_path, *reversed(ordered))) == ordered


def test_only_patches_are_played(tmp_path: Path) -> None:
    a_recording(tmp_path, "1.patch", "2.diff", "README.md")
    (tmp_path / "3.patch").mkdir()
    assert names_of(tmp_path) == ["1.patch"]
    assert recorded(tmp_path / "missing") == []


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=st.sets(st.text(alphabet="0123456789ab²٣-", min_size=1, max_size=6), max_size=6))
def test_any_names_have_one_order(tmp_path_factory: pytest.TempPathFactory, names: set[str]) -> None:
    folder = tmp_path_factory.mktemp("names")
    a_recording(folder, *(f"{name}.patch" for name in names))
    found = names_of(folder)
    assert sorted(found) == sorted(f"{name}.patch" for name in names)
    assert names_of(folder) == found
    plain = [int(name[:-6]) for name in found if name[:-6].isascii() and name[:-6].isdigit()]
    assert plain == sorted(plain)


def test_each_call_plays_the_patch_of_its_number(tmp_path: Path) -> None:
    patches = a_recording(tmp_path / "recording", "1.patch", "2.patch", "10.patch")
    for iteration, name in ((1, "1.patch"), (2, "2.patch"), (3, "10.patch")):
        played = turn(AGENT, a_request(tmp_path, iteration, patches=patches))
        assert played.command is not None
        assert played.command.argv[-1] == str(patches / name)
        assert name in played.note


@pytest.mark.parametrize("iteration", [-1, 0, 4, 10**9])
def test_outside_the_recording_there_is_nothing_to_play(tmp_path: Path, iteration: int) -> None:
    patches = a_recording(tmp_path / "recording", "1.patch", "2.patch", "3.patch")
    played = turn(AGENT, a_request(tmp_path, iteration, patches=patches))
    assert played.command is None
    assert "ends after 3 patches" in played.note


@pytest.mark.parametrize("patches", [None, "missing", "empty"])
def test_without_a_recording_there_is_nothing_to_play(tmp_path: Path, patches: str | None) -> None:
    (tmp_path / "empty").mkdir()
    for iteration in (0, 1):
        request = a_request(tmp_path, iteration, patches=tmp_path / patches if patches else None)
        assert turn(AGENT, request).command is None


def test_a_patch_that_changes_nothing_has_nothing_to_play(tmp_path: Path) -> None:
    """An agent that left its tree as it was is recorded, too; `git apply` would refuse an empty patch."""
    patches = a_recording(tmp_path / "recording", "1.patch", "2.patch")
    (patches / "1.patch").write_bytes(b"")
    first, second = (turn(AGENT, a_request(tmp_path, iteration, patches=patches)) for iteration in (1, 2))
    assert first.command is None
    assert "1.patch" in first.note
    assert second.command is not None


@pytest.mark.parametrize("inside_repository", [False, True])
def test_a_patch_is_applied_to_the_workspace(tmp_path: Path, *, inside_repository: bool) -> None:
    """Also when the workspace is no repository and one stands above it."""
    git(tmp_path, "init", "--quiet")
    request = a_request(
        tmp_path, env={"PATH": os.environ["PATH"]}, patches=a_recording(tmp_path / "recording", "1.patch")
    )
    if inside_repository:
        git(request.workspace, "init", "--quiet")
    command = turn(AGENT, request).command
    assert command is not None
    report = read(AGENT, request, Processes().run(command))
    assert (report.failed, report.usage, report.note) == (False, FREE, "")
    assert (request.workspace / "code").read_text() == "better\n"
    again = read(AGENT, request, Processes().run(command))
    assert again.failed
    assert "does not apply" in again.note
    assert "code" in again.note
    assert again.usage == FREE


def test_a_long_complaint_is_shortened(tmp_path: Path) -> None:
    request = a_request(tmp_path)
    assert len(read(AGENT, request, a_result(request, exit_status=1, stderr=b"x" * 9000)).note) < 600
