"""The Invoke namespace: reads the machine once, calls the factory, and is the only place that exits."""

from __future__ import annotations

import contextlib
import itertools
import json as json_module
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.tasks import task

if TYPE_CHECKING:
    from dark_factory.assembly import House
    from dark_factory.core.ports import Watcher

# Everything else is imported inside the tasks: `inv --list` and `inv factory.status` must not pay for the loop.


@task(
    help={
        "max-iterations": "agent calls at most, instead of loop.max_iterations",
        "threshold": "satisfaction to reach, 0 to 1, instead of loop.satisfaction_threshold",
        "resume": "go on with the newest run, or with --resume=RUN, instead of starting one",
        "allow-dirty": "take uncommitted changes into the base",
        "json": "print the final status as JSON; progress goes to stderr",
    },
    optional=["resume"],
)
def loop(
    _context: object,
    max_iterations: str | None = None,
    threshold: str | None = None,
    resume: str | bool | None = None,
    allow_dirty: bool = False,
    json: bool = False,
) -> None:
    """Run the loop: validate, tell the agent, call it, again, until satisfied or stalled."""
    options = _options(
        {
            "loop.max_iterations": (max_iterations, "--max-iterations"),
            "loop.satisfaction_threshold": (threshold, "--threshold"),
        }
    )
    with _handled():
        from dark_factory import runs
        from dark_factory.core.telling.status_view import snapshot

        with _house(options, quiet=json) as house:
            if resume:
                verdict, state = runs.resume(house, resume if isinstance(resume, str) else "")
            else:
                verdict, state = runs.start(house, allow_dirty=allow_dirty)
            merge = runs.how_to_merge(house, state)
        view = snapshot(state, plan=runs.plan_of(house.config))
        if json:
            sys.stdout.write(json_module.dumps(view, indent=2) + "\n")
        else:
            sys.stdout.write(f"\n{verdict.decision}: {verdict.reason}\nnext: {view['next']}\n")
            sys.stdout.write(f"merge: {merge}\n" if merge else "")
        _exit(verdict.exit_status)


@task(help={"json": "print it as JSON"})
def status(_context: object, json: bool = False) -> None:
    """Show the latest run: verdict, iteration, satisfaction, what fails, budget, next step."""
    from dark_factory import status as view

    _exit(view.show(view.folder(os.getcwd()), as_json=json))


@task
def local(_context: object) -> None:
    """Validate the checkout once, without an agent: gates, scenarios, feedback."""
    with _handled():
        from dark_factory import standalone

        with _house({}) as house:
            _exit(standalone.local(house, sys.stdout))


@task(
    help={
        "id": "only this scenario (may be repeated)",
        "category": "only this category (may be repeated)",
        "jobs": "how many at once, instead of scenarios.jobs",
        "timeout": "of a scenario that names none, such as 30s",
        "json": "print scenario_results.json; progress goes to stderr",
    },
    iterable=["id", "category"],
)
def scenarios(
    _context: object,
    id: list[str],  # noqa: A002 - the option's name
    category: list[str],
    jobs: str | None = None,
    timeout: str | None = None,
    json: bool = False,
) -> None:
    """Run the scenarios on the checkout as it is."""
    options = _options({"scenarios.jobs": (jobs, "--jobs"), "scenarios.timeout": (timeout, "--timeout")})
    with _handled():
        from dark_factory import standalone

        with _house(options, quiet=json) as house:
            _exit(standalone.scenarios(house, sys.stdout, ids=id, categories=category, as_json=json))


@task(
    help={
        "only": "only this gate (may be repeated)",
        "layer": "only gates of this layer, 1 or 2",
        "json": "print gate_results.json; progress goes to stderr",
    },
    iterable=["only"],
)
def gates(_context: object, only: list[str], layer: str | None = None, json: bool = False) -> None:
    """Run the gates on the checkout as it is; `nox -s gates` is the same."""
    _exit(_gates(Path.cwd(), only, layer, as_json=json))


@task
def feedback(_context: object) -> None:
    """Compile the feedback file of the latest results again."""
    with _handled():
        from dark_factory import standalone

        with _house({}) as house:
            _exit(standalone.feedback(house, sys.stdout))


@task
def check(_context: object) -> None:
    """Validate factory.toml and the scenarios without running anything."""
    with _handled():
        from dark_factory import standalone

        _exit(standalone.check(_root(), dict(os.environ), sys.stdout))


