"""The door to processes, its lower half: waiting for those that ended and ending those that did not."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""The signals by which somebody asks this process to stop."""

MARK = "FACTORY_PROCESS"
"""The variable that tells our descendants apart when they have left their process group and session."""

_LINUX = sys.platform == "linux"
_PR_SET_CHILD_SUBREAPER = 36
# How long killed processes may take to vanish: it is milliseconds, but for an uninterruptible system call.
_REAP_FOR = 2.0
_POLL = 0.0005


def become_subreaper() -> None:
    """Have the descendants whose parents end become children of this process; nothing happens where that can't be."""
    if _LINUX:
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children() -> list[int]:
    """All child processes of this one, ended ones included; none where the machine does not tell."""
    if not _LINUX:
        return []
    found: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            found += map(int, (task / "children").read_text().split())
    return found


def in_our_session(pid: int) -> bool:
    """Whether a child was started by somebody else in this process: what we start leads a session of its own."""
    try:
        return os.getsid(pid) == os.getsid(0)
    except ProcessLookupError:
        return False


def belongs(pid: int, running: Mapping[int, bytes]) -> bool:
    """Whether a child of this process comes from one of the running jobs: the pid of each, and its MARK=VALUE."""
    if not running:
        return False
    try:
        if pid in running or os.getsid(pid) in running:
            return True
        environ = Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return True
    # Without any mark it may be a running job's that cleared its environment: the end of the batch takes it.
    return MARK.encode() not in environ or any(mark in environ for mark in running.values())


def exit_fd(pid: int) -> int | None:
    """A descriptor that becomes readable when a child exits; None where there is no such thing."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def has_exited(pid: int) -> bool:
    """Whether a child has exited; it keeps its number until it is collected."""
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def kill_group(pid: int) -> None:
    """End the process group that a child leads, and the child."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def collect(pid: int) -> tuple[int, float]:
    """The wait status and processor seconds of a child that has exited or was just killed.

    A child that may not be killed (it is another user's now) or that somebody else has waited for counts as killed.
    """
    deadline = time.monotonic() + _REAP_FOR
    with contextlib.suppress(ChildProcessError):
        while time.monotonic() < deadline:
            found, status, usage = os.wait4(pid, os.WNOHANG)
            if found:
                return status, usage.ru_utime + usage.ru_stime
            time.sleep(_POLL)
    return signal.SIGKILL, 0.0


def end_orphans(*, keep: Callable[[int], bool]) -> None:
    """Kill and reap our adopted descendants, and theirs as they come to us, until only those to keep are left."""
    deadline = time.monotonic() + _REAP_FOR
    untouchable: set[int] = set()
    while time.monotonic() < deadline:
        orphans = [pid for pid in children() if pid not in untouchable and not keep(pid)]
        if not orphans:
            return
        for pid in orphans:
            try:
                os.kill(pid, signal.SIGKILL)
            except PermissionError:
                untouchable.add(pid)
            except ProcessLookupError:
                continue
        for pid in orphans:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        time.sleep(_POLL)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold Ctrl-C and its like back until the end of the block, so that no process or file is forgotten half-way."""
    late: BaseException | None = None
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    except BaseException as error:
        # Handlers of signals that came before run inside this call, after it took effect.
        late = error
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    if late is not None:
        raise late
