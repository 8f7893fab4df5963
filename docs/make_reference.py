"""Makes the pages of docs/reference out of the schemas and the tasks: `nox -s docs`."""

import json
from pathlib import Path

from invoke.tasks import Task

from dark_factory.core.factory_toml.reference import frontmatter_markdown, reference_markdown
from dark_factory.tasks import factory

ROOT = Path(__file__).parents[1]

_TASKS = """\
# Tasks

This page is made from the tasks themselves; change `src/dark_factory/tasks.py`, not the page.

Each task is there twice: as `inv factory.NAME` in a repository that has a `tasks.py`, and as `dark-factory NAME`
anywhere. Both find `factory.toml` in the working folder or in the nearest folder above it. The exit statuses are in
[Verdicts](../verdicts.md).
"""


def pages() -> dict[str, str]:
    """Every page of docs/reference by its name."""
    return {
        "factory-toml.md": reference_markdown(_schema("factory")),
        "scenario.md": frontmatter_markdown(_schema("scenario")),
        "tasks.md": "\n".join([_TASKS, *(_task(name, factory[name]) for name in sorted(factory.task_names))]),
    }


def _schema(name: str) -> dict[str, object]:
    data = json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def _task(name: str, task: Task) -> str:  # type: ignore[type-arg]
    lines = [f"## {name}", "", " ".join((task.__doc__ or "").split()), ""]
    lines += [f"`inv factory.{name}` or `dark-factory {name}`", ""]
    options = sorted(task.get_arguments(), key=lambda one: str(one.name))
    if not options:
        return "\n".join(lines)
    lines += ["| option | meaning |", "| --- | --- |"]
    for option in options:
        # The short spellings are left out: Invoke derives them, and another option may change them.
        value = " VALUE" if option.takes_value else ""
        lines.append(f"| `--{str(option.name).replace('_', '-')}{value}` | {option.help} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    for page, text in pages().items():
        (ROOT / "docs" / "reference" / page).write_text(text, encoding="utf-8")
