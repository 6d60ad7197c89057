"""The rules of lanes, written down once more, from the table of the domain and not from the source.

The table, edge by edge, with the guard in words:

    genesis      planned, canceled                        free
    planned      claimed (actor), blocked, canceled
    claimed      in_progress (workspace), blocked, canceled
    in_progress  for_review (subtasks complete and evidence of work),
                 approved (review evidence: reviewer, approved, reference),
                 planned (reason), blocked, canceled
    for_review   in_review (actor), blocked, canceled
    in_review    approved, done (review result, approved, consistent with evidence and review_ref),
                 in_progress, planned (review result, not approved), blocked, canceled (review result)
    approved     done (review evidence), in_progress, planned (review_ref), blocked, canceled
    blocked      in_progress, canceled; ours: back to where it was blocked from
    done, canceled: final

`force` passes every edge and guard, and needs an actor and a reason; genesis is never a target.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

Request = dict[str, Any]

TARGETS = {
    "genesis": "planned canceled",
    "planned": "claimed blocked canceled",
    "claimed": "in_progress blocked canceled",
    "in_progress": "for_review approved planned blocked canceled",
    "for_review": "in_review blocked canceled",
    "in_review": "approved done in_progress planned blocked canceled",
    "approved": "done in_progress planned blocked canceled",
    "blocked": "in_progress canceled",
    "done": "",
    "canceled": "",
}


@dataclass
class Package:
    """What the model knows about a work package."""

    lane: str = "genesis"
    blocked_from: str | None = None
    forced: int = 0
    last_event_id: str | None = None
    mover: str | None = None
    reviewer: str | None = None
    remarks: list[str] = field(default_factory=list)
    subtasks: dict[str, str] = field(default_factory=dict)

    def allows(self, request: Request) -> bool:
        """Tell whether a change is legal; `request` has the arguments of a TransitionRequest."""
        source, target = self.lane, request["to_lane"]
        if target in ("genesis", "uninitialized") or not named(request["actor"]):
            return False
        if request.get("force"):
            return said(request.get("reason"))
        if target not in self.targets():
            return False
        if source == "blocked":
            return True  # back, in progress or canceled: no new proof (ADR 0010)
        return self._guard(source, target, request)

    def targets(self) -> list[str]:
        """Return where it can go without force."""
        targets = TARGETS[self.lane].split()
        if self.lane == "blocked" and self.blocked_from not in (None, "genesis"):
            targets.append(str(self.blocked_from))
        # What was blocked when it was final already was forced there, and final it stays.
        return [target for target in targets if not (self.lane == "blocked" and target == "done")]

    def _guard(self, source: str, target: str, request: Request) -> bool:
        match source, target:
            case "claimed", "in_progress":
                return said(request.get("workspace_context"))
            case "in_progress", "for_review":
                return (
                    request.get("subtasks_complete") is True
                    and request.get("implementation_evidence_present") is True
                )
            case ("in_progress", "approved") | ("approved", "done"):
                return approving_evidence(request)
            case "in_progress", "planned":
                return said(request.get("reason"))
            case "in_review", _:
                return review_fits(target, request)
            case "approved", "in_progress" | "planned":
                return said(request.get("review_ref"))
        return True

    def move(self, request: Request, event_id: str) -> None:
        """Take a legal change over."""
        target = request["to_lane"]
        if target == "blocked":
            self.blocked_from = self.blocked_from if self.lane == "blocked" else self.lane
        else:
            self.blocked_from = None
        if target == "in_review" and self.lane != "blocked":
            self.reviewer = label(request["actor"])
        self.lane, self.last_event_id = target, event_id
        self.mover = label(request["actor"])


def review_fits(target: str, request: Request) -> bool:
    """The verdict of a review: there, fitting the target, and agreeing with what else was given."""
    result = request.get("review_result")
    if result is None:
        return False
    if request.get("review_ref") not in (None, result["reference"]):
        return False
    approved = result["verdict"] == "approved"
    if target in ("in_progress", "planned"):
        return not approved
    if target in ("blocked", "canceled"):
        return True
    review = (request.get("evidence") or {}).get("review")
    agrees = review is None or (
        review["verdict"] == "approved" and review["reviewer"] == result["reviewer"]
    )
    return approved and agrees


def approving_evidence(request: Request) -> bool:
    review: Mapping[str, str] = (request.get("evidence") or {}).get("review") or {}
    return review.get("verdict") == "approved"


def said(text: object) -> bool:
    return isinstance(text, str) and text.strip() != ""


def named(actor: object) -> bool:
    return said(actor) or (isinstance(actor, dict) and any(said(v) for v in actor.values()))


def label(actor: Any) -> str:
    """Actors of the tests are names, or have a tool."""
    return actor if isinstance(actor, str) else str(actor["tool"])
