from __future__ import annotations

import os
from pathlib import Path

from dark_factory.core.scenario import Scenario
from dark_factory.effects.system import Processes
from dark_factory.stages.scripts import script_problems


def scenario(name: str, script: str) -> Scenario:
    text = f"# Scenario: {name}\n\n## Evaluation Method\n```bash\n{script}```\n"
    return Scenario(id=name, name=name, path=f"scenarios/{name}.md", text=text, script=script)


def problems(*scenarios: Scenario, cwd: Path) -> list[tuple[str, int | None, str]]:
    found = script_problems(scenarios, Processes(), environ=os.environ, cwd=cwd)
    return [(one.path, one.line, one.source) for one in found]


def test_a_script_that_bash_cannot_parse_is_told_at_its_line(tmp_path: Path) -> None:
    good = scenario("good", "if true; then\n  echo yes\nfi\n")
    bad = scenario("bad", "echo one\necho two; fi\n")
    assert problems(good, bad, cwd=tmp_path) == [("scenarios/bad.md", 6, "echo two; fi")]


def test_nothing_of_it_is_run(tmp_path: Path) -> None:
    assert problems(scenario("writes", f"touch {tmp_path}/ran\n"), cwd=tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_script_that_ends_in_the_middle_has_a_problem_too(tmp_path: Path) -> None:
    assert len(problems(scenario("open", "if true; then\n"), cwd=tmp_path)) == 1
