"""A scenario: a markdown file that says how behaviour is judged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dark_factory.core.config import Disclosure


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What must be there before a scenario is evaluated; one that is not met skips it."""

    commands: tuple[str, ...] = ()
    env: tuple[str, ...] = ()
    platform: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What is checked beside the command's own verdict.

    exit_status: the status that counts as a pass.
    stdout, stderr: regular expressions (Python, multi-line) that must be found in the stream.
    files: globs relative to the tree that must match at least one file.
    """

    exit_status: int = 0
    stdout: tuple[str, ...] = ()
    stderr: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """One scenario.

    id: unique in the repository; the file's stem unless the frontmatter names one.
    path: relative to the repository. text: the whole file; it stays with the parent.
    script: the bash block of the evaluation method. timeout: seconds, None for the configured default.
    resources: names of exclusive things it needs, and how many of each.
    repeat: how many times it must pass in a row.
    """

    id: str
    name: str
    path: str
    text: str
    script: str
    category: str = ""
    preconditions: str = ""
    expectation_text: str = ""
    pass_criteria: str = ""
    evidence_text: str = ""
    timeout: float | None = None
    weight: float = 1.0
    repeat: int = 1
    requires: Requirements = field(default_factory=Requirements)
    resources: Mapping[str, int] = field(default_factory=dict)
    expect: Expectation = field(default_factory=Expectation)
    evidence: tuple[str, ...] = ()
    disclose: Disclosure | None = None
