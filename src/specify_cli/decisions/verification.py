"""Whether the documents of a mission mark what is undecided, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from specify_cli.decisions.closing import marker
from specify_cli.decisions.decision import DEFERRED
from specify_cli.decisions.refusals import DecisionDrift, DecisionIndexCorrupt
from specify_cli.decisions.register import INDEX_FILE, decisions_folder, read_index, register_of
from specify_cli.kernel.files import read_text
from specify_cli.missions.documents import PLAN_FILE, SPEC_FILE
from specify_cli.missions.markdown import deferred_questions
from specify_cli.missions.mission import folded_log

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from specify_cli.decisions.decision import Decision
    from specify_cli.decisions.register import Register
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.mission import Mission

DEFERRED_WITHOUT_MARKER: Final = "DEFERRED_WITHOUT_MARKER"
MARKER_WITHOUT_DECISION: Final = "MARKER_WITHOUT_DECISION"
STALE_MARKER: Final = "STALE_MARKER"
INDEX_OUT_OF_DATE: Final = "INDEX_OUT_OF_DATE"
_DOCUMENTS: Final = (SPEC_FILE, PLAN_FILE)


@dataclass(frozen=True, slots=True)
class DecisionFinding:
    """One disagreement.

    Attributes:
        kind: DEFERRED_WITHOUT_MARKER, MARKER_WITHOUT_DECISION, STALE_MARKER or INDEX_OUT_OF_DATE.
        decision_id: The decision, or what a marker names.
        detail: What is wrong.
        fix: What to do.
        location: Where, such as `spec.md:L4`; None when it is about no place in a document.
    """

    kind: str
    decision_id: str
    detail: str
    fix: str
    location: str | None = None

    def to_json(self) -> JsonObject:
        """Return the finding as plain JSON."""
        return {
            "kind": self.kind,
            "decision_id_or_ref": self.decision_id,
            "location": self.location,
            "detail": self.detail,
            "fix": self.fix,
        }

    def to_text(self) -> str:
        """Return the finding for people."""
        return f"  - {self.location or self.decision_id}: {self.detail}\n    fix: {self.fix}"


@dataclass(frozen=True, slots=True)
class DecisionReport:
    """What was found out about a mission's decisions and the markers in its documents.

    Attributes:
        mission_slug: The mission.
        deferred_count: Decisions that were put off.
        marker_count: Markers in the documents, outside of code.
        findings: Every disagreement.
    """

    mission_slug: str
    deferred_count: int
    marker_count: int
    findings: tuple[DecisionFinding, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing disagrees."""
        return not self.findings

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent decision verify`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "status": "clean" if self.clean else "drift",
            "deferred_count": self.deferred_count,
            "marker_count": self.marker_count,
            "findings": [finding.to_json() for finding in self.findings],
        }

    def to_text(self) -> str:
        """Return the report for people."""
        counts = f"{self.deferred_count} deferred, {self.marker_count} marked"
        if self.clean:
            return f"{self.mission_slug}: decisions and documents agree ({counts})."
        count = len(self.findings)
        places = "1 disagreement" if count == 1 else f"{count} disagreements"
        head = f"{self.mission_slug}: {places} ({counts}):"
        return "\n".join([head, *(finding.to_text() for finding in self.findings)])

    def refusal(self, *, fail_on_stale: bool = True) -> DecisionDrift | None:
        """Return the error that says what disagrees; None when nothing does that counts.

        Args:
            fail_on_stale: Whether markers of decisions that are not put off (any more) count.
        """
        counting = [one for one in self.findings if fail_on_stale or one.kind != STALE_MARKER]
        if not counting:
            return None
        first = counting[0]
        places = "1 place" if len(counting) == 1 else f"{len(counting)} places"
        return DecisionDrift(
            f"decisions and documents of {self.mission_slug} disagree in {places}; "
            f"first: {first.detail}.",
            fix=first.fix,
            details=self.to_json(),
        )


def verify_decisions(project: Project, mission: Mission) -> DecisionReport:
    """Compare the decisions of a mission with the markers in spec.md and plan.md, and with the index.

    A marker is `[NEEDS CLARIFICATION: ...] <!-- decision_id: ULID -->` outside of code. Each deferred
    decision needs one, and nothing else may have one. Writes nothing.

    Raises:
        ReadFailed: READ_FAILED.
    """
    log = folded_log(mission).log()
    try:
        index = read_index(mission)
        damage = None
    except DecisionIndexCorrupt as error:
        index, damage = None, error
    register = register_of(mission, log, index)
    deferred = [one for one in register.decisions if one.status == DEFERRED]
    findings, marked = [], []
    for name in _DOCUMENTS:
        try:
            text = read_text(mission.directory / name)
        except FileNotFoundError:
            continue
        for found in deferred_questions(text):
            marked.append(found.decision_id)
            finding = _about_marker(register, found.decision_id, f"{name}:L{found.line}")
            findings += [finding] if finding is not None else []
    missing = [_unmarked(one) for one in deferred if one.decision_id not in marked]
    listed = {e["decision_id"]: e["status"] for e in index["entries"]} if index else {}
    wrong = tuple(_index_findings(mission, register, listed, damage))
    return DecisionReport(mission.slug, len(deferred), len(marked), (*missing, *findings, *wrong))


def _unmarked(decision: Decision) -> DecisionFinding:
    return DecisionFinding(
        DEFERRED_WITHOUT_MARKER,
        decision.decision_id,
        f"the question {decision.input_key} was put off, and neither spec.md nor plan.md says so",
        f"Put this where the answer is missing: {marker(decision)}",
    )


def _about_marker(register: Register, decision_id: str, where: str) -> DecisionFinding | None:
    decision = register.find(decision_id)
    if decision is None:
        return DecisionFinding(
            MARKER_WITHOUT_DECISION,
            decision_id,
            f"{where} names a decision that the mission does not have",
            "Correct the id (spec-kitty agent decision list), or take the marker out.",
            where,
        )
    if decision.status == DEFERRED:
        return None
    if decision.status == "open":
        fix = (
            f"spec-kitty agent decision defer {decision_id} --mission {decision.mission_slug} "
            '--rationale "..."'
        )
    else:
        fix = f"Write what was decided instead of the marker in {where}."
    return DecisionFinding(
        STALE_MARKER,
        decision_id,
        f"{where} marks a question as put off that is {decision.status}",
        fix,
        where,
    )


def _index_findings(
    mission: Mission,
    register: Register,
    listed: Mapping[str, str],
    damage: DecisionIndexCorrupt | None,
) -> Iterator[DecisionFinding]:
    file = mission.relative(decisions_folder(mission) / INDEX_FILE)
    fix = f"spec-kitty agent decision rebuild --mission {mission.slug}"
    if damage is not None:
        yield DecisionFinding(INDEX_OUT_OF_DATE, file, damage.message.rstrip("."), fix)
        return
    recorded = {one.decision_id: one.status for one in register.recorded}
    for key in sorted({*recorded, *listed}):
        if recorded.get(key) != listed.get(key):
            says, has = recorded.get(key, "nothing"), listed.get(key, "nothing")
            yield DecisionFinding(
                INDEX_OUT_OF_DATE, key, f"the log says {says}, and the index {has}", fix
            )
