"""Scenarios on a judge tree: real bash, its surroundings, and what is made of its end."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from stage_samples import ENVIRON, a_config, a_judge, a_scenario, a_scenarios_config

from dark_factory.core.command import Outcome
from dark_factory.core.config import Config, EnvironmentConfig
from dark_factory.core.environment import Toolbox
from dark_factory.core.ports import Executor, Job
from dark_factory.core.report import ScenarioReport, ScenarioResult, Status
from dark_factory.core.scenario import Expectation, Requirements, Scenario
from dark_factory.effects.system import Processes
from dark_factory.stages.judge_tree import Judge
from dark_factory.stages.scenarios import ScenarioTools, run_scenarios
from dark_factory.testing import FakeExecutor, RecordingWatcher, result

TELL_ENVIRONMENT = "env -0 | python3 -c 'import json, sys; print(json.dumps(sys.stdin.read().split(chr(0))))'"


def tools(
    *,
    executor: Executor | None = None,
    evidence: Path | None = None,
    watcher: RecordingWatcher | None = None,
    environ: Mapping[str, str] = ENVIRON,
) -> ScenarioTools:
    return ScenarioTools(
        toolbox=Toolbox(),
        executor=executor or Processes(),
        environ=environ,
        own=None,
        platform="linux",
        watcher=watcher or RecordingWatcher(),
        evidence=evidence,
    )


def run(
    judge: Judge,
    *scenarios: Scenario,
    config: Config | None = None,
    durations: Mapping[str, float] | None = None,
    **options: object,
) -> ScenarioReport:
    config = config or a_config(scenarios=a_scenarios_config())
    return run_scenarios(config, judge, tools(**options), scenarios=scenarios, durations=durations or {})  # type: ignore[arg-type]


def one(judge: Judge, scenario: Scenario, **options: object) -> ScenarioResult:
    (only,) = run(judge, scenario, **options).results  # type: ignore[arg-type]
    return only


def variables(told: ScenarioResult) -> dict[str, str]:
    assert told.status is Status.PASSED, told.stderr
    return dict(item.split("=", 1) for item in json.loads(told.stdout) if item)


# --- the contract of the seed: bash, in the repository root, PYTHONPATH set, exit 0 is a pass ---


def test_it_is_bash_in_the_root_of_the_tree(tmp_path: Path) -> None:
    judge = a_judge(tmp_path, {"src/a.py": "x = 1\n"})
    told = one(judge, a_scenario("[[ -f src/a.py ]] && words=(a b) && echo ${#words[@]} $PWD"))
    assert (told.status, told.exit_status) == (Status.PASSED, 0)
    assert told.stdout == f"2 {judge.tree}\n"


@pytest.mark.parametrize("status", [1, 2, 77, 255])
def test_any_other_exit_status_fails(tmp_path: Path, status: int) -> None:
    told = one(a_judge(tmp_path), a_scenario(f"echo out; echo err >&2; exit {status}"))
    assert (told.status, told.exit_status, told.timed_out) == (Status.FAILED, status, False)
    assert (told.reason, told.public_reason) == (f"exit status {status}", f"exit status {status}")
    assert (told.stdout, told.stderr) == ("out\n", "err\n")


def test_pythonpath_leads_to_the_candidates_code(tmp_path: Path) -> None:
    judge = a_judge(tmp_path, {"src/candidate.py": "print('from src')\n", "atop.py": "import candidate\n"})
    told = one(judge, a_scenario("cd / && python3 -c 'import atop'"))
    assert told.stdout == "from src\n"


def test_pythonpath_is_the_configured_one(tmp_path: Path) -> None:
    config = a_config(environment=EnvironmentConfig(backend="none", pythonpath=("lib",)))
    judge = a_judge(tmp_path)
    check = f'test "$PYTHONPATH" = "{judge.tree}/lib"'
    assert one(judge, a_scenario(check), config=config).status is Status.PASSED


def test_places_in_the_output_are_those_of_the_tree(tmp_path: Path) -> None:
    result = one(a_judge(tmp_path), a_scenario('echo "$PWD/src/a.py:3"; echo "$FACTORY_SCENARIOS/support/b.sh" >&2'))
    assert result.stdout == "src/a.py:3\n"
    assert str(tmp_path) not in result.stderr


def test_it_takes_no_longer_than_its_own_timeout_or_the_configured_one(tmp_path: Path) -> None:
    judge = a_judge(tmp_path)
    own = one(judge, a_scenario("echo begun; sleep 60", timeout=0.3))
    assert (own.status, own.timed_out, own.reason) == (Status.FAILED, True, "timed out after 0.3 s")
    assert own.stdout == "begun\n"
    config = a_config(scenarios=a_scenarios_config(timeout=0.4))
    assert one(judge, a_scenario("sleep 60"), config=config).reason == "timed out after 0.4 s"


def test_a_crash_says_which_signal(tmp_path: Path) -> None:
    told = one(a_judge(tmp_path), a_scenario("kill -SEGV $$"))
    assert (told.status, told.exit_status, told.reason) == (Status.FAILED, 139, "ended by SIGSEGV")


# --- what it finds around it ---


def test_only_allowed_variables_reach_it(tmp_path: Path) -> None:
    config = a_config(
        environment=EnvironmentConfig(backend="none", variables=("EDITOR",)),
        scenarios=a_scenarios_config(variables=("SECRET_KEY", "NOT_SET")),
    )
    environ = {**ENVIRON, "PYTHONSTARTUP": "/x", "FACTORY_LOOP_STALL_AFTER": "9", "VIRTUAL_ENV": "/venv"}
    told = variables(one(a_judge(tmp_path), a_scenario(TELL_ENVIRONMENT), config=config, environ=environ))
    passed_on = {"EDITOR", "SECRET_KEY", "LANG", "PATH"}
    ours = {"HOME", "TMPDIR", "XDG_CACHE_HOME", "CI", "PYTHONPATH", "FACTORY_ROOT", "FACTORY_SCENARIOS"}
    # Set by the executor, to find descendants again, and by bash itself.
    added = {"FACTORY_PROCESS", "PWD", "SHLVL", "_", "OLDPWD"}
    assert passed_on | ours <= set(told) <= passed_on | ours | added


def test_each_scenario_has_a_home_and_a_folder_of_its_own(tmp_path: Path) -> None:
    script = f"touch $HOME/mine $TMPDIR/mine; [ $(ls $HOME $TMPDIR | grep -c mine) = 2 ] && {TELL_ENVIRONMENT}"
    judge = a_judge(tmp_path)
    report = run(judge, a_scenario(script, key="a"), a_scenario(script, key="b"))
    places = [Path(variables(told)[name]) for told in report.results for name in ("HOME", "TMPDIR")]
    assert len(set(places)) == 4
    for place in places:
        assert place.is_relative_to(judge.scratch)
        assert place.stat().st_mode & 0o777 == 0o700


def test_the_author_can_reach_fixtures_beside_his_scenarios(tmp_path: Path) -> None:
    judge = a_judge(tmp_path, holdout={"scenarios/data/order.json": "{}"})
    told = one(judge, a_scenario('cat "$FACTORY_SCENARIOS/data/order.json"; echo " $FACTORY_ROOT"'))
    assert told.stdout == f"{{}} {judge.tree}\n"


def test_its_text_is_nowhere_in_the_tree(tmp_path: Path) -> None:
    judge = a_judge(tmp_path, {"a.txt": "harmless\n"})
    script = "grep -r 'xyzzy-only-here' . && exit 1; find . -newer a.txt -type f | grep . && exit 1; true"
    told = one(judge, a_scenario(script))
    assert told.status is Status.PASSED, told.stdout
    assert [path.name for path in judge.tree.rglob("*")] == ["a.txt"]


def test_the_script_is_for_its_owner_alone(tmp_path: Path) -> None:
    told = one(a_judge(tmp_path), a_scenario('stat -c %a "$0" 2>/dev/null || stat -f %Lp "$0"'))
    assert told.stdout == "600\n"


def test_the_path_of_the_script_is_not_shown(tmp_path: Path) -> None:
    told = one(a_judge(tmp_path), a_scenario("echo $0; no-such-program"))
    assert str(tmp_path) not in told.stdout + told.stderr
    assert told.stderr.startswith("scenario: line 1: no-such-program")


# --- requirements ---


@pytest.mark.parametrize(
    ("requires", "reason"),
    [
        (Requirements(commands=("bash", "no-such-program")), "the command no-such-program is not found"),
        (Requirements(env=("NO_SUCH_VARIABLE",)), "the variable NO_SUCH_VARIABLE is not set"),
        # It exists, but is not passed on: the scenario would not see it.
        (Requirements(env=("EDITOR",)), "the variable EDITOR is not set"),
        (Requirements(platform=("macos",)), "needs macos, this is linux"),
        (Requirements(modules=("json", "no_such_module")), "the Python module no_such_module is not found"),
    ],
)
def test_what_is_missing_skips_it_with_the_reason(tmp_path: Path, requires: Requirements, reason: str) -> None:
    told = one(a_judge(tmp_path), a_scenario("touch ran", requires=requires), environ=_with_python(tmp_path))
    assert (told.status, told.reason, told.public_reason) == (Status.SKIPPED, reason, reason)
    assert (told.attempts, told.exit_status) == (0, None)
    assert not (tmp_path / "tree/ran").exists()


def test_what_is_there_lets_it_run(tmp_path: Path) -> None:
    requires = Requirements(commands=("bash",), env=("SECRET_KEY",), platform=("linux", "macos"), modules=("json",))
    config = a_config(scenarios=a_scenarios_config(variables=("SECRET_KEY",)))
    scenario = a_scenario("true", requires=requires)
    assert one(a_judge(tmp_path), scenario, config=config, environ=_with_python(tmp_path)).status is Status.PASSED


def test_a_module_of_the_candidate_is_found(tmp_path: Path) -> None:
    judge = a_judge(tmp_path, {"src/shortener/__init__.py": ""})
    scenario = a_scenario("true", requires=Requirements(modules=("shortener.server",)))
    assert one(judge, scenario, environ=_with_python(tmp_path)).status is Status.PASSED


def _with_python(folder: Path) -> dict[str, str]:
    """The variables, with a `python` on PATH also where only `python3` is."""
    place = folder / "programs"
    place.mkdir()
    (place / "python").write_text('#!/bin/sh\nexec python3 "$@"\n', encoding="utf-8")
    (place / "python").chmod(0o755)
    return {**ENVIRON, "PATH": f"{place}:{ENVIRON['PATH']}"}


# --- repeat ---

SECOND_FAILS = 'echo x >> "$FACTORY_ROOT/count"; [ $(wc -l < "$FACTORY_ROOT/count") != 2 ]'


def test_it_must_pass_each_time(tmp_path: Path) -> None:
    told = one(a_judge(tmp_path), a_scenario("echo x >> count", repeat=3))
    assert (told.status, told.attempts, told.passes) == (Status.PASSED, 3, 3)
    assert (tmp_path / "tree/count").read_text(encoding="utf-8") == "x\n" * 3


def test_one_failure_among_many_fails_it_and_ends_the_rest(tmp_path: Path) -> None:
    told = one(a_judge(tmp_path), a_scenario(SECOND_FAILS, repeat=4))
    assert (told.status, told.attempts, told.passes) == (Status.FAILED, 2, 1)
    assert told.reason == "exit status 1 (attempt 2 of 4)"
    assert (tmp_path / "tree/count").read_text(encoding="utf-8") == "x\n" * 2


def test_repetitions_take_turns_and_share_nothing(tmp_path: Path) -> None:
    script = (
        'mkdir "$FACTORY_ROOT/busy" && [ -z "$(ls -A $HOME)" ] && [ -z "$(ls -A $TMPDIR)" ] '
        '&& touch $HOME/x $TMPDIR/x && sleep 0.05 && rmdir "$FACTORY_ROOT/busy"'
    )
    told = one(a_judge(tmp_path), a_scenario(script, repeat=3))
    assert (told.status, told.passes) == (Status.PASSED, 3), told.stderr


def test_seconds_of_all_attempts_count(tmp_path: Path) -> None:
    fake = FakeExecutor(lambda asked: result(asked, duration=1.5))
    assert one(a_judge(tmp_path), a_scenario("true", repeat=3), executor=fake).duration == 4.5


# --- evidence and expectations ---


def test_evidence_is_collected(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    scenario = a_scenario("mkdir out; echo shot > out/a.png; echo log > run.log", evidence=("out/*.png", "*.log"))
    told = one(a_judge(tmp_path), scenario, evidence=kept)
    assert (told.status, told.evidence) == (Status.PASSED, ("out/a.png", "run.log"))
    assert (kept / "one/out/a.png").read_text(encoding="utf-8") == "shot\n"


def test_declared_evidence_that_is_missing_fails_it(tmp_path: Path) -> None:
    told = one(a_judge(tmp_path), a_scenario("true", evidence=("out/*.png",)), evidence=tmp_path / "kept")
    assert told.status is Status.FAILED
    assert told.reason == "declared evidence is missing: out/*.png"
    # The agent is not told the pattern: it could make an empty file of that name.
    assert told.public_reason == "declared evidence is missing"


@pytest.mark.parametrize(
    ("expect", "script", "reason"),
    [
        (Expectation(exit_status=3), "exit 3", ""),
        (Expectation(exit_status=3), "exit 0", "exit status 0, expected 3"),
        (Expectation(stdout=("^total: 7$",)), "echo ready; echo total: 7", ""),
        (Expectation(stdout=("^total: 7$",)), "echo total: 8", "stdout does not match ^total: 7$"),
        (Expectation(stderr=("warning",)), "echo warning", "stderr does not match warning"),
        (Expectation(files=("out/*.json",)), "mkdir out; touch out/a.json", ""),
        (Expectation(files=("out/*.json",)), "mkdir out", "no file matches out/*.json"),
    ],
)
def test_what_is_expected_beside_the_exit_status(tmp_path: Path, expect: Expectation, script: str, reason: str) -> None:
    told = one(a_judge(tmp_path), a_scenario(script, expect=expect))
    assert (told.status, told.reason) == (Status.FAILED if reason else Status.PASSED, reason)
    for pattern in (*expect.stdout, *expect.stderr, *expect.files):
        assert pattern not in told.public_reason


# --- many ---


def test_the_report_is_ordered_as_the_scenarios_are(tmp_path: Path) -> None:
    scenarios = [a_scenario("sleep 0.1", key="a"), a_scenario("true", key="b"), a_scenario("exit 1", key="c")]
    report = run(a_judge(tmp_path), *scenarios)
    assert [told.id for told in report.results] == ["a", "b", "c"]
    assert report.satisfaction == pytest.approx(2 / 3)


class _Jobs(FakeExecutor):
    """Keeps the jobs and how many may run at once."""

    jobs: Sequence[Job] = ()
    options: Mapping[str, object] = {}

    def run_all(self, jobs: Sequence[Job], **options: object) -> dict[str, object]:  # type: ignore[override]
        self.jobs, self.options = jobs, options
        return super().run_all(jobs, **options)  # type: ignore[arg-type,return-value]


def test_the_load_resources_and_lengths_are_handed_to_the_executor(tmp_path: Path) -> None:
    jobs = _Jobs(result)
    config = a_config(scenarios=a_scenarios_config(jobs=3, resources={"port": 2}))
    scenarios = [
        a_scenario("true", key="quick", resources={"port": 1}),
        a_scenario("true", key="slow", repeat=2),
    ]
    run(a_judge(tmp_path), *scenarios, config=config, durations={"slow": 9.0}, executor=jobs)
    assert (jobs.options["at_once"], jobs.options["capacities"]) == (3, {"port": 2})
    quick, first, second = jobs.jobs
    assert quick.resources == (("port", 1),)
    assert (quick.weight, first.weight, second.weight) == (0.0, 9.0, 9.0)
    assert first.resources == second.resources != ()


def test_what_could_not_be_run_is_errored(tmp_path: Path) -> None:
    broken = FakeExecutor(lambda asked: result(asked, outcome=Outcome.NOT_STARTED, error="bash: not found"))
    report = run(a_judge(tmp_path), a_scenario("true"), executor=broken)
    (told,) = report.results
    assert told.status is Status.ERRORED
    assert told.reason == "could not be started: bash: not found"
    assert report.satisfaction is None


def test_the_watcher_hears_of_what_did_not_pass(tmp_path: Path) -> None:
    watcher = RecordingWatcher()
    run(a_judge(tmp_path), a_scenario("true", key="good"), a_scenario("exit 4", key="bad"), watcher=watcher)
    assert watcher.stages == ["scenarios: 2"]
    assert watcher.notes == ["scenario bad: failed (exit status 4)"]


def test_the_weight_goes_along(tmp_path: Path) -> None:
    scenario = replace(a_scenario("true"), weight=2.5, category="pipeline")
    told = one(a_judge(tmp_path), scenario)
    assert (told.weight, told.category, told.name, told.path) == (2.5, "pipeline", "Scenario one", "scenarios/one.md")


@pytest.mark.parametrize("requires", [Requirements(modules=("no_such_module",)), Requirements(commands=("no-such",))])
def test_a_candidate_that_takes_away_what_was_there_fails(tmp_path: Path, requires: Requirements) -> None:
    scenario = a_scenario("true", requires=requires)
    config, judge = a_config(scenarios=a_scenarios_config()), a_judge(tmp_path)
    bench = tools(environ=_with_python(tmp_path))
    report = run_scenarios(config, judge, bench, scenarios=[scenario], durations={}, evaluated={scenario.id})
    (told,) = report.results
    assert told.status is Status.FAILED
    assert "no" in told.reason
    # What a scenario requires is part of it.
    assert "no_such" not in told.public_reason
    assert "no-such" not in told.public_reason


def test_what_the_machine_lacks_is_nobodys_failure(tmp_path: Path) -> None:
    scenario = a_scenario("true", requires=Requirements(env=("KEY_OF_THE_DAY",), commands=("no-such",)))
    config, judge = a_config(scenarios=a_scenarios_config()), a_judge(tmp_path)
    report = run_scenarios(config, judge, tools(), scenarios=[scenario], durations={}, evaluated={scenario.id})
    assert report.results[0].status is Status.SKIPPED


def test_what_a_scenario_prints_never_shows_a_secret(tmp_path: Path) -> None:
    scenario = a_scenario("echo $SECRET_KEY; echo $SECRET_KEY >&2; exit 1")
    config = a_config(scenarios=a_scenarios_config(variables=("SECRET_KEY",)))
    told = one(a_judge(tmp_path), scenario, config=config)
    assert (told.stdout, told.stderr) == ("***\n", "***\n")
