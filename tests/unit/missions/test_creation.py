from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from specify_cli.git.branches import BranchExists, InvalidBranchName
from specify_cli.git.commit_target import DetachedHead
from specify_cli.git.safe_commit import IdentityMissing
from specify_cli.identity.project import NotInitialized, Project
from specify_cli.kernel.gate import check
from specify_cli.kernel.names import UnsafeName
from specify_cli.kernel.ulid import is_ulid
from specify_cli.missions.creation import (
    ProtectedMissionBranch,
    UnknownMissionType,
    create_mission,
)
from specify_cli.missions.documents import check_spec
from specify_cli.missions.mission import find_mission, list_missions
from tests.conftest import git
from tests.unit.missions.mission_files import project_at

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def project(repository: Path) -> Project:
    return project_at(repository)


def _rows(project: Project, slug: str) -> list[dict[str, object]]:
    text = (project.root / "kitty-specs" / slug / "status.events.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_on_main_a_mission_gets_a_branch_of_its_own_that_is_checked_out(project: Project) -> None:
    created = create_mission(project, "Todo app")
    slug = created.mission.slug
    assert re.fullmatch(r"todo-app-[0-9A-HJKMNP-TV-Z]{8}", slug)
    assert created.branch == created.mission.target_branch == f"kitty/mission-{slug}"
    assert created.branch_created
    assert git(project.root, "branch", "--show-current") == created.branch
    assert git(project.root, "log", "--format=%s", "main") == "Start"


def test_everything_of_a_new_mission_is_in_one_commit(project: Project) -> None:
    created = create_mission(project, "Todo app")
    folder = f"kitty-specs/{created.mission.slug}"
    assert git(project.root, "rev-list", "--count", "main..HEAD") == "1"
    assert git(project.root, "rev-parse", "HEAD") == created.commit
    committed = git(project.root, "show", "--format=", "--name-only", "HEAD").splitlines()
    assert set(committed) == set(created.files)
    assert set(committed) == {
        f"{folder}/{name}"
        for name in (
            "meta.json",
            "spec.md",
            "tasks/README.md",
            "status.events.jsonl",
            "status.json",
        )
    }
    assert git(project.root, "status", "--porcelain", "--", "kitty-specs") == ""


@pytest.mark.proves("001 FR-019")
def test_a_new_meta_json_has_canonical_keys_only(project: Project) -> None:
    created = create_mission(project, "Todo app", purpose_tldr="Short.", purpose_context="Long.")
    meta = json.loads((created.mission.directory / "meta.json").read_text(encoding="utf-8"))
    assert set(meta) == {
        "mission_id", "mission_slug", "slug", "mission_number", "mission_type", "friendly_name",
        "purpose_tldr", "purpose_context", "target_branch", "topology", "created_at", "vcs",
    }  # fmt: skip
    assert meta["mission_slug"] == meta["slug"] == created.mission.slug
    assert is_ulid(meta["mission_id"])
    assert meta["mission_id"].startswith(created.mission.slug[-8:])
    assert meta["mission_number"] is None
    assert (meta["friendly_name"], meta["purpose_tldr"]) == ("Todo app", "Short.")
    check("mission_meta", meta)


@pytest.mark.proves("001 FR-002")
def test_the_first_row_of_the_log_is_a_gate_valid_mission_created_event(project: Project) -> None:
    created = create_mission(project, "Todo app")
    rows = _rows(project, created.mission.slug)
    assert [row["event_type"] for row in rows] == ["MissionCreated"]
    check("envelope", rows[0])
    assert rows[0]["aggregate_id"] == created.mission.mission_id
    assert rows[0]["payload"]["mission_slug"] == created.mission.slug  # type: ignore[index]


def test_on_a_feature_branch_the_mission_lives_there(project: Project) -> None:
    git(project.root, "switch", "-q", "-c", "feature/x")
    created = create_mission(project, "Todo app")
    assert (created.branch, created.branch_created) == ("feature/x", False)
    assert find_mission(project.root, None).target_branch == "feature/x"


def test_on_the_branch_of_another_mission_a_mission_gets_its_own(project: Project) -> None:
    first = create_mission(project, "First")
    second = create_mission(project, "Second")
    assert second.branch_created
    assert second.branch == f"kitty/mission-{second.mission.slug}" != first.branch
    assert git(project.root, "branch", "--show-current") == second.branch


def test_another_branch_can_be_chosen(project: Project) -> None:
    created = create_mission(project, "Todo app", branch="feature/todo")
    assert (created.branch, created.branch_created) == ("feature/todo", True)
    assert git(project.root, "branch", "--show-current") == "feature/todo"


@pytest.mark.parametrize(
    ("branch", "error"),
    [
        ("main", ProtectedMissionBranch),
        ("master", ProtectedMissionBranch),
        ("a b", InvalidBranchName),
        ("-x", InvalidBranchName),
        ("taken", BranchExists),
    ],
)
def test_an_unusable_branch_is_refused_and_nothing_changes(
    project: Project, branch: str, error: type[Exception]
) -> None:
    git(project.root, "branch", "taken")
    with pytest.raises(error):
        create_mission(project, "Todo app", branch=branch)
    assert git(project.root, "branch", "--show-current") == "main"
    assert not (project.root / "kitty-specs").exists()


def test_it_works_before_the_first_commit(make_repository: Callable[..., Path]) -> None:
    project = project_at(make_repository("empty", commit=False))
    created = create_mission(project, "Todo app")
    assert git(project.root, "branch", "--show-current") == created.branch
    assert git(project.root, "rev-list", "--count", "HEAD") == "1"
    assert git(project.root, "status", "--porcelain", "--untracked-files=no") == ""


def test_uncommitted_files_of_the_user_are_carried_along_untouched(project: Project) -> None:
    readme, other = project.root / "README.md", project.root / "notes.txt"
    readme.write_text("changed\n", encoding="utf-8")
    other.write_text("new\n", encoding="utf-8")
    (project.root / "staged.txt").write_text("staged\n", encoding="utf-8")
    git(project.root, "add", "staged.txt")
    create_mission(project, "Todo app")
    assert readme.read_text(encoding="utf-8") == "changed\n"
    status = git(project.root, "status", "--porcelain").splitlines()
    assert [line.strip() for line in status] == [
        "M README.md", "A  staged.txt", "?? .kittify/", "?? notes.txt",
    ]  # fmt: skip
    committed = git(project.root, "show", "--format=", "--name-only", "HEAD")
    assert "staged.txt" not in committed
    assert "README.md" not in committed.replace("tasks/README.md", "")


def test_missions_made_in_the_same_second_have_different_short_handles(project: Project) -> None:
    missions = [create_mission(project, "Todo app").mission for _ in range(4)]
    assert len({mission.mid8 for mission in missions}) == 4
    assert len(list_missions(project.root)) == 4


def test_a_mission_on_another_branch_keeps_its_short_handle_to_itself(project: Project) -> None:
    first = create_mission(project, "Todo app").mission
    git(project.root, "switch", "-q", "main")
    assert list_missions(project.root) == ()
    second = create_mission(project, "Todo app").mission
    assert first.mid8 != second.mid8


def test_processes_creating_missions_at_once_all_succeed(project: Project) -> None:
    program = (
        "import sys; from pathlib import Path; "
        "from tests.unit.missions.mission_files import project_at; "
        "from specify_cli.missions.creation import create_mission; "
        "print(create_mission(project_at(Path(sys.argv[1])), 'Todo app').mission.slug)"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(project.root)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    outputs = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    slugs = {stdout.strip() for stdout, _ in outputs}
    assert len(slugs) == 3
    assert {mission.slug for mission in list_missions(project.root)} == slugs
    assert git(project.root, "status", "--porcelain", "--", "kitty-specs") == ""
    assert git(project.root, "rev-list", "--count", "main..HEAD") == "3"


def test_a_commit_that_fails_leaves_branch_and_files_as_they_were(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
    ):
        monkeypatch.delenv(name)
    git(project.root, "config", "user.useConfigOnly", "true")
    with pytest.raises(IdentityMissing):
        create_mission(project, "Todo app")
    assert git(project.root, "branch", "--show-current") == "main"
    assert git(project.root, "branch", "--list", "kitty/*") == ""
    assert not (project.root / "kitty-specs").exists()
    assert git(project.root, "status", "--porcelain") == "?? .kittify/"


def test_a_commit_that_fails_before_the_first_one_leaves_the_unborn_branch(
    make_repository: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = project_at(make_repository("empty", commit=False))
    for name in (
        "GIT_AUTHOR_NAME",
        "GIT_AUTHOR_EMAIL",
        "GIT_COMMITTER_NAME",
        "GIT_COMMITTER_EMAIL",
    ):
        monkeypatch.delenv(name)
    git(project.root, "config", "user.useConfigOnly", "true")
    with pytest.raises(IdentityMissing):
        create_mission(project, "Todo app")
    assert git(project.root, "branch", "--show-current") == "main"


def test_a_detached_head_is_refused(project: Project) -> None:
    git(project.root, "checkout", "-q", "--detach")
    with pytest.raises(DetachedHead) as caught:
        create_mission(project, "Todo app")
    assert "git switch" in caught.value.fix
    assert not (project.root / "kitty-specs").exists()


def test_a_repository_without_init_is_refused(repository: Path) -> None:
    project = project_at(repository)
    (repository / ".kittify" / "config.yaml").unlink()
    with pytest.raises(NotInitialized):
        create_mission(project, "Todo app")
    assert git(repository, "branch", "--show-current") == "main"


@pytest.mark.parametrize("title", ["", "   ", "???", "日本", "x" * 201])
def test_a_title_without_a_usable_name_is_refused(project: Project, title: str) -> None:
    with pytest.raises(UnsafeName):
        create_mission(project, title)


def test_an_unknown_mission_type_is_refused_with_the_known_ones(project: Project) -> None:
    with pytest.raises(UnknownMissionType, match="magic") as caught:
        create_mission(project, "Todo app", mission_type="magic")
    assert "software-dev" in caught.value.fix


def test_from_a_lane_worktree_the_mission_is_made_in_the_main_checkout(
    project: Project, tmp_path: Path
) -> None:
    tree = tmp_path / "tree"
    git(project.root, "worktree", "add", "-q", "-b", "other", str(tree))
    created = create_mission(project_at(tree), "Todo app")
    assert created.mission.root == project.root
    assert git(project.root, "branch", "--show-current") == created.branch
    assert git(tree, "branch", "--show-current") == "other"


def test_the_scaffold_of_a_new_mission_does_not_pass_its_guard(project: Project) -> None:
    created = create_mission(project, "Todo app")
    assert [failure.found for failure in check_spec(created.mission)] == ["the untouched scaffold"]


def test_configured_protected_branches_replace_the_default_ones(project: Project) -> None:
    with (project.root / ".kittify" / "config.yaml").open("a", encoding="utf-8") as stream:
        stream.write("protection:\n  protected_branches: [release]\n")
    created = create_mission(project, "On main")
    assert created.branch == "main"
    git(project.root, "switch", "-q", "-c", "release")
    assert create_mission(project, "On release").branch_created
