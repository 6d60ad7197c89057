"""Every method of the published `HostClient` works against the installed command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import git
from tests.consumer.real_client import Orchestra
from tests.unit.missions.lane_missions import copy_project, fresh_repository, make_project
from tests.unit.missions.mission_files import SLUG

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.missions.lane_missions import MissionAtWork
    from tools.environments import Environment

pytestmark = pytest.mark.needs_index

# One work package from planned to merged, through nothing but the client's methods.
_WHOLE_LIFE = """
import subprocess
answer = {}
answer["version"] = host.contract_version().api_version
answer["before"] = host.mission_state(mission).model_dump()
answer["ready"] = [wp.model_dump() for wp in host.list_ready(mission).ready_work_packages]
started = host.start_implementation(mission, "WP01")
answer["started"] = started.model_dump()
answer["again"] = host.start_implementation(mission, "WP01").model_dump()
tree = pathlib.Path(started.workspace_path)
(tree / "src/part1/work.txt").write_text("work\\n")
for command in (["add", "-A"], ["commit", "-q", "-m", "Work"]):
    subprocess.run(["git", *command], cwd=tree, check=True)
answer["history"] = host.append_history(mission, "WP01", "Half way there").model_dump()
answer["handed_off"] = host.transition(
    mission, "WP01", "for_review", note="Ready",
    subtasks_complete=True, implementation_evidence_present=True,
).model_dump()
answer["review"] = host.start_review(mission, "WP01", review_ref="review-1").model_dump()
evidence = {"review": {"reviewer": host.actor, "verdict": "approved", "reference": "review-1"}}
answer["approved"] = host.transition(
    mission, "WP01", "approved", review_ref="review-1", evidence_json=json.dumps(evidence),
).model_dump()
answer["accepted"] = host.accept_mission(mission).model_dump()
answer["merged"] = host.merge_mission(mission, target="main").model_dump()
answer["after"] = host.mission_state(mission).model_dump()
"""


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    root = fresh_repository(tmp_path_factory.mktemp("template") / "project")
    return make_project(root, {1: ()})


@pytest.fixture
def orchestra(template: MissionAtWork, installed: Environment, tmp_path: Path) -> Orchestra:
    work = copy_project(template, tmp_path / "project")
    return Orchestra.make(work.root, SLUG, installed, tmp_path)


def refusal(orchestra: Orchestra, call: str) -> tuple[str, str]:
    """Return the type and the code of the exception that a call raises in the client."""
    answer = orchestra.call_host(
        f"try:\n    {call}\n    answer = ['', '']\n"
        "except HostError as error:\n    answer = [type(error).__name__, error.error_code]\n"
    )
    return (answer[0], answer[1])


@pytest.mark.proves("001 FR-021")
def test_a_work_package_lives_its_whole_life_through_the_client(orchestra: Orchestra) -> None:
    told = orchestra.call_host(_WHOLE_LIFE)
    assert told["version"] == "1.5.0"
    assert told["before"]["work_packages"][0]["lane"] == "planned"
    assert told["ready"][0]["wp_id"] == "WP01"
    assert (told["started"]["from_lane"], told["started"]["no_op"]) == ("planned", False)
    assert (told["again"]["from_lane"], told["again"]["no_op"]) == ("in_progress", True)
    assert told["started"]["policy_metadata_recorded"] is True
    assert told["history"]["history_entry_id"].startswith("hist-")
    assert told["handed_off"]["to_lane"] == "for_review"
    assert told["review"]["to_lane"] == "in_review"
    assert told["approved"]["to_lane"] == "approved"
    assert told["accepted"]["accepted"] is True
    assert told["merged"]["merged_wps"] == ["WP01"]
    assert told["merged"]["worktree_removed"] is True
    assert told["merged"]["target_branch"] == "main"
    assert told["after"]["work_packages"][0] == {
        "wp_id": "WP01",
        "lane": "done",
        "dependencies": [],
        "last_actor": told["after"]["work_packages"][0]["last_actor"],
    }
    assert told["after"]["work_packages"][0]["last_actor"]
    assert git(orchestra.root, "show", "main:src/part1/work.txt") == "work"
    assert git(orchestra.root, "status", "--porcelain") == ""


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        ("host.mission_state('nope')", ("MissionNotFoundError", "MISSION_NOT_FOUND")),
        ("host.start_implementation(mission, 'WP77')", ("WPNotFoundError", "WP_NOT_FOUND")),
        (
            "host.transition(mission, 'WP01', 'approved')",
            ("TransitionRejectedError", "TRANSITION_REJECTED"),
        ),
        ("host.accept_mission(mission)", ("MissionNotReadyError", "MISSION_NOT_READY")),
        ("host.merge_mission(mission)", ("MissionNotReadyError", "MISSION_NOT_READY")),
        (
            "host.merge_mission(mission, strategy='octopus')",
            ("HostError", "UNSUPPORTED_STRATEGY"),
        ),
        (
            "host.policy_json = '{}'; host.start_implementation(mission, 'WP01')",
            ("PolicyValidationError", "POLICY_VALIDATION_FAILED"),
        ),
        (
            (
                "host.start_implementation(mission, 'WP01'); host.actor = 'another'; "
                "host.start_implementation(mission, 'WP01')"
            ),
            ("WPAlreadyClaimedError", "WP_ALREADY_CLAIMED"),
        ),
    ],
)
def test_a_refusal_arrives_as_the_clients_own_exception(
    orchestra: Orchestra, call: str, expected: tuple[str, str]
) -> None:
    assert refusal(orchestra, call) == expected


def test_uncommitted_work_keeps_the_client_from_merging_and_is_named(orchestra: Orchestra) -> None:
    told = orchestra.call_host(
        _WHOLE_LIFE.split('answer["merged"]')[0]
        + "(tree / 'src/part1/precious.txt').write_text('mine')\n"
        "try:\n    host.merge_mission(mission)\n"
        "except PreflightFailedError as error:\n    answer = [str(error), error.raw_data]\n"
    )
    message, data = told
    assert "precious.txt" in message
    assert any("precious.txt" in error for error in data["errors"])
    tree = next((orchestra.root / ".worktrees").iterdir())
    assert (tree / "src/part1/precious.txt").read_text(encoding="utf-8") == "mine"
