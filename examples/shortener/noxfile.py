"""One Nox session for every gate of factory.toml: ``nox --list``."""

from dark_factory.sessions import register

register()
