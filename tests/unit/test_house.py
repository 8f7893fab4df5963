"""The rules of the house: who imports whom, which modules touch the machine, what each module says of itself."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "src" / "dark_factory"
SHELVES = ("gates", "agents", "workspaces", "sandboxes", "judges", "reports")
LONGEST = 400

# Above shelves, effects and stages each module may import only what stands on a lower step.
STEPS = {
    "assembly": 1,
    "loop": 1,
    "status": 1,
    "actions": 2,
    "runs": 3,
    "standalone": 3,
    "demo": 4,
    "tasks": 5,
    "sessions": 6,
    "program": 6,
    "__main__": 7,
}

# What core may import: it computes, and asks nothing of the machine.
PURE = {
    "__future__", "abc", "ast", "bisect", "collections", "configparser", "dataclasses", "datetime", "decimal",
    "difflib", "enum", "fractions", "functools", "hashlib", "html", "io", "itertools", "json", "math", "operator",
    "pathlib", "posixpath", "re", "shlex", "statistics", "string", "textwrap", "tomllib", "types", "typing",
    "unicodedata", "urllib", "warnings", "xml",
    # Third-party, pure.
    "jsonschema", "jsonschema_specifications", "pathspec", "referencing", "tomli", "yaml",
}  # fmt: skip
PURE_FOR = {
    # Only names and marks: `signal.Signals(9).name`, `os.pathsep`, `codecs.BOM_UTF8`.
    "signal": {"core.command", "core.judging.gate_reading", "core.telling.symptoms"},
    "os": {"core.environment"},
    "codecs": {"core.scenario_md.page"},
}
OF_OS = {"defpath", "pathsep"}
TOUCHES_FILES = {
    "absolute", "chmod", "cwd", "exists", "expanduser", "glob", "home", "is_dir", "is_file", "is_symlink", "iterdir",
    "mkdir", "open", "read_bytes", "read_text", "rename", "rglob", "rmdir", "samefile", "stat",
    "symlink_to", "touch", "unlink", "write_bytes", "write_text",
}  # fmt: skip
READS_CLOCK = {"now", "today", "utcnow"}
STARTS_PROCESSES = re.compile(r"(posix_spawnp?|system|popen|fork|forkpty|exec\w+|spawn\w+)")

_ACTION = "an action of one or two fields, written as a word: `Validate(iteration)`"
_TEXT = "parts of a text, of one or two fields and made in many places"
_GROWS = "filled while a file is read, and not changed afterwards"
# The public dataclasses of core that are not frozen, slotted and keyword-only, each with its reason.
OTHER_DATACLASSES: Mapping[str, str] = {
    "core.capture.HeadTail": "a buffer that grows",
    "core.telling.facts.Facts": "cached properties need a dictionary; one positional field",
    "core.telling.facts.FeedbackInput": "the input of `Facts`, made once for each feedback",
    "core.telling.fitting.Piece": _TEXT,
    "core.telling.fitting.Section": _TEXT,
    "core.telling.fitting.Stream": _TEXT,
    "core.scenario_md.body.Body": _GROWS,
    "core.scenario_md.page.Page": _GROWS,
    "core.telling.symptoms.Symptom": "three words of a table, in the table's order",
    "core.tree.Entry": "made thousandfold, of two strings as git gives them",
    **{f"core.plan.{name}": _ACTION for name in ("Start", "Validate", "WriteFeedback", "Deliver", "RunAgent", "Stop")},
}


@cache
def modules() -> Mapping[str, ast.Module]:
    """Every module below the package by its dotted name, `core.plan`; packages by their own, the top one is empty."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        found[name] = ast.parse(path.read_text(encoding="utf-8"), filename=str(path))
    return found


def imports(name: str) -> Iterator[str]:
    """The absolute names that a module imports anywhere in it, also only for types."""
    for node in ast.walk(modules()[name]):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name}: a relative import"
            assert node.module is not None
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                yield inner if inner.removeprefix("dark_factory.") in modules() else node.module


def ours(name: str) -> set[str]:
    """The modules of the house that a module imports; the top package, which holds the version, aside."""
    found = {full.removeprefix("dark_factory.") for full in imports(name) if full.startswith("dark_factory.")}
    assert found <= set(modules()), f"{name} imports {found - set(modules())}, which is not there"
    return found


def foreign(name: str) -> set[str]:
    """The top-level names of everything else that a module imports."""
    return {full.partition(".")[0] for full in imports(name)} - {"dark_factory"}


def room(name: str) -> str:
    return name.partition(".")[0]


def in_room(*rooms: str) -> list[str]:
    return [name for name in modules() if room(name) in rooms]


def test_there_is_a_house() -> None:
    assert len(modules()) > 60
    assert "core.plan" in ours("loop")
    assert {"core.errors", "effects.git"} <= ours("assembly")


def test_every_room_is_known() -> None:
    """A new module at the top needs its step, a new folder its rule."""
    known = {"", "core", "effects", "stages", "testing", *SHELVES, *STEPS}
    assert {room(name) for name in modules()} <= known


@pytest.mark.parametrize("name", in_room("core"))
def test_core_imports_core_and_what_computes(name: str) -> None:
    assert {room(other) for other in ours(name)} <= {"core"}
    allowed = PURE | {module for module, users in PURE_FOR.items() if name in users}
    assert foreign(name) <= allowed


@pytest.mark.parametrize("name", in_room("core"))
def test_core_touches_nothing(name: str) -> None:
    for node in ast.walk(modules()[name]):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            assert node.attr in OF_OS, f"line {node.lineno}: os.{node.attr}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            assert node.func.attr not in TOUCHES_FILES | READS_CLOCK, f"line {node.lineno}: .{node.func.attr}()"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in {"open", "input", "print"}, f"line {node.lineno}: {node.func.id}()"


