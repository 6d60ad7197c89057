from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.git.repository import BareRepository, NotARepository
from specify_cli.mission_runtime.resolver import (
    ROOT_VARIABLE,
    current_workspace,
    resolve_project,
    start_directory,
)
from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def lane(repository: Path) -> Path:
    path = repository / ".worktrees" / "todo-01KQ22DS-lane-b"
    git(
        repository,
        "worktree",
        "add",
        "-q",
        str(path),
        "-b",
        "kitty/mission-todo-01KQ22DS-lane-b",
    )
    return path


def folders(repository: Path, lane: Path) -> dict[str, Path]:
    for root in (repository, lane):
        (root / "deep" / "er").mkdir(parents=True)
    return {
        "main checkout": repository,
        "subfolder": repository / "deep" / "er",
        "lane worktree": lane,
        "subfolder of the lane": lane / "deep" / "er",
    }


@pytest.mark.proves("002 D-8")
def test_every_folder_of_a_project_leads_to_the_main_checkout(repository: Path, lane: Path) -> None:
    for name, cwd in folders(repository, lane).items():
        project = resolve_project(cwd, env={})
        assert project.root.resolve() == repository.resolve(), name
        in_lane = "lane" in name
        assert (project.repository.root.resolve() == lane.resolve()) is in_lane, name


@pytest.mark.proves("002 D-8")
def test_the_variable_comes_before_the_working_directory(
    repository: Path, lane: Path, make_repository: Callable[..., Path]
) -> None:
    elsewhere = make_repository("elsewhere")
    for root in (repository, lane, repository / ".worktrees"):
        project = resolve_project(elsewhere, env={ROOT_VARIABLE: str(root)})
        assert project.root.resolve() == repository.resolve()


def test_an_empty_variable_counts_as_unset(repository: Path) -> None:
    assert start_directory(repository, {ROOT_VARIABLE: " "}) == repository


def test_a_variable_that_names_no_folder_is_refused_by_name(repository: Path) -> None:
    with pytest.raises(NotARepository) as refused:
        resolve_project(repository, env={ROOT_VARIABLE: str(repository / "nowhere")})
    assert ROOT_VARIABLE in refused.value.message
    assert ROOT_VARIABLE in refused.value.fix


def test_the_process_decides_when_nothing_is_given(
    repository: Path, lane: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(lane)
    assert resolve_project().root.resolve() == repository.resolve()
    monkeypatch.setenv(ROOT_VARIABLE, str(repository))
    assert resolve_project().repository.root.resolve() == repository.resolve()


def test_a_folder_outside_any_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotARepository):
        resolve_project(tmp_path, env={})


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(BareRepository):
        resolve_project(tmp_path / "bare.git", env={})


@pytest.mark.proves("002 D-8")
def test_a_lane_worktree_knows_its_mission_and_lane(repository: Path, lane: Path) -> None:
    found = current_workspace(resolve_project(lane / ".", env={}))
    assert found is not None
    assert (found.mission_slug, found.lane_id) == ("todo-01KQ22DS", "lane-b")
    assert found.path.resolve() == lane.resolve()
    assert found.branch == "kitty/mission-todo-01KQ22DS-lane-b"
    assert current_workspace(resolve_project(repository, env={})) is None


def test_a_worktree_of_the_users_own_is_no_lane(repository: Path) -> None:
    path = repository.parent / "mine"
    git(repository, "worktree", "add", "-q", str(path), "-b", "mine")
    assert current_workspace(resolve_project(path, env={})) is None
