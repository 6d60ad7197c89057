"""Every checkout has a build id of its own and keeps it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from specify_cli.git.repository import open_repository
from specify_cli.identity.build import build_id
from specify_cli.kernel.ulid import is_ulid
from tests.conftest import git

if TYPE_CHECKING:
    from pathlib import Path


def build_of(folder: Path) -> str:
    return build_id(open_repository(folder).git_dir)


@pytest.mark.proves("001 FR-006")
def test_a_checkout_keeps_its_build_id_over_sessions(repository: Path) -> None:
    first = build_of(repository)
    assert is_ulid(first)
    script = (
        "import sys; from pathlib import Path; from specify_cli.identity.build import build_id;"
        "print(build_id(Path(sys.argv[1])))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(repository / ".git")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == first


@pytest.mark.proves("001 FR-006")
def test_two_worktrees_and_the_main_checkout_have_three_stable_build_ids(
    repository: Path, tmp_path: Path
) -> None:
    git(repository, "worktree", "add", "-q", str(tmp_path / "one"), "-b", "one")
    git(repository, "worktree", "add", "-q", str(tmp_path / "two"), "-b", "two")
    folders = (repository, tmp_path / "one", tmp_path / "two")
    first = [build_of(folder) for folder in folders]
    assert len(set(first)) == 3
    assert [build_of(folder) for folder in folders] == first


def test_a_clone_has_a_build_id_of_its_own(repository: Path, tmp_path: Path) -> None:
    original = build_of(repository)
    git(tmp_path, "clone", "-q", str(repository), "clone")
    assert build_of(tmp_path / "clone") != original


def test_the_build_id_is_in_no_tracked_file(repository: Path) -> None:
    build_of(repository)
    assert git(repository, "status", "--porcelain", "--ignored") == ""


@pytest.mark.proves("001 FR-006")
def test_a_copied_checkout_gets_a_build_id_of_its_own_and_the_original_keeps_its(
    repository: Path, tmp_path: Path
) -> None:
    original = build_of(repository)
    shutil.copytree(repository, tmp_path / "copy")
    copied = build_of(tmp_path / "copy")
    assert copied != original
    assert build_of(tmp_path / "copy") == copied
    assert build_of(repository) == original


def test_a_moved_checkout_keeps_its_build_id(repository: Path, tmp_path: Path) -> None:
    original = build_of(repository)
    repository.rename(tmp_path / "moved")
    assert build_of(tmp_path / "moved") == original


def test_a_checkout_restored_to_its_old_place_keeps_its_build_id(
    repository: Path, tmp_path: Path
) -> None:
    original = build_of(repository)
    shutil.copytree(repository, tmp_path / "backup")
    shutil.rmtree(repository)
    shutil.copytree(tmp_path / "backup", repository)
    assert build_of(repository) == original


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b'{"build_id": 7}',
        b'{"build_id": "not a ulid", "place": "x"}',
    ],
)
def test_a_damaged_record_is_minted_again(repository: Path, content: bytes) -> None:
    build_of(repository)
    record = repository / ".git" / "spec-kitty" / "build.json"
    record.write_bytes(content)
    again = build_of(repository)
    assert is_ulid(again)
    assert json.loads(record.read_bytes())["build_id"] == again


def test_many_first_commands_at_once_agree_on_one_build_id(repository: Path) -> None:
    git_dir = repository / ".git"
    with ThreadPoolExecutor(16) as pool:
        answers = set(pool.map(lambda _: build_id(git_dir), range(64)))
    assert len(answers) == 1


def test_the_record_names_neither_path_nor_host(repository: Path) -> None:
    build_of(repository)
    text = (repository / ".git" / "spec-kitty" / "build.json").read_text(encoding="utf-8")
    assert repository.name not in text
