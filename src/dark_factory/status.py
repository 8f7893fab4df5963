"""What the latest run is doing, from the snapshot that the loop leaves; this path imports nothing that takes time."""

from __future__ import annotations

import json
import os
import sys

_USUAL = "artifacts/factory"


def show(folder: str, *, as_json: bool) -> int:
    """Print the snapshot in the artifacts folder and return the exit status: 0, or 6 when it can't be read."""
    path = os.path.join(folder, "status.json")
    try:
        with open(path, encoding="utf-8") as file:
            snapshot = json.load(file)
    except FileNotFoundError:
        snapshot = _nothing()
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{path}: can't be read: {error}\n  what to do: remove it; the next run writes it anew\n")
        return 6
    if snapshot.get("verdict") is None and snapshot.get("run") is not None:
        snapshot["process_alive"] = _alive(snapshot.get("process"))
    sys.stdout.write(json.dumps(snapshot, indent=2) + "\n" if as_json else render(snapshot))
    return 0


def folder(start: str) -> str:
    """The artifacts folder of the project that `start` is in: the configured one, or the usual one."""
    here = start
    while not os.path.isfile(os.path.join(here, "factory.toml")):
        above = os.path.dirname(here)
        if above == here:
            return os.path.join(start, _USUAL)
        here = above
    with open(os.path.join(here, "factory.toml"), "rb") as file:
        text = file.read()
    chosen = _USUAL
    if b"artifacts" in text:
        import tomllib  # seven milliseconds that only those pay who moved the folder

        try:
            chosen = str(tomllib.loads(text.decode("utf-8", "replace")).get("project", {}).get("artifacts", _USUAL))
        except (tomllib.TOMLDecodeError, AttributeError):
            chosen = _USUAL
    return os.path.join(here, chosen)


def render(snapshot: dict[str, object]) -> str:
    """The snapshot for a person."""
    if snapshot.get("run") is None:
        return f"no run yet\nnext: {snapshot.get('next')}\n"
    lines = [f"run           {snapshot['run']}", f"state         {_state(snapshot)}"]
    lines.append(f"iteration     {snapshot['iteration']}")
    lines.append(f"satisfaction  {snapshot.get('satisfaction_text')}  {snapshot.get('sparkline', '')}".rstrip())
    lines += _list("failing", snapshot.get("failing"), lambda one: f"{one['name']} ({one['status']})")
    lines += _list("gates", snapshot.get("gates"), lambda one: f"{one['name']} {one['status']}", joined=True)
    lines.append(f"budget        {snapshot.get('budget_text')}")
    lines.append(f"next          {snapshot.get('next')}")
    return "\n".join(lines) + "\n"


def _state(snapshot: dict[str, object]) -> str:
    if snapshot.get("verdict") is not None:
        return f"{snapshot['verdict']}: {snapshot.get('reason')}"
    if snapshot.get("process_alive"):
        return f"running (process {snapshot.get('process')})"
    return "unfinished: its process is gone; `--resume` goes on with it"


def _list(title: str, items: object, text: object, *, joined: bool = False) -> list[str]:
    if not isinstance(items, list) or not items or not callable(text):
        return []
    words = [text(item) for item in items]
    if joined:
        return [f"{title:<13} {', '.join(words)}"]
    return [f"{title if number == 0 else '':<13} {word}" for number, word in enumerate(words)]


def _nothing() -> dict[str, object]:
    return {
        "run": None,
        "iteration": None,
        "verdict": None,
        "satisfaction": None,
        "failing": [],
        "gates": [],
        "budget": None,
        "next": "`inv factory.loop` starts one; `inv factory.local` validates without an agent",
    }


def _alive(process: object) -> bool:
    if not isinstance(process, int):
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
