"""Bad input and bad surroundings: a clear error in the one shape, nothing lost, no traceback."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.conftest import COMMAND, Ran, git
from tests.integration.conftest import work_package, write

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    Cli = Callable[..., Ran]

ERROR_KEYS = {"result", "error_code", "message", "fix", "details", "spec_kitty_version"}


def refused(ran: Ran, code: str, *, status: int = 1) -> dict[str, object]:
    """Assert that a run ended in exactly one error document with this code."""
    document = ran.document
    assert isinstance(document, dict)
    assert document.keys() == ERROR_KEYS
    assert (document["error_code"], ran.status) == (code, status), document
    assert document["message"] and document["fix"]
    return document


def test_an_unknown_mission_is_refused_with_the_list_of_those_that_exist(
    mission: Path, cli: Cli
) -> None:
    document = refused(cli(mission, "next", "--mission", "nope", "--json"), "MISSION_NOT_FOUND")
    assert mission.name in str(document["fix"])


@pytest.mark.parametrize("handle", ["../x", "--json", "", "x" * 300, "tâche", "a/b", "..", "a\nb"])
def test_an_unsafe_handle_is_refused_before_any_path_is_made_of_it(
    handle: str, mission: Path, cli: Cli
) -> None:
    refused(cli(mission, "next", f"--mission={handle}", "--json"), "UNSAFE_NAME", status=2)


def test_an_option_without_its_value_is_a_usage_error_in_json(mission: Path, cli: Cli) -> None:
    refused(cli(mission, "next", "--mission", "--json"), "USAGE_ERROR", status=2)


@pytest.mark.parametrize(
    "words",
    [
        ["nxt"],
        ["next", "--bogus"],
        ["next", "--result", "nope"],
        ["agent", "tasks", "move-task"],
        ["feature-state"],
        ["create-feature", "x"],
    ],
)
@pytest.mark.proves("001 FR-001")
def test_a_command_line_that_cannot_be_parsed_answers_in_json_with_status_2(
    words: Sequence[str], repository: Path, cli: Cli
) -> None:
    refused(cli(repository, *words, "--json"), "USAGE_ERROR", status=2)


def test_people_get_message_and_fix_on_standard_error(repository: Path, cli: Cli) -> None:
    ran = cli(repository, "nxt")
    assert ran.status == 2
    assert ran.stdout == ""
    assert ran.stderr.startswith("Error: ")
    assert "\nFix: " in ran.stderr


@pytest.mark.parametrize("asked", ["WP1", "wp01", "WP01"])
def test_work_package_ids_may_be_written_without_padding(
    asked: str, finalized_mission: Path, cli: Cli
) -> None:
    ran = cli(finalized_mission, "implement", asked, "--agent", "claude", "--json")
    assert ran.status == 0, ran.stdout
    assert ran.document["wp_id"] == "WP01"


def test_a_mission_can_have_a_work_package_with_three_digits(
    finalized_mission: Path, cli: Cli
) -> None:
    root = finalized_mission.parent.parent
    write(
        finalized_mission / "tasks/WP100-extra.md",
        work_package("WP100", "Something extra", owned="extra.py"),
    )
    tasks = finalized_mission / "tasks.md"
    write(tasks, tasks.read_text("utf-8") + "\n## WP100: Something extra\n\nDepends on nothing.\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Add WP100")
    assert cli(root, "tasks", "--json").status == 0
    assert (
        cli(root, "implement", "WP100", "--agent", "claude", "--json").document["wp_id"] == "WP100"
    )
    decision = cli(root, "next", "--agent", "claude", "--json")
    assert decision.status == 0, decision.stdout


def test_an_unknown_work_package_is_not_found_rather_than_in_a_wrong_lane(
    finalized_mission: Path, cli: Cli
) -> None:
    ran = cli(finalized_mission, "implement", "WP77", "--agent", "claude", "--json")
    refused(ran, "WP_NOT_FOUND")


@pytest.mark.parametrize(
    "words",
    [["init"], ["specify", "Todo"], ["next"], ["accept"], ["merge"], ["agent", "tasks", "status"]],
)
def test_outside_a_git_repository_every_command_says_so(
    words: Sequence[str], tmp_path: Path, cli: Cli
) -> None:
    refused(cli(tmp_path, *words, "--json"), "NOT_A_REPOSITORY")


def test_a_bare_repository_is_refused(tmp_path: Path, cli: Cli) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    refused(cli(tmp_path / "bare.git", "init", "--json"), "BARE_REPOSITORY")


def test_a_repository_that_is_not_set_up_names_init(repository: Path, cli: Cli) -> None:
    document = refused(cli(repository, "specify", "Todo", "--json"), "NOT_INITIALIZED")
    assert "spec-kitty init" in str(document["fix"])


def test_a_detached_head_is_refused_before_anything_is_written(
    finalized_mission: Path, cli: Cli
) -> None:
    root = finalized_mission.parent.parent
    git(root, "switch", "-q", "--detach")
    before = _tree(root)
    ran = cli(root, "implement", "WP01", "--agent", "claude", "--json")
    document = refused(ran, "WRONG_BRANCH")
    assert "detached" in str(document["message"])
    assert "git switch" in str(document["fix"])
    assert _tree(root) == before


def test_the_wrong_branch_is_refused_before_anything_is_written(
    finalized_mission: Path, cli: Cli
) -> None:
    root = finalized_mission.parent.parent
    git(root, "switch", "-q", "-c", "elsewhere")
    before = _tree(root)
    document = refused(
        cli(root, "implement", "WP01", "--agent", "claude", "--json"), "WRONG_BRANCH"
    )
    assert "git switch" in str(document["fix"])
    assert _tree(root) == before


def test_corrupt_metadata_is_named_with_its_line(mission: Path, cli: Cli) -> None:
    write(mission / "meta.json", '{\n  "mission_type": "software-dev",\n  oops\n}\n')
    document = refused(cli(mission, "next", "--json"), "CORRUPT_METADATA")
    assert "meta.json line 3" in str(document["message"])


@pytest.mark.plants_rows
def test_a_torn_log_line_is_reported_and_blocks_nothing(finalized_mission: Path, cli: Cli) -> None:
    root = finalized_mission.parent.parent
    log = finalized_mission / "status.events.jsonl"
    good = log.read_bytes()
    log.write_bytes(good + b'{"event_id": "01KA')
    report = cli(root, "agent", "status", "validate", "--json")
    assert report.status == 1
    assert str(good.count(b"\n") + 1) in report.stdout
    moved = cli(root, "implement", "WP01", "--agent", "claude", "--json")
    assert moved.status == 0, moved.stdout
    # Half a row was never acknowledged; it is set aside, and the program says where.
    assert log.read_bytes().startswith(good + b"{")
    assert b'"01KA\n' not in log.read_bytes()
    kept = next((root / ".git" / "spec-kitty" / "backups").rglob("torn.*"))
    assert kept.read_bytes() == b'{"event_id": "01KA'
    assert kept.name in moved.stderr


def test_a_cycle_between_work_packages_is_named_and_nothing_is_written(
    written_mission: Path, cli: Cli
) -> None:
    write(
        written_mission / "tasks/WP01-total.md",
        work_package("WP01", "The total", dependencies="[WP02]", owned="counter.py"),
    )
    before = _tree(written_mission)
    ran = cli(written_mission, "tasks", "--json")
    document = ran.document
    assert ran.status == 1
    assert "WP01" in json.dumps(document) and "WP02" in json.dumps(document)
    assert "cycle" in json.dumps(document).lower()
    assert _tree(written_mission) == before


def test_two_files_for_one_work_package_are_both_named(written_mission: Path, cli: Cli) -> None:
    write(
        written_mission / "tasks/WP1-again.md",
        work_package("WP01", "The total again", owned="again.py"),
    )
    ran = cli(written_mission, "tasks", "--json")
    assert ran.status == 1
    assert "WP01-total.md" in ran.stdout and "WP1-again.md" in ran.stdout


def test_an_unknown_lane_is_refused_with_the_lanes_that_exist(
    finalized_mission: Path, cli: Cli
) -> None:
    ran = cli(
        finalized_mission, "agent", "tasks", "move-task", "WP01", "--to", "bogus",
        "--agent", "claude", "--json",
    )  # fmt: skip
    document = refused(ran, "UNKNOWN_LANE", status=2)
    assert "for_review" in str(document["fix"])


def test_two_processes_creating_missions_at_once_both_succeed_with_distinct_ids(
    project: Path, cli: Cli
) -> None:
    git(project, "switch", "-q", "-c", "work")
    with ThreadPoolExecutor(2) as pool:
        runs = list(pool.map(lambda _: cli(project, "specify", "Same title", "--json"), range(2)))
    assert [ran.status for ran in runs] == [0, 0], [ran.stdout for ran in runs]
    slugs = {ran.document["mission_slug"] for ran in runs}
    assert len(slugs) == 2
    assert len({slug[-8:] for slug in slugs}) == 2
    assert git(project, "status", "--porcelain") == ""


@pytest.mark.skipif(sys.platform == "win32", reason="folder permissions work differently there")
def test_a_read_only_mission_folder_is_refused_stays_as_it_was_and_works_once_it_is_writable(
    finalized_mission: Path, cli: Cli
) -> None:
    root = finalized_mission.parent.parent
    before = _tree(finalized_mission)
    log = finalized_mission / "status.events.jsonl"
    for path in (log, finalized_mission):
        path.chmod(path.stat().st_mode & ~0o222)
    try:
        done = subprocess.run(
            [*_without_root_powers(), str(COMMAND), "implement", "WP01", "--agent", "a", "--json"],
            cwd=root, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
        )  # fmt: skip
    finally:
        finalized_mission.chmod(0o755)
        log.chmod(0o644)
    assert "Traceback" not in done.stdout + done.stderr
    refused(Ran(done.returncode, done.stdout, done.stderr), "WRITE_FAILED")
    assert _tree(finalized_mission) == before
    assert git(root, "status", "--porcelain") == ""
    again = cli(root, "implement", "WP01", "--agent", "a", "--json")
    assert again.status == 0, again.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="there is no limit on file sizes there")
def test_a_full_disk_loses_nothing(finalized_mission: Path) -> None:
    root = finalized_mission.parent.parent
    log = finalized_mission / "status.events.jsonl"
    before = _tree(root)
    limited = (
        "import os, resource, sys; n = int(sys.argv[1]); "
        "resource.setrlimit(resource.RLIMIT_FSIZE, (n, n)); os.execv(sys.argv[2], sys.argv[2:])"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, str(log.stat().st_size + 100), str(COMMAND),
         "agent", "tasks", "move-task", "WP01", "--to", "blocked", "--agent", "a", "--json"],
        cwd=root, capture_output=True, text=True, encoding="utf-8", timeout=60, check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")},
    )  # fmt: skip
    assert "Traceback" not in done.stdout + done.stderr
    refused(Ran(done.returncode, done.stdout, done.stderr), "WRITE_FAILED")
    assert _tree(root) == before


def _without_root_powers() -> list[str]:
    """Root may write anywhere; without these capabilities it is bound by permissions like others."""
    if os.geteuid() != 0:
        return []
    tool = shutil.which("setpriv")
    assert tool, "setpriv (util-linux) is needed to run this test as root"
    return [tool, "--inh-caps=-all", "--bounding-set=-dac_override,-dac_read_search,-fowner"]


def _tree(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
        and "runtime" not in path.relative_to(folder).parts
    }  # fmt: skip
