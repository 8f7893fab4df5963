"""Likely root causes: what went wrong, told once for all the gates and scenarios that show it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from dark_factory.core.config import Disclosure
from dark_factory.core.fingerprint import normalise
from dark_factory.core.report import Finding, GateResult, Layer, Level, Status
from dark_factory.core.telling.disclosed import Disclosed
from dark_factory.core.telling.harmless import code, inline
from dark_factory.core.telling.symptoms import CauseKind, Symptom, symptom


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One likely cause, in lines of markdown that are safe to show.

    title: what went wrong. detail: the words that say so, at most three lines; empty when there are none.
    where: the scenarios' titles, tests' ids or files that show it, each once. advice: what to do.
    count: how often it was seen. blocking: whether a gate is red for it.
    """

    kind: CauseKind
    title: str
    detail: str
    where: tuple[str, ...]
    advice: str
    count: int
    blocking: bool


@dataclass(frozen=True, slots=True)
class _Sighting:
    """One failure's symptom, and who shows it. group: equal for failures of the same cause."""

    symptom: Symptom
    where: str
    group: str
    blocking: bool


_ADVICE = {
    CauseKind.SYNTAX: "Correct the syntax; nothing that imports the file can run.",
    CauseKind.IMPORT: "Create what is imported, correct its name or the import, or declare the dependency.",
    CauseKind.COMMAND: "Provide the command (an entry point, an executable script) under the name that is called.",
    CauseKind.CRASH: "Find what ends the process: a native crash, memory that runs out, an abort.",
    CauseKind.PORT: "Take the port from the configuration, release it at exit, and leave no process behind.",
    CauseKind.TIMEOUT: "Look for a wait without an end: a deadlock, a loop, a read of standard input.",
    CauseKind.PERMISSION: "Write only where it is allowed, and make executable what is to be executed.",
    CauseKind.MISSING_FILE: "Create the file, or correct its path: relative paths start at the repository's root.",
    CauseKind.CONNECTION: "The server is not listening: see whether it starts at all, and on the expected address.",
    CauseKind.ASSERTION: "The behaviour differs from the expected one: compare it with the specification.",
    CauseKind.EXCEPTION: "Handle the case that raises it; the traceback names the place.",
    CauseKind.TYPES: "Correct the types; do not silence the checker.",
    CauseKind.LINT: "Correct the code; do not silence the rule.",
    CauseKind.OTHER: "Read the output below and compare it with the specification.",
    CauseKind.SILENT: "Run what the specification describes and see what is missing: the failure itself says nothing.",
}
# What these break can't be judged at all, so they come first.
_FIRST = (CauseKind.SYNTAX, CauseKind.IMPORT, CauseKind.COMMAND)
_ONE_GROUP = (CauseKind.PORT, CauseKind.TIMEOUT, CauseKind.CONNECTION, CauseKind.ASSERTION, CauseKind.SILENT)
_EXAMPLES = 3


def root_causes(gates: Sequence[GateResult], scenarios: Sequence[Disclosed]) -> tuple[Cause, ...]:
    """The likely causes of everything that failed: red gates first, then what keeps code from running, then by number.

    What was errored or skipped has no cause here: it says nothing about the candidate. Nor has a scenario of which only
    the outcome is disclosed, unless it took too long.
    """
    groups: dict[tuple[CauseKind, str], list[_Sighting]] = {}
    for sighting in (*_of_gates(gates), *_of_scenarios(scenarios)):
        groups.setdefault((sighting.symptom.kind, sighting.group), []).append(sighting)
    kinds = tuple(CauseKind)
    causes = [_cause(sightings) for sightings in groups.values()]
    return tuple(
        sorted(
            causes,
            key=lambda one: (not one.blocking, one.kind not in _FIRST, -one.count, kinds.index(one.kind), one.title),
        )
    )


def _of_gates(gates: Sequence[GateResult]) -> Iterator[_Sighting]:
    for gate in gates:
        if gate.status is not Status.FAILED or not (gate.blocking or gate.layer is Layer.DETERMINISTIC):
            continue
        findings = [finding for finding in gate.findings if finding.level is not Level.NOTE]
        if not findings:
            yield _sighting(symptom(gate.output or gate.reason), code(gate.name), blocking=True)
        for finding in findings:
            yield _of_finding(gate, finding)


def _of_finding(gate: GateResult, finding: Finding) -> _Sighting:
    if gate.kind == "pytest":
        return _sighting(symptom(finding.message), code(finding.rule), blocking=True)
    if finding.rule in ("invalid-syntax", "syntax", "E999"):
        found = Symptom(CauseKind.SYNTAX, "", str(finding))
        return _Sighting(found, code(finding.path or gate.name), finding.path or "", blocking=True)
    kind = CauseKind.TYPES if gate.kind == "mypy" else CauseKind.LINT
    found = Symptom(kind, finding.rule, str(finding).partition("\n")[0])
    return _Sighting(found, code(finding.path or gate.name), f"{gate.name} {finding.rule}", blocking=True)


def _of_scenarios(scenarios: Sequence[Disclosed]) -> Iterator[_Sighting]:
    for one in scenarios:
        if one.status is Status.FAILED and (one.level is Disclosure.OUTPUT or one.timed_out):
            found = symptom(one.stderr, one.stdout, exit_status=one.exit_status, timed_out=one.timed_out)
            yield _sighting(found, inline(one.title), blocking=False)


def _sighting(found: Symptom, where: str, *, blocking: bool) -> _Sighting:
    if found.kind in _ONE_GROUP:
        group = ""
    elif found.kind is CauseKind.EXCEPTION:
        group = normalise(found.line)
    else:
        group = normalise(found.subject)
    return _Sighting(found, where, group, blocking)


def _cause(sightings: list[_Sighting]) -> Cause:
    found = sightings[0].symptom
    examples = tuple(dict.fromkeys(one.symptom.line for one in sightings if one.symptom.line))
    return Cause(
        kind=found.kind,
        title=_title(found, len(sightings)),
        detail="\n".join(code(line) for line in examples[:_EXAMPLES]),
        where=tuple(dict.fromkeys(one.where for one in sightings if one.where)),
        advice=_ADVICE[found.kind],
        count=len(sightings),
        blocking=any(one.blocking for one in sightings),
    )


def _title(found: Symptom, count: int) -> str:
    match found.kind:
        case CauseKind.TYPES:
            return f"Type errors of the rule {code(found.subject)}"
        case CauseKind.LINT:
            return f"Findings of the rule {code(found.subject)}"
        case CauseKind.OTHER if not found.subject:
            return "Failures whose output is withheld"
        case CauseKind.OTHER:
            return "Failures that end with the same words" if count > 1 else "A failure of another kind"
        case CauseKind.SILENT:
            return "Failures without any output" if count > 1 else "A failure without any output"
        case _:
            about = f": {code(found.subject)}" if found.subject else ""
            return f"{found.kind.capitalize()}{about}"
