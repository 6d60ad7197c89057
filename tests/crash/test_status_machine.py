"""Random commands: the aggregate, the reducer of spec_kitty_events and a model agree after each one."""

from __future__ import annotations

import itertools
import json
import logging
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
from hypothesis import HealthCheck, currently_in_test_context, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)
from spec_kitty_events import Event, reduce_status_events

from specify_cli.events.envelope import wp_status_changed
from specify_cli.git.safe_commit import CommitResult
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import Disk
from specify_cli.status import (
    Lane,
    MissionStatus,
    TransitionRejected,
    TransitionRequest,
    fold,
    legal_targets,
    parse_lane,
    read_log,
    reading,
    transaction,
    validate_log,
)
from tests.crash.crash_lab import FULL, Lab, make_lab, sized
from tests.crash.status_model import TARGETS, Package, Request

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from specify_cli.identity.project import ProjectIdentity
    from specify_cli.status import MissionLog

PACKAGES = ("WP01", "WP02", "WP10")
LANES = [lane.value for lane in Lane]
APPROVED = {"reviewer": "rev", "verdict": "approved", "reference": "review-1"}
REJECTED = {"reviewer": "rev", "verdict": "changes_requested", "reference": "review-1"}
OTHERS = {"reviewer": "ann", "verdict": "approved", "reference": "review-2"}

packages = st.sampled_from(PACKAGES)
actors = st.sampled_from(["claude", "codex", "rev", {"tool": "gemini", "role": "implementer"}])
nobody = st.sampled_from(["", "  ", {}, {"tool": " "}])
someone_or_nobody = st.one_of(actors, nobody)
texts = st.sampled_from([None, "", " ", "review-1", "review-2", "why not"])
facts = st.fixed_dictionaries(
    {},
    optional={
        "reason": texts,
        "review_ref": texts,
        "workspace_context": texts,
        "subtasks_complete": st.sampled_from([None, False, True]),
        "implementation_evidence_present": st.sampled_from([None, False, True]),
        "review_result": st.sampled_from([None, APPROVED, REJECTED, OTHERS]),
        "evidence": st.sampled_from(
            [None, {"review": APPROVED}, {"review": REJECTED}, {"review": OTHERS}]
        ),
    },
)
ALL_FACTS: Request = {
    "reason": "why not",
    "workspace_context": "lane-a",
    "subtasks_complete": True,
    "implementation_evidence_present": True,
}
EVIDENCE = {"evidence": {"review": APPROVED}}


class NoSync(Disk):
    """Forces nothing to the disk: these tests crash nothing."""

    def fsync(self, descriptor: int) -> None:
        pass


def no_commit(target: Any, *_args: Any, **_options: Any) -> CommitResult:
    """Stand in for the commit, which would be nearly all of the time."""
    return CommitResult("0" * 40, target.branch, committed=True)


class Missions:
    """Fresh missions in one repository."""

    lab: Lab
    numbers = itertools.count()
    steps: ClassVar[set[tuple[str, str]]] = set()
    refusals: ClassVar[set[str]] = set()

    @classmethod
    def fresh(cls) -> MissionLog:
        name = f"mission-{next(cls.numbers)}"
        return cls.lab.mission_in(name, f"{name}.lock")


