"""Paths and branch names that the user wrote: whether they can be meant, by their form alone."""

from __future__ import annotations

import posixpath
import re

_FORBIDDEN_IN_BRANCH = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]")


def path_fault(text: str) -> str:
    """What is wrong with a path inside the repository; empty when nothing is.

    Judged by its spelling: whether it exists, and where symlinks lead, is seen when it is used.
    """
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        return "has a control character"
    if text.startswith("/") or re.match(r"[A-Za-z]:[\\/]", text):
        return "is absolute, but must be inside the repository"
    if text == "~" or text.startswith("~/"):
        return "is in a home folder, but must be inside the repository"
    if "\\" in text:
        return "has a backslash, but paths are written with forward slashes"
    parts = normal_path(text).split("/")
    if parts[0] == "..":
        return "is outside the repository"
    if parts[0].lower() == ".git":
        return "is in git's own folder"
    return ""


def normal_path(text: str) -> str:
    """The path in its shortest spelling: `./docs/` is `docs`."""
    return posixpath.normpath(text)


def is_inside(path: str, folder: str) -> bool:
    """Whether a path is a folder or something below it, by their spelling."""
    inner, outer = normal_path(path), normal_path(folder)
    return outer in (".", inner) or inner.startswith(f"{outer}/")


def branch_fault(template: str) -> str:
    """What is wrong with a branch's name in which `{run}` will be filled in; empty when git accepts it.

    The rules are those of `git check-ref-format --branch`.
    """
    if "{run}" not in template:
        return "has no {run}, so each run would overwrite the branch of the last"
    name = template.replace("{run}", "run")
    if unknown := re.search(r"\{[^{}]*\}", name):
        return f"has {unknown.group()}, but only {{run}} is filled in"
    if found := _FORBIDDEN_IN_BRANCH.search(name):
        return f"has the character {found.group()!r}, which git refuses in a branch's name"
    if name.startswith("-"):
        return "begins with a -, which git refuses in a branch's name"
    if any(not part or part.startswith(".") or part.endswith(".lock") for part in name.split("/")):
        return "has a part that is empty, begins with a dot or ends with .lock, which git refuses in a branch's name"
    if ".." in name or "@{" in name or name.endswith("."):
        return "has .. or @{ or ends with a dot, which git refuses in a branch's name"
    return ""
