"""The rules of factory.toml that a schema can't say: kinds that exist, keys that need each other, paths, names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

from dark_factory.core.checking.problems import Keys, did_you_mean, nearest, shown
from dark_factory.core.factory_toml.paths import branch_fault, is_inside, path_fault
from dark_factory.core.factory_toml.sources import Settings
from dark_factory.core.schema import Problem
from dark_factory.core.units import parse_duration, parse_size

Kinds = Mapping[str, tuple[str, ...]]

_READS_ANOTHER = "coverage"
_IS_READ = "pytest"
_PATHS = (
    ("project", "specs"),
    ("project", "artifacts"),
    ("environment", "files"),
    ("environment", "pythonpath"),
    ("scenarios", "holdout"),
    ("agent", "patches"),
    ("agent", "prompt"),
)
_UNITS: Mapping[tuple[str, ...], Callable[[str], float]] = {
    ("loop", "max_duration"): parse_duration,
    ("environment", "setup_timeout"): parse_duration,
    ("scenarios", "timeout"): parse_duration,
    ("agent", "timeout"): parse_duration,
    ("feedback", "max_size"): parse_size,
}


def broken_rules(settings: Settings, kinds: Kinds, *, told: Collection[str]) -> tuple[Problem, ...]:
    """All problems beside those of the schema; a value of the wrong type is passed over, it is told already.

    kinds: the names on the shelves `gates`, `agents`, `workspaces` and `sandboxes`.
    told: the pointers of the values that the schema has a problem with.
    """
    return (
        *_kinds(settings, kinds),
        *(problem for name in settings.table("gates") for problem in _gate(settings, name, kinds)),
        *_agent(settings),
        *_paths(settings),
        *_holdout(settings),
        *_branch(settings),
        *(problem for problem in _units(settings) if problem.pointer not in told),
        *_commands(settings),
        *_unusable_text(settings, settings.document, ()),
    )


def _kinds(settings: Settings, kinds: Kinds) -> Iterator[Problem]:
    asked: list[tuple[tuple[str, ...], Sequence[str]]] = [
        (("agent", "kind"), kinds["agents"]),
        (("isolation", "workspace"), kinds["workspaces"]),
        (("isolation", "sandbox"), ("auto", *kinds["sandboxes"])),
        *((("gates", name, "kind"), kinds["gates"]) for name in settings.table("gates")),
    ]
    for keys, known in asked:
        kind = settings.text(*keys)
        if not kind or kind in known or _is_import_path(kind):
            continue
        hint = did_you_mean(kind, known, what="known kinds")
        if not hint.startswith("did"):
            hint += '; or the import path of your own, such as "package.module"'
        yield settings.problem(keys, f"unknown kind {shown(kind)}", hint)


def _gate(settings: Settings, name: str, kinds: Kinds) -> Iterator[Problem]:
    gate = settings.table("gates", name)
    keys = ("gates", name)
    kind = settings.text(*keys, "kind")
    if kind == _READS_ANOTHER:
        if "command" in gate:
            hint = "remove it; the command is that of the gate named by of"
            yield settings.problem((*keys, "command"), f"a gate of kind {kind} has no command of its own", hint)
        if "of" not in gate:
            yield settings.problem(keys, 'the key "of" is missing', _pytest_gates(settings))
    elif kind in kinds["gates"]:
        if "command" not in gate:
            hint = 'such as command = ["program", "argument"]'
            yield settings.problem(keys, f'the key "command" is missing: kind {kind} needs it', hint)
        if "of" in gate:
            hint = f'only kind "{_READS_ANOTHER}" reads another gate\'s output'
            yield settings.problem((*keys, "of"), f"a gate of kind {kind} does not read another gate", hint)
    if kind not in kinds["gates"] or kind == _READS_ANOTHER:
        yield from _of(settings, name)
    if gate.get("requires") and gate.get("environment", "shared") == "shared":
        hint = 'write environment = "own" beside it, or move them to [environment] requires'
        yield settings.problem((*keys, "requires"), "the shared environment does not install these", hint)


def _of(settings: Settings, name: str) -> Iterator[Problem]:
    target = settings.text("gates", name, "of")
    gates = settings.table("gates")
    if target is None:
        return
    if target not in gates:
        near = nearest(target, gates)
        hint = f'did you mean "{near}"?' if near else _pytest_gates(settings)
        yield settings.problem(("gates", name, "of"), f"there is no gate {shown(target)}", hint)
    elif settings.text("gates", target, "kind") != _IS_READ:
        message = f"the gate {shown(target)} is not of kind {_IS_READ}"
        yield settings.problem(("gates", name, "of"), message, _pytest_gates(settings))


def _pytest_gates(settings: Settings) -> str:
    names = [name for name in settings.table("gates") if settings.text("gates", name, "kind") == _IS_READ]
    if not names:
        return f'it names a gate of kind "{_IS_READ}", and this file has none'
    return f"it names a gate of kind {_IS_READ}: {', '.join(names)}"


def _agent(settings: Settings) -> Iterator[Problem]:
    agent = settings.table("agent")
    kind = settings.text("agent", "kind")
    needed = {"command": "command", "replay": "patches"}.get(kind or "")
    if needed and needed not in agent:
        yield settings.problem(("agent",), f'the key "{needed}" is missing: kind {kind} needs it')
    if agent and "kind" not in agent and all(("agent", key) in settings.overridden for key in agent):
        hint = 'write [agent] with its kind in factory.toml, or set FACTORY_AGENT_KIND to "command"'
        yield settings.problem(("agent", next(iter(agent))), "there is no agent", hint)


def _paths(settings: Settings) -> Iterator[Problem]:
    for table, key in _PATHS:
        for keys, text in settings.texts(table, key):
            if fault := path_fault(text) if text else "":
                yield settings.problem(keys, f"{shown(text)} {fault}", 'such as "docs/notes", from the root')


def _holdout(settings: Settings) -> Iterator[Problem]:
    holdouts = [text for _, text in settings.texts("scenarios", "holdout") if text and not path_fault(text)]
    for keys, text in settings.texts("scenarios", "holdout"):
        if text and is_inside(".", text):
            hint = "name the folder of the scenarios"
            yield settings.problem(keys, "the whole repository can't be kept from the agent", hint)
    for table, key in (("project", "specs"), ("project", "artifacts"), ("agent", "prompt")):
        for keys, text in settings.texts(table, key):
            found = next((one for one in holdouts if not is_inside(".", one) and is_inside(text, one)), None)
            if text and found is not None:
                hint = "the agent never sees what is in there; choose another folder"
                yield settings.problem(keys, f"{shown(text)} is in the holdout {shown(found)}", hint)


def _branch(settings: Settings) -> Iterator[Problem]:
    branch = settings.text("delivery", "branch")
    if branch and "{run}" in branch and (fault := branch_fault(branch)):
        yield settings.problem(("delivery", "branch"), f"{shown(branch)} {fault}", 'such as "factory/{run}"')


def _units(settings: Settings) -> Iterator[Problem]:
    """Durations and sizes that have the right form and are still no sensible number."""
    parsers: dict[tuple[str, ...], Callable[[str], float]] = {
        **_UNITS,
        **{("gates", name, "timeout"): parse_duration for name in settings.table("gates")},
    }
    for keys, parse in parsers.items():
        text = settings.text(*keys)
        if text is None:
            continue
        try:
            parse(text)
        except ValueError as error:
            yield settings.problem(keys, str(error))


def _commands(settings: Settings) -> Iterator[Problem]:
    """An empty command would do nothing and pass."""
    commands: list[tuple[Keys, object]] = [
        (("agent", "command"), settings.table("agent").get("command")),
        *(
            (("gates", name, "command"), settings.table("gates", name).get("command"))
            for name in settings.table("gates")
        ),
    ]
    if isinstance(setup := settings.table("environment").get("setup"), list):
        commands += [(("environment", "setup", number), command) for number, command in enumerate(setup)]
    for keys, command in commands:
        program = command[0] if isinstance(command, list) and command else command
        if isinstance(program, str) and not program.strip() and command != "":
            yield settings.problem(keys, "the command has no program", 'such as ["program", "argument"]')


def _unusable_text(settings: Settings, value: object, keys: Keys) -> Iterator[Problem]:
    """No program, file or variable can be given a NUL character."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _unusable_text(settings, inner, (*keys, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _unusable_text(settings, inner, (*keys, index))
    elif isinstance(value, str) and "\0" in value:
        yield settings.problem(keys, "the text has a NUL character, which no program can be given")


def _is_import_path(kind: str) -> bool:
    parts = kind.split(".")
    return len(parts) > 1 and all(part.isidentifier() for part in parts)
