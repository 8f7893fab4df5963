"""Makes demo.svg, the README's picture of a terminal, out of what a real run of the demo prints: `nox -s demo_svg`."""

import io
import os
import re
import sys
import tempfile
from pathlib import Path

from rich._export_format import CONSOLE_SVG_FORMAT
from rich.console import Console
from rich.text import Text

from dark_factory.core.command import Command
from dark_factory.effects.system import Processes

TARGET = Path(__file__).with_name("demo.svg")
_COLOURS = {"passed": "green", "failed": "red", "errored": "yellow", "converged": "bold green"}
_WIDTH = 112
# Whatever is said of a single scenario, of a gate that passed, and of layer 2: a screen has no room for 150 lines.
_LEFT_OUT = re.compile(r"\* (gates|scenarios):|  scenario |  gate \S+: passed|  gate (?!lint|typecheck|tests)")
# A picture in a page may not fetch fonts; without these it takes the reader's own monospace font.
_FONTS = re.compile(r"\s*@font-face \{\{.*?\}\}", re.DOTALL)


def main() -> None:
    """Run the demo in a new folder and draw its output."""
    with tempfile.TemporaryDirectory() as folder:
        argv = (sys.executable, "-m", "dark_factory", "demo")
        path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
        env = {**os.environ, "PATH": path, "NO_COLOR": "1", "FACTORY_STATE": f"{folder}/state"}
        result = Processes().run(Command(argv=argv, cwd=Path(folder), env=env))
    if not result.passed:
        raise SystemExit(f"the demo ended with {result.ending()}:\n{result.stderr.text()}")
    console = Console(record=True, width=_WIDTH, file=io.StringIO())
    console.print(Text("$ inv factory.demo", style="bold"))
    for line in result.stdout.text().splitlines():
        if not _LEFT_OUT.match(line):
            console.print(_styled(line))
    svg = console.export_svg(title="dark factory", code_format=_FONTS.sub("", CONSOLE_SVG_FORMAT), unique_id="demo")
    TARGET.write_text(svg, encoding="utf-8")


def _styled(line: str) -> Text:
    text = Text(line, style="bold" if line.startswith("* iteration") else "")
    for word, style in _COLOURS.items():
        text.highlight_regex(rf"(?<=: ){word}\b|^{word}\b", style)
    return text


if __name__ == "__main__":
    main()
