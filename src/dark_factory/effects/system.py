"""The door to processes and time: the only module that starts anything."""

from __future__ import annotations

import contextlib
import errno
import os
import selectors
import shutil
import signal
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dark_factory.core.capture import HeadTail
from dark_factory.core.command import Command, CommandResult, Outcome
from dark_factory.core.ports import Job, Progress
from dark_factory.core.schedule import Width, longest_first, next_job
from dark_factory.effects.descendants import (
    MARK,
    STOPPING,
    become_subreaper,
    belongs,
    children,
    collect,
    end_orphans,
    exit_fd,
    has_exited,
    in_our_session,
    kill_group,
    undisturbed,
)

_TICK = 0.1
_LOAD_TICK = 0.02
_READ = 1 << 16
# A child that inherits that these are ignored, as Python does with two, would never end by them.
_DEFAULT_IN_CHILD = (*STOPPING, signal.SIGQUIT, signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD)


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
    too; on macOS only the process group is. Children that the caller starts otherwise are left alone, unless they are
    started during a batch and lead a session of their own. One thread may use this.
    """

    def __init__(self) -> None:
        become_subreaper()
        _keep_files_to_ourselves()
        if signal.getsignal(signal.SIGCHLD) is signal.SIG_IGN:
            # Inherited from whoever started us; the kernel would then throw exit statuses away.
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)

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
    strangers: frozenset[int] = field(default_factory=lambda: frozenset(children()))
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
        # Nobody is told any more: it may be `ended` that raised, and it would again.
        self.ended = None
        with undisturbed():
            for child in self.running.values():
                kill_group(child.pid)
            for child in list(self.running.values()):
                self._bury(child)
            end_orphans(keep=self._is_a_strangers)
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
                with undisturbed():
                    self._start(job)
            except (OSError, ValueError) as error:
                self._finish(job, _not_started(job.command, error))

    def _start(self, job: Job) -> None:
        child = _spawn(job)
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
            if has_exited(child.pid):
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
        with undisturbed():
            result = self._bury(child)
        self._finish(child.job, result)

    def _bury(self, child: _Child) -> CommandResult:
        # The zombie still holds its number, so this cannot hit a stranger's group.
        kill_group(child.pid)
        status, cpu = collect(child.pid)
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
        end_orphans(keep=self._is_needed)
        return _result(child, status, duration, cpu)

    def _bury_adopted(self) -> None:
        """Let go of descendants that ended by themselves: a long job may orphan more than there are numbers."""
        for pid in children():
            if pid not in self.running and not self._is_a_strangers(pid):
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)

    def _is_a_strangers(self, pid: int) -> bool:
        return pid in self.strangers or in_our_session(pid)

    def _is_needed(self, pid: int) -> bool:
        return self._is_a_strangers(pid) or belongs(pid, {child.pid: child.mark for child in self.running.values()})

    def _finish(self, job: Job, result: CommandResult) -> None:
        self.results[job.key] = result
        if self.ended is None:
            return
        self.cancelled.update(self.ended(job.key, result))
        for child in self.running.values():
            if child.job.key in self.cancelled and not child.cancelled:
                child.cancelled = True
                kill_group(child.pid)

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
                kill_group(child.pid)
                self._reap(child)

    def _adapt_and_show(self) -> None:
        now = time.monotonic()
        if not self.width.fixed and self.waiting and now - self.load[0] >= _LOAD_TICK:
            _, idle_before, total_before = self.load
            idle, total = _processor_times()
            if self.load[0] and total > total_before:
                self.width = self.width.adapt((idle - idle_before) / (total - total_before), len(self.running))
            self.load = (now, idle, total)
        if now - self.shown_at < _TICK:
            return
        self.shown_at = now
        self._bury_adopted()
        if self.progress is not None:
            ages = tuple((child.job.key, now - child.started) for child in self.running.values())
            self.progress(Progress(running=ages, ended=len(self.results), total=len(self.jobs)))


def _spawn(job: Job) -> _Child:
    command = job.command
    mark = uuid.uuid4().hex
    with contextlib.ExitStack() as opened, _folder(command.cwd):
        out_read, out_write = _pipe(opened)
        err_read, err_write = _pipe(opened)
        stdin = os.open(command.stdin or os.devnull, os.O_RDONLY)
        opened.callback(os.close, stdin)
        pid = _start_program(
            command,
            {**command.env, MARK: mark},
            [(os.POSIX_SPAWN_DUP2, fd, number) for number, fd in enumerate((stdin, out_write, err_write))],
        )
        out_read, err_read = os.dup(out_read), os.dup(err_read)
    started = time.monotonic()
    out, err = HeadTail(command.output_cap), HeadTail(command.output_cap)
    return _Child(
        job=job,
        pid=pid,
        exit_fd=exit_fd(pid),
        mark=f"{MARK}={mark}".encode(),
        started=started,
        out=out,
        err=err,
        fds={out_read: out, err_read: err},
        deadline=started + command.timeout if command.timeout is not None else float("inf"),
    )


def _pipe(opened: contextlib.ExitStack) -> tuple[int, int]:
    ends = os.pipe()
    for fd in ends:
        opened.callback(os.close, fd)
    os.set_blocking(ends[0], False)
    return ends


def _start_program(command: Command, env: Mapping[str, str], files: Sequence[tuple[int, int, int]]) -> int:
    if not command.argv:
        raise ValueError("the command line is empty")
    found = shutil.which(command.argv[0], path=command.env.get("PATH", os.defpath))
    if found is None and "/" not in command.argv[0]:
        raise FileNotFoundError(errno.ENOENT, "not found on PATH", command.argv[0])
    try:
        return os.posix_spawn(
            found or command.argv[0],
            command.argv,
            env,
            file_actions=files,
            setsid=True,
            setsigmask=(),
            setsigdef=_DEFAULT_IN_CHILD,
        )
    except FileNotFoundError as error:
        if found is None:
            raise
        raise FileNotFoundError(errno.ENOENT, "the interpreter that its first line names is missing", found) from error


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


def _not_started(command: Command, error: OSError | ValueError) -> CommandResult:
    program = command.argv[0] if command.argv else "?"
    why = error.strerror if isinstance(error, OSError) else str(error)
    place = error.filename if isinstance(error, OSError) else None
    return CommandResult(
        command=command, outcome=Outcome.NOT_STARTED, exit_status=None, duration=0.0, error=f"{place or program}: {why}"
    )


def _keep_files_to_ourselves() -> None:
    """What whoever started us left open is not for those whom we start."""
    for path in Path("/dev/fd").iterdir():
        if int(path.name) > 2:
            with contextlib.suppress(OSError):
                os.set_inheritable(int(path.name), False)


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
