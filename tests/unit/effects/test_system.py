"""The door to processes, with real ones: every ending, every way to stay behind, every way not to start."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from dark_factory.core.command import Command, CommandResult, Outcome
from dark_factory.core.ports import Job, Progress
from dark_factory.effects.system import Processes, SystemClock

PATH = os.environ["PATH"]
# Longer than any of these commands takes; it only turns a hang into a failure.
SAFETY = 60.0

needs_proc = pytest.mark.skipif(
    sys.platform != "linux", reason="processes that left their group are found and ended on Linux only, through /proc"
)
needs_setsid = pytest.mark.skipif(shutil.which("setsid") is None, reason="needs setsid(1) to make daemons")


@pytest.fixture(scope="module")
def processes() -> Processes:
    return Processes()


class Sleepers:
    """A program that sleeps for ever under a name that nobody else has, and who runs it now."""

    def __init__(self) -> None:
        self.name = f"86400.{uuid.uuid4().int % 10**12:012d}"
        self.argv = ("sleep", self.name)

    def left(self) -> list[int]:
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdigit() and int(folder.name) != os.getpid():
                try:
                    argv = (folder / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if self.name.encode() in argv or any(self.name.encode() in word for word in argv):
                    found.append(int(folder.name))
        return found


@pytest.fixture
def sleepers() -> Iterator[Sleepers]:
    sleepers = Sleepers()
    yield sleepers
    if sys.platform == "linux":
        for pid in sleepers.left():
            os.kill(pid, signal.SIGKILL)


def a_command(
    *argv: str,
    cwd: Path | str = "/",
    env: dict[str, str] | None = None,
    timeout: float | None = SAFETY,
    stdin: Path | None = None,
    interrupt_grace: float = 0.0,
    output_cap: int = 1 << 20,
) -> Command:
    return Command(
        argv=argv,
        cwd=Path(cwd),
        env={"PATH": PATH} if env is None else env,
        timeout=timeout,
        stdin=stdin,
        interrupt_grace=interrupt_grace,
        output_cap=output_cap,
    )


def shell(script: str, cwd: Path | str = "/", *, timeout: float | None = SAFETY) -> Command:
    return a_command("sh", "-c", script, cwd=cwd, timeout=timeout)


def out(result: CommandResult) -> bytes:
    assert result.stdout.cut == 0
    return result.stdout.head


# How commands end


def test_every_exit_status_is_told(processes: Processes) -> None:
    results = processes.run_all([Job(key=str(n), command=shell(f"exit {n}")) for n in range(256)], at_once=8)
    assert {key: result.exit_status for key, result in results.items()} == {str(n): n for n in range(256)}
    assert {result.outcome for result in results.values()} == {Outcome.EXITED}
    assert [key for key, result in results.items() if result.passed] == ["0"]


@pytest.mark.parametrize("name", ["KILL", "TERM", "SEGV", "INT", "ABRT"])
def test_a_signal_is_told_as_a_shell_would(processes: Processes, name: str) -> None:
    result = processes.run(shell(f"ulimit -c 0; kill -{name} $$"))
    assert result.outcome is Outcome.SIGNALLED
    assert result.exit_status == 128 + signal.Signals[f"SIG{name}"]
    assert result.ending() == f"ended by SIG{name}"
    assert not result.passed


def test_a_writer_ends_with_its_reader(processes: Processes) -> None:
    # Python ignores SIGPIPE; a child that inherited that would write for ever.
    assert out(processes.run(shell("yes | head -n 1"))) == b"y\n"


def test_signals_that_we_ignore_are_not_ignored_by_children(processes: Processes) -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        result = processes.run(shell("kill -INT $$; exit 0"))
    finally:
        signal.signal(signal.SIGINT, before)
    assert result.outcome is Outcome.SIGNALLED


def test_exit_statuses_are_told_by_a_process_that_was_started_to_ignore_its_children() -> None:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert Processes().run(shell("exit 7")).exit_status == 7
    finally:
        signal.signal(signal.SIGCHLD, before)


def test_time_and_processor_time_are_measured(processes: Processes) -> None:
    busy = processes.run(shell("i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done"))
    assert busy.cpu > 0
    assert 0 < busy.duration < SAFETY
    clock = SystemClock()
    assert clock.monotonic() <= clock.monotonic()
    assert clock.now() > 1_700_000_000


# What a command is given


def test_standard_input_is_empty(processes: Processes) -> None:
    result = processes.run(a_command("cat"))
    assert (result.exit_status, out(result)) == (0, b"")


def test_standard_input_is_the_given_file(processes: Processes, tmp_path: Path) -> None:
    (tmp_path / "in put").write_bytes(b"\xff\0" * 100_000)
    assert out(processes.run(a_command("cat", stdin=tmp_path / "in put"))) == b"\xff\0" * 100_000


def test_it_starts_in_its_folder_and_we_stay_in_ours(processes: Processes, tmp_path: Path) -> None:
    here = Path.cwd()
    assert os.fsdecode(out(processes.run(a_command("pwd", cwd=tmp_path)))).strip() == str(tmp_path.resolve())
    assert Path.cwd() == here


def test_the_environment_is_the_given_one_and_our_mark(processes: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FACTORY_TEST_SECRET", "not for children")
    given = {"PATH": PATH, "ODD": "a\nb=c d\u00e9", "EMPTY": ""}
    words = out(processes.run(a_command(shutil.which("env") or "env", "-0", env=given))).decode().split("\0")
    found = dict(word.split("=", 1) for word in words if word)
    assert found.pop("FACTORY_PROCESS")
    assert found == given


def test_files_that_we_inherited_are_not_passed_on(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("holdout")
    with secret.open() as file:
        os.dup2(file.fileno(), 77, inheritable=True)
    try:
        result = Processes().run(a_command("bash", "-c", "cat <&77"))
    finally:
        os.close(77)
    assert not result.passed
    assert out(result) == b""


def a_program(path: Path, text: str, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_name_is_looked_up_on_the_commands_own_path(processes: Processes, tmp_path: Path) -> None:
    for name in ("one", "two"):
        a_program(tmp_path / name / "tool", f"#!/bin/sh\necho {name} $0\n")
    env = {"PATH": f"{tmp_path}/none:{tmp_path}/two:{tmp_path}/one:{PATH}"}
    assert out(processes.run(a_command("tool", env=env))) == f"two {tmp_path}/two/tool\n".encode()
    assert processes.run(a_command("tool")).outcome is Outcome.NOT_STARTED


def test_relative_folders_of_the_path_and_relative_programs_are_those_of_its_folder(
    processes: Processes, tmp_path: Path
) -> None:
    a_program(tmp_path / "bin/tool", "#!/bin/sh\necho here\n")
    assert out(processes.run(a_command("tool", cwd=tmp_path, env={"PATH": "bin"}))) == b"here\n"
    assert out(processes.run(a_command("bin/tool", cwd=tmp_path, env={}))) == b"here\n"
    assert processes.run(a_command("bin/tool", env={})).outcome is Outcome.NOT_STARTED


def test_without_a_path_the_systems_own_is_used_and_an_empty_one_is_empty(processes: Processes) -> None:
    assert processes.run(a_command("sh", "-c", "exit 0", env={})).passed
    assert processes.run(a_command("sh", "-c", "exit 0", env={"PATH": ""})).outcome is Outcome.NOT_STARTED


# Commands that can't be started


def unstartable(folder: Path) -> dict[str, tuple[Command, str]]:
    """Each with a part of the reason that it must be given."""
    plain = a_program(folder / "plain", "#!/bin/sh\n", 0o644)
    orphan = a_program(folder / "orphan", "#!/no/such/interpreter\n")
    garbage = folder / "garbage"
    garbage.write_bytes(b"\x7fELF not really")
    garbage.chmod(0o755)
    return {
        "unknown name": (a_command("no-such-tool"), "no-such-tool: not found on PATH"),
        "missing program": (a_command("/no/such/tool"), "/no/such/tool: No such file"),
        "not executable": (a_command(str(plain)), f"{plain}: Permission denied"),
        "a folder": (a_command(str(folder)), f"{folder}: Permission denied"),
        "not a program": (a_command(str(garbage)), f"{garbage}: Exec format error"),
        "missing interpreter": (a_command(str(orphan)), f"{orphan}: the interpreter"),
        "missing cwd": (a_command("true", cwd=folder / "gone"), f"{folder / 'gone'}: No such file"),
        "cwd is a file": (a_command("true", cwd=plain), f"{plain}: Not a directory"),
        "missing stdin": (a_command("cat", stdin=folder / "gone"), f"{folder / 'gone'}: No such file"),
        "nul in argv": (a_command("echo", "a\0b"), "echo: embedded null"),
        "nul in env": (a_command("true", env={"PATH": PATH, "A": "\0"}), "true: embedded null"),
        "bad variable": (a_command("true", env={"PATH": PATH, "A=B": "c"}), "true: illegal environment"),
        "nul in cwd": (a_command("true", cwd="/a\0b"), "embedded null"),
        "empty argv": (a_command(), "the command line is empty"),
        "empty name": (a_command(""), "not found on PATH"),
        "too long": (a_command("true", "x" * (8 << 20)), "Argument list too long"),
    }


def test_what_cannot_be_started_is_a_result_that_says_why(processes: Processes, tmp_path: Path) -> None:
    cases = unstartable(tmp_path)
    here = Path.cwd()
    jobs = [Job(key=key, command=command) for key, (command, _) in cases.items()]
    results = processes.run_all([*jobs, Job(key="fine", command=shell("echo fine"))], at_once=1)
    assert out(results.pop("fine")) == b"fine\n"
    for key, result in results.items():
        assert result.outcome is Outcome.NOT_STARTED, key
        assert result.exit_status is None, key
        assert cases[key][1] in result.error, (key, result.error)
        assert result.ending() == f"could not be started: {result.error}"
    assert Path.cwd() == here


# Output


def test_of_much_output_head_and_tail_are_kept_and_the_cut_is_exact(processes: Processes) -> None:
    written = "".join(f"{n}\n" for n in range(50_000)).encode()
    script = "import sys; sys.stdout.write(''.join(f'{n}\\n' for n in range(50_000))); sys.stderr.write('e' * 5000)"
    result = processes.run(a_command(sys.executable, "-c", script, output_cap=10_000))
    kept = result.stdout
    assert (kept.size, kept.cut) == (len(written), len(written) - 10_000)
    assert (kept.head, kept.tail) == (written[:5000], written[-5000:])
    assert f"[... {kept.cut:,} bytes cut ...]" in kept.text()
    assert (result.stderr.head, result.stderr.cut) == (b"e" * 5000, 0)


def test_fifty_megabytes_of_output_are_counted(processes: Processes) -> None:
    result = processes.run(a_command("head", "-c", "50000000", "/dev/zero"))
    assert result.passed
    assert result.stdout.size == 50_000_000
    assert len(result.stdout.head) + len(result.stdout.tail) == 1 << 20


def test_output_that_is_not_text_is_kept_as_it_is(processes: Processes) -> None:
    result = processes.run(shell("printf '\\377\\376ok\\000'"))
    assert out(result) == b"\xff\xfeok\0"
    assert result.stdout.text() == "\ufffd\ufffdok\0"


def test_the_last_words_before_the_exit_are_kept(processes: Processes) -> None:
    # More than one read takes, all of it still in the pipe when the process is gone.
    results = processes.run_all(
        [Job(key=str(n), command=shell("head -c 65536 /dev/zero; kill -KILL $$")) for n in range(20)], at_once=4
    )
    assert [result.stdout.size for result in results.values()] == [65536] * 20


# Nothing stays behind


def descendants(sleepers: Sleepers, folder: Path, ending: str) -> str:
    """A script that starts one descendant of each sort, waits until each is up, and goes on with `ending`."""
    announce = "echo up > up; exec sleep " + sleepers.name
    stubborn = f"trap '' TERM INT HUP QUIT; echo up > up; while :; do sleep {sleepers.name}; done"
    path = shutil.which("env") or "env"
    return "\n".join(
        [
            f"cd '{folder}'; mkfifo up",
            f"sh -c '{announce}' & read line < up",
            f"sh -c \"sh -c '{announce}' & wait\" & read line < up",
            f"setsid sh -c '{announce}' & read line < up",
            f"(setsid sh -c \"(setsid sh -c '{announce}' &)\" &); read line < up",
            f"(setsid {path} -i \"$(command -v sh)\" -c 'PATH={PATH}; {announce}' > /dev/null 2>&1 &); read line < up",
            f'setsid sh -c "{stubborn}" & read line < up',
            f'sh -c "{stubborn}" & read line < up',
            "touch ready; echo ready",
            ending,
        ]
    )


@needs_proc
@needs_setsid
@pytest.mark.parametrize(
    ("ending", "timeout", "outcome", "exit_status"),
    [
        ("exit 3", SAFETY, Outcome.EXITED, 3),
        ("kill -KILL $$", SAFETY, Outcome.SIGNALLED, 137),
        ("exec sleep {}", 2.0, Outcome.TIMED_OUT, 137),
        ("trap '' TERM INT; while :; do sleep {}; done", 2.0, Outcome.TIMED_OUT, 137),
    ],
)
def test_no_descendant_survives(
    *,
    processes: Processes,
    sleepers: Sleepers,
    tmp_path: Path,
    ending: str,
    timeout: float,
    outcome: Outcome,
    exit_status: int,
) -> None:
    script = descendants(sleepers, tmp_path, ending.format(sleepers.name))
    result = processes.run(shell(script, timeout=timeout))
    assert (tmp_path / "ready").exists(), result.stderr.text()
    assert sleepers.left() == []
    assert (result.outcome, result.exit_status, out(result)) == (outcome, exit_status, b"ready\n")


@needs_proc
@needs_setsid
def test_a_finished_job_leaves_nothing_while_others_run(
    processes: Processes, sleepers: Sleepers, tmp_path: Path
) -> None:
    daemon = f"(setsid sh -c 'echo up > up; exec sleep {sleepers.name}' &); read line < up"
    other = Sleepers()
    left: list[int] = []

    def ended(key: str, _result: CommandResult) -> Sequence[str]:
        if key == "daemon":
            left.extend(sleepers.left())
            os.kill(int((tmp_path / "daemon").read_text()), 0)  # The running job's own daemon is left alone.
        return ["waits"]

    os.mkfifo(tmp_path / "go")
    os.mkfifo(tmp_path / "up")
    os.mkfifo(tmp_path / "up2")
    own = f"(setsid sh -c 'echo $$ > daemon; echo up > up2; exec sleep {other.name}' &); read line < up2; echo > go"
    jobs = [
        Job(key="waits", command=shell(f"{own}; exec sleep {other.name}", tmp_path)),
        Job(key="daemon", command=shell(f"read line < go; {daemon}; exit 0", tmp_path)),
    ]
    results = processes.run_all(jobs, at_once=2, ended=ended)
    assert left == []
    assert (sleepers.left(), other.left()) == ([], [])
    assert results["daemon"].passed
    assert results["waits"].outcome is Outcome.CANCELLED


def test_a_background_child_that_holds_the_output_changes_nothing(processes: Processes, sleepers: Sleepers) -> None:
    result = processes.run(shell(f"sleep {sleepers.name} & echo hi"))
    assert (result.outcome, result.exit_status, out(result)) == (Outcome.EXITED, 0, b"hi\n")
    if sys.platform == "linux":
        assert sleepers.left() == []


def test_a_background_child_that_floods_the_output_changes_nothing(processes: Processes) -> None:
    result = processes.run(shell("echo first; yes & exit 4"))
    assert (result.outcome, result.exit_status) == (Outcome.EXITED, 4)
    assert result.stdout.head.startswith((b"first\n", b"y\n"))


def test_an_interrupt_comes_first_and_may_be_answered(processes: Processes) -> None:
    script = "trap 'echo sorry; exit 7' INT; while :; do sleep 0.02; done"
    command = a_command("sh", "-c", script, timeout=1.0, interrupt_grace=SAFETY)
    result = processes.run(command)
    assert (result.outcome, result.exit_status, out(result)) == (Outcome.TIMED_OUT, 7, b"sorry\n")
    assert result.ending() == "timed out after 1 s"
    assert not result.passed


@needs_proc
def test_who_ignores_the_interrupt_is_ended(processes: Processes, sleepers: Sleepers) -> None:
    script = f"trap '' INT; sleep {sleepers.name} & wait"
    result = processes.run(a_command("sh", "-c", script, timeout=0.5, interrupt_grace=0.2))
    assert (result.outcome, result.exit_status) == (Outcome.TIMED_OUT, 137)
    assert sleepers.left() == []


def test_without_grace_there_is_no_interrupt(processes: Processes) -> None:
    result = processes.run(shell("trap 'echo sorry' INT; while :; do sleep 0.02; done", timeout=0.5))
    assert (result.outcome, result.exit_status, out(result)) == (Outcome.TIMED_OUT, 137, b"")


class FailedError(Exception):
    """Something of the caller's own went wrong."""


