"""The door to files: the author's project, the factory's own state folder, and the schemas we ship."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path

from dark_factory.core.errors import InfrastructureError, InputError
from dark_factory.core.schema import Problem


class Project:
    """The files of the author's project, under its root."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def read(self, path: str) -> bytes | None:
        """A file's content, or None when there is no such file.

        Raises InputError when it can't be read.
        """
        return _content(self.root / path, path)

    def markdown(self, folders: Iterable[str]) -> dict[str, bytes]:
        """The `*.md` files of some folders, README aside, by path relative to the root.

        Raises InputError when one of them can't be read.
        """
        paths = [path for folder in folders for path in self._markdown(folder)]
        return {path: _content(self.root / path, path) or b"" for path in paths}

    def small_files(self, folders: Iterable[str], largest: int) -> list[bytes]:
        """The contents of all files of some folders, those of more than `largest` bytes aside."""
        found = [path for folder in folders for path in (self.root / folder, *(self.root / folder).rglob("*"))]
        return [path.read_bytes() for path in found if path.is_file() and path.stat().st_size <= largest]

    def _markdown(self, folder: str) -> list[str]:
        top = self.root / folder
        if top.is_file():
            return [folder]
        return sorted(
            found.relative_to(self.root).as_posix()
            for found in top.rglob("*.md")
            if found.is_file() and found.name.casefold() != "readme.md"
        )

    def write(self, path: str, data: bytes) -> Path:
        """Write a file so that a reader sees the old one or the new one, never a part."""
        target = self.root / path
        write_atomically(target, data)
        return target


def _content(file: Path, name: str) -> bytes | None:
    try:
        if file.is_dir() or not file.exists():
            return None
        if not file.is_file():
            raise _unreadable(name, "this is not a regular file", "put a file in its place")
        return file.read_bytes()
    except OSError as error:
        raise _unreadable(name, f"can't be read: {error.strerror}", "mend its permissions") from error


def _unreadable(name: str, message: str, do: str) -> InputError:
    return InputError(f"{name} can't be used", problems=(Problem(path=name, message=message),), do=do)


def write_atomically(target: Path, data: bytes) -> None:
    """Write beside, wait until it is on disk, then take the place.

    Raises InfrastructureError when that fails; the old file is then untouched.
    """
    beside = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise InfrastructureError(
            f"{target}: could not be written", why=str(error), do="make room or mend permissions"
        ) from error


def state_folder(environ: Mapping[str, str], home: Path, repository: Path) -> Path:
    """Where the factory keeps what belongs to one repository, outside every tree, for its owner alone.

    repository: the repository's common git folder, or the project's root when it has none.
    `FACTORY_STATE`, else the user's state folder of this platform.
    """
    if chosen := environ.get("FACTORY_STATE"):
        base = Path(chosen).absolute()
    elif chosen := environ.get("XDG_STATE_HOME"):
        base = Path(chosen) / "dark-factory"
    else:
        base = home / ".local/state/dark-factory"
    digest = hashlib.sha256(os.fsencode(repository.resolve())).hexdigest()[:12]
    named = repository.resolve()
    named = named.parent if named.name == ".git" else named
    folder = base / f"{named.name or 'root'}-{digest}"
    make_private(folder)
    return folder


def make_private(folder: Path) -> Path:
    """Make a folder that only its owner can enter, if it is not there, and return it."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        folder.chmod(0o700)
    except OSError as error:
        raise InfrastructureError(
            f"{folder}: can't make the factory's state folder",
            why=str(error),
            do="set FACTORY_STATE to a folder of yours",
        ) from error
    return folder


def remove_tree(folder: Path) -> None:
    """Remove a folder whatever it holds, also one whose owner took his own permissions away."""
    try:
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            folder.unlink()
            return
        try:
            shutil.rmtree(folder)
        except (OSError, RecursionError):
            if folder.exists():
                _remove_flat(folder)
    except FileNotFoundError:
        return
    except OSError as error:
        raise InfrastructureError(f"{folder}: can't be removed", why=str(error), do="remove it by hand") from error


def _remove_flat(top: Path) -> None:
    """Remove a folder however deep it is and whatever its permissions, by bringing every folder to its top first.

    A path in it may be longer than the machine takes, and its depth more than a recursion does.
    """
    top.chmod(0o700)
    while folders := _only_folders(top):
        for folder in folders:
            for inner in _only_folders(folder):
                inner.replace(top / uuid.uuid4().hex)
            folder.rmdir()
    top.rmdir()


def _only_folders(folder: Path) -> list[Path]:
    """The folders of a folder, made accessible; everything else in it is removed."""
    found = []
    for path in list(folder.iterdir()):
        if path.is_symlink() or not path.is_dir():
            path.unlink()
        else:
            path.chmod(0o700)
            found.append(path)
    return found


def folder_inside(root: Path, path: str) -> Path:
    """A folder inside a tree that somebody else writes, made if it is not there.

    Links and files that stand on the way are removed: a link could lead to the author's own files.
    """
    folder = root
    for part in Path(path).parts:
        folder /= part
        if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
            folder.unlink()
        folder.mkdir(exist_ok=True)
    return folder


@contextlib.contextmanager
def fresh_folder(folder: Path) -> Iterator[Path]:
    """An empty private folder that is gone afterwards."""
    remove_tree(folder)
    make_private(folder)
    try:
        yield folder
    finally:
        remove_tree(folder)


def schema(name: str) -> dict[str, object]:
    """One of the JSON schemas that we ship, e.g. `factory`."""
    data = json.loads(shipped(f"schemas/{name}.schema.json").read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def shipped(path: str) -> Path:
    """A file or folder that lives at the top of our repository and inside an installed package."""
    package = Path(str(resources.files("dark_factory")))
    for base in (package, package.parents[1]):
        if (base / path).exists():
            return base / path
    raise InfrastructureError(f"{path} is missing from this installation", do="install dark-factory-loop again")


def kinds(shelf: str) -> tuple[str, ...]:
    """The names of the kinds on a shelf: its files."""
    folder = Path(str(resources.files("dark_factory"))) / shelf
    return tuple(sorted(path.stem for path in folder.glob("*.py") if not path.stem.startswith("_")))
