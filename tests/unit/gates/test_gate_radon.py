from __future__ import annotations

import json

from gate_samples import OUTPUTS, a_gate, a_run

from dark_factory.core.config import GateConfig
from dark_factory.core.report import Level, Reading, Status
from dark_factory.gates import radon

CC = a_gate("radon", "radon", "cc", "src")
MI = a_gate("radon", "radon", "mi", "src")


def block(name: str, complexity: int, **more: object) -> dict[str, object]:
    return {"type": "function", "rank": "C", "name": name, "lineno": 4, "complexity": complexity, "closures": []} | more


METHOD = block("m", 14, type="method", classname="K", lineno=9)
REPORT = {
    "src/a.py": [
        {"type": "class", "rank": "C", "name": "K", "complexity": 15, "lineno": 8, "methods": [METHOD]},
        METHOD,
        block("f", 4),
    ],
    "src/b.py": [block("g", 6)],
}


def read(gate: GateConfig, report: object, exit_status: int = 0) -> Reading:
    return radon.read(a_run(gate, exit_status, reports={"radon.json": json.dumps(report)}))


def test_all_ranks_are_asked_for_as_json_in_a_file() -> None:
    cc = radon.argv(CC, OUTPUTS, wants=frozenset())
    mi = radon.argv(MI, OUTPUTS, wants=frozenset())
    assert cc == ("radon", "cc", "src", "--json", "--min=A", "--max=F", f"--output-file={OUTPUTS}/radon.json")
    assert mi == ("radon", "mi", "src", "--json", "--min=A", "--max=C", f"--output-file={OUTPUTS}/radon.json")


def test_methods_are_counted_once_and_classes_not_at_all() -> None:
    reading = read(CC, REPORT)
    assert reading.status is Status.PASSED
    assert reading.figures == {"max_complexity": 14, "mean_complexity": 8, "blocks": 3}
    (finding,) = reading.findings
    assert (finding.level, finding.rule, finding.path, finding.line) == (Level.WARNING, "complexity", "src/a.py", 9)
    assert finding.message == "method `K.m` has complexity 14 (rank C)"


def test_the_threshold_says_what_is_a_finding() -> None:
    gate = a_gate("radon", "radon", "cc", "src", thresholds={"max_complexity": 4})
    messages = [finding.message for finding in read(gate, REPORT).findings]
    assert messages == [
        "method `K.m` has complexity 14 (rank C), the limit is 4",
        "function `g` has complexity 6 (rank C), the limit is 4",
    ]
    assert all(finding.level is Level.ERROR for finding in read(gate, REPORT).findings)


def test_maintainability_has_its_own_figures_and_findings() -> None:
    report = {"src/a.py": {"mi": 15.5, "rank": "B"}, "src/b.py": {"mi": 84.5, "rank": "A"}}
    reading = read(MI, report)
    assert reading.status is Status.PASSED
    assert reading.figures == {"min_maintainability": 15.5, "mean_maintainability": 50, "files": 2}
    assert [(finding.rule, finding.path) for finding in reading.findings] == [("maintainability", "src/a.py")]
    strict = a_gate("radon", "radon", "mi", "src", thresholds={"min_maintainability": 90})
    assert len(read(strict, report).findings) == 2


def test_a_file_that_does_not_parse_is_failed() -> None:
    reading = read(CC, REPORT | {"src/c.py": {"error": "invalid syntax (<unknown>, line 1)"}})
    assert reading.status is Status.FAILED
    assert (reading.findings[0].rule, reading.findings[0].path) == ("invalid-syntax", "src/c.py")
    assert reading.figures["max_complexity"] == 14
    only = read(CC, {"src/c.py": {"error": "invalid syntax"}})
    assert only.status is Status.FAILED
    assert only.figures == {}


def test_nothing_measured_is_failed() -> None:
    assert read(CC, {}).status is Status.FAILED
    assert read(CC, {}).reason


def test_files_without_a_function_have_nothing_too_complex() -> None:
    reading = read(CC, {"src/a.py": [{"type": "class", "rank": "A", "name": "E", "complexity": 1, "methods": []}]})
    assert reading.status is Status.PASSED
    assert reading.figures == {"max_complexity": 0, "mean_complexity": 0, "blocks": 0}


def test_what_radon_does_not_say_in_these_two_forms_is_errored() -> None:
    raw = {"src/a.py": {"loc": 2, "lloc": 2}}
    assert read(a_gate("radon", "radon", "raw", "src"), raw).status is Status.ERRORED
    assert read(CC, REPORT, exit_status=1).status is Status.ERRORED
    assert read(CC, {"a.py": [block("f", 1)], "b.py": {"mi": 3}}).status is Status.ERRORED


def test_a_shell_s_json_is_read_from_stdout() -> None:
    gate = a_gate("radon", "bash", "-c", "radon cc -j src")
    reading = radon.read(a_run(gate, 0, stdout=json.dumps(REPORT)))
    assert reading.status is Status.PASSED
    assert reading.figures["max_complexity"] == 14
    assert radon.read(a_run(gate, 0, stdout="src/a.py\n    F 4:0 f - A\n")).status is Status.ERRORED
    assert radon.read(a_run(gate, 0, stdout=json.dumps(REPORT), size=10**7)).status is Status.ERRORED
