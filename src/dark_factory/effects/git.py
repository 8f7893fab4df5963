"""The door to git: the author's repository, read with care, and a store of our own."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dark_factory.core.command import Command, Outcome
from dark_factory.core.environment import own_path
from dark_factory.core.errors import InfrastructureError, InputError, StateError
from dark_factory.core.ports import Executor
from dark_factory.core.tree import LINK, SUBMODULE, Entry, Tree, parse_ls_tree, render_index_info

_OUTPUT_CAP = 1 << 30
_TIMEOUT = 900.0
# A candidate's attributes or an author's configuration must not make git run anything.
_QUIET = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.symlinks=true",
    "core.safecrlf=false",
    "core.logAllRefUpdates=false",
    "core.longPaths=true",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.file.allow=always",
    "advice.addEmbeddedRepo=false",
    "init.defaultBranch=main",
)
# The user's own files of patterns count even when no configuration names them.
_BARE = ("core.excludesFile=/dev/null", "core.attributesFile=/dev/null")
_IDENTITY = {
    "GIT_AUTHOR_NAME": "dark-factory",
    "GIT_AUTHOR_EMAIL": "dark-factory@localhost",
    "GIT_COMMITTER_NAME": "dark-factory",
    "GIT_COMMITTER_EMAIL": "dark-factory@localhost",
}


class GitError(InfrastructureError):
    """A git command of ours failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Git:
    """Runs git with an environment of its own; the author's GIT_* variables never reach it."""

    executor: Executor
    environ: Mapping[str, str]

    def run(
        self,
        *args: str,
        cwd: Path,
        env: Mapping[str, str] | None = None,
        ours: bool = True,
        stdin: Path | None = None,
    ) -> bytes:
        """Run `git ARGS` and return its stdout.

        ours: on our own store, where no configuration but ours counts; otherwise on the author's repository, with the
        author's configuration but without hooks and without writing the index.

        Raises GitError with git's own words.
        """
        settings = [part for setting in (*_QUIET, *(_BARE if ours else ())) for part in ("-c", setting)]
        inherited = {key: value for key, value in self.environ.items() if not key.startswith("GIT_")}
        quiet = {"GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C", **_IDENTITY}
        if ours:
            quiet |= {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_ATTR_NOSYSTEM": "1"}
        result = self.executor.run(
            Command(
                argv=("git", *settings, *args),
                cwd=cwd,
                env={**inherited, "PATH": own_path(self.environ), **quiet, **(env or {})},
                timeout=_TIMEOUT,
                stdin=stdin,
                output_cap=_OUTPUT_CAP,
            )
        )
        if result.passed and result.stdout.cut:
            raise GitError(f"git {args[0]} in {cwd} gave {result.stdout.size:,} bytes, more than fit into memory")
        if result.passed:
            return result.stdout.head + result.stdout.tail
        if result.outcome is Outcome.NOT_STARTED:
            raise GitError("git could not be started", why=result.error, do="install git and put it on PATH")
        words = result.stderr.text().strip() or result.stdout.text().strip()
        raise GitError(f"git {args[0]} failed in {cwd}: {result.ending()}", why=words.replace("\n", "; "))


@dataclass(frozen=True, slots=True, kw_only=True)
class Author:
    """The author's repository: read, and written only through `deliver`.

    root: the top of the checkout. git_dir: its own git folder. common_dir: shared by all worktrees.
    head: the commit that is checked out. branch: its short name, empty when HEAD is detached.
    """

    git: Git
    root: Path
    git_dir: Path
    common_dir: Path
    head: str
    branch: str

    @classmethod
    def open(cls, git: Git, root: Path) -> Author:
        """Look at the repository whose top is `root`.

        Raises InputError when there is none, it has no commit yet, or `root` is not its top.
        """
        try:
            top, git_dir, common_dir = (
                _path(git.run("rev-parse", "--path-format=absolute", question, cwd=root, ours=False))
                for question in ("--show-toplevel", "--git-dir", "--git-common-dir")
            )
        except GitError as error:
            raise InputError(
                f"{root} is not a git repository with a checkout",
                why=error.why,
                do="run `git init && git add -A && git commit -m start` there, or go to the repository's top",
            ) from error
        if top.resolve() != root.resolve():
            raise InputError(
                f"{root} is not the top of its git repository", do=f"move factory.toml to {top} and run there"
            )
        try:
            head = git.run("rev-parse", "--verify", "HEAD^{commit}", cwd=root, ours=False).decode().strip()
        except GitError as error:
            raise InputError(
                "this repository has no commit yet", do="commit the base first: git add -A && git commit"
            ) from error
        branch = git.run("branch", "--show-current", cwd=root, ours=False).decode("utf-8", "surrogateescape").strip()
        return cls(git=git, root=root, git_dir=git_dir, common_dir=common_dir, head=head, branch=branch)

    def dirty(self, artifacts: str) -> tuple[str, ...]:
        """What differs from HEAD, untracked files included, the artifacts folder aside; as `git status` shows it."""
        output = self.git.run(
            "status",
            "--porcelain=v1",
            "-z",
            "--untracked-files=all",
            "--no-renames",
            "--",
            ".",
            f":(exclude,top,literal){artifacts}",
            cwd=self.root,
            ours=False,
        )
        return tuple(record.decode("utf-8", "replace") for record in output.split(b"\0") if record)

    def ignores(self) -> bytes:
        """The author's patterns of ignored files that stand in no `.gitignore`: the user's own and the repository's."""
        try:
            answer = self.git.run("config", "--type=path", "--get", "core.excludesFile", cwd=self.root, ours=False)
            users = self.root / _path(answer)
        except GitError:
            home = self.git.environ.get("XDG_CONFIG_HOME") or f"{self.git.environ.get('HOME', '')}/.config"
            users = Path(home, "git/ignore")
        files = (users, self.common_dir / "info/exclude")
        return b"\n".join(file.read_bytes() for file in files if file.is_file())

    def ref(self, name: str) -> str | None:
        """The commit of a branch, or None."""
        try:
            commit = f"refs/heads/{name}^{{commit}}"
            return self.git.run("rev-parse", "--verify", "-q", commit, cwd=self.root, ours=False).decode().strip()
        except GitError:
            return None

    def branch_name_is_valid(self, name: str) -> bool:
        """Whether git accepts this as the name of a branch."""
        try:
            self.git.run("check-ref-format", "--branch", name, cwd=self.root, ours=False)
        except GitError:
            return False
        return True

    def deliver(self, store: Store, commit: str, *, branch: str, expected: str | None) -> None:
        """Bring a commit's objects here and move `branch` to it, if it still is where we left it.

        expected: the commit that the branch must be at now; None when it must not exist. Doing it twice is harmless.

        Raises StateError when somebody else moved the branch.
        """
        if self.ref(branch) == commit:
            return
        store.git.run("update-ref", "refs/factory/delivery", commit, cwd=store.git_dir, env=store.env())
        self.git.run(
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-recurse-submodules",
            str(store.git_dir),
            "refs/factory/delivery",
            cwd=self.root,
            ours=False,
        )
        try:
            self.git.run(
                "update-ref", f"refs/heads/{branch}", commit, expected or "0" * len(commit), cwd=self.root, ours=False
            )
        except GitError as error:
            raise StateError(
                f"branch {branch} was moved by somebody else while the run went on",
                why=error.why,
                do=f"the candidate is kept: see `git branch --contains {commit[:12]}`, rename that branch and resume",
            ) from error

    def fast_forward(self, branch: str) -> None:
        """Bring the current branch and checkout to `branch`; git refuses when that is not a fast-forward."""
        self.git.run("merge", "--ff-only", "--quiet", branch, cwd=self.root, ours=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Store:
    """A bare git folder that the factory owns: trees are read, made and laid out with it.

    It borrows the author's objects, so it is never shown to the agent.
    """

    git: Git
    git_dir: Path

    @classmethod
    def create(cls, git: Git, git_dir: Path, *, borrow: Path | None = None) -> Store:
        """Open the store at `git_dir`, made anew when it is not there.

        borrow: the author's common git folder.
        """
        store = cls(git=git, git_dir=git_dir)
        if not (git_dir / "HEAD").exists():
            shutil.rmtree(git_dir, ignore_errors=True)
            git_dir.mkdir(parents=True, mode=0o700)
            git.run("init", "--quiet", "--bare", "--template=", str(git_dir), cwd=git_dir.parent)
        for lock in (*git_dir.glob("*.lock"), *git_dir.glob("refs/**/*.lock")):
            # Of a git of ours that was killed: whoever opens the store is alone with it.
            lock.unlink()
        if borrow is not None:
            (git_dir / "objects/info").mkdir(exist_ok=True)
            (git_dir / "objects/info/alternates").write_text(
                f"{borrow / 'objects'}\n", encoding="utf-8", errors="surrogateescape"
            )
            if (borrow / "shallow").exists():
                shutil.copyfile(borrow / "shallow", git_dir / "shallow")
        return store

    def env(self, *, work_tree: Path | None = None, index: Path | None = None) -> dict[str, str]:
        """The variables that point git at this store."""
        env = {"GIT_DIR": str(self.git_dir)}
        if work_tree is not None:
            env["GIT_WORK_TREE"] = str(work_tree)
        if index is not None:
            env["GIT_INDEX_FILE"] = str(index)
        return env

    def read(self, tree: str) -> dict[str, Entry]:
        """All files of a tree or commit."""
        return parse_ls_tree(self.git.run("ls-tree", "-r", "-z", "--full-tree", tree, cwd=self.git_dir, env=self.env()))

    def write(self, tree: Tree) -> str:
        """Make a git tree of a value and return its id."""
        index = self.git_dir / "write.index"
        source = self.git_dir / "write.input"
        index.unlink(missing_ok=True)
        source.write_bytes(render_index_info(tree))
        env = self.env(index=index)
        self.git.run("update-index", "-z", "--index-info", cwd=self.git_dir, env=env, stdin=source)
        return self.git.run("write-tree", cwd=self.git_dir, env=env).decode().strip()

    def add(self, path: Path) -> str:
        """Keep one file's content and return its id."""
        name = self.git.run("hash-object", "-w", "--no-filters", str(path), cwd=self.git_dir, env=self.env())
        return name.decode().strip()

    def content(self, name: str) -> bytes:
        """The content of a blob, given its id or `TREE:PATH`."""
        return self.git.run("cat-file", "blob", name, cwd=self.git_dir, env=self.env())

    def contents(self, tree: str, paths: Collection[str], *, largest: int = _OUTPUT_CAP) -> dict[str, bytes]:
        """The contents of some files of a tree, by path, those of more than `largest` bytes aside."""
        entries = self.read(tree)
        names = {path: entries[path].object for path in paths if path in entries and entries[path].mode != SUBMODULE}
        sizes = (line.split() for line in self._batch("--batch-check", sorted({*names.values()})).splitlines())
        small = [name.decode() for name, _, size in sizes if int(size) <= largest]
        output, start, found = self._batch("--batch", small), 0, {}
        for name in small:
            # A line that ends with the size, the content, a line's end.
            end = output.index(b"\n", start)
            size = int(output[start:end].split()[2])
            found[name] = output[end + 1 : end + 1 + size]
            start = end + size + 2
        return {path: found[name] for path, name in names.items() if name in found}

    def _batch(self, how: str, names: Sequence[str]) -> bytes:
        source = self.git_dir / "batch.input"
        source.write_text("".join(f"{name}\n" for name in names), encoding="ascii")
        return self.git.run("cat-file", how, cwd=self.git_dir, env=self.env(), stdin=source)

    def links(self, tree: Tree, *, but: Tree) -> dict[str, str]:
        """The targets of the symbolic links of `tree` that are not the same in `but`."""
        return {
            path: self.content(entry.object).decode("utf-8", "surrogateescape")
            for path, entry in tree.items()
            if entry.mode == LINK and but.get(path) != entry
        }

    def snapshot(
        self,
        folder: Path,
        *,
        index: Path,
        start: str | None = None,
        leave_out: Sequence[str] = (),
        ignores: Path | None = None,
    ) -> str:
        """The tree of a folder as it is now, ignored files aside; git inside that folder is never asked.

        index: kept between snapshots, so that only changed files are read again. start: the tree that a new index
        begins with, so that tracked files count even when they are ignored.
        """
        env = self.env(work_tree=folder, index=index)
        if not index.exists() and start is not None:
            self.git.run("read-tree", start, cwd=folder, env=env)
        settings = ("-c", f"core.excludesFile={ignores}") if ignores is not None else ()
        paths = (".", *(_left_out(path) for path in leave_out))
        self.git.run(*settings, "add", "--all", "--", *paths, cwd=folder, env=env)
        return self.git.run("write-tree", cwd=folder, env=env).decode().strip()

    def lay_out(self, tree: str, folder: Path, *, index: Path) -> None:
        """Write a tree's files into a folder; what is there already and not in the tree stays."""
        env = self.env(work_tree=folder, index=index)
        self.git.run("read-tree", "--reset", tree, cwd=folder, env=env)
        self.git.run("checkout-index", "--all", "--force", "--quiet", "--index", cwd=folder, env=env)

    def commit(self, tree: str, *, parents: Sequence[str], message: str, when: float) -> str:
        """Make a commit; the same arguments make the same commit. `when` is in seconds since the epoch."""
        source = self.git_dir / "message.input"
        source.write_text(message, encoding="utf-8", errors="replace")
        # The @ makes git read any number as seconds; without it small ones are no date.
        date = f"@{int(when)} +0000"
        env = {**self.env(), "GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date}
        flags = [part for parent in parents for part in ("-p", parent)]
        return self.git.run("commit-tree", tree, *flags, cwd=self.git_dir, env=env, stdin=source).decode().strip()

    def diff(self, before: str, after: str) -> bytes:
        """The patch between two trees, binary files included; `git apply` takes it."""
        return self.git.run(
            "diff",
            "--binary",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            before,
            after,
            cwd=self.git_dir,
            env=self.env(),
        )

    def clone(self, commit: str, folder: Path) -> None:
        """A repository in `folder` that has this one commit and nothing that leads back here."""
        self.git.run("update-ref", "refs/heads/main", commit, cwd=self.git_dir, env=self.env())
        folder.parent.mkdir(parents=True, exist_ok=True)
        self.git.run(
            "clone",
            "--quiet",
            "--no-local",
            "--no-tags",
            "--single-branch",
            "--branch",
            "main",
            "--template=",
            str(self.git_dir),
            str(folder),
            cwd=folder.parent,
        )
        self.git.run("remote", "remove", "origin", cwd=folder)
        # Git leaves the remote's HEAD behind, which then points nowhere.
        for left in ("logs", "refs/remotes"):
            shutil.rmtree(folder / ".git" / left, ignore_errors=True)


def _left_out(path: str) -> str:
    """The pathspec that leaves a folder out.

    A plain one for an ignored folder makes `git add` fail, as if one had asked to add it; one that begins with a
    pattern does not.
    """
    escaped = "".join(f"\\{character}" if character in "*?[\\" else character for character in path[1:])
    first = f"[{path[0]}]" if path[0] not in "\\^!]" else f"[\\{path[0]}]"
    return f":(exclude,top,glob){first}{escaped}/**"


def _path(answer: bytes) -> Path:
    return Path(answer.removesuffix(b"\n").decode("utf-8", "surrogateescape"))
