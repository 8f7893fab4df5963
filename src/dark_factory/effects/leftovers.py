"""Ends the processes that a killed factory left running in a repository's private folder."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import time
from pathlib import Path

# How long killed processes may take to vanish: it is milliseconds, but for an uninterruptible system call.
_GONE_WITHIN = 2.0
_POLL = 0.001


def end_leftovers(folder: Path) -> int:
    """End every agent and judged process of this repository, and return how many there were.

    folder: the repository's private folder. Whoever calls holds its lock, so none of these has a factory any more; they
    would go on costing money and writing into the next workspace, which has the same path. They are known by the HOME
    that was made for them inside the folder. Only Linux tells the variables of a process: elsewhere none is found.
    """
    if sys.platform != "linux":
        return 0
    deadline = time.monotonic() + _GONE_WITHIN
    ended: set[int] = set()
    while (found := _living_in(folder)) and time.monotonic() < deadline:
        for pid in found:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        ended |= found
        time.sleep(_POLL)
    return len(ended)


def _living_in(folder: Path) -> set[int]:
    home = b"HOME=" + os.fsencode(folder) + b"/"
    ours = _with_ancestors(os.getpid())
    found = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in ours:
            continue
        # A process may end at any time, one that ended has no variables, and a stranger's can't be read.
        with contextlib.suppress(OSError):
            if any(part.startswith(home) for part in (entry / "environ").read_bytes().split(b"\0")):
                found.add(int(entry.name))
    return found


def _with_ancestors(pid: int) -> set[int]:
    """A process and those that it comes from: a factory that an agent starts must not end that agent."""
    found: set[int] = set()
    while pid > 1:
        found.add(pid)
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()[1])
        except OSError:
            break
    return found
