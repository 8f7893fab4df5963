"""What the latest run is doing, from the snapshot that the loop leaves; this path imports nothing that takes time."""

from __future__ import annotations

import json
import os
import sys

from dark_factory.core.shares import percent, sparkline

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_USUAL = "artifacts/factory"


def show(folder: str, *, as_json: bool) -> int:
    """Print the snapshot in the artifacts folder and return the exit status: 0, or 6 when it can't be read."""
    path = os.path.join(folder, "status.json")
    try:
        with open(path, encoding="utf-8") as file:
            snapshot = json.load(file)
        text = _text(snapshot, as_json=as_json)
    except FileNotFoundError:
        text = _text(_nothing(), as_json=as_json)
    except (OSError, ValueError) as error:
        return _unreadable(path, str(error))
    except (AttributeError, LookupError, TypeError):
        return _unreadable(path, "it is not what this version writes")
    sys.stdout.write(text)
    return 0


def _text(snapshot: dict[str, Any], *, as_json: bool) -> str:
    if snapshot.get("verdict") is None and snapshot.get("run") is not None:
        snapshot["process_alive"] = _alive(snapshot.get("process"))
    return json.dumps(snapshot, indent=2) + "\n" if as_json else render(snapshot, _width())


def _unreadable(path: str, why: str) -> int:
    sys.stderr.write(f"{path}: can't be read: {why}\n  what to do: remove it; the next run writes it anew\n")
    return 6


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


def render(snapshot: dict[str, Any], width: int = 1 << 30) -> str:
    """The snapshot for a person, in lines of at most `width` characters."""
    if snapshot.get("run") is None:
        return f"no run yet\nnext  {snapshot['next']}\n"
    history = snapshot["history"]
    failing = [f"{one['name']} ({one['status']} since iteration {one['since']})" for one in snapshot["failing"]]
    gates = [f"{one['name']} {one['status']}" for one in snapshot["gates"]]
    nothing = "none" if snapshot["best"] is not None else "nothing is judged yet"
    best = "" if snapshot["best"] is None else f" (best: {snapshot['best']})"
    rows = [
        ("run", [snapshot["run"]]),
        ("verdict", [_state(snapshot)]),
        ("iteration", [f"{snapshot['iteration']}{best}"]),
        ("satisfaction", [f"{percent(snapshot['satisfaction'])}  {sparkline(history)}"]),
        ("failing", failing or [nothing]),
        ("gates", [", ".join(gates) or nothing]),
        ("budget", [_budget(snapshot["budget"])]),
        ("next", [snapshot["next"]]),
    ]
    lines = [
        f"{title if number == 0 else '':<13} {line}"
        for title, texts in rows
        for number, line in enumerate(line for text in texts for line in _wrapped(text, width - 15))
    ]
    return "\n".join(lines) + "\n"


def _wrapped(text: str, width: int) -> list[str]:
    """The text in lines of at most `width` characters, broken at spaces; a longer word stays whole."""
    lines: list[str] = []
    for word in text.split(" "):
        if lines and len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines


def _width() -> int:
    """The columns of the terminal; a pipe has no width."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return 1 << 30


def _budget(budget: dict[str, Any]) -> str:
    """Used of allowed; what is not known is said, never shown as zero."""
    units = {"iterations": "iterations", "seconds": "s", "tokens": "tokens", "usd": "USD"}
    parts = []
    for key, unit in units.items():
        used, allowed = budget[key]
        known = "unknown" if used is None else f"{used:g}"
        parts.append(f"{known}{'' if allowed is None else f' of {allowed:g}'} {unit}")
    return ", ".join(parts)


def _state(snapshot: dict[str, Any]) -> str:
    if snapshot.get("verdict") is not None:
        return f"{snapshot['verdict']}: {snapshot['reason']}"
    if snapshot.get("process_alive"):
        return f"none yet: running (process {snapshot.get('process')})"
    return "none yet: its process is gone; `inv factory.loop --resume` goes on with it"


def _nothing() -> dict[str, Any]:
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
