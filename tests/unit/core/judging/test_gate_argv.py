from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.judging.gate_argv import arguments, machine_argv, placed, tool_at

OUT = Path("/reports")
WORDS = st.lists(st.sampled_from(["ruff", "check", "-o", "x", "--o=x", "--", ".", "-q"]), max_size=7).map(tuple)


@pytest.mark.parametrize(
    ("command", "place"),
    [
        ("ruff check .", 0),
        ("/env/bin/ruff check .", 0),
        ("python -m ruff check", 2),
        ("python3.12 -X dev -m ruff check", 4),
        ("uv run ruff check", 2),
        ("uvx ruff@0.15 check", 1),
        ("env A=b nice ruff check", 3),
        ("uv run --with ruff -- ruff check", 3),
        ("python ruff check", None),
        ("nox -s ruff", None),
        ("uv run nox -s ruff", None),
        ("pre-commit run ruff", None),
        ("make lint", None),
        ("", None),
    ],
)
def test_the_tool_is_seen_where_the_command_ends_by_running_it(command: str, place: int | None) -> None:
    assert tool_at(tuple(command.split()), "ruff") == place


def test_a_shell_s_text_hides_the_tool() -> None:
    assert tool_at(("bash", "-c", "ruff check ."), "ruff") is None
    assert tool_at(("bash", "-c", "ruff"), "ruff") is None


def test_options_go_before_the_double_dash_of_the_tool() -> None:
    assert machine_argv(("ruff", "a", "--", "b"), "ruff", OUT, ["-j"]) == ("ruff", "a", "-j", "--", "b")
    command = ("uv", "run", "--", "ruff", "a")
    assert machine_argv(command, "ruff", OUT, ["-j"]) == ("uv", "run", "--", "ruff", "a", "-j")


def test_options_and_command_may_name_the_outputs() -> None:
    assert machine_argv(("ruff", "{outputs}/a"), "ruff", OUT, ["-o={outputs}"]) == ("ruff", "/reports/a", "-o=/reports")
    assert placed(["bash", "-c", "x > {outputs}/a; y {outputs}"], OUT)[-1] == "x > /reports/a; y /reports"


def test_arguments_are_the_words_behind_the_tool() -> None:
    assert arguments(("python", "-m", "ruff", "format", "."), "ruff") == ("format", ".")
    assert arguments(("make", "format"), "ruff") == ()


@given(words=WORDS)
@settings(deadline=None, max_examples=100)
def test_the_author_s_words_stay_in_order_but_for_dropped_options(words: tuple[str, ...]) -> None:
    argv = machine_argv(("ruff", *words), "ruff", OUT, ["--new"], drop=("-o", "--o"))
    assert argv.count("--new") == 1
    place = argv.index("--new")
    assert "--" not in argv[:place]
    assert "-o" not in argv[:place]
    assert "--o=x" not in argv[:place]
    without = machine_argv(("ruff", *words), "ruff", OUT, ["--new"])
    assert without[: without.index("--new")] + without[without.index("--new") + 1 :] == ("ruff", *words)
