"""Whether what a scenario requires is there; a scenario that lacks something is skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from dark_factory.core.scenario import Requirements

_PLATFORMS = {"darwin": "macos"}


def unmet(
    requires: Requirements,
    *,
    which: Callable[[str], bool],
    environ: Mapping[str, str],
    platform: str,
    has_module: Callable[[str], bool],
) -> str:
    """Everything that is missing, as one reason; empty when nothing is.

    which: whether a program is found. environ: the environment that the scenario would run in.
    platform: as `sys.platform` names it, or in our words. has_module: whether the project's Python can import it.
    """
    return "; ".join(_missing(requires, which, environ, platform, has_module))


def _missing(
    requires: Requirements,
    which: Callable[[str], bool],
    environ: Mapping[str, str],
    platform: str,
    has_module: Callable[[str], bool],
) -> Iterator[str]:
    here = _PLATFORMS.get(platform, platform)
    if requires.platform and here not in requires.platform:
        yield f"needs {' or '.join(requires.platform)}, this is {here}"
    for name in requires.commands:
        if not which(name):
            yield f"the command {name} is not found"
    for name in requires.env:
        # A continuous-integration service sets a secret that it does not have to the empty text.
        if not environ.get(name):
            yield f"the variable {name} is not set" if name not in environ else f"the variable {name} is empty"
    for name in requires.modules:
        if not has_module(name):
            yield f"the Python module {name} is not found"
