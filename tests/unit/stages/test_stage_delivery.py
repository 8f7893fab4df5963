"""Delivery in real repositories: what the commits hold, how they chain, and that they merge."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from stage_samples import a_git

from dark_factory.core.errors import StateError
from dark_factory.core.patterns import Patterns
from dark_factory.core.report import Layer, Status
from dark_factory.core.score import GateScore, Score
from dark_factory.core.state import Iteration, RunStarted, State
from dark_factory.effects.git import Author, Git, Store
from dark_factory.stages.delivery import deliver
from dark_factory.stages.judge_tree import visible
from dark_factory.testing import project

HIDDEN = Patterns(["/scenarios", "/artifacts/factory"])
BASE = {"src/a.py": "x = 1\n", "scenarios/one.md": "# Scenario: one\n", "README.md": "# hello\n"}
BRANCH = "factory/run-1"


class Desk:
    """An author's repository, the factory's store beside it, and a run that began on its commit."""

    def __init__(self, folder: Path) -> None:
        self.git: Git = a_git()
        self.folder = folder
        self.root = project(folder / "author", BASE)
        for words in ("init --quiet", "add --all", "commit --quiet --message=base"):
            self.run(*words.split())
        self.author = Author.open(self.git, self.root)
        self.store = Store.create(self.git, folder / "store.git", borrow=self.author.common_dir)
        full = self.run("rev-parse", "HEAD^{tree}")
        self.started = RunStarted(
            at=1_771_070_400.0, run="run-1", version="1", commit=self.author.head, tree=full,
            visible=visible(self.store, full, HIDDEN), dirty=False, isolation="",
        )  # fmt: skip
        self.state = State(started=self.started, iterations=(Iteration(number=0, tree=self.started.visible),))

    def run(self, *args: str) -> str:
        return self.git.run(*args, cwd=self.root, ours=False).decode().strip()

    def candidate(self, number: int, files: dict[str, str], score: Score | None = None) -> Iteration:
        folder = project(self.folder / f"candidate-{number}", files)
        tree = self.store.snapshot(folder, index=self.folder / f"{number}.index")
        return Iteration(number=number, tree=tree, score=score or Score(satisfaction=0.75))

    def deliver(
        self, iteration: Iteration, *, restores: bool = False, verdict: str = "continue", **artifacts: Path
    ) -> str:
        state = replace(self.state, iterations=(*self.state.iterations, iteration))
        commit = deliver(
            self.author,
            self.store,
            state,
            iteration,
            branch=BRANCH,
            hidden=HIDDEN,
            artifacts={name.replace("__", "/"): path for name, path in artifacts.items()},
            when=self.started.at + 60 * iteration.number,
            restores=restores,
            verdict=verdict,
        )
        self.state = replace(state, head=commit, head_iteration=iteration.number)
        return commit

    def files(self, commit: str) -> dict[str, str]:
        names = self.run("ls-tree", "-r", "--name-only", commit).splitlines()
        return {name: self.run("show", f"{commit}:{name}") + "\n" for name in names}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_the_commit_is_the_candidate_with_the_holdout_back(desk: Desk) -> None:
    commit = desk.deliver(desk.candidate(1, {"src/a.py": "x = 2\n", "src/b.py": "y = 1\n"}))
    assert desk.files(commit) == {
        "src/a.py": "x = 2\n",
        "src/b.py": "y = 1\n",
        "scenarios/one.md": "# Scenario: one\n",
    }
    assert desk.run("rev-parse", BRANCH) == commit
    assert desk.run("rev-parse", f"{commit}^") == desk.author.head


def test_checkout_index_and_branches_of_the_author_stay(desk: Desk) -> None:
    project(desk.root, {"src/a.py": "unsaved work\n"})
    before = (desk.run("status", "--porcelain"), desk.run("rev-parse", "HEAD"), desk.run("rev-parse", "main"))
    desk.deliver(desk.candidate(1, {"src/a.py": "x = 2\n"}))
    assert (desk.run("status", "--porcelain"), desk.run("rev-parse", "HEAD"), desk.run("rev-parse", "main")) == before
    assert (desk.root / "src/a.py").read_text(encoding="utf-8") == "unsaved work\n"


def test_trailers_say_what_the_commit_is(desk: Desk) -> None:
    commit = desk.deliver(desk.candidate(1, {"a": "1\n"}), verdict="converged")
    trailers = desk.run("log", "-1", "--format=%(trailers:only,unfold)", commit).splitlines()
    assert trailers == [
        "Factory-Run: run-1",
        "Factory-Iteration: 1",
        "Factory-Satisfaction: 0.7500",
        "Factory-Verdict: converged",
    ]
    assert desk.run("log", "-1", "--format=%s", commit) == "Factory iteration 1: satisfaction 75%"
    assert desk.run("log", "-1", "--format=%an %ct", commit) == "dark-factory 1771070460"


@pytest.mark.parametrize(
    ("satisfaction", "text"),
    [(None, "unknown"), (0.0, "0.0000"), (0.79999, "0.7999"), (1.0, "1.0000"), (0.3, "0.3000")],
)
def test_the_satisfaction_is_never_rounded_up(desk: Desk, satisfaction: float | None, text: str) -> None:
    commit = desk.deliver(desk.candidate(1, {"a": "1\n"}, Score(satisfaction=satisfaction)))
    assert f"Factory-Satisfaction: {text}" in desk.run("log", "-1", "--format=%b", commit).splitlines()


def test_gates_that_block_are_named(desk: Desk) -> None:
    red = [
        GateScore(name=name, layer=Layer.DETERMINISTIC, blocking=True, status=Status.FAILED)
        for name in ("lint", "types")
    ]
    commit = desk.deliver(desk.candidate(1, {"a": "1\n"}, Score(gates=tuple(red))))
    assert "Blocked by: lint, types" in desk.run("log", "-1", "--format=%b", commit)
    assert "Factory-Run: run-1" in desk.run("log", "-1", "--format=%(trailers)", commit)


def test_each_iteration_stands_on_the_one_before(desk: Desk) -> None:
    first = desk.deliver(desk.candidate(1, {"a": "1\n"}))
    second = desk.deliver(desk.candidate(2, {"a": "2\n"}))
    assert desk.run("log", "--format=%H", f"{desk.author.head}..{BRANCH}").splitlines() == [second, first]


def test_going_back_to_the_best_is_a_commit_on_top(desk: Desk) -> None:
    best = desk.candidate(1, {"a": "1\n"})
    first = desk.deliver(best)
    desk.deliver(desk.candidate(2, {"a": "worse\n"}))
    again = desk.deliver(best, restores=True)
    assert desk.files(again) == desk.files(first)
    assert desk.run("log", "-1", "--format=%s", again) == "Factory: back to iteration 1, the best candidate"
    assert len(desk.run("log", "--format=%H", f"{desk.author.head}..{BRANCH}").splitlines()) == 3


def test_delivering_twice_makes_the_same_commit(desk: Desk) -> None:
    iteration = desk.candidate(1, {"a": "1\n"})
    before = desk.state
    commit = desk.deliver(iteration)
    desk.state = before
    assert desk.deliver(iteration) == commit
    assert desk.run("rev-parse", BRANCH) == commit


def test_a_branch_that_somebody_moved_is_not_overwritten(desk: Desk) -> None:
    desk.deliver(desk.candidate(1, {"a": "1\n"}))
    desk.run("branch", "--force", BRANCH, "main")
    with pytest.raises(StateError, match="moved by somebody else"):
        desk.deliver(desk.candidate(2, {"a": "2\n"}))
    assert desk.run("rev-parse", BRANCH) == desk.run("rev-parse", "main")


def test_it_merges_cleanly_although_the_author_worked_on(desk: Desk) -> None:
    desk.deliver(desk.candidate(1, {"src/a.py": "x = 2\n", "README.md": "# hello\n"}))
    project(desk.root, {"scenarios/two.md": "# Scenario: two\n", "scenarios/one.md": "# Scenario: one, better\n"})
    for words in ("add --all", "commit --quiet --message=more", f"merge --quiet --no-edit {BRANCH}"):
        desk.run(*words.split())
    assert desk.files("HEAD") == {
        "src/a.py": "x = 2\n",
        "README.md": "# hello\n",
        "scenarios/one.md": "# Scenario: one, better\n",
        "scenarios/two.md": "# Scenario: two\n",
    }
    assert desk.run("status", "--porcelain") == ""


def test_feedback_goes_along(desk: Desk, tmp_path: Path) -> None:
    project(tmp_path, {"f.md": "# Factory Feedback\n"})
    commit = desk.deliver(desk.candidate(1, {"a": "1\n"}), artifacts__factory__feedback_iter_0=tmp_path / "f.md")
    assert desk.files(commit)["artifacts/factory/feedback_iter_0"] == "# Factory Feedback\n"


def test_uncommitted_changes_of_the_base_are_a_commit_of_their_own(desk: Desk) -> None:
    folder = project(desk.folder / "dirty", {**BASE, "notes.txt": "draft\n"})
    tree = desk.store.snapshot(folder, index=desk.folder / "dirty.index")
    started = replace(desk.started, tree=tree, visible=visible(desk.store, tree, HIDDEN), dirty=True)
    desk.state = replace(desk.state, started=started)
    commit = desk.deliver(desk.candidate(1, {"src/a.py": "x = 2\n"}))
    assert desk.files(f"{commit}^") == {**BASE, "notes.txt": "draft\n"}
    assert "uncommitted changes included" in desk.run("log", "-1", "--format=%s", f"{commit}^")
    assert desk.run("rev-parse", f"{commit}^^") == desk.author.head


def test_the_holdout_comes_along_whatever_the_candidate_has_in_its_place(desk: Desk) -> None:
    commit = desk.deliver(desk.candidate(1, {"scenarios": "a file where the folder is\n", "src/a.py": "x = 2\n"}))
    assert desk.run("show", f"{commit}:scenarios/one.md") == "# Scenario: one"
    assert desk.run("show", f"{commit}:src/a.py") == "x = 2"