@task(help={"json": "print it as JSON"})
def config(_context: object, json: bool = False) -> None:
    """Show every setting with its value and the place it came from."""
    with _handled():
        from dark_factory.assembly import settings
        from dark_factory.core.factory_toml.show import config_json, config_rows
        from dark_factory.reports.tables import settings_table

        found = settings(_root(), dict(os.environ), {})
        if json:
            sys.stdout.write(json_module.dumps(config_json(found), indent=2) + "\n")
        else:
            settings_table(config_rows(found), sys.stdout)


@task(help={"folder": "where to put it; a new folder, `factory-demo` when not given"})
def demo(_context: object, folder: str = "factory-demo") -> None:
    """Watch a loop converge on a small real program; the agent is a recording, so no key is needed."""
    with _handled():
        from dark_factory.demo import demo as run_demo

        _exit(run_demo(Path(folder), dict(os.environ), _watcher(quiet=False), sys.stdout))


factory = Collection("factory", loop, status, local, scenarios, gates, feedback, check, config, demo)
"""Put this into a repository's own namespace: `namespace = Collection(factory)`."""


def gates_of(root: Path) -> list[tuple[str, int]]:
    """The gates of a repository with their layers, for the noxfile; none when factory.toml can't be read.

    What is wrong with it is told by the session `gates`.
    """
    from dark_factory.assembly import settings
    from dark_factory.core.errors import FactoryError

    try:
        return [(gate.name, int(gate.layer)) for gate in settings(root, dict(os.environ), {}).gates]
    except FactoryError:
        return []


def run_gates_for(arguments: Sequence[str], root: Path) -> int:
    """The gates task for a Nox session: `--only NAME` (may be repeated) and `--layer N`; returns the exit status."""
    pairs = list(itertools.pairwise(arguments))
    only = [value for flag, value in pairs if flag == "--only"]
    layer = next((value for flag, value in pairs if flag == "--layer"), None)
    try:
        return _gates(root, only, layer, as_json=False)
    except Exit as error:
        return error.code


def _gates(root: Path, only: list[str], layer: str | None, *, as_json: bool) -> int:
    with _handled():
        from dark_factory import standalone
        from dark_factory.core.errors import InputError

        if layer not in (None, "1", "2"):
            raise InputError(f"--layer {layer}: there are the layers 1 and 2")
        with _house({}, quiet=as_json, root=root) as house:
            number = int(layer) if layer else None
            return standalone.gates(house, sys.stdout, only=only, layer=number, as_json=as_json)


def _root(start: Path | None = None) -> Path:
    """The nearest folder upwards with a factory.toml; the working folder when there is none."""
    here = (start or Path.cwd()).absolute()
    return next((folder for folder in (here, *here.parents) if (folder / "factory.toml").is_file()), here)


@contextlib.contextmanager
def _house(options: dict[str, Any], *, quiet: bool = False, root: Path | None = None) -> Iterator[House]:
    from dark_factory.assembly import House

    watcher = _watcher(quiet=quiet)
    try:
        yield House.open(_root(root), dict(os.environ), options, watcher)
    finally:
        watcher.close()


def _watcher(*, quiet: bool) -> Watcher:
    out = sys.stderr if quiet else sys.stdout
    if (
        out.isatty()
        and not os.environ.get("NO_COLOR")
        and os.environ.get("TERM") != "dumb"
        and not os.environ.get("CI")
    ):
        from dark_factory.reports.live import Live

        return Live(out)
    from dark_factory.reports.plain import Plain

    return Plain(out)


@contextlib.contextmanager
def _handled() -> Iterator[None]:
    """Where expected failures and bugs part ways: the former are told, the latter keep their traceback."""
    from dark_factory.core.errors import ExitStatus, FactoryError

    # A runner that is reclaimed or a terminal that is closed stops a run as Ctrl-C does: cleanly, to be resumed.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        yield
    except FactoryError as error:
        sys.stdout.flush()
        sys.stderr.write(f"{error}\n")
        raise Exit(code=int(error.status)) from None
    except BrokenPipeError:
        # Whoever read our output has left; there is nobody to tell anything.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise Exit(code=int(ExitStatus.INFRASTRUCTURE)) from None
    except OSError as error:
        sys.stderr.write(f"{error.filename or 'the machine'}: {error.strerror or error}\n")
        sys.stderr.write("  what to do: make room or mend permissions there, then try again\n")
        raise Exit(code=int(ExitStatus.INFRASTRUCTURE)) from None
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        raise Exit(code=int(ExitStatus.INTERRUPTED)) from None


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _options(given: dict[str, tuple[str | None, str]]) -> dict[str, Any]:
    return {key: (value, name) for key, (value, name) in given.items() if value is not None}


def _exit(status: int) -> None:
    if status != 0:
        raise Exit(code=int(status))
