"""Fixtures of the end-to-end tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

import pytest
from e2e_project import FactoryProject


class MakeProject(Protocol):
    """Makes a git repository of texts by path, with one commit; `name` tells several in one test apart."""

    def __call__(self, files: Mapping[str, str], *, name: str = "project") -> FactoryProject: ...


@pytest.fixture
def factory_project(tmp_path: Path) -> MakeProject:
    """Makes repositories under the test's folder, each with a factory state of its own beside it."""

    def make(files: Mapping[str, str], *, name: str = "project") -> FactoryProject:
        project = FactoryProject(root=tmp_path / name, state=tmp_path / f"{name}-state")
        project.root.mkdir()
        for path, text in files.items():
            project.write(path, text)
        project.git("init", "--quiet", "--initial-branch=main")
        project.commit("base")
        return project

    return make
