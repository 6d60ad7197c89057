from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.kernel.names import UnsafeName
from specify_cli.missions.branches import missions_elsewhere
from specify_cli.missions.metadata import CorruptMetadata
from specify_cli.missions.mission import (
    MissionAmbiguous,
    MissionNotFound,
    find_mission,
    list_missions,
    load_mission,
    scan_missions,
)
from tests.conftest import git
from tests.unit.missions.mission_files import MISSION_ID, SLUG, canonical_meta, write_mission

if TYPE_CHECKING:
    from pathlib import Path


def _another(root: Path, slug: str = "blog-01KQ99ZZ", **changes: Any) -> None:
    meta = canonical_meta(slug, mission_id=f"{slug[-8:]}A8G3W5V7T9Y1B3D5F7", **changes)
    write_mission(root, meta, slug)


@pytest.mark.parametrize(
    "handle",
    [SLUG, MISSION_ID, MISSION_ID.lower(), MISSION_ID[:8], MISSION_ID[:8].lower(), "todo-app"],
)
def test_a_mission_is_found_by_slug_ulid_mid8_and_words(tmp_path: Path, handle: str) -> None:
    write_mission(tmp_path)
    _another(tmp_path)
    assert find_mission(tmp_path, handle).slug == SLUG


def test_a_numbered_mission_of_an_older_project_is_found_by_number_and_words(
    tmp_path: Path,
) -> None:
    write_mission(tmp_path, canonical_meta("064-todo-app", mission_number="064"), "064-todo-app")
    for handle in ("064", "todo-app", "064-todo-app"):
        mission = find_mission(tmp_path, handle)
        assert (mission.slug, mission.mission_number) == ("064-todo-app", 64)


def test_a_mission_on_a_branch_of_any_name_is_named_with_that_branch(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    git(tmp_path, "commit", "--quiet", "--allow-empty", "--message", "Begin")
    git(tmp_path, "branch", "away")
    write_mission(tmp_path)
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--quiet", "--message", "Plan")
    git(tmp_path, "branch", f"kitty/mission-{SLUG}-lane-a")
    git(tmp_path, "branch", "fork")
    git(tmp_path, "switch", "--quiet", "away")
    for handle in (SLUG, "todo-app", MISSION_ID):
        with pytest.raises(MissionNotFound) as caught:
            find_mission(tmp_path, handle)
        assert caught.value.fix == "git switch main or git switch fork"
    with pytest.raises(MissionNotFound) as caught:
        find_mission(tmp_path, "unheard-of")
    assert "git switch main" not in caught.value.fix


@pytest.mark.parametrize(
    "handle", ["../x", "--json", "", "a" * 300, "todö", "a/b", "a\\b", ".hidden", "a\n", "x.lock"]
)
def test_an_unsafe_handle_is_refused_before_the_disk_is_touched(
    tmp_path: Path, handle: str
) -> None:
    write_mission(tmp_path)
    with pytest.raises(UnsafeName) as caught:
        find_mission(tmp_path, handle)
    assert (caught.value.code, caught.value.exit_code) == ("UNSAFE_NAME", 2)


def test_an_unknown_mission_is_refused_with_the_missions_that_exist(tmp_path: Path) -> None:
    with pytest.raises(MissionNotFound, match="'nope'") as none_yet:
        find_mission(tmp_path, "nope")
    assert "spec-kitty specify" in none_yet.value.fix
    write_mission(tmp_path)
    with pytest.raises(MissionNotFound) as caught:
        find_mission(tmp_path, "nope")
    assert SLUG in caught.value.fix
    assert caught.value.details["missions"] == [SLUG]


def test_missions_on_other_branches_are_named_with_the_way_there(repository: Path) -> None:
    for name in ("blog-01KQ99ZZ", "blog-01KQ99ZZ-lane-a"):
        git(repository, "branch", f"kitty/mission-{name}")
    with pytest.raises(MissionNotFound) as caught:
        find_mission(repository, None)
    assert "git switch kitty/mission-blog-01KQ99ZZ" in caught.value.fix
    assert caught.value.details["branches"] == ["kitty/mission-blog-01KQ99ZZ"]


@pytest.mark.parametrize(
    "change",
    [
        ("pack-refs", "--all"),
        # Only git can tell what that stands for.
        ("symbolic-ref", "refs/heads/kitty/mission-alias", "refs/heads/main"),
    ],
    ids=lambda change: change[0],
)
def test_missions_on_other_branches_are_found_however_git_stores_them(
    repository: Path, change: tuple[str, ...]
) -> None:
    git(repository, "branch", "kitty/mission-blog-01KQ99ZZ")
    git(repository, *change)
    assert "kitty/mission-blog-01KQ99ZZ" in missions_elsewhere(repository, [])
    assert missions_elsewhere(repository, ["alias", "blog-01KQ99ZZ"]) == []


def test_without_a_handle_the_only_open_mission_is_meant(tmp_path: Path) -> None:
    write_mission(tmp_path)
    _another(tmp_path, merged_at="2026-11-22T00:00:00.000000+00:00")
    assert find_mission(tmp_path, None).slug == SLUG


def test_without_a_handle_several_open_missions_are_ambiguous(tmp_path: Path) -> None:
    write_mission(tmp_path)
    _another(tmp_path)
    with pytest.raises(MissionAmbiguous) as caught:
        find_mission(tmp_path, None)
    assert caught.value.details["missions"] == ["blog-01KQ99ZZ", SLUG]
    assert "--mission" in caught.value.fix


def test_a_copied_mission_folder_makes_its_id_ambiguous_but_not_its_name(tmp_path: Path) -> None:
    write_mission(tmp_path)
    write_mission(tmp_path, canonical_meta("copy"), "copy")
    assert find_mission(tmp_path, "copy").slug == "copy"
    with pytest.raises(MissionAmbiguous):
        find_mission(tmp_path, MISSION_ID)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ('{\n  "mission_type": "x",\n  oops\n}', 3, "not JSON"),
        ("[]", 1, "not a JSON object"),
        ('{"mission_slug": "x"}', 1, '"mission_type" is missing'),
        ('{\n "mission_type": "x",\n "mission_id": 5\n}', 3, '"mission_id" is not text'),
        ('{\n "mission_type": "x",\n\n "mission_number": "pending"\n}', 4, "mission_number"),
        ('{\n "mission_type": "x",\n "mission_number": true\n}', 3, "mission_number"),
        ("", 1, "not JSON"),
    ],
)
def test_a_corrupt_meta_json_is_reported_with_file_and_line(
    tmp_path: Path, text: str, line: int, problem: str
) -> None:
    write_mission(tmp_path, text)
    with pytest.raises(CorruptMetadata) as caught:
        find_mission(tmp_path, SLUG)
    assert f"kitty-specs/{SLUG}/meta.json line {line}" in caught.value.message
    assert problem in caught.value.message
    assert caught.value.details["line"] == line


