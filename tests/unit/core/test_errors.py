"""The ways to fail: the drawn tree, the statuses, and the three parts of each message."""

from __future__ import annotations

import re

import pytest

from dark_factory.core import errors
from dark_factory.core.errors import ExitStatus, FactoryError, InputError
from dark_factory.core.schema import Problem
from dark_factory.stages.environment import ToolboxError


def drawn() -> dict[str, tuple[str | None, int]]:
    """By class, its parent and its status, as the module's docstring draws them."""
    rows = re.findall(r"^((?:[│ ]*[├└]── )?)(\w+Error) +(\d+)", errors.__doc__ or "", re.MULTILINE)
    path: list[str] = []
    tree: dict[str, tuple[str | None, int]] = {}
    for indent, name, status in rows:
        depth = len(indent) // 4
        path[depth:] = [name]
        tree[name] = (path[depth - 1] if depth else None, int(status))
    return tree


def defined() -> dict[str, tuple[str | None, int]]:
    found: dict[str, tuple[str | None, int]] = {}
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, FactoryError):
            parent = kind.__base__.__name__ if kind is not FactoryError and kind.__base__ else None
            found[name] = (parent, int(kind.status))
    return found


def test_the_drawn_tree_is_the_tree_of_the_classes() -> None:
    assert drawn() == defined()
    assert len(drawn()) > 5


def test_every_status_but_those_of_results_has_an_error() -> None:
    results = {ExitStatus.SATISFIED, ExitStatus.NOT_SATISFIED}
    assert {status for _, status in defined().values()} == set(ExitStatus) - results


def test_the_statuses_are_the_documented_numbers() -> None:
    assert {status.name: status.value for status in ExitStatus} == {
        "SATISFIED": 0,
        "NOT_SATISFIED": 1,
        "BAD_INPUT": 2,
        "INFRASTRUCTURE": 3,
        "AGENT_FAILED": 4,
        "INTEGRITY": 5,
        "STATE": 6,
        "INTERRUPTED": 130,
    }


def test_an_error_of_a_door_keeps_its_familys_status() -> None:
    assert ToolboxError("x").status is ExitStatus.INFRASTRUCTURE


@pytest.mark.parametrize(
    ("why", "do", "text"),
    [
        ("", "", "it broke"),
        ("a cause", "", "it broke\n  likely why: a cause"),
        ("", "mend it", "it broke\n  what to do: mend it"),
        ("a cause", "mend it", "it broke\n  likely why: a cause\n  what to do: mend it"),
    ],
)
def test_an_error_is_told_in_up_to_three_parts(why: str, do: str, text: str) -> None:
    error = FactoryError("it broke", why=why, do=do)
    assert str(error) == text
    assert (error.what, error.why, error.do) == ("it broke", why, do)


def test_an_input_error_tells_all_problems() -> None:
    problems = (
        Problem(path="factory.toml", line=2, column=1, source="lop = 1", pointer="lop", message="unknown key"),
        Problem(path="scenarios/a.md", message="no script", hint="add one"),
    )
    text = str(InputError("2 problems", problems=problems, do="correct them"))
    assert (
        text.index("factory.toml:2:1: lop: unknown key") < text.index("scenarios/a.md: no script") < text.index("2 p")
    )
    assert "add one" in text
    assert text.endswith("what to do: correct them")
