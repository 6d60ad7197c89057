"""A repository with hundreds of missions of every era opens, and one odd file hides no other."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import git
from tests.integration.conftest import write
from tests.integration.seeded_missions import lanes_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

pytestmark = pytest.mark.plants_rows
MISSIONS = 300
SECONDS = 10.0
_OLD = "feature"
WP = "---\nwork_package_id: {id}\ntitle: Part\nlane: planned\n---\n\n# Part\n\nWrite it.\n"
ROW = {
    "actor": "claude",
    "at": "2025-11-01T10:00:00+00:00",
    "event_id": "01K8Z000000000000000000001",
    "force": False,
    "from_lane": "planned",
    "to_lane": "claimed",
    "wp_id": "WP1",
}


def eras(number: int) -> tuple[str, dict[str, Any]]:
    """Return the folder and `meta.json` of a mission, another era for each number in turn."""
    slug = f"{number:03d}-old-mission"
    ulid = f"01K8{number:022d}"
    new = f"new-mission-{ulid[:8]}-{number}"
    known = {"friendly_name": f"Mission {number}", "created_at": "2025-10-01T00:00:00Z"}
    found: list[tuple[str, dict[str, Any]]] = [
        (slug, {f"{_OLD}_number": f"{number:03d}", "slug": slug, "created_at": "2025-10-01"}),
        (slug, {f"{_OLD}_slug": slug, "slug": slug, "mission": "software-dev", **known}),
        (slug, {"mission_slug": slug, "mission": "research", **known}),
        (
            slug,
            {"mission_number": f"{number:03d}", "mission_slug": slug, "mission_type": "research"}
            | {"target_branch": "main", **known},
        ),
        (
            new,
            {"mission_id": ulid, "mission_number": None, "mission_slug": new, "slug": new}
            | {"mission_type": "software-dev", "target_branch": "main", **known},
        ),
        (
            new,
            {"mission_id": ulid, "mission_number": number, "mission_slug": new, "slug": new}
            | {"mission_type": "software-dev", "target_branch": "main", **known}
            | {"topology": "coord", "coordination_branch": f"kitty/mission-{new}"},
        ),
    ]
    return found[number % 6]


@pytest.fixture(scope="module")
def old_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 missions of all eras on `main`, every tenth with CRLF, every eleventh with a BOM."""
    root = tmp_path_factory.mktemp("old")
    git(root, "init", "-q", "-b", "main")
    for number in range(1, MISSIONS + 1):
        slug, meta = eras(number)
        text = json.dumps(meta, indent=2) + "\n"
        text = text.replace("\n", "\r\n") if number % 10 == 0 else text
        data = (b"\xef\xbb\xbf" if number % 11 == 0 else b"") + text.encode()
        folder = root / "kitty-specs" / slug
        (folder / "tasks").mkdir(parents=True)
        (folder / "meta.json").write_bytes(data)
        write(folder / "tasks" / "WP1-part.md", WP.format(id="WP1"))
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Two years of work")
    (root / ".kittify").mkdir()
    return root


def test_all_of_them_are_listed_and_it_is_quick(
    old_repository: Path, cli: Callable[..., Ran]
) -> None:
    before = time.monotonic()
    ran = cli(old_repository, "mission", "list", "--json")
    took = time.monotonic() - before
    assert ran.status == 0
    assert ran.document["problems"] == []
    assert len(ran.document["missions"]) == MISSIONS
    assert took < SECONDS
    assert git(old_repository, "status", "--porcelain") == ""


def test_the_first_of_each_era_can_be_shown(old_repository: Path, cli: Callable[..., Ran]) -> None:
    types = []
    for number in (1, 2, 3, 4, 6):
        slug, _ = eras(number)
        shown = cli(old_repository, "mission", "show", slug, "--json")
        assert shown.status == 0, shown.stdout
        types.append(shown.document["mission_type"])
    assert types == ["software-dev", "research", "research", "software-dev", "software-dev"]


def test_a_broken_file_is_named_and_hides_no_other(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    bad = {
        "001-conflict": b'<<<<<<< HEAD\n{"slug": "a"}\n=======\n{"slug": "b"}\n>>>>>>> other\n',
        "002-latin": b'{"slug": "002-latin", "friendly_name": "caf\xe9"}',
        "003-torn": b'{"slug": "003-torn", ',
        "004-list": b"[]",
    }
    for slug, data in bad.items():
        folder = repository / "kitty-specs" / slug
        folder.mkdir(parents=True)
        (folder / "meta.json").write_bytes(data)
    write(
        repository / "kitty-specs" / "005-good" / "meta.json",
        '{"mission_slug": "005-good", "mission_type": "software-dev"}',
    )
    (repository / ".kittify").mkdir()
    listed = cli(repository, "mission", "list", "--json")
    assert listed.status == 0, listed.stdout
    assert [mission["mission_slug"] for mission in listed.document["missions"]] == ["005-good"]
    assert len(listed.document["problems"]) == len(bad)
    assert all(slug in " ".join(listed.document["problems"]) for slug in bad)


def test_unpadded_ids_in_files_and_rows_mean_the_same_work_package(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    folder = repository / "kitty-specs" / "007-old"
    meta = {"mission_slug": "007-old", "mission_type": "software-dev"}
    write(folder / "meta.json", json.dumps(meta))
    write(folder / "tasks" / "WP1-part.md", WP.format(id="WP1"))
    text = WP.format(id="WP02").replace("---\n\n", "dependencies: [WP1]\n---\n\n", 1)
    (folder / "tasks" / "WP02-part.md").write_bytes(
        b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    )
    rows = json.dumps(ROW) + "\r\n<<<<<<< HEAD\r\n" + json.dumps({"older": "kind"}) + "\r\n"
    (folder / "status.events.jsonl").write_bytes(b"\xef\xbb\xbf" + rows.encode())
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Old")
    (repository / ".kittify").mkdir()
    board = cli(repository, "agent", "tasks", "status", "--json")
    assert board.status == 0, board.stdout
    assert lanes_of(board.document)["WP01"] == "claimed"
    assert board.document["work_packages"][1]["dependencies"] == ["WP01"]
    assert len(board.document["log_problems"]) == 1
    # A log without creation rows: what it does not know is planned, and work goes on.
    taken = cli(repository, "implement", "WP01", "--agent", "claude", "--json")
    assert taken.status == 0, taken.stdout
    board = cli(repository, "agent", "tasks", "status", "--json")
    assert lanes_of(board.document) == {"WP01": "in_progress", "WP02": "planned"}
    assert git(repository, "status", "--porcelain") == ""
