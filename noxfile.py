"""Sessions of this repository: its gates, made from factory.toml, and those that only its developers run."""

import os
import sys
from pathlib import Path

import nox

from dark_factory.sessions import register

register()

PROJECT = nox.project.load_toml("pyproject.toml")
OTHERS = ["3.12", "3.13"]
JOBS = os.environ.get("FACTORY_TEST_JOBS", "4")


@nox.session(default=False)
def suite(session: nox.Session) -> None:
    """The whole test suite on the Python at hand, with the coverage of the package."""
    _install(session)
    measured = [] if session.posargs else ["--cov", "--cov-report=term:skip-covered", "--cov-fail-under=90"]
    session.run("pytest", "-n", JOBS, *measured, *session.posargs)


@nox.session(python=OTHERS, default=False)
def pythons(session: nox.Session) -> None:
    """The tests that need no package index on another supported Python."""
    _install(session)
    session.run("pytest", "-n", JOBS, "-m", "not network", "tests/unit", "tests/contract", *session.posargs)


@nox.session(default=False)
def packages(session: nox.Session) -> None:
    """Wheel and sdist, each installed into an environment of its own, with the schemas and the demo inside."""
    session.install("build")
    tmp = Path(session.create_tmp()).absolute()
    dist = tmp / "dist"
    session.run("python", "-m", "build", "--outdir", str(dist))
    for artifact in sorted(dist.glob("dark_factory_loop-*")):
        venv = artifact.with_name(f"venv-{artifact.suffix.strip('.')}")
        session.run("python", "-m", "venv", "--clear", str(venv))
        session.run(f"{venv}/bin/pip", "install", "--quiet", str(artifact), external=True)
        elsewhere = tmp / f"project-{venv.name}"
        elsewhere.mkdir(exist_ok=True)
        with session.chdir(elsewhere):
            (elsewhere / "factory.toml").write_text("version = 1\n", encoding="utf-8")
            session.run(f"{venv}/bin/dark-factory", "check", external=True)
            session.run(f"{venv}/bin/dark-factory", "config", external=True, silent=True)
            look = "from dark_factory.effects.project import shipped; print(shipped('examples/shortener/factory.toml'))"
            session.run(f"{venv}/bin/python", "-c", look, external=True)


@nox.session(venv_backend="none", default=False)
def docs(session: nox.Session) -> None:
    """Write the pages of docs/reference again, out of the schemas and the tasks."""
    session.run(sys.executable, "docs/make_reference.py")


@nox.session(venv_backend="none", default=False)
def demo_svg(session: nox.Session) -> None:
    """Draw the picture of the README again, out of a real run of the demo."""
    session.run(sys.executable, "docs/images/make_demo_svg.py")


def _install(session: nox.Session) -> None:
    session.install("-e", ".", *nox.project.dependency_groups(PROJECT, "test", "lint"))
