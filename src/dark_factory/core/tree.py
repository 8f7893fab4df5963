"""A git tree as a value, and the rules by which an agent's tree becomes a candidate."""

from __future__ import annotations

import itertools
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from dark_factory.core.patterns import Patterns

LINK = "120000"
SUBMODULE = "160000"


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a tree: git's mode and the object's id."""

    mode: str
    object: str


Tree = Mapping[str, Entry]
"""Path to entry; paths are text with surrogate escapes for bytes that are not UTF-8."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A path of the agent's tree that the candidate does not get, and why."""

    path: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What an agent's tree becomes.

    reset: protected paths that it had changed, put back to the base.
    refused: what was left out. changed: paths that differ from the base.
    """

    tree: Tree
    reset: tuple[str, ...]
    refused: tuple[Refusal, ...]
    changed: tuple[str, ...]


def parse_ls_tree(output: bytes) -> dict[str, Entry]:
    """Read `git ls-tree -r -z`."""
    tree: dict[str, Entry] = {}
    for record in output.split(b"\0"):
        if record:
            head, path = record.split(b"\t", 1)
            mode, _, name = head.decode("ascii").split(" ")
            tree[path.decode("utf-8", "surrogateescape")] = Entry(mode, name)
    return tree


def render_index_info(tree: Tree) -> bytes:
    """The input of `git update-index -z --index-info` that makes an empty index hold this tree."""
    return b"".join(
        f"{entry.mode} {entry.object}\t".encode("ascii") + path.encode("utf-8", "surrogateescape") + b"\0"
        for path, entry in tree.items()
    )


def without(tree: Tree, hidden: Patterns) -> dict[str, Entry]:
    """The tree less the paths of a set."""
    return {path: entry for path, entry in tree.items() if not hidden.match(path)}


def only(tree: Tree, shown: Patterns) -> dict[str, Entry]:
    """The paths of the tree that are in a set."""
    return {path: entry for path, entry in tree.items() if shown.match(path)}


def differing(one: Tree, other: Tree) -> tuple[str, ...]:
    """The paths that are not the same in both, in order."""
    return tuple(sorted(path for path in {*one, *other} if one.get(path) != other.get(path)))


def graft(tree: Tree, onto: Tree) -> dict[str, Entry]:
    """`tree` laid over `onto`; where a file stands in a folder's place, the laid-over one wins."""
    covered = {*tree, *(parent for path in tree for parent in _parents(path))}
    kept = {
        path: entry
        for path, entry in onto.items()
        if path not in covered and not any(parent in tree for parent in _parents(path))
    }
    return {**kept, **tree}


def adopt(
    base: Tree, snapshot: Tree, *, links: Mapping[str, str], protected: Patterns, unseen: Iterable[str] = ()
) -> Candidate:
    """Make a candidate of an agent's snapshot.

    base: the tree that the agent was given. links: the targets of the snapshot's symbolic links.
    unseen: paths of the author's that the agent was not given, the holdout; no file may stand where their folders are.
    Protected paths are put back to the base, and so is every `.gitattributes`: it decides with which bytes protected
    files are written out. Links that leave the tree, submodules that the base does not have and `.gitmodules` are
    refused: each would let a later step read or run something that nobody judged.
    """
    folders = {parent.casefold() for path in unseen for parent in _parents(path)}

    def is_protected(path: str) -> bool:
        # A file or a link in the place of a protected folder would stand for all that is in it.
        return (
            protected.match(path)
            or protected.match(f"{path}/")
            or posixpath.basename(path).casefold() == ".gitattributes"
            or path.casefold() in folders
        )

    tree: dict[str, Entry] = {}
    reset: list[str] = []
    refused: list[Refusal] = []
    for path, entry in snapshot.items():
        if base.get(path) == entry:
            tree[path] = entry
        elif is_protected(path):
            reset.append(path)
        elif why := _refusal(path, entry, links.get(path)):
            refused.append(Refusal(path=path, why=why))
        else:
            tree[path] = entry
    restored = {path: entry for path, entry in base.items() if is_protected(path)}
    reset += [path for path in restored if path not in snapshot]
    result = graft(restored, tree)
    return Candidate(
        tree=result,
        reset=tuple(sorted(reset)),
        refused=tuple(sorted(refused, key=lambda refusal: refusal.path)),
        changed=differing(base, result),
    )


def _refusal(path: str, entry: Entry, target: str | None) -> str:
    if entry.mode == SUBMODULE:
        return "a nested git repository"
    if posixpath.basename(path).casefold() == ".gitmodules":
        return "a submodule configuration"
    if entry.mode == LINK and _leaves(path, target or "/"):
        return f"a symbolic link that leaves the tree ({target})"
    return ""


def _leaves(path: str, target: str) -> bool:
    """Whether a link may lead out of the tree, alone or through other links that do not."""
    steps = [step for step in target.split("/") if step not in ("", ".")]
    up = sum(1 for _ in itertools.takewhile(lambda step: step == "..", steps))
    # After the name of a link, `..` is not the way back: it goes up from wherever that link leads.
    return target.startswith("/") or up > path.count("/") or ".." in steps[up:]


def _parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]