@needs_proc
@needs_setsid
@pytest.mark.parametrize("error", [KeyboardInterrupt, FailedError])
def test_an_exception_in_progress_leaves_nothing(
    processes: Processes, sleepers: Sleepers, tmp_path: Path, error: type[BaseException]
) -> None:
    def progress(_progress: Progress) -> None:
        if (tmp_path / "ready").exists():
            raise error

    jobs = [
        Job(key="many", command=shell(descendants(sleepers, tmp_path, "wait"))),
        Job(key="one", command=a_command(*sleepers.argv)),
        Job(key="waiting", command=a_command(*sleepers.argv)),
    ]
    before = open_files()
    with pytest.raises(error):
        processes.run_all(jobs, at_once=2, progress=progress)
    assert sleepers.left() == []
    assert open_files() == before


@needs_proc
def test_exceptions_of_ended_leave_nothing(processes: Processes, sleepers: Sleepers) -> None:
    calls = []

    def ended(key: str, _result: CommandResult) -> Sequence[str]:
        calls.append(key)
        raise FailedError

    jobs = [Job(key=str(n), command=a_command(*sleepers.argv)) for n in range(4)]
    before = open_files()
    with pytest.raises(FailedError):
        processes.run_all([*jobs, Job(key="quick", command=shell("exit 0"))], at_once=5, ended=ended)
    assert calls == ["quick"]
    assert sleepers.left() == []
    assert open_files() == before


