"""A question and an advance never disagree, whatever the board; every stop has a way out."""

from __future__ import annotations

import json
import random
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.missions.mission import mission_log
from specify_cli.next._internal_runtime.discovery import BUILTIN_ROOT
from specify_cli.status.lanes import Lane
from specify_cli.status.mission_status import MissionStatus
from specify_cli.status.transitions import TransitionRequest
from tests.conftest import git
from tests.unit.next.lab import Lab, snapshot_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

AGENTS = ("claude", "codex", "gemini")
BOARDS = 12
LANES = [
    Lane.PLANNED,
    Lane.CLAIMED,
    Lane.IN_PROGRESS,
    Lane.FOR_REVIEW,
    Lane.IN_REVIEW,
    Lane.APPROVED,
    Lane.BLOCKED,
    Lane.CANCELED,
]


def told(decision: Any) -> tuple[Any, ...]:
    """What a decision tells to do: the same for a question and for the advance that follows."""
    kind = decision["kind"]
    ends = {"terminal": "done", "blocked": "blocked", "decision_required": "decision_required"}
    preview = decision["preview_step"] if kind == "query" else ends.get(kind, decision["action"])
    return (
        preview,
        decision["wp_id"],
        decision["step_id"],
        decision["decision_id"],
        decision["self_review"],
    )


@pytest.fixture
def lab(repository: Path) -> Lab:
    made = Lab.create(repository)
    made.plan_out({1: [], 2: [], 3: [1], 4: []})
    return made


def scatter(lab: Lab, chance: random.Random) -> None:
    """Put every work package anywhere on the board, as commands by hand could have."""
    with MissionStatus.change(mission_log(lab.project, lab.mission), message="Scatter") as change:
        for wp_id in lab.board.work_packages:
            for lane in (Lane.CLAIMED, chance.choice(LANES)):
                if change.board.work_packages[wp_id].lane is not lane:
                    change.transition(
                        TransitionRequest(
                            wp_id, lane, chance.choice(AGENTS), force=True, reason="scattered"
                        )
                    )


def holds(lab: Lab, agent: str) -> bool:
    """Tell whether an agent may have a work package in hand."""
    at_hand = (Lane.CLAIMED, Lane.IN_PROGRESS, Lane.IN_REVIEW, Lane.BLOCKED)
    states = lab.board.work_packages.values()
    return any(s.lane in at_hand and agent in (s.implementer, s.reviewer) for s in states)


def test_a_question_foretells_the_advance_on_any_board_and_asking_changes_nothing(
    lab: Lab,
) -> None:
    chance = random.Random(20261121)  # noqa: S311 - boards, not secrets
    kinds = set()
    for _ in range(BOARDS):
        scatter(lab, chance)
        # Somebody who has nothing in hand: the report of anybody else changes what comes next.
        agent = next((name for name in AGENTS if not holds(lab, name)), "zoe")
        before = snapshot_of(lab.root)
        asked = [lab.ask(agent) for _ in range(2)]
        assert snapshot_of(lab.root) == before, "asking has no side effects"
        assert told(asked[0]) == told(asked[1])
        advanced = lab.report(agent)
        assert told(advanced) == told(asked[0])
        kinds.add(advanced["kind"])
        again = lab.ask(agent)
        if advanced["kind"] == "step":
            assert told(again) == told(advanced), "what was handed out is shown again"
            assert again["prompt_file"] == advanced["prompt_file"]
    assert kinds == {"step", "blocked"}


def test_a_lost_prompt_is_rendered_again_and_nothing_is_recorded(lab: Lab) -> None:
    from pathlib import Path

    found = lab.report("claude")
    prompt = Path(found["prompt_file"])
    text = prompt.read_text(encoding="utf-8")
    prompt.unlink()
    assert lab.ask("claude")["prompt_file"] is None
    head = git(lab.root, "rev-parse", "HEAD")
    again = lab.report("claude", None, retry=True)
    assert (told(again), again["transitions"]) == (told(found), [])
    assert prompt.read_text(encoding="utf-8").splitlines()[0] == text.splitlines()[0]
    assert git(lab.root, "rev-parse", "HEAD") == head


