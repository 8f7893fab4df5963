"""Sessions of this repository: its gates, made from factory.toml, and what only its developers run."""

import os

import nox

from dark_factory.sessions import register

register()

PYTHONS = ["3.11", "3.12", "3.13"]
PROJECT = nox.project.load_toml("pyproject.toml")


@nox.session(python=PYTHONS, default=False)
def suite(session: nox.Session) -> None:
    """The whole test suite, with the coverage of the package."""
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "test", "lint"))
    numbers = [] if session.posargs else ["--cov", "--cov-report=term:skip-covered", "--cov-fail-under=90"]
    session.run("pytest", "-n", os.environ.get("FACTORY_TEST_JOBS", "4"), *numbers, *session.posargs)
