"""Sets of paths named by gitignore patterns, compared without regard to case."""

from __future__ import annotations

from collections.abc import Iterable

from pathspec import GitIgnoreSpec


class Patterns:
    """Gitignore patterns: `/specs/` is the folder at the top, `*.lock` a file anywhere.

    Case is folded because a file system may fold it: `Factory.toml` is `factory.toml` on a Mac.
    """

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        self._spec = GitIgnoreSpec.from_lines(pattern.casefold() for pattern in self.patterns)

    def match(self, path: str) -> bool:
        """Whether a path relative to the tree, with forward slashes, is in the set."""
        return self._spec.match_file(path.casefold())


def folder_pattern(path: str) -> str:
    """The pattern of one folder or file at its place in the tree."""
    return "/" + path.strip("/")