@pytest.mark.parametrize("name", in_room("effects", *SHELVES, "testing"))
def test_doors_and_shelves_import_core_alone(name: str) -> None:
    # The one door of two storeys: what it starts, it also ends.
    below = {"effects.descendants"} if name == "effects.system" else set()
    assert {room(other) for other in ours(name) - below} <= {"core"}


@pytest.mark.parametrize("name", in_room("stages"))
def test_stages_stand_on_core_and_doors(name: str) -> None:
    assert {room(other) for other in ours(name)} <= {"core", "effects", "stages"}


@pytest.mark.parametrize("name", sorted(STEPS))
def test_upper_modules_import_what_stands_below_them(name: str) -> None:
    for other in ours(name):
        assert room(other) in {"core", "effects", "stages", "reports"} or STEPS[other] < STEPS[name], other


@pytest.mark.parametrize("shelf", ["gates", "agents", "workspaces", "sandboxes", "judges"])
def test_kinds_are_found_by_name_and_never_imported(shelf: str) -> None:
    assert [name for name in modules() if any(room(other) == shelf for other in ours(name))] == []


def test_the_product_does_not_import_its_doubles() -> None:
    assert [name for name in modules() if "testing" in ours(name)] == []


def test_there_are_no_circles() -> None:
    done: set[str] = set()

    def visit(name: str, path: tuple[str, ...]) -> None:
        assert name not in path, " -> ".join((*path[path.index(name) :], name))
        if name not in done:
            for other in sorted(ours(name)):
                visit(other, (*path, name))
            done.add(name)

    for name in modules():
        visit(name, ())


def test_one_module_starts_processes() -> None:
    for name, tree in modules().items():
        if name == "effects.system":
            continue
        assert not foreign(name) & {"subprocess", "multiprocessing", "pty", "asyncio"}, name
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
                assert not STARTS_PROCESSES.fullmatch(node.attr), f"{name}:{node.lineno}: os.{node.attr}"


def test_only_the_top_exits() -> None:
    for name, tree in modules().items():
        if name in {"tasks", "program", "__main__"}:
            continue
        assert "invoke" not in foreign(name), name
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert (node.value.id, node.attr) not in {("sys", "exit"), ("os", "_exit")}, f"{name}:{node.lineno}"
            if isinstance(node, ast.Name):
                assert node.id not in {"SystemExit", "exit", "quit"}, f"{name}:{node.lineno}"


def test_what_is_written_for_the_agent_never_sees_a_scenario() -> None:
    seen: set[str] = set()
    waiting = ["core.telling.feedback", "core.prompt"]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += ours(name)
    assert len(seen) > 10
    assert [name for name in sorted(seen) if name.startswith("core.scenario")] == []


@pytest.mark.parametrize(
    "name", ["errors", "command", "report", "config", "scenario", "state", "ports", "plan", "score", "verdict", "codec"]
)
def test_the_values_of_core_bring_no_heavy_library_along(name: str) -> None:
    seen: set[str] = set()
    waiting = [f"core.{name}"]
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting += ours(one)
    heavy = {"jsonschema", "yaml", "rich", "referencing"}
    assert {one: foreign(one) & heavy for one in seen if foreign(one) & heavy} == {}


@pytest.mark.parametrize("name", [name for name in modules() if name and name not in ("core", "effects", "stages")])
def test_each_module_opens_with_one_sentence(name: str) -> None:
    first = (ast.get_docstring(modules()[name]) or "").partition("\n")[0]
    assert first.endswith("."), f"{name}: {first!r}"
    assert first[0] in "`'" or first[0].isupper() or not first[0].isalpha()
    # One subject: no second sentence in the same line.
    assert not re.search(r"[.!?] [A-Z]", first), first


@pytest.mark.parametrize("name", list(modules()))
def test_no_module_is_long(name: str) -> None:
    path = PACKAGE.joinpath(*name.split("."))
    file = path.with_suffix(".py") if name and path.with_suffix(".py").exists() else path / "__init__.py"
    assert len(file.read_text(encoding="utf-8").splitlines()) <= LONGEST


def undocumented(body: list[ast.stmt], place: str) -> Iterator[str]:
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) or node.name.startswith("_"):
            continue
        if not ast.get_docstring(node):
            yield f"{place}{node.name} (line {node.lineno})"
        if isinstance(node, ast.ClassDef):
            yield from undocumented(node.body, f"{place}{node.name}.")


@pytest.mark.parametrize("name", list(modules()))
def test_everything_public_is_documented(name: str) -> None:
    assert list(undocumented(modules()[name].body, "")) == []


def dataclasses_of(name: str) -> Iterator[tuple[str, dict[str, bool]]]:
    for node in ast.walk(modules()[name]):
        for decorator in node.decorator_list if isinstance(node, ast.ClassDef) else ():
            call = decorator.func if isinstance(decorator, ast.Call) else decorator
            if (call.attr if isinstance(call, ast.Attribute) else getattr(call, "id", "")) == "dataclass":
                keywords = decorator.keywords if isinstance(decorator, ast.Call) else []
                assert isinstance(node, ast.ClassDef)
                yield f"{name}.{node.name}", {word.arg or "": ast.unparse(word.value) == "True" for word in keywords}


def test_the_values_of_core_are_frozen_slotted_and_keyword_only() -> None:
    others = [
        full
        for name in in_room("core")
        for full, options in dataclasses_of(name)
        if "._" not in full and not all(options.get(word) for word in ("frozen", "slots", "kw_only"))
    ]
    assert sorted(others) == sorted(OTHER_DATACLASSES)