def test_a_corrupt_mission_does_not_hide_the_others(tmp_path: Path) -> None:
    write_mission(tmp_path, "{")
    _another(tmp_path)
    scan = scan_missions(tmp_path)
    assert [mission.slug for mission in scan.missions] == ["blog-01KQ99ZZ"]
    assert [problem.details["mission_slug"] for problem in scan.problems] == [SLUG]
    assert find_mission(tmp_path, "blog").slug == "blog-01KQ99ZZ"
    with pytest.raises(CorruptMetadata):
        find_mission(tmp_path, "todo-app")
    with pytest.raises(MissionAmbiguous):
        find_mission(tmp_path, None)


def test_a_missing_meta_json_is_corrupt_not_unknown(tmp_path: Path) -> None:
    directory = write_mission(tmp_path)
    (directory / "meta.json").unlink()
    (directory / "spec.md").touch()
    with pytest.raises(CorruptMetadata, match="the file is missing"):
        find_mission(tmp_path, "todo-app")


def test_a_project_seeded_by_another_client_loads(repository: Path) -> None:
    meta = {
        "mission_slug": "099-todo",
        "mission_number": "099",
        "mission_type": "software-dev",
        "title": "Todo",
    }
    write_mission(repository, meta, "099-todo")
    mission = find_mission(repository, "099-todo")
    assert mission.mission_id is None
    assert mission.mission_number == 99
    assert mission.friendly_name == "Todo"
    assert mission.target_branch == "main"


def test_a_mission_without_a_target_branch_on_a_detached_head_has_none(repository: Path) -> None:
    write_mission(repository, {"mission_type": "software-dev"})
    git(repository, "checkout", "-q", "--detach")
    assert load_mission(repository, SLUG).target_branch == ""


def test_the_branch_is_read_in_a_linked_worktree_too(repository: Path, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    git(repository, "worktree", "add", "-q", "-b", "other", str(tree))
    write_mission(tree, {"mission_type": "software-dev"})
    assert load_mission(tree, SLUG).target_branch == "other"


def test_unknown_keys_of_meta_json_are_kept(tmp_path: Path) -> None:
    write_mission(tmp_path, canonical_meta(origin_ticket="X-1"))
    assert load_mission(tmp_path, SLUG).metadata["origin_ticket"] == "X-1"


def test_files_beside_the_mission_folders_are_no_missions(tmp_path: Path) -> None:
    write_mission(tmp_path)
    (tmp_path / "kitty-specs" / "README.md").touch()
    (tmp_path / "kitty-specs" / "empty").mkdir()
    assert [mission.slug for mission in list_missions(tmp_path)] == [SLUG]
    assert json.loads((tmp_path / "kitty-specs" / SLUG / "meta.json").read_text())
