"""The door to processes and time: the only module that starts anything."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import selectors
import shutil
import signal
import sys
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dark_factory.core.capture import HeadTail
from dark_factory.core.command import Command, CommandResult, Outcome
from dark_factory.core.ports import Job, Progress
from dark_factory.core.schedule import Width, longest_first, next_job

_LINUX = sys.platform == "linux"
_PR_SET_CHILD_SUBREAPER = 36
_TICK = 0.1
_LOAD_TICK = 0.02
_READ = 1 << 16
# How long killed descendants may take to vanish; only an uninterruptible system call takes longer than milliseconds.
_REAP_FOR = 2.0
# Tells our descendants apart when they have left their process group and session.
_MARK = "FACTORY_PROCESS"


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()


class Processes:
    """Starts processes with bounded time and output, each in a session of its own, and leaves none behind.

    On Linux this process becomes the subreaper of its descendants, so that those who daemonise are found and ended
    too; on macOS only the process group is.
    """

    def __init__(self) -> None:
        self._subreaper = _become_subreaper()

    def run(self, command: Command) -> CommandResult:
        """Run one command to its end."""
        return self.run_all([Job(key="", command=command)], at_once=1)[""]

    def run_all(
        self,
        jobs: Sequence[Job],
        *,
        at_once: int | None,
        capacities: Mapping[str, int] | None = None,
        ended: Callable[[str, CommandResult], Collection[str]] | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> dict[str, CommandResult]:
        """Run many commands; see `Executor.run_all`."""
        batch = _Batch(jobs, Width.start(at_once, os.cpu_count() or 1), capacities or {}, ended, progress)
        try:
            return batch.run()
        finally:
            # Also after Ctrl-C or a bug: whatever is still running ends here.
            batch.end_everything()


@dataclass(slots=True)
class _Child:
    job: Job
    pid: int
    exit_fd: int | None
    mark: bytes
    started: float
    out: HeadTail
    err: HeadTail
    fds: dict[int, HeadTail]
    deadline: float
    timed_out: bool = False
    cancelled: bool = False


@dataclass(slots=True)
class _Batch:
    jobs: Sequence[Job]
    width: Width
    capacities: Mapping[str, int]
    ended: Callable[[str, CommandResult], Collection[str]] | None
    progress: Callable[[Progress], None] | None
    waiting: list[Job] = field(init=False)
    strangers: frozenset[int] = field(default_factory=lambda: frozenset(_children()))
    running: dict[int, _Child] = field(default_factory=dict)
    results: dict[str, CommandResult] = field(default_factory=dict)
    selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    cancelled: set[str] = field(default_factory=set)
    shown_at: float = 0.0
    load: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        self.waiting = longest_first(self.jobs)

    def run(self) -> dict[str, CommandResult]:
        while self.waiting or self.running:
            self._start_what_fits()
            self._wait()
            self._end_overdue()
            self._adapt_and_show()
        return {job.key: self.results[job.key] for job in self.jobs}

    def end_everything(self) -> None:
        for child in list(self.running.values()):
            _kill_group(child.pid)
            self._reap(child)
        _end_orphans(keep=self._is_not_ours)
        self.selector.close()

    def _start_what_fits(self) -> None:
        while self.waiting and len(self.running) < self.width.at_once:
            job = next_job(self.waiting, [child.job for child in self.running.values()], self.capacities)
            if job is None:
                return
            self.waiting.remove(job)
            if job.key in self.cancelled:
                self._finish(
                    job, CommandResult(command=job.command, outcome=Outcome.CANCELLED, exit_status=None, duration=0.0)
                )
                continue
            try:
                child = _spawn(job)
            except OSError as error:
                self._finish(job, _not_started(job.command, error))
                continue
            self.running[child.pid] = child
            for fd in child.fds:
                self.selector.register(fd, selectors.EVENT_READ, child)
            if child.exit_fd is not None:
                self.selector.register(child.exit_fd, selectors.EVENT_READ, child)

    def _wait(self) -> None:
        if not self.running:
            return
        now = time.monotonic()
        until = min(child.deadline for child in self.running.values())
        tick = _LOAD_TICK if self.waiting and not self.width.fixed else _TICK
        if any(child.exit_fd is None for child in self.running.values()):
            tick = min(tick, 0.005)
        for key, _ in self.selector.select(max(0.0, min(tick, until - now))):
            child: _Child = key.data
            stream = child.fds.get(key.fd)
            if stream is not None:
                self._read(child, key.fd, stream)
        for child in list(self.running.values()):
            if _has_exited(child.pid):
                self._reap(child)

    def _read(self, child: _Child, fd: int, stream: HeadTail) -> bool:
        """Take what is there; False at the end of the stream or when nothing is there now."""
        try:
            data = os.read(fd, _READ)
        except BlockingIOError:
            return False
        stream.feed(data)
        if not data:
            self._close(child, fd)
        return bool(data)

    def _close(self, child: _Child, fd: int) -> None:
        self.selector.unregister(fd)
        os.close(fd)
        child.fds.pop(fd, None)

    def _reap(self, child: _Child) -> None:
        """Take the status of an exited (or just killed) child, its last output, and end what it left behind."""
        # The zombie still holds its number, so this cannot hit a stranger's group.
        _kill_group(child.pid)
        _, status, usage = os.wait4(child.pid, 0)
        duration = time.monotonic() - child.started
        for fd, stream in list(child.fds.items()):
            # Bounded: a background writer that outlives its group may fill the pipe as fast as we empty it.
            for _ in range(64):
                if not self._read(child, fd, stream):
                    break
            if fd in child.fds:
                self._close(child, fd)
        if child.exit_fd is not None:
            self.selector.unregister(child.exit_fd)
            os.close(child.exit_fd)
        del self.running[child.pid]
        _end_orphans(keep=lambda pid: self._is_not_ours(pid) or self._belongs_to_running(pid))
        self._finish(child.job, _result(child, status, duration, usage.ru_utime + usage.ru_stime))

    def _is_not_ours(self, pid: int) -> bool:
        """Whether a child of this process was started by somebody else in it, not by what we ran.

        Ours lead sessions of their own, so a child in this process's session is a stranger.
        """
        try:
            return pid in self.strangers or os.getsid(pid) == os.getsid(0)
        except ProcessLookupError:
            return False

    def _belongs_to_running(self, pid: int) -> bool:
        if pid in self.running:
            return True
        if not self.running:
            return False
        try:
            if os.getsid(pid) in self.running:
                return True
            environ = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return True
        # Without any mark it may be a running job's that cleared its environment: the end of the batch takes it.
        return _MARK.encode() not in environ or any(child.mark in environ for child in self.running.values())

    def _finish(self, job: Job, result: CommandResult) -> None:
        self.results[job.key] = result
        if self.ended is None:
            return
        self.cancelled.update(self.ended(job.key, result))
        for child in self.running.values():
            if child.job.key in self.cancelled and not child.cancelled:
                child.cancelled = True
                _kill_group(child.pid)

    def _end_overdue(self) -> None:
        now = time.monotonic()
        for child in list(self.running.values()):
            if now < child.deadline:
                continue
            grace = child.job.command.interrupt_grace
            if grace > 0 and not child.timed_out:
                child.timed_out = True
                child.deadline = now + grace
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child.pid, signal.SIGINT)
            else:
                child.timed_out = True
                _kill_group(child.pid)
                self._reap(child)

    def _adapt_and_show(self) -> None:
        now = time.monotonic()
        if not self.width.fixed and self.waiting and now - self.load[0] >= _LOAD_TICK:
            _, idle_before, total_before = self.load
            idle, total = _processor_times()
            if self.load[0] and total > total_before:
                self.width = self.width.adapt((idle - idle_before) / (total - total_before), len(self.running))
            self.load = (now, idle, total)
        if self.progress is not None and now - self.shown_at >= _TICK:
            self.shown_at = now
            ages = tuple((child.job.key, now - child.started) for child in self.running.values())
            self.progress(Progress(running=ages, ended=len(self.results), total=len(self.jobs)))


def _spawn(job: Job) -> _Child:
    command = job.command
    program = shutil.which(command.argv[0], path=command.env.get("PATH", os.defpath))
    if program is None and "/" not in command.argv[0]:
        raise FileNotFoundError(errno.ENOENT, "not found on PATH", command.argv[0])
    mark = uuid.uuid4().hex
    out_read, out_write = os.pipe()
    err_read, err_write = os.pipe()
    try:
        os.set_blocking(out_read, False)
        os.set_blocking(err_read, False)
        with _folder(command.cwd):
            pid = os.posix_spawn(
                program or command.argv[0],
                command.argv,
                {**command.env, _MARK: mark},
                file_actions=[
                    (os.POSIX_SPAWN_OPEN, 0, str(command.stdin or os.devnull), os.O_RDONLY, 0),
                    (os.POSIX_SPAWN_DUP2, out_write, 1),
                    (os.POSIX_SPAWN_DUP2, err_write, 2),
                ],
                setsid=True,
                setsigmask=(),
                # Python ignores these two; a child that inherits that never ends on a closed pipe.
                setsigdef=(signal.SIGPIPE, signal.SIGXFSZ),
            )
    except BaseException:
        os.close(out_read)
        os.close(err_read)
        raise
    finally:
        os.close(out_write)
        os.close(err_write)
    started = time.monotonic()
    out, err = HeadTail(command.output_cap), HeadTail(command.output_cap)
    return _Child(
        job=job,
        pid=pid,
        exit_fd=_exit_fd(pid),
        mark=f"{_MARK}={mark}".encode(),
        started=started,
        out=out,
        err=err,
        fds={out_read: out, err_read: err},
        deadline=started + command.timeout if command.timeout is not None else float("inf"),
    )


@contextlib.contextmanager
def _folder(path: Path) -> Iterator[None]:
    # posix_spawn has no working folder of its own in Python; this process has one thread that starts things.
    here = os.open(".", os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.chdir(path)
        yield
    finally:
        os.fchdir(here)
        os.close(here)


def _result(child: _Child, status: int, duration: float, cpu: float) -> CommandResult:
    if child.timed_out:
        outcome = Outcome.TIMED_OUT
    elif child.cancelled:
        outcome = Outcome.CANCELLED
    else:
        outcome = Outcome.SIGNALLED if os.WIFSIGNALED(status) else Outcome.EXITED
    return CommandResult(
        command=child.job.command,
        outcome=outcome,
        exit_status=128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status),
        duration=duration,
        cpu=cpu,
        stdout=child.out.captured(),
        stderr=child.err.captured(),
    )


def _not_started(command: Command, error: OSError) -> CommandResult:
    reason = f"{error.filename or command.argv[0]}: {error.strerror}"
    return CommandResult(command=command, outcome=Outcome.NOT_STARTED, exit_status=None, duration=0.0, error=reason)


def _exit_fd(pid: int) -> int | None:
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:
        return None


def _has_exited(pid: int) -> bool:
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:
        return True


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGKILL)


def _become_subreaper() -> bool:
    if not _LINUX:
        return False
    return bool(ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0)


def _end_orphans(*, keep: Callable[[int], bool]) -> None:
    """Kill and reap our adopted descendants, and theirs as they come to us, until only those to keep are left."""
    deadline = time.monotonic() + _REAP_FOR
    while time.monotonic() < deadline:
        orphans = [pid for pid in _children() if not keep(pid)]
        if not orphans:
            return
        for pid in orphans:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        for pid in orphans:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, 0)


def _children() -> list[int]:
    if not _LINUX:
        return []
    children: list[int] = []
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):
            children += map(int, (task / "children").read_text().split())
    return children


def _processor_times() -> tuple[float, float]:
    """(idle, total) time of all processors in ticks of any length."""
    try:
        fields = [float(part) for part in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    except OSError:
        # Without /proc: the one-minute load, as if it had been measured since the last call.
        busy = min(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))
        now = time.monotonic()
        return now * (1.0 - busy), now
    return fields[3] + fields[4], sum(fields)