def test_a_waiting_step_says_what_waits_on_whom_since_when(lab: Lab) -> None:
    for agent in AGENTS:
        lab.report(agent)
    found = lab.report("zoe")
    assert found["kind"] == "blocked"
    waiting = {item["wp_id"]: item for item in found["waiting_on"]}
    assert waiting["WP03"]["on"] == ["WP01"]
    assert {waiting[wp]["held_by"] for wp in ("WP01", "WP02", "WP04")} == set(AGENTS)
    assert all(item["since"] for item in waiting.values())
    assert "WP03 waits for less than a minute for WP01 to be approved." in found["reason"]


MODES = [
    (),
    ("--agent", "claude"),
    ("--agent", "claude", "--result", "success"),
    ("--agent", "claude", "--result", "failed", "--reason", "x"),
    ("--agent", "claude", "--retry"),
    ("--agent", "claude", "--answer", "x"),
    ("--agent", "claude", "--adopt-template"),
]


def test_an_unknown_mission_is_the_same_error_in_every_mode_and_lists_those_there_are(
    lab: Lab, cli: Callable[..., Ran]
) -> None:
    for mode in MODES:
        ran = cli(lab.root, "next", "--mission", "nonsense", *mode, "--json")
        assert ran.status == 1, mode
        assert ran.document["error_code"] == "MISSION_NOT_FOUND", mode
        assert lab.slug in ran.document["fix"], mode


OWN = """\
mission: {key: guide, name: Guide, version: "1"}
steps:
  - {id: survey, title: Survey, prompt: "Walk."}
  - {id: draw, title: Draw, prompt: "Draw.", depends_on: [survey]}
"""


@pytest.fixture
def own(repository: Path, cli: Callable[..., Ran]) -> Callable[..., Any]:
    """A project with a mission of its own type; returns a function that calls `next`."""
    for words in (("init", "--ai", "claude", "--yes"), ("mission-type", "new", "guide")):
        assert cli(repository, *words, "--json").status == 0
    describe(repository, OWN)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Set up")
    assert cli(repository, "specify", "Birds", "--mission-type", "guide").status == 0

    def call(*words: str, status: int = 0) -> Any:
        ran = cli(repository, "next", *words, "--json")
        assert ran.status == status, (words, ran.stdout, ran.stderr)
        return json.loads(ran.stdout)

    return call


def describe(root: Path, text: str) -> None:
    path = root / ".kittify" / "missions" / "guide" / "mission-runtime.yaml"
    path.write_text(text, encoding="utf-8")


def test_a_changed_description_stops_an_unfinished_run_until_it_is_adopted(
    own: Callable[..., Any], repository: Path
) -> None:
    claude = ("--agent", "claude", "--result", "success")
    assert own(*claude)["action"] == "survey"
    describe(repository, f"# nothing but a comment\n{OWN}")
    assert own("--agent", "claude")["preview_step"] == "survey"
    describe(repository, OWN.replace("id: draw, title: Draw", "id: paint, title: Paint"))
    assert own("--agent", "claude")["preview_step"] == "blocked"
    stopped = own(*claude, status=1)
    assert stopped["kind"] == "blocked"
    assert "has changed since this run began" in stopped["reason"]
    refused = own("--agent", "claude", "--adopt-template", "--result", "success", status=2)
    assert refused["error_code"] == "USAGE_ERROR"
    adopted = own(*shlex.split(stopped["fix"])[2:])
    assert (adopted["kind"], adopted["action"]) == ("step", "survey"), "the report did not count"
    assert own(*claude)["action"] == "paint"
    assert own(*claude)["kind"] == "terminal"
    describe(repository, OWN)
    assert own(*claude)["kind"] == "terminal", "a finished run is not stopped"
    assert own("--agent", "claude", "--adopt-template")["action"] == "draw"


def test_a_type_that_cannot_be_read_stops_the_mission_with_file_and_line(
    own: Callable[..., Any], repository: Path
) -> None:
    describe(repository, OWN.replace("depends_on: [survey]", "depends_on: [walk]"))
    refused = own(status=1)
    assert refused["error_code"] in ("INVALID_MISSION_TEMPLATE", "UNKNOWN_MISSION_TYPE")
    assert "mission-runtime.yaml line 4" in json.dumps(refused)


def test_the_built_in_types_have_their_parsed_forms_and_shapes() -> None:
    for path in BUILTIN_ROOT.glob("*/mission-runtime.yaml"):
        assert any((path.parent / "parsed").glob("*.json")), path
