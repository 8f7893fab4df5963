"""Trees as values: the way from git and back, and what an agent's tree may and may not become."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping

import pytest
from git_samples import NAMES
from hypothesis import given, settings
from hypothesis import strategies as st

from dark_factory.core.patterns import Patterns
from dark_factory.core.tree import (
    LINK,
    SUBMODULE,
    Entry,
    adopt,
    differing,
    graft,
    only,
    parse_ls_tree,
    render_index_info,
    without,
)

OBJECTS = st.text(alphabet="0123456789abcdef", min_size=40, max_size=40)
FEW_OBJECTS = st.sampled_from(["1" * 40, "2" * 40, "3" * 40])
MODES = st.sampled_from(["100644", "100755", LINK, SUBMODULE])
FEW_NAMES = st.sampled_from(["a", "b", "specs", "Specs", "src", ".gitmodules", ".github", "x.md"])


def consistent(tree: Mapping[str, Entry]) -> bool:
    """Whether no path is a folder of another."""
    return not any(parent in tree for path in tree for parent in parents(path))


def parents(path: str) -> list[str]:
    parts = path.split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


def trees(
    names: st.SearchStrategy[str] = FEW_NAMES, objects: st.SearchStrategy[str] = FEW_OBJECTS
) -> st.SearchStrategy[dict[str, Entry]]:
    paths = st.lists(names, min_size=1, max_size=3).map("/".join)
    found = st.dictionaries(paths, st.builds(Entry, MODES, objects), max_size=8)
    return found.map(lambda tree: {path: entry for path, entry in tree.items() if not set(parents(path)) & set(tree)})


TARGETS = st.lists(st.sampled_from(["..", ".", "a", "b", "src", "", "etc"]), min_size=1, max_size=5).map("/".join)
PROTECTED = st.lists(
    st.sampled_from(["/specs/", "/.github/", "*.md", "/a/b", "/src", ".gitmodules", "/none/"]), max_size=3
).map(Patterns)


@settings(max_examples=150, deadline=None)
@given(trees(NAMES, OBJECTS))
def test_reading_and_rendering_are_inverse(tree: dict[str, Entry]) -> None:
    rendered = render_index_info(tree)
    kinds = {LINK: "blob", SUBMODULE: "commit"}
    # `update-index` reads what `ls-tree` says, less the object's kind.
    listed = b"".join(
        f"{entry.mode} {kinds.get(entry.mode, 'blob')} {entry.object}\t".encode()
        + path.encode("utf-8", "surrogateescape")
        + b"\0"
        for path, entry in tree.items()
    )
    assert parse_ls_tree(listed) == tree
    assert rendered == listed.replace(b" blob ", b" ").replace(b" commit ", b" ")


@settings(max_examples=150, deadline=None)
@given(tree=trees(), patterns=PROTECTED)
def test_a_set_of_paths_parts_a_tree_in_two(tree: dict[str, Entry], patterns: Patterns) -> None:
    inside, outside = only(tree, patterns), without(tree, patterns)
    assert {**inside, **outside} == tree
    assert not set(inside) & set(outside)
    assert all(patterns.match(path) for path in inside)


@settings(max_examples=150, deadline=None)
@given(one=trees(), other=trees())
def test_what_differs(one: dict[str, Entry], other: dict[str, Entry]) -> None:
    paths = differing(one, other)
    assert paths == differing(other, one)
    assert list(paths) == sorted(set(paths))
    assert all(one.get(path) != other.get(path) for path in paths)
    assert all(one[path] == other[path] for path in {*one, *other} - set(paths))
    assert (paths == ()) == (one == other)


@settings(max_examples=200, deadline=None)
@given(tree=trees(), onto=trees())
def test_a_graft_holds_all_of_the_upper_tree_and_what_fits_of_the_lower(
    tree: dict[str, Entry], onto: dict[str, Entry]
) -> None:
    result = graft(tree, onto)
    assert consistent(result)
    assert {path: result[path] for path in tree} == tree
    for path, entry in onto.items():
        if path not in result:
            assert any(parent in tree for parent in parents(path)) or any(path in parents(upper) for upper in tree)
        elif path not in tree:
            assert result[path] == entry
    assert set(result) <= {*tree, *onto}
    assert graft(result, onto) == result
    assert graft({}, onto) == onto


@settings(max_examples=400, deadline=None)
@given(base=trees(), snapshot=trees(), protected=PROTECTED, data=st.data())
def test_whatever_an_agent_leaves_the_rules_hold(
    base: dict[str, Entry], snapshot: dict[str, Entry], protected: Patterns, data: st.DataObject
) -> None:
    links = {path: data.draw(TARGETS) for path, entry in snapshot.items() if entry.mode == LINK}
    candidate = adopt(base, snapshot, links=links, protected=protected)
    tree = candidate.tree
    assert consistent(tree)
    # Protected paths, and what could stand for them, are always those of the base.
    assert only(tree, protected) == only(base, protected)
    for path in {*tree, *base}:
        if protected.match(f"{path}/"):
            assert tree.get(path) == base.get(path)
    for refusal in candidate.refused:
        assert tree.get(refusal.path) in (None, base.get(refusal.path))
        assert tree.get(refusal.path) != snapshot[refusal.path]
        assert refusal.why
    # Everything in the candidate comes from the base or from the agent, and is named when it is not the agent's.
    named = {*candidate.reset, *(refusal.path for refusal in candidate.refused)}
    for path in {*tree, *snapshot}:
        assert (
            tree.get(path) == snapshot.get(path) or path in named or set(parents(path)) & named or covered(path, tree)
        )
        assert tree.get(path) in (None, base.get(path), snapshot.get(path))
    assert candidate.changed == differing(base, tree)
    assert list(candidate.reset) == sorted(set(candidate.reset))
    for path, entry in tree.items():
        if base.get(path) != entry:
            assert entry.mode != SUBMODULE
            assert posixpath.basename(path).casefold() != ".gitmodules"


def covered(path: str, tree: Mapping[str, Entry]) -> bool:
    """Whether a restored path took the place."""
    return any(path in parents(other) for other in tree)


@settings(max_examples=100, deadline=None)
@given(base=trees(), protected=PROTECTED)
def test_an_agent_that_does_nothing_changes_nothing(base: dict[str, Entry], protected: Patterns) -> None:
    candidate = adopt(base, base, links={}, protected=protected)
    assert (candidate.tree, candidate.changed, candidate.reset, candidate.refused) == (base, (), (), ())


FILE, OTHER, TO = Entry("100644", "1" * 40), Entry("100644", "2" * 40), Entry(LINK, "3" * 40)


@pytest.mark.parametrize(
    ("path", "target", "refused"),
    [
        ("link", "a", False),
        ("link", "no/such", False),
        ("link", ".", False),
        ("s/link", "../a", False),
        ("s/link", "..", False),
        ("s/link", "./.././a", False),
        ("link", "/etc/passwd", True),
        ("link", "..", True),
        ("link", "../a", True),
        ("s/link", "../../a", True),
        # `s/deep` may itself be a link to the top: from there, `..` leaves the tree.
        ("link", "s/deep/../../a", True),
        ("link", "s/..", True),
        ("link", "", True),
    ],
)
def test_links_that_may_lead_out_are_refused(path: str, target: str, *, refused: bool) -> None:
    candidate = adopt({"a": FILE}, {"a": FILE, path: TO}, links={path: target}, protected=Patterns([]))
    assert [refusal.path for refusal in candidate.refused] == ([path] if refused else [])
    assert (path in candidate.tree) is not refused


def test_a_link_of_which_the_target_is_not_known_is_refused() -> None:
    assert adopt({}, {"link": TO}, links={}, protected=Patterns([])).tree == {}


def test_a_link_in_the_place_of_a_protected_folder_that_is_not_there_is_put_back_to_nothing() -> None:
    protected = Patterns(["/.github/"])
    candidate = adopt({}, {".github": TO, "src/evil.yml": FILE}, links={".github": "src"}, protected=protected)
    assert candidate.tree == {"src/evil.yml": FILE}
    assert candidate.reset == (".github",)


def test_a_file_in_the_place_of_a_protected_folder_gives_way() -> None:
    base = {"specs/a.md": FILE}
    candidate = adopt(base, {"specs": OTHER, "new": OTHER}, links={}, protected=Patterns(["/specs/"]))
    assert candidate.tree == {**base, "new": OTHER}
    assert candidate.reset == ("specs", "specs/a.md")


@pytest.mark.parametrize("name", [".gitattributes", "src/.gitattributes", "src/.GitAttributes"])
def test_attributes_decide_over_bytes_of_protected_files_and_are_put_back(name: str) -> None:
    base = {"check.sh": FILE}
    candidate = adopt(base, {**base, name: OTHER}, links={}, protected=Patterns([]))
    assert candidate.tree == base
    assert candidate.reset == (name,)
    both = {**base, name: FILE}
    assert adopt(both, {**base, name: OTHER}, links={}, protected=Patterns([])).tree == both
    assert adopt(both, base, links={}, protected=Patterns([])).tree == both


@pytest.mark.parametrize(("name", "entry"), [("tests", OTHER), ("Tests", TO), ("tests/holdout", TO)])
def test_nothing_stands_where_folders_of_the_holdout_are(name: str, entry: Entry) -> None:
    unseen = ["tests/holdout/one.md"]
    candidate = adopt({"a": FILE}, {"a": FILE, name: entry}, links={name: "a"}, protected=Patterns([]), unseen=unseen)
    assert candidate.tree == {"a": FILE}
    assert candidate.reset == (name,)