class StatusMachine(RuleBasedStateMachine):
    """Commands on three work packages, legal and illegal ones, one or several to a change."""

    def __init__(self) -> None:
        super().__init__()
        self.mission_log = Missions.fresh()
        self.mission_log.directory.mkdir()
        self.model = {wp_id: Package() for wp_id in PACKAGES}
        self.identity: ProjectIdentity = self.mission_log.identity()
        self.events: list[Event] = []
        self.rows = 0
        # What the reducer is known to see differently; see `offer`.
        self.unknown_to_reducer: set[str] = set()
        self.last_id_differs: set[str] = set()

    # Commands.

    @initialize(lanes=st.lists(st.sampled_from([None, *TARGETS]), min_size=3, max_size=3))
    def start_anywhere(self, lanes: list[str | None]) -> None:
        for wp_id, lane in zip(PACKAGES, lanes, strict=True):
            if lane not in (None, "genesis"):
                request = {"to_lane": lane, "actor": "boss", "force": True, "reason": "start here"}
                self.command(wp_id, request)

    @rule(wp_id=packages, actor=actors, pick=st.integers(0, 9), verdict=st.booleans())
    def a_legal_step(self, wp_id: str, actor: Any, pick: int, verdict: bool) -> None:
        package = self.model[wp_id]
        targets = package.targets()
        if not targets:
            return
        target = targets[pick % len(targets)]
        self.command(wp_id, self.legal(wp_id, target, actor, approving=verdict))

    def legal(self, wp_id: str, target: str, actor: Any, *, approving: bool = False) -> Request:
        """Return a request that gives every guard what it wants."""
        package = self.model[wp_id]
        request: Request = {**ALL_FACTS, "to_lane": target, "actor": actor}
        if target in ("approved", "done"):
            request |= EVIDENCE
        if package.lane == "in_review":
            approves = target in ("approved", "done") or (
                approving and target not in ("in_progress", "planned")
            )
            request["review_result"] = APPROVED if approves else REJECTED
        if package.lane == "approved":
            request["review_ref"] = "review-1"
        assert package.allows(request), "the model contradicts itself"
        return request

    @rule(wp_id=packages, lane=st.sampled_from(LANES), actor=actors, more=facts)
    def any_request(self, wp_id: str, lane: str, actor: Any, more: Request) -> None:
        self.command(wp_id, {**more, "to_lane": lane, "actor": actor})

    @rule(wp_id=packages, pick=st.integers(0, 9), actor=actors, more=facts)
    def an_existing_edge_with_any_facts(
        self, wp_id: str, pick: int, actor: Any, more: Request
    ) -> None:
        targets = self.model[wp_id].targets()
        if targets:
            target = targets[pick % len(targets)]
            self.command(wp_id, {**more, "to_lane": target, "actor": actor})

    @rule(wp_id=packages)
    def every_edge_that_lacks_one_fact(self, wp_id: str) -> None:
        package = self.model[wp_id]
        for target in package.targets():
            approves = target in ("approved", "done")
            given = {**ALL_FACTS, "review_result": APPROVED if approves else REJECTED}
            given |= EVIDENCE if approves else {}
            for missing in given:
                request = {**given, "to_lane": target, "actor": "claude"}
                del request[missing]
                if not package.allows(request):
                    self.command(wp_id, request)

    @rule(wp_id=packages, lane=st.sampled_from(LANES), actor=someone_or_nobody, reason=texts)
    def by_force(self, wp_id: str, lane: str, actor: Any, reason: str | None) -> None:
        self.command(wp_id, {"to_lane": lane, "actor": actor, "force": True, "reason": reason})

    @rule(wp_id=packages, lane=st.sampled_from(LANES), actor=nobody)
    def by_nobody(self, wp_id: str, lane: str, actor: Any) -> None:
        self.command(wp_id, {**ALL_FACTS, "to_lane": lane, "actor": actor})

    @rule(wp_id=packages, reviewer=st.sampled_from(["rev", "ann"]))
    def take_into_review(self, wp_id: str, reviewer: str) -> None:
        """The first gets it, the second is refused."""
        self.command(wp_id, {"to_lane": "in_review", "actor": reviewer})

    @rule(wp_id=packages, word=st.sampled_from(["doing", "Doing", "in-progress", "In Progress"]))
    def by_another_word(self, wp_id: str, word: str) -> None:
        lane = parse_lane(word).value
        assert lane == "in_progress"
        self.command(wp_id, {**ALL_FACTS, "to_lane": lane, "actor": "claude"})

    @rule(wp_id=packages, back=st.booleans())
    def block_and_perhaps_resume(self, wp_id: str, back: bool) -> None:
        lane = self.model[wp_id].lane
        request = {**ALL_FACTS, "actor": "boss", "review_result": REJECTED}
        self.command(wp_id, {**request, "to_lane": "blocked"})
        if back:
            evidence = EVIDENCE if lane == "approved" else {}
            self.command(wp_id, {**request, **evidence, "to_lane": lane})

    @rule(wp_id=packages, source=st.sampled_from([None, "operator", "agent"]))
    def cancel(self, wp_id: str, source: str | None) -> None:
        request = {"to_lane": "canceled", "actor": "boss", "reason": "not needed"}
        review = {"review_result": REJECTED, "reason_source": source}
        self.command(wp_id, {**request, **review})

    @rule(
        wp_id=packages,
        text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
        task=st.sampled_from([None, "T001", "T002"]),
        status=st.sampled_from(["done", "pending"]),
    )
    def annotate(self, wp_id: str, text: str, task: str | None, status: str) -> None:
        delta: Any = {"note": text} if task is None else {"subtasks": {task: status}}
        with self.change() as change:
            change.annotate(wp_id, "claude", delta)
        self.rows += 1
        if task is None:
            self.model[wp_id].remarks.append(text)
        else:
            self.model[wp_id].subtasks[task] = status

    @rule(wp_id=packages, other=packages)
    def a_change_that_is_refused_halfway_does_nothing(self, wp_id: str, other: str) -> None:
        before = self.read_bytes()
        with pytest.raises(TransitionRejected), self.change() as change:
            change.annotate(wp_id, "claude", {"note": "never written"})
            request = TransitionRequest(other, Lane.PLANNED, "claude", force=True, reason="x")
            change.transition(request)
            change.transition(TransitionRequest(other, Lane.DONE, "claude"))
        assert self.read_bytes() == before

    # Carrying out.

    def change(self) -> Any:
        return MissionStatus.change(self.mission_log, message="Step", disk=NoSync())

    def command(self, wp_id: str, request: Request) -> None:
        package, before = self.model[wp_id], self.read_bytes()
        expected = package.allows(request)
        lane = package.lane
        if currently_in_test_context():
            note(f"{wp_id} in {lane}: {request} -> {'legal' if expected else 'illegal'}")
        try:
            with self.change() as change:
                event_id = change.transition(
                    TransitionRequest(wp_id, **{**request, "to_lane": Lane(request["to_lane"])})
                )
            board = change.board
        except SpecKittyError as refusal:
            assert not expected, refusal
            assert refusal.code == "TRANSITION_REJECTED", refusal
            assert refusal.fix
            assert self.read_bytes() == before
            Missions.refusals.add(str(refusal.details.get("guard", refusal.code)))
            return
        assert expected, f"{wp_id} went from {lane} to {request['to_lane']}"
        assert self.read_bytes().startswith(before)
        assert board == MissionStatus.load(self.mission_log).board
        Missions.steps.add((lane, request["to_lane"]))
        package.move(request, event_id)
        self.rows += 1
        self.offer(lane, request)

    def offer(self, lane: str, request: Request) -> None:
        """Offer the new row to the reducer as its own event model.

        It differs from us in two places, both of them listed here:

        1. The contract has no way from no lane to canceled, and the reducer takes `genesis` for a
           mismatch; so it does not know a package that is canceled before it was planned until a
           change is forced.
        2. A forced planned -> planned is ignored as the seed of a known package: the lane is the
           same, the last event is not.
        """
        row = self.last_row()
        event = Event.model_validate(dict(wp_status_changed(self.identity, row)))
        self.events.append(event)
        wp_id = row["wp_id"]
        self.last_id_differs.discard(wp_id)
        if row["force"]:
            self.unknown_to_reducer.discard(wp_id)
            if lane == request["to_lane"] == "planned":
                self.last_id_differs.add(wp_id)
        elif lane == "genesis" and request["to_lane"] == "canceled":
            self.unknown_to_reducer.add(wp_id)

    def last_row(self) -> Any:
        return json.loads(self.read_bytes().splitlines()[-1])

    def read_bytes(self) -> bytes:
        path = self.mission_log.log_path
        return path.read_bytes() if path.exists() else b""

    # What holds after every command.

    @invariant()
    def the_board_is_the_model(self) -> None:
        board = MissionStatus.load(self.mission_log, wp_ids=PACKAGES).board
        assert board == fold(read_log(self.mission_log.log_path), wp_ids=PACKAGES)
        for wp_id, package in self.model.items():
            state = board.work_packages[wp_id]
            started = package.last_event_id is not None
            assert state.lane.value == (package.lane if started else "uninitialized")
            assert state.last_event_id == package.last_event_id
            assert state.actor == package.mover
            assert state.reviewer == package.reviewer
            assert list(state.remarks) == package.remarks
            assert state.subtasks == package.subtasks
            blocked_from = state.blocked_from.value if state.blocked_from else None
            assert blocked_from == package.blocked_from
            offered = [lane.value for lane in legal_targets(state.lane, state.blocked_from)]
            assert sorted(offered) == sorted(set(package.targets()))

    @invariant()
    def the_reducer_agrees(self) -> None:
        reduced = reduce_status_events(self.events)
        for wp_id, package in self.model.items():
            state = reduced.wp_states.get(wp_id)
            if package.last_event_id is None or wp_id in self.unknown_to_reducer:
                assert state is None, wp_id
                continue
            assert state is not None, (wp_id, reduced.anomalies)
            assert state.current_lane.value == package.lane, reduced.anomalies
            if wp_id not in self.last_id_differs:
                assert state.last_event_id == package.last_event_id
        reasons = [anomaly.reason for anomaly in reduced.anomalies]
        explained = (
            "bootstrap planned ignored",
            "from_lane mismatch: expected None, got Lane.GENESIS",
        )
        assert [reason for reason in reasons if not reason.startswith(explained)] == []

    def teardown(self) -> None:
        report = validate_log(self.mission_log)
        assert report.valid, report.to_text()
        assert report.transitions + report.annotations == self.rows


