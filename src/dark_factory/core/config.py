"""The values of factory.toml, computed once and then fixed."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field

from dark_factory.core.report import Layer


class Disclosure(enum.StrEnum):
    """How much of a failed scenario the agent is told, from most to least."""

    OUTPUT = "output"
    OUTCOME = "outcome"
    COUNT = "count"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectConfig:
    """[project]: where things are. Paths are relative to the repository, with forward slashes."""

    name: str
    specs: tuple[str, ...] = ("specs",)
    artifacts: str = "artifacts/factory"


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopConfig:
    """[loop]: when to stop. max_duration is in seconds."""

    max_iterations: int = 5
    satisfaction_threshold: float = 0.80
    stall_after: int = 3
    max_duration: float = 7200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetConfig:
    """[budget]: ceilings over the whole run, resumes included; None is no ceiling."""

    usd: float | None = None
    tokens: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentConfig:
    """[environment]: the tools and dependencies that gates, scenarios and the agent find first on PATH.

    backend: `uv` (a Nox-managed virtual environment) or `none` (what is on PATH already).
    requires: pip requirements; `-e .` and `-r FILE` are relative to the tree.
    files: globs of the files whose change asks for a new environment.
    setup: commands run in every fresh judge tree before the gates, e.g. `npm ci`.
    pythonpath: folders of the tree for PYTHONPATH.
    variables: names of variables passed on from the author's environment to gates and scenarios.
    """

    backend: str = "uv"
    requires: tuple[str, ...] = ()
    python: str | None = None
    files: tuple[str, ...] = ("pyproject.toml", "setup.py", "setup.cfg", "requirements*.txt", "uv.lock")
    setup: tuple[tuple[str, ...], ...] = ()
    setup_timeout: float = 600.0
    pythonpath: tuple[str, ...] = (".", "src")
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateConfig:
    """[gates.NAME]: one check.

    command: argv; empty for a kind that reads another gate's output (`of`).
    timeout: seconds. thresholds: bounds on figures, `max_NAME` or `min_NAME`.
    environment: `shared`, or `own` with `requires`.
    """

    name: str
    kind: str
    layer: Layer
    command: tuple[str, ...] = ()
    of: str | None = None
    timeout: float = 600.0
    blocking: bool = False
    thresholds: Mapping[str, float] = field(default_factory=dict)
    environment: str = "shared"
    requires: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScenariosConfig:
    """[scenarios]: the holdout and how it is run. timeout is in seconds; jobs None means `auto`.

    resources: how many of each named resource there are for scenarios that ask for them; one of those not named.
    """

    holdout: tuple[str, ...] = ("scenarios",)
    timeout: float = 300.0
    jobs: int | None = None
    resources: Mapping[str, int] = field(default_factory=dict)
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IsolationConfig:
    """[isolation]: what the agent can reach.

    protected: gitignore patterns of files that are reset to the base after each agent call.
    hidden: gitignore patterns of files that, like the holdout, never reach the workspace.
    """

    workspace: str = "clone"
    sandbox: str = "auto"
    require: str = "none"
    protected: tuple[str, ...] = (
        "/factory.toml",
        "/noxfile.py",
        "/tasks.py",
        "/schemas/",
        "/specs/",
        "/scenarios/",
        "/.github/",
        "/AGENTS.md",
        "/CLAUDE.md",
    )
    hidden: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfig:
    """[agent]: who writes the code.

    kind: a file of the agents shelf, or a dotted import path.
    command: argv (placeholders {prompt_file}, {feedback_file}, {workspace}, {iteration}), for kind `command`.
    patches: folder of the recorded patches, for kind `replay`.
    prompt: the repository's own prompt template; the built-in one when the file does not exist.
    stdin: whether the prompt is also fed to standard input.
    timeout: seconds of wall time of one call.
    variables: names of variables passed on to the agent.
    """

    kind: str
    command: tuple[str, ...] = ()
    patches: str | None = None
    prompt: str = ".github/codex/prompts/factory_fix.md"
    stdin: bool = False
    timeout: float = 1800.0
    variables: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackConfig:
    """[feedback]: what the agent is told. max_size is in bytes."""

    disclosure: Disclosure = Disclosure.OUTPUT
    max_size: int = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryConfig:
    """[delivery]: where the result goes. target `current` also fast-forwards the current branch when it can."""

    branch: str = "factory/{run}"
    target: str = "branch"
    artifacts: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All of factory.toml, defaults and overrides included.

    provenance: where each value came from, by dotted key (`loop.max_iterations` -> `factory.toml:9`, `default`,
    `FACTORY_LOOP_MAX_ITERATIONS`, `--max-iterations`).
    """

    project: ProjectConfig
    loop: LoopConfig = field(default_factory=LoopConfig)
    budget: BudgetConfig = field(default_factory=BudgetConfig)
    environment: EnvironmentConfig = field(default_factory=EnvironmentConfig)
    gates: tuple[GateConfig, ...] = ()
    scenarios: ScenariosConfig = field(default_factory=ScenariosConfig)
    isolation: IsolationConfig = field(default_factory=IsolationConfig)
    agent: AgentConfig | None = None
    feedback: FeedbackConfig = field(default_factory=FeedbackConfig)
    delivery: DeliveryConfig = field(default_factory=DeliveryConfig)
    provenance: Mapping[str, str] = field(default_factory=dict)
