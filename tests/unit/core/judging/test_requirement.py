"""What a scenario requires, and what is said when it is not there."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.judging.requirement import unmet
from dark_factory.core.scenario import Requirements


def reason(requires: Requirements, platform: str = "linux") -> str:
    return unmet(
        requires,
        which={"curl"}.__contains__,
        environ={"TOKEN": "x", "EMPTY": ""},
        platform=platform,
        has_module={"numpy"}.__contains__,
    )


@pytest.mark.parametrize(
    ("requires", "expected"),
    [
        (Requirements(), ""),
        (Requirements(commands=("curl",), env=("TOKEN",), platform=("macos", "linux"), modules=("numpy",)), ""),
        (Requirements(commands=("curl", "jq")), "the command jq is not found"),
        (Requirements(env=("SECRET",)), "the variable SECRET is not set"),
        (Requirements(env=("EMPTY",)), "the variable EMPTY is empty"),
        (Requirements(platform=("macos",)), "needs macos, this is linux"),
        (Requirements(modules=("torch",)), "the Python module torch is not found"),
        (
            Requirements(commands=("a", "b"), modules=("c",)),
            "the command a is not found; the command b is not found; the Python module c is not found",
        ),
    ],
)
def test_each_missing_thing_is_named(requires: Requirements, expected: str) -> None:
    assert reason(requires) == expected


def test_a_mac_is_macos_under_either_name() -> None:
    assert reason(Requirements(platform=("macos",)), "darwin") == ""
    assert reason(Requirements(platform=("macos",)), "macos") == ""
    assert reason(Requirements(platform=("linux",)), "darwin") == "needs linux, this is macos"


NAMES = st.lists(st.sampled_from(["curl", "numpy", "TOKEN", "other"]), unique=True).map(tuple)


@settings(deadline=None, max_examples=100)
@given(commands=NAMES, env=NAMES, modules=NAMES)
def test_a_reason_is_given_exactly_when_something_is_missing(
    commands: tuple[str, ...], env: tuple[str, ...], modules: tuple[str, ...]
) -> None:
    met = {*commands} <= {"curl"} and {*env} <= {"TOKEN"} and {*modules} <= {"numpy"}
    assert (reason(Requirements(commands=commands, env=env, modules=modules)) == "") is met