@needs_proc
def test_ctrl_c_twice_leaves_nothing(sleepers: Sleepers, tmp_path: Path) -> None:
    """A real process that is interrupted as a terminal would do it, by somebody impatient."""
    script = tmp_path / "impatient.py"
    script.write_text(
        f"""
import os, signal
from pathlib import Path
from dark_factory.core.command import Command
from dark_factory.core.ports import Job
from dark_factory.effects.system import Processes
def interrupt(progress):
    if len(progress.running) == 8:
        for _ in range(20):
            os.kill(os.getpid(), signal.SIGINT)
command = Command(argv={sleepers.argv!r}, cwd=Path("/"), env={{"PATH": {PATH!r}}})
try:
    Processes().run_all([Job(key=str(n), command=command) for n in range(8)], at_once=8, progress=interrupt)
except KeyboardInterrupt:
    print("interrupted")
"""
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    ended = subprocess.run(
        [sys.executable, str(script)], env=env, capture_output=True, text=True, timeout=SAFETY, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "interrupted\n"), ended.stderr
    assert sleepers.left() == []


@needs_proc
def test_descendants_that_end_by_themselves_do_not_pile_up(processes: Processes, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    script = "i=0; while [ $i -lt 30 ]; do (true &); i=$((i+1)); done; touch made; read line < go; echo released"
    seen: list[int] = []
    strangers = zombies()

    def progress(_progress: Progress) -> None:
        if (tmp_path / "made").exists():
            seen.append(len(zombies() - strangers))
            if seen[-1] == 0:
                with (tmp_path / "go").open("w") as go:
                    go.write("\n")

    result = processes.run_all([Job(key="", command=shell(script, tmp_path, timeout=20))], at_once=1, progress=progress)
    assert out(result[""]) == b"released\n", seen


def zombies() -> set[int]:
    """The children of this process that ended and were not waited for; other tests may have left some."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        for pid in map(int, (task / "children").read_text().split()):
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                found.add(pid)
    return found


# Strangers: processes that this one started by other means


def test_strangers_are_left_alone(processes: Processes, sleepers: Sleepers) -> None:
    strangers = [
        subprocess.Popen(sleepers.argv),
        subprocess.Popen(sleepers.argv, start_new_session=True),
    ]

    def ended(_key: str, _result: CommandResult) -> Sequence[str]:
        strangers.append(subprocess.Popen(sleepers.argv))
        return ()

    try:
        jobs = [Job(key=str(n), command=shell(f"sleep {sleepers.name} & exit 0")) for n in range(3)]
        processes.run_all(jobs, at_once=1, ended=ended)
        assert [stranger.poll() for stranger in strangers] == [None] * 5
        if sys.platform == "linux":
            assert set(sleepers.left()) <= {stranger.pid for stranger in strangers}
    finally:
        for stranger in strangers:
            stranger.kill()
            stranger.wait()


def test_the_exit_status_of_a_stranger_is_not_taken(processes: Processes) -> None:
    stranger = subprocess.Popen(["sh", "-c", "exit 5"])
    os.waitid(os.P_PID, stranger.pid, os.WEXITED | os.WNOWAIT)
    processes.run_all([Job(key=str(n), command=shell("(true &)")) for n in range(3)], at_once=1)
    assert stranger.wait() == 5


# Many at once


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_no_file_stays_open(processes: Processes, tmp_path: Path) -> None:
    missing = [command for command, _ in unstartable(tmp_path).values()]
    jobs = [Job(key=f"fine {n}", command=shell("echo hi")) for n in range(200)]
    jobs += [Job(key=f"unstartable {n}", command=command) for n, command in enumerate(missing)]
    before = open_files()
    results = processes.run_all(jobs, at_once=8)
    assert open_files() == before
    assert sum(result.passed for result in results.values()) == 200


def test_results_are_in_the_order_of_the_jobs(processes: Processes) -> None:
    jobs = [Job(key=str(n), command=shell(f"echo {n}"), weight=n % 7) for n in range(100)]
    results = processes.run_all(jobs, at_once=None)
    assert list(results) == [job.key for job in jobs]
    assert all(out(results[str(n)]) == f"{n}\n".encode() for n in range(100))
    assert processes.run_all([], at_once=None) == {}


def test_one_at_a_time_is_longest_first(processes: Processes, tmp_path: Path) -> None:
    weights = {"a": 1.0, "b": 5.0, "c": 3.0, "d": 5.0, "e": 0.0}
    jobs = [
        Job(key=key, command=shell(f"echo +{key} >> log; echo -{key} >> log", tmp_path), weight=weight)
        for key, weight in weights.items()
    ]
    processes.run_all(jobs, at_once=1)
    assert (tmp_path / "log").read_text().split() == ["+b", "-b", "+d", "-d", "+c", "-c", "+a", "-a", "+e", "-e"]


def test_as_many_run_at_once_as_asked(processes: Processes, tmp_path: Path) -> None:
    """Three that each wait for the next one's word end only when they run together."""
    for n in range(3):
        os.mkfifo(tmp_path / f"pipe{n}")
    jobs = [
        Job(key=str(n), command=shell(f"echo hi > pipe{n} & cat pipe{(n + 1) % 3}; wait", tmp_path)) for n in range(3)
    ]
    results = processes.run_all(jobs, at_once=3)
    assert [out(result) for result in results.values()] == [b"hi\n"] * 3


def most_at_once(log: Path) -> int:
    running = most = 0
    for word in log.read_text().split():
        running += 1 if word.startswith("+") else -1
        most = max(most, running)
    return most


@pytest.mark.parametrize(
    ("at_once", "resources", "capacities", "most"),
    [
        (2, (), {}, 2),
        (8, (("port", 1),), {}, 1),
        (8, (("port", 1),), {"port": 3}, 3),
        (8, (("gpu", 2), ("port", 1)), {"gpu": 5, "port": 9}, 2),
        (8, (("gpu", 4),), {"gpu": 2}, 1),
    ],
)
def test_no_more_run_at_once_than_there_is_room(
    *,
    processes: Processes,
    tmp_path: Path,
    at_once: int,
    resources: tuple[tuple[str, int], ...],
    capacities: dict[str, int],
    most: int,
) -> None:
    log = tmp_path / "log"
    # Between the two lines others get their turn to break the rule.
    script = "echo + >> log; i=0; while [ $i -lt 300 ]; do i=$((i+1)); done; sleep 0; echo - >> log"
    jobs = [Job(key=str(n), command=shell(script, tmp_path), resources=resources) for n in range(16)]
    results = processes.run_all(jobs, at_once=at_once, capacities=capacities)
    assert all(result.passed for result in results.values())
    assert log.read_text().split().count("+") == 16
    assert 1 <= most_at_once(log) <= most


def test_named_jobs_are_cancelled_whether_they_run_or_wait(
    processes: Processes, sleepers: Sleepers, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "up")
    ends: list[str] = []

    def ended(key: str, _result: CommandResult) -> Sequence[str]:
        ends.append(key)
        return ["running", "waiting", "no such job"] if key == "quick" else []

    jobs = [
        Job(key="running", command=shell(f"echo up > up; sleep {sleepers.name}; exit 0", tmp_path), weight=9),
        Job(key="quick", command=shell("cat up", tmp_path), weight=8),
        Job(key="waiting", command=shell("touch started", tmp_path), weight=7),
        Job(key="last", command=shell("exit 0")),
    ]
    results = processes.run_all(jobs, at_once=2, ended=ended)
    assert {key: result.outcome for key, result in results.items()} == {
        "running": Outcome.CANCELLED,
        "quick": Outcome.EXITED,
        "waiting": Outcome.CANCELLED,
        "last": Outcome.EXITED,
    }
    assert results["waiting"].exit_status is None
    assert results["running"].ending() == "cancelled"
    assert not (tmp_path / "started").exists()
    assert sorted(ends) == ["last", "quick", "running", "waiting"]
    if sys.platform == "linux":
        assert sleepers.left() == []


def test_progress_tells_who_runs_and_how_many_ended(processes: Processes, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "go")
    told: list[Progress] = []

    def progress(now: Progress) -> None:
        told.append(now)
        if len(told) == 3:
            (tmp_path / "go").write_text("go")

    jobs = [
        Job(key="long", command=shell("cat go", tmp_path), weight=2),
        Job(key="later", command=shell("exit 0"), weight=1),
    ]
    processes.run_all(jobs, at_once=1, progress=progress)
    assert all(now.total == 2 for now in told)
    assert [[key for key, _ in now.running] for now in told[:3]] == [["long"]] * 3
    ages = [now.running[0][1] for now in told[:3]]
    assert ages == sorted(ages)
    assert ages[0] >= 0
    assert told[0].ended == 0


@needs_proc
def test_a_batch_within_a_batch_leaves_the_outer_one_alone(
    processes: Processes, sleepers: Sleepers, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "up")
    alive: list[bool] = []

    def ended(key: str, _result: CommandResult) -> Sequence[str]:
        if key == "quick":
            assert Processes().run(shell("echo inner")).passed
            os.kill(int((tmp_path / "pid").read_text()), 0)
            alive.append(True)
        return ["long"]

    long = f"echo $$ > pid; echo up > up; sleep {sleepers.name}; exit 0"
    jobs = [
        Job(key="long", command=shell(long, tmp_path), weight=1),
        Job(key="quick", command=shell("cat up", tmp_path)),
    ]
    results = processes.run_all(jobs, at_once=2, ended=ended)
    assert alive == [True]
    assert results["long"].outcome is Outcome.CANCELLED
    assert sleepers.left() == []
