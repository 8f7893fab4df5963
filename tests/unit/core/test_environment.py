"""What judged processes find around them: a list of what they may have, and a name for their tools."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.environment import (
    Toolbox,
    environment_key,
    installer_variables,
    is_local,
    judged_variables,
    own_path,
    requirements,
    secrets,
)

WORDS = st.text(alphabet="ABCXYZ_", min_size=1, max_size=6)
VARIABLES = st.dictionaries(WORDS, st.text(max_size=6), max_size=8)
HOME, TMP = Path("/private/home"), Path("/private/tmp")
OURS = {"PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "LANG", "CI"}


@settings(max_examples=200, deadline=None)
@given(environ=VARIABLES, passed_on=st.lists(WORDS, max_size=3))
def test_only_what_is_listed_is_passed_on(environ: dict[str, str], passed_on: list[str]) -> None:
    environ = {**environ, "HOME": "/home/author", "SECRET_KEY": "s3cret", "PYTHONPATH": "/x", "LC_ALL": "C"}
    found = judged_variables(environ, toolbox=Toolbox(), own=None, home=HOME, tmp=TMP, passed_on=passed_on)
    allowed = {name: environ[name] for name in {*passed_on, "LC_ALL"} if name in environ}
    assert set(found) == OURS | set(allowed)
    assert {name: found[name] for name in allowed if name not in OURS} == {
        name: value for name, value in allowed.items() if name not in OURS
    }
    assert (found["HOME"], found["TMPDIR"], found["CI"]) == (str(HOME), str(TMP), "true")
    assert "s3cret" not in found.values()


def test_a_home_of_the_authors_cannot_be_passed_on() -> None:
    found = judged_variables(
        {"HOME": "/home/author", "PATH": "/bin", "LANG": "de_AT.UTF-8"},
        toolbox=Toolbox(),
        own=None,
        home=HOME,
        tmp=TMP,
        passed_on=["HOME", "PATH"],
    )
    assert (found["HOME"], found["PATH"], found["LANG"]) == (str(HOME), "/bin", "de_AT.UTF-8")


def test_the_toolbox_comes_first_and_our_own_folder_not_at_all() -> None:
    environ = {"PATH": os.pathsep.join(["/factory/bin", "/usr/bin", "", "/bin"])}
    box, own = Toolbox(root=Path("/box")), Path("/factory/bin")
    assert box.search_path(environ, own) == os.pathsep.join(["/box/bin", "/usr/bin", "/bin"])
    assert box.search_path(environ, None) == os.pathsep.join(["/box/bin", "/factory/bin", "/usr/bin", "/bin"])
    assert Toolbox().search_path(environ, own) == os.pathsep.join(["/factory/bin", "/usr/bin", "/bin"])
    assert Toolbox().search_path({}, None) == os.defpath
    found = judged_variables(environ, toolbox=box, own=own, home=HOME, tmp=TMP, passed_on=())
    assert found["VIRTUAL_ENV"] == "/box"


def test_a_relative_folder_of_the_search_path_would_be_the_candidates() -> None:
    environ = {"PATH": os.pathsep.join([".", "/usr/bin", "node_modules/.bin", "", "/bin"])}
    assert own_path(environ) == Toolbox().search_path(environ, None) == os.pathsep.join(["/usr/bin", "/bin"])
    assert installer_variables(environ)["PATH"] == os.pathsep.join(["/usr/bin", "/bin"])


def test_what_was_passed_on_is_a_secret_unless_it_is_too_short_to_be_one() -> None:
    env = {"KEY": "sk-123456", "DEBUG": "1", "OTHER": "not passed on"}
    assert secrets(env, ["KEY", "DEBUG", "ABSENT"]) == ("sk-123456",)


REQUIRES = st.lists(st.sampled_from(["ruff", "mypy>=2", "-e .", "é"]), max_size=3)
FILES = st.dictionaries(st.sampled_from(["pyproject.toml", "setup.py", "a\udcff"]), st.binary(max_size=5), max_size=3)


@settings(max_examples=200, deadline=None)
@given(
    one=st.tuples(REQUIRES, st.sampled_from(["3.11", "3.12"]), st.sampled_from(["", "/t"]), FILES),
    other=st.tuples(REQUIRES, st.sampled_from(["3.11", "3.12"]), st.sampled_from(["", "/t"]), FILES),
)
def test_environments_have_one_name_when_they_are_equal_and_only_then(
    one: tuple[list[str], str, str, dict[str, bytes]], other: tuple[list[str], str, str, dict[str, bytes]]
) -> None:
    keys = [
        environment_key(requires, interpreter=interpreter, anchor=anchor, files=dict(reversed(files.items())))
        for requires, interpreter, anchor, files in (one, other)
    ]
    assert (keys[0] == keys[1]) == (one == other)


@pytest.mark.parametrize(
    ("line", "parts", "local"),
    [
        ("ruff>=0.14", ("ruff>=0.14",), False),
        ("-e .", ("-e", "."), True),
        (".[test]", (".[test]",), True),
        ("-r requirements-dev.txt", ("-r", "requirements-dev.txt"), True),
        ("'pkg @ file:///x y'", ("pkg @ file:///x y",), True),
        ("/abs/pkg", ("/abs/pkg",), True),
        ("pkg[extra]; python_version<'3.13'", ("pkg[extra];", "python_version<3.13"), False),
    ],
)
def test_requirements_are_an_installers_arguments(line: str, parts: tuple[str, ...], *, local: bool) -> None:
    assert requirements([line]) == parts
    assert is_local([line]) is local
    assert is_local(["ruff", line]) is local
