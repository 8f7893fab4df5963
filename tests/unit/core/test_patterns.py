"""Sets of paths: gitignore's rules, whatever the case of a letter."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.patterns import Patterns, folder_pattern

PARTS = st.text(alphabet="abXé _-", min_size=1, max_size=4).map(str.strip).filter(bool)
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join)


@pytest.mark.parametrize(
    ("pattern", "path", "matches"),
    [
        ("/specs/", "specs/a.md", True),
        ("/specs/", "specs/deep/a.md", True),
        ("/specs/", "src/specs/a.md", False),
        ("/specs/", "specs", False),
        ("/specs/", "specs/", True),
        ("/specs", "specs", True),
        ("/specs", "specs/a.md", True),
        ("*.lock", "deep/x.lock", True),
        ("*.lock", "x.lock/y", True),
        ("/factory.toml", "Factory.TOML", True),
        ("/Specs/", "specs/a", True),
        ("/factory.toml", "sub/factory.toml", False),
        ("# a comment", "# a comment", False),
        ("", "a", False),
    ],
)
def test_patterns_are_those_of_gitignore(pattern: str, path: str, *, matches: bool) -> None:
    assert Patterns([pattern]).match(path) is matches


def test_a_later_pattern_takes_back_what_an_earlier_one_said() -> None:
    patterns = Patterns(["/tests/*", "!/tests/mine.py"])
    assert patterns.match("tests/other.py")
    assert not patterns.match("tests/mine.py")


@settings(max_examples=200, deadline=None)
@given(path=PATHS, inner=PATHS)
def test_a_folder_holds_itself_and_all_that_is_in_it(path: str, inner: str) -> None:
    for given_path in (path, f"/{path}", f"{path}/", path.swapcase()):
        patterns = Patterns([folder_pattern(given_path)])
        assert patterns.match(path)
        assert patterns.match(f"{path}/{inner}")
        assert not patterns.match(f"zz/{path}")


@settings(max_examples=100, deadline=None)
@given(PATHS)
def test_nothing_is_in_no_set(path: str) -> None:
    assert not Patterns([]).match(path)
