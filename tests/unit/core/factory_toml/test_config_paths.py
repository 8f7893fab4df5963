from __future__ import annotations

import pytest

from dark_factory.core.factory_toml.paths import branch_fault, is_inside, normal_path, path_fault


@pytest.mark.parametrize("path", ["specs", "./docs/", "a/../b", ".", "a b/é", ".github/x", "..a", ".gitignore"])
def test_a_path_inside_the_repository_has_no_fault(path: str) -> None:
    assert path_fault(path) == ""


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/etc", "absolute"),
        ("C:\\x", "absolute"),
        ("C:/x", "absolute"),
        ("..", "outside"),
        ("a/../../b", "outside"),
        ("./../x", "outside"),
        ("~/x", "home folder"),
        ("a\\b", "backslash"),
        ("a\nb", "control character"),
        ("a\0", "control character"),
        (".git/hooks", "git's own"),
        ("./.GIT", "git's own"),
    ],
)
def test_a_path_that_leaves_the_repository_is_at_fault(path: str, fault: str) -> None:
    assert fault in path_fault(path)


def test_paths_are_compared_by_their_shortest_spelling() -> None:
    assert normal_path("./docs//notes/") == "docs/notes"
    assert is_inside("./scenarios/a.md", "scenarios/")
    assert is_inside("scenarios", "scenarios")
    assert is_inside("anything", ".")
    assert not is_inside("scenarios2", "scenarios")


@pytest.mark.parametrize("branch", ["factory/{run}", "{run}", "a-b/c.d-{run}", "é/{run}"])
def test_a_branch_that_git_takes_has_no_fault(branch: str) -> None:
    assert branch_fault(branch) == ""


@pytest.mark.parametrize(
    ("branch", "fault"),
    [
        ("factory", "no {run}"),
        ("factory/{run}/{date}", "{date}"),
        ("a b/{run}", "' '"),
        ("a~{run}", "'~'"),
        ("a\x7f{run}", "x7f"),
        ("-{run}", "begins with a -"),
        ("/{run}", "empty"),
        ("{run}/", "empty"),
        ("a//{run}", "empty"),
        (".a/{run}", "dot"),
        ("{run}.lock", ".lock"),
        ("a..{run}", ".."),
        ("{run}.", "ends with a dot"),
        ("a@{x{run}", "@{"),
    ],
)
def test_a_branch_that_git_refuses_is_at_fault(branch: str, fault: str) -> None:
    assert fault in branch_fault(branch)
