"""Real repositories in temporary folders, for the tests of the door to git and of what stands on it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hypothesis import strategies as st

from dark_factory.effects.git import Git
from dark_factory.effects.system import Processes

HOLDOUT = b"HOLDOUT-7d1f"
"""What the agent must never read."""

_ODD = " '\"\\\t\n-*?[]~é" + ("" if sys.platform == "darwin" else "\udcff\udc80\u2028")
NAMES = st.text(alphabet="abcgit." + _ODD, min_size=1, max_size=6).filter(
    lambda name: name not in {".", ".."} and "git" not in name
)
"""Names of files that git and the file system take, however odd."""


@dataclass(frozen=True, slots=True)
class File:
    """A file, a program, or a link with its target as content."""

    content: bytes
    mode: str = "100644"


FILES = st.one_of(
    st.builds(File, st.binary(max_size=60), st.sampled_from(["100644", "100755"])),
    st.builds(
        File,
        st.sampled_from([b"a", b"../b", b"/etc/passwd", b"no/such", b"\xc3\xa9"]),
        st.just("120000"),
    ),
)


def folders(max_size: int = 4) -> st.SearchStrategy[dict[str, File]]:
    """Small trees of files by path; no path is a folder of another, and no folder is empty."""
    nested = st.recursive(
        FILES, lambda inner: st.dictionaries(NAMES, inner, min_size=1, max_size=max_size), max_leaves=8
    )
    return st.dictionaries(NAMES, nested, max_size=max_size).map(_flat)


def _flat(tree: Mapping[str, object], prefix: str = "") -> dict[str, File]:
    found: dict[str, File] = {}
    for name, value in tree.items():
        if isinstance(value, File):
            found[prefix + name] = value
        elif isinstance(value, dict):
            found |= _flat(value, f"{prefix}{name}/")
    return found


def put(root: Path, files: Mapping[str, File]) -> None:
    """Write the files into a folder."""
    root.mkdir(parents=True, exist_ok=True)
    for path, file in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if file.mode == "120000":
            target.symlink_to(os.fsdecode(file.content))
        else:
            target.write_bytes(file.content)
            target.chmod(0o755 if file.mode == "100755" else 0o644)


def found_in(root: Path) -> dict[str, File]:
    """The files of a folder, a repository at its top aside."""
    found = {}
    for parent, names, files in os.walk(root):
        links = [name for name in names if Path(parent, name).is_symlink()]
        if Path(parent) == root and ".git" in names:
            names.remove(".git")
        for name in [*files, *links]:
            path = Path(parent, name)
            key = path.relative_to(root).as_posix()
            if path.is_symlink():
                found[key] = File(os.fsencode(path.readlink()), "120000")
            else:
                found[key] = File(path.read_bytes(), "100755" if path.stat().st_mode & 0o100 else "100644")
    return found


def environ(home: Path) -> dict[str, str]:
    """Variables under which nothing of the person who runs these tests counts."""
    home.mkdir(parents=True, exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "An Author",
        "GIT_AUTHOR_EMAIL": "author@example.org",
        "GIT_COMMITTER_NAME": "An Author",
        "GIT_COMMITTER_EMAIL": "author@example.org",
    }


def our_git(folder: Path) -> Git:
    """The door, with a home of its own in `folder`."""
    return Git(executor=Processes(), environ=environ(folder / "home"))


def git(cwd: Path, *args: str, stdin: bytes = b"") -> bytes:
    """What the author, or the agent, does by hand; HOME is beside the repository."""
    settings = ("-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always")
    ended = subprocess.run(
        ["git", *settings, *args],
        cwd=cwd,
        env=environ(cwd.parent / "home"),
        input=stdin,
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, (args, ended.stderr)
    return ended.stdout


def repository(root: Path, files: Mapping[str, File] | None = None) -> Path:
    """A repository with one commit of these files."""
    root.mkdir(parents=True)
    git(root, "init", "--quiet")
    put(root, {"README": File(b"hello\n")} if files is None else files)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "-m", "start")
    return root


def a_program(path: Path, text: str) -> Path:
    """An executable file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
    return path


def all_objects(root: Path) -> bytes:
    """Everything that a repository holds, reachable or not."""
    return git(root, "cat-file", "--batch-all-objects", "--batch")
