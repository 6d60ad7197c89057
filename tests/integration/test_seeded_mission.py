"""A mission that a client seeded on `main`, with little more than work package files, works."""

from __future__ import annotations

import getpass
import json
import platform
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from tests.conftest import git
from tests.integration.conftest import write
from tests.integration.seeded_missions import SEEDED, lanes_of, seed_mission

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

CLAUDE, CODEX = ("--agent", "claude"), ("--agent", "codex")


def succeed(cli: Callable[..., Ran], root: Path, *words: str) -> Ran:
    ran = cli(root, *words, "--json")
    assert ran.status == 0, ran.stdout + ran.stderr
    return ran


def clean(root: Path) -> bool:
    return git(root, "status", "--porcelain") == ""


def work(root: Path, workspace: str, name: str) -> None:
    write(root / workspace / name, "x = 1\n")
    git(root / workspace, "add", "-A")
    git(root / workspace, "commit", "-q", "-m", f"Write {name}")


def test_the_loop_takes_it_from_its_files_to_merged_code_and_leaves_nothing_dirty(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    mission = seed_mission(repository)
    asked = succeed(cli, repository, "next").document
    assert (asked["kind"], asked["mission_state"]) == ("query", "implement")
    assert asked["progress"]["planned_wps"] == 2
    assert clean(repository)
    for wp_id in ("WP01", "WP02"):
        step = succeed(cli, repository, "next", *CLAUDE, "--result", "success").document
        assert (step["kind"], step["action"], step["wp_id"]) == ("step", "implement", wp_id)
        work(repository, step["workspace_path"], f"{wp_id}.py")
        move = ("agent", "tasks", "move-task", wp_id)
        succeed(cli, repository, *move, "--to", "for_review", *CLAUDE)
        succeed(cli, repository, "agent", "action", "review", wp_id, *CODEX)
        succeed(cli, repository, *move, "--to", "approved", *CODEX)
        assert clean(repository)
    succeed(cli, repository, "accept", "--actor", "claude")
    succeed(cli, repository, "merge", "--actor", "claude")
    assert clean(repository)
    assert (repository / "WP01.py").exists()
    assert (repository / "WP02.py").exists()
    assert git(repository, "branch", "--format=%(refname:short)") == "main"
    board = succeed(cli, repository, "agent", "tasks", "status").document
    assert lanes_of(board) == {"WP01": "done", "WP02": "done"}
    assert succeed(cli, repository, "agent", "status", "validate").document["valid"]
    meta = json.loads((mission / "meta.json").read_bytes())
    assert (meta["title"], meta["target_branch"], meta["mission_number"]) == (
        "Door counter",
        "main",
        99,
    )


def test_the_first_write_completes_the_identity_without_a_word_about_this_machine(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    seed_mission(repository)
    succeed(cli, repository, "implement", "WP01", *CLAUDE)
    subjects = git(repository, "log", "--format=%s", "-2").splitlines()
    assert subjects[1] == "Complete the identity of the spec-kitty project"
    text = git(repository, "show", "HEAD:.kittify/config.yaml")
    assert re.search(r"uuid: [0-9a-f-]{36}\n", text)
    for private in (str(repository.parent), platform.node(), getpass.getuser()):
        assert private not in text.replace("project", "")
    assert clean(repository)
    log = repository / "kitty-specs" / SEEDED / "status.events.jsonl"
    assert str(repository) not in log.read_text(encoding="utf-8")


def test_a_configuration_that_lacks_the_identity_keeps_what_the_client_wrote(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    write(repository / ".kittify" / "config.yaml", "# mine\nagents:\n  available: [claude]\n")
    seed_mission(repository)
    succeed(cli, repository, "implement", "WP01", *CLAUDE)
    text = (repository / ".kittify" / "config.yaml").read_text(encoding="utf-8")
    assert text.startswith("# mine\nagents:\n  available: [claude]\n")
    assert "uuid:" in text
    assert clean(repository)


def test_the_first_change_plans_every_work_package_in_the_same_commit(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    mission = seed_mission(repository, packages=3)
    succeed(cli, repository, "implement", "WP01", *CLAUDE)
    log = (mission / "status.events.jsonl").read_text(encoding="utf-8").splitlines()
    moves = [
        (row["wp_id"], row["from_lane"], row["to_lane"])
        for row in map(json.loads, log)
        if "to_lane" in row
    ]
    assert moves == [
        ("WP01", "genesis", "planned"),
        ("WP02", "genesis", "planned"),
        ("WP03", "genesis", "planned"),
        ("WP01", "planned", "claimed"),
        ("WP01", "claimed", "in_progress"),
    ]
    status = json.loads((mission / "status.json").read_bytes())
    assert status["summary"]["planned"] == 2


def test_the_lane_in_the_frontmatter_says_nothing_the_log_does(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    seed_mission(repository, lane="done")
    board = succeed(cli, repository, "agent", "tasks", "status").document
    assert board["by_lane"]["planned"] == 2
    succeed(cli, repository, "implement", "WP01", *CLAUDE)
    board = succeed(cli, repository, "agent", "tasks", "status").document
    assert lanes_of(board) == {"WP01": "in_progress", "WP02": "planned"}


def test_a_work_package_that_is_added_later_gets_a_lane_and_renames_no_other(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    mission = seed_mission(repository, packages=1)
    first = succeed(cli, repository, "implement", "WP01", *CLAUDE).document
    write(
        mission / "tasks" / "WP03-late.md",
        "---\nwork_package_id: WP03\ntitle: Late\n---\n\n# Late\n\nWrite it too.\n",
    )
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "One more")
    late = succeed(cli, repository, "implement", "WP03", *CODEX).document
    assert (first["lane_id"], late["lane_id"]) == ("lane-a", "lane-c")
    again = succeed(cli, repository, "implement", "WP01", *CLAUDE).document
    assert again["lane_id"] == "lane-a"
    assert not (mission / "lanes.json").exists()


def test_moves_by_hand_and_emitted_ones_plan_it_too(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    seed_mission(repository)
    succeed(cli, repository, "agent", "tasks", "move-task", "WP01", "--to", "claimed", *CLAUDE)
    board = succeed(cli, repository, "agent", "tasks", "status").document
    assert lanes_of(board) == {"WP01": "in_progress", "WP02": "planned"}


def test_a_mission_of_ours_is_not_planned_before_its_tasks_are_finalised(
    written_mission: Path, cli: Callable[..., Ran]
) -> None:
    root = written_mission.parent.parent
    asked = succeed(cli, root, "next").document
    assert asked["mission_state"] != "implement"
    refused = cli(root, "implement", "WP01", *CLAUDE, "--json")
    assert refused.status == 1
    assert refused.document["error_code"] in {"LANES_MISSING", "TRANSITION_REJECTED"}


def test_a_folder_that_the_protected_branch_does_not_track_may_not_be_committed_to_it(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    mission = seed_mission(repository)
    git(repository, "rm", "-r", "-q", "--cached", "kitty-specs")
    git(repository, "commit", "-q", "-m", "Forget it")
    head = git(repository, "rev-parse", "HEAD")
    refused = cli(repository, "implement", "WP01", *CLAUDE, "--json")
    assert refused.document["error_code"] == "SAFE_COMMIT_PROTECTED_BRANCH"
    assert f"git add kitty-specs/{SEEDED}" in refused.document["fix"]
    assert git(repository, "rev-parse", "HEAD") == head
    assert not (mission / "status.events.jsonl").exists()
    assert not (repository / ".kittify" / "config.yaml").exists()


@pytest.mark.parametrize("known", [False, True], ids=["without an identity", "with one"])
def test_who_forgot_to_commit_the_folder_is_told_the_command_and_it_helps(
    repository: Path, cli: Callable[..., Ran], *, known: bool
) -> None:
    if known:
        succeed(cli, repository, "init")
        git(repository, "add", "-A")
        git(repository, "commit", "-q", "-m", "Set up")
    seed_mission(repository)
    git(repository, "rm", "-r", "-q", "--cached", "kitty-specs")
    git(repository, "commit", "-q", "-m", "Forget it")
    write(repository / "mine.txt", "Not part of it.\n")
    git(repository, "add", "mine.txt")
    refused = cli(repository, "implement", "WP01", *CLAUDE, "--json").document
    assert refused["error_code"] == "SAFE_COMMIT_PROTECTED_BRANCH"
    assert refused["details"]["uncommitted"] == f"kitty-specs/{SEEDED}"
    said, _, command = refused["fix"].partition(": ")
    assert said == "Commit the mission's folder first"
    for words in command.split(" && "):
        git(repository, *shlex.split(words)[1:])
    succeed(cli, repository, "implement", "WP01", *CLAUDE)
    assert git(repository, "status", "--porcelain") == "A  mine.txt"


@pytest.mark.parametrize("protected", ["main", "trunk"])
def test_a_mission_that_names_another_branch_is_not_committed_to_this_one(
    repository: Path, cli: Callable[..., Ran], protected: str
) -> None:
    git(repository, "branch", "-m", protected)
    seed_mission(repository, target_branch="feature/door")
    git(repository, "branch", "feature/door")
    head = git(repository, "rev-parse", "HEAD")
    refused = cli(repository, "implement", "WP01", *CLAUDE, "--json")
    assert refused.document["error_code"] == "WRONG_BRANCH"
    assert git(repository, "rev-parse", "HEAD") == head


def test_creating_a_mission_on_main_still_makes_a_branch_of_its_own(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    seed_mission(repository)
    succeed(cli, repository, "implement", "WP01", *CLAUDE)
    created = succeed(cli, repository, "specify", "Another one").document
    assert git(repository, "branch", "--show-current") == created["target_branch"]
    assert created["target_branch"].startswith("kitty/mission-")


def test_specify_repo_root_leads_to_it_from_anywhere(
    repository: Path, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    seed_mission(repository)
    away = tmp_path / "away"
    away.mkdir()
    env = {"SPECIFY_REPO_ROOT": str(repository)}
    taken = cli(away, "implement", "WP01", *CLAUDE, "--json", env=env)
    assert taken.status == 0, taken.stdout
    board = cli(away, "agent", "tasks", "status", "--json", env=env).document
    assert lanes_of(board) == {"WP01": "in_progress", "WP02": "planned"}
    assert clean(repository)
