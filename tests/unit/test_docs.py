"""Whatever the documents say of the product that a machine can look up is so."""

from __future__ import annotations

import ast
import importlib.util
import json
import re
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dark_factory.core.errors import ExitStatus
from dark_factory.core.factory_toml.load import load_config
from dark_factory.core.factory_toml.reference import frontmatter_markdown
from dark_factory.core.scenario_md.load import parse_scenario
from dark_factory.core.scenario_md.markdown import outline
from dark_factory.core.verdict import EXIT_STATUS, Decision
from dark_factory.effects.project import kinds
from dark_factory.tasks import factory

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "dark_factory"
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")],
    key=lambda path: path.relative_to(ROOT).as_posix(),
)
BY_NAME = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in PAGES}
SCHEMAS = {
    name: json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    for name in ("factory", "scenario")
}
COMMAND = re.compile(r"(?:\binv factory\.|(?<![\w/.~-])dark-factory )(?P<task>[a-z]+)(?P<rest>[^`\n]*)")
each_page = pytest.mark.parametrize("page", BY_NAME)


def blocks(page: str, language: str) -> list[str]:
    return [block.text for block in outline(BY_NAME[page], start=0).blocks if block.language == language]


def make_reference() -> dict[str, str]:
    spec = importlib.util.spec_from_file_location("make_reference", ROOT / "docs" / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    pages = module.pages()
    assert isinstance(pages, dict)
    return pages


def test_the_generated_pages_are_up_to_date() -> None:
    pages = make_reference()
    assert {path.name for path in (ROOT / "docs/reference").iterdir()} == set(pages)
    for name, text in pages.items():
        assert BY_NAME[f"docs/reference/{name}"] == text, "run `nox -s docs`"


def test_every_key_of_the_frontmatter_is_on_its_page() -> None:
    page = frontmatter_markdown(SCHEMAS["scenario"])
    for name, body in SCHEMAS["scenario"]["properties"].items():
        assert f"\n## {name}\n" in page
        for inner in body.get("properties", ()):
            assert f"\n## {name}.{inner}\n" in page
    weight = page.split("\n## weight\n")[1].split("\n## ")[0]
    assert "- value: a number above 0\n- default: `1`\n- for example: `weight: 2`, `weight: 0.5`" in weight


def anchors(text: str) -> set[str]:
    headings = [heading.text for heading in outline(text, start=0).headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_page
def test_every_link_leads_somewhere(page: str) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", BY_NAME[page]):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        found = (ROOT / page).parent / path if path else ROOT / page
        assert found.exists(), f"{page}: {target}"
        if anchor:
            assert anchor in anchors(found.read_text(encoding="utf-8")), f"{page}: {target}"


def options() -> Mapping[str, set[str]]:
    return {
        name: {f"--{str(one.name).replace('_', '-')}" for one in factory[name].get_arguments()}
        for name in factory.task_names
    }


@each_page
def test_every_task_and_option_exists(page: str) -> None:
    known = options()
    for found in COMMAND.finditer(BY_NAME[page]):
        assert found["task"] in known, f"{page}: {found.group()}"
        words = re.split(r"\s{2,}|#|&&|;", found["rest"])[0]
        assert set(re.findall(r"--[a-z][a-z-]*", words)) <= known[found["task"]], f"{page}: {found.group()}"


def sessions() -> set[str]:
    tree = ast.parse((ROOT / "noxfile.py").read_text(encoding="utf-8"))
    own = {
        one.name
        for one in tree.body
        if isinstance(one, ast.FunctionDef) and any("nox.session" in ast.unparse(made) for made in one.decorator_list)
    }
    gates = {name for text in blocks("README.md", "toml") for name in tomllib.loads(text).get("gates", {})}
    return {*own, "gates", *gates}


@each_page
def test_every_nox_session_exists(page: str) -> None:
    assert {"suite", "docs"} < sessions()
    for name in re.findall(r"\bnox -s ([\w.-]+)", BY_NAME[page]):
        assert name.rstrip(".") in sessions(), f"{page}: nox -s {name}"


def load(text: str) -> object:
    shelves = ("gates", "agents", "workspaces", "sandboxes")
    return load_config(
        text.encode(),
        schema=SCHEMAS["factory"],
        kinds={shelf: kinds(shelf) for shelf in shelves},
        environ={},
        options={},
        project_name="example",
    )


@each_page
def test_every_factory_toml_is_valid(page: str) -> None:
    for text in blocks(page, "toml"):
        if re.search(r"^version = 1$", text, re.MULTILINE):
            load(text)


@each_page
def test_every_scenario_is_valid(page: str) -> None:
    for text in blocks(page, "markdown"):
        assert parse_scenario(text.encode(), path="scenarios/example.md", schema=SCHEMAS["scenario"]).script


def test_there_are_examples_to_look_at() -> None:
    assert len(blocks("README.md", "toml")) >= 2
    assert blocks("README.md", "markdown")
    assert blocks("docs/scenarios.md", "markdown")
    assert blocks("docs/agents.md", "toml")


def settable(schema: dict[str, Any]) -> set[str]:
    return {
        f"FACTORY_{table}_{key}".upper()
        for table, body in schema["properties"].items()
        for key in body.get("properties", ())
    }


@each_page
def test_every_variable_exists(page: str) -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in [*PACKAGE.rglob("*.py"), ROOT / "noxfile.py"])
    # The agent's own are made of the names of the placeholders.
    made = {"FACTORY_PROMPT_FILE", "FACTORY_FEEDBACK_FILE", "FACTORY_WORKSPACE", "FACTORY_ITERATION"}
    for name in re.findall(r"\bFACTORY_[A-Z][A-Z_]*[A-Z]\b", BY_NAME[page]):
        assert name in source or name in settable(SCHEMAS["factory"]) | made, f"{page}: {name}"


@each_page
def test_every_file_that_is_named_exists(page: str) -> None:
    for name in re.findall(r"`((?:[\w.-]+/)+[\w.-]+\.(?:py|json|toml))`", BY_NAME[page]):
        bases = [base for base in (ROOT, PACKAGE) if (base / name.split("/")[0]).exists()]
        if bases and "NAME" not in name and not name.startswith("artifacts/"):
            assert any((base / name).exists() for base in bases), f"{page}: {name}"


def test_every_verdict_is_told_with_its_exit_status() -> None:
    page = BY_NAME["docs/verdicts.md"]
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|[^|]*\|$", page, re.MULTILINE))
    for decision in Decision:
        assert f"`{decision}`" in page
        if decision in rows:
            assert int(rows[decision]) == EXIT_STATUS[decision]
    assert len(rows) >= 9


def test_every_exit_status_is_in_the_readme() -> None:
    table = BY_NAME["README.md"].split("## Exit statuses")[1].split("\n## ")[0]
    assert {int(number) for number in re.findall(r"^\| (\d+) \|", table, re.MULTILINE)} == set(ExitStatus)


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in project["dependencies"]:
        name = re.split(r"[\[<>=]", requirement)[0]
        assert re.search(rf"^\| {name}\b", BY_NAME["docs/dependencies.md"], re.MULTILINE), name


def test_the_picture_is_small_and_needs_nothing_else() -> None:
    data = (ROOT / "docs/images/demo.svg").read_bytes()
    assert len(data) < 100_000
    assert b"converged" in data
    ET.fromstring(data)
    links = set(re.findall(rb"https?://[^\s\"')]+", data))
    assert links <= {b"http://www.w3.org/2000/svg", b"https://www.textualize.io"}
