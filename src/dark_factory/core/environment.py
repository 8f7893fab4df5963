"""What judged processes find around them: variables, search path, and the name of their tools' environment."""

from __future__ import annotations

import hashlib
import os
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_ALWAYS = ("LANG", "LC_ALL", "LC_CTYPE", "TZ")
_INSTALLER = ("PATH", "HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "LD_LIBRARY_PATH")
_SHORTEST_SECRET = 6
"""Characters. `1` or `true` is a setting, and masking it would spoil every line."""
_NETWORK = (
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Toolbox:
    """The environment that gates, scenarios and the agent find first on PATH. root: None without one of ours."""

    root: Path | None = None

    def search_path(self, environ: Mapping[str, str], own: Path | None) -> str:
        """PATH with the toolbox first, and without the folder that the factory itself was started from."""
        folders = own_path(environ).split(os.pathsep)
        if self.root is None:
            return os.pathsep.join(folders)
        rest = [part for part in folders if own is None or Path(part) != own]
        return os.pathsep.join([str(self.root / "bin"), *rest])


def own_path(environ: Mapping[str, str]) -> str:
    """PATH without relative folders: where we start programs, these would be folders of whoever wrote the tree."""
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(part for part in folders if part.startswith("/"))


def requirements(requires: Iterable[str]) -> tuple[str, ...]:
    """The arguments of an installer: `-e .` is two of them."""
    return tuple(part for line in requires for part in shlex.split(line))


def is_local(requires: Iterable[str]) -> bool:
    """Whether a requirement reads the tree (`-e .`, `.[test]`, `-r requirements.txt`)."""
    return any(part.startswith(("-", ".", "/", "file:")) or "@ file:" in part for part in requirements(requires))


def environment_key(
    requires: Iterable[str], *, interpreter: str, anchor: str = "", files: Mapping[str, bytes] | None = None
) -> str:
    """The name of an environment: equal for equal content.

    interpreter: path and version of the Python that makes it. anchor: the tree's path, when a requirement reads it.
    files: what those requirements read.
    """
    digest = hashlib.sha256()
    for part in (interpreter, anchor, *requires):
        digest.update(part.encode("utf-8", "surrogateescape") + b"\0")
    for path, content in sorted((files or {}).items()):
        digest.update(path.encode("utf-8", "surrogateescape") + b"\0" + hashlib.sha256(content).digest())
    return digest.hexdigest()[:16]


def installer_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """What an installer needs to reach the package index and its cache, and no more.

    `-e .` runs the build backend that a candidate brings: it must not see the author's keys.
    """
    found = {
        name: value
        for name, value in environ.items()
        if name in (*_ALWAYS, *_INSTALLER) or name.upper() in _NETWORK or name.startswith(("PIP_", "UV_"))
    }
    return {**found, "PATH": own_path(environ)}


def secrets(env: Mapping[str, str], names: Iterable[str]) -> tuple[str, ...]:
    """The values of the variables that an author passed on, which may be keys: nothing that we keep may show them."""
    return tuple(env[name] for name in names if len(env.get(name, "")) >= _SHORTEST_SECRET)


def judged_variables(
    environ: Mapping[str, str], *, toolbox: Toolbox, own: Path | None, home: Path, tmp: Path, passed_on: Iterable[str]
) -> dict[str, str]:
    """All variables of a judged process: an allow-list, with a private HOME and TMPDIR."""
    variables = {name: environ[name] for name in (*_ALWAYS, *passed_on) if name in environ}
    variables |= {
        "PATH": toolbox.search_path(environ, own),
        "HOME": str(home),
        "TMPDIR": str(tmp),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "LANG": environ.get("LANG", "C.UTF-8"),
        "CI": "true",
    }
    if toolbox.root is not None:
        variables["VIRTUAL_ENV"] = str(toolbox.root)
    return variables