@pytest.fixture
def missions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    logging.getLogger("spec_kitty_events").setLevel(logging.ERROR)
    monkeypatch.setattr(transaction, "safe_commit", no_commit)
    Missions.lab = make_lab(tmp_path / "project")
    Missions.steps.clear()
    Missions.refusals.clear()
    yield
    logging.getLogger("spec_kitty_events").setLevel(logging.NOTSET)


@pytest.mark.usefixtures("missions")
@pytest.mark.parametrize("kept", [False, True], ids=["read anew", "kept fold"])
def test_the_aggregate_the_reducer_and_the_model_agree_after_every_command(
    monkeypatch: pytest.MonkeyPatch, kept: bool
) -> None:
    if kept:
        # The fold of every log is kept and continued, not only that of a long one.
        monkeypatch.setattr(reading, "SMALLEST_LOG", 0)
    run_state_machine_as_test(
        StatusMachine,
        settings=settings(
            max_examples=sized(60, 400),
            stateful_step_count=sized(15, 30),
            deadline=None,
            derandomize=not FULL,
            suppress_health_check=list(HealthCheck),
        ),
    )
    # The commands got somewhere, or all this agreed about little.
    assert len(Missions.steps) >= 12
    assert {"edge", "force_reason"} <= Missions.refusals


@pytest.mark.usefixtures("missions")
def test_the_three_agree_about_every_edge_and_every_fact_that_is_missing() -> None:
    for source, targets in TARGETS.items():
        for target in LANES:
            machine = StatusMachine()
            if source != "genesis":
                start = {"to_lane": source, "actor": "boss", "force": True, "reason": "start"}
                machine.command("WP01", start)
            machine.every_edge_that_lacks_one_fact("WP01")
            if target in targets.split():
                machine.command("WP01", machine.legal("WP01", target, "claude"))
            else:
                machine.command("WP01", {**ALL_FACTS, "to_lane": target, "actor": "claude"})
            machine.by_force("WP01", target, "claude", " ")
            machine.the_board_is_the_model()
            machine.the_reducer_agrees()
            machine.teardown()
    edges = {(lane, target) for lane, targets in TARGETS.items() for target in targets.split()}
    assert len(edges) == 29
    assert edges <= Missions.steps
    assert {"edge", "workspace_present", "review_result", "review_ref"} <= Missions.refusals
