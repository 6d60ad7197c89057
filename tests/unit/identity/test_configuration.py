"""What init writes into the configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from specify_cli.identity.build import build_id
from specify_cli.identity.configuration import (
    ensure_identity,
    new_config,
    project_slug,
    render_config,
)
from specify_cli.identity.project import (
    CONFIG_FILE,
    IdentityIncomplete,
    NotInitialized,
    load_identity,
)
from specify_cli.kernel.gate import check
from specify_cli.kernel.yaml import load_yaml
from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from specify_cli.identity.project import Project

KNOWN = "ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce"


@pytest.mark.proves("001 FR-005")
def test_a_new_configuration_has_project_build_and_node_and_passes_the_gate(
    repository: Path, open_project: Callable[[Path], Project]
) -> None:
    project = open_project(repository)
    config = new_config(project, ["claude", "codex"])
    check("project_config", config)
    assert UUID(config["project"]["uuid"]).version == 4
    assert config["project"]["slug"] == "project"
    assert config["build"] == {"id": build_id(project.repository.git_dir)}
    assert config["agents"]["available"] == ["claude", "codex"]


def test_two_projects_never_share_a_uuid(
    repository: Path, open_project: Callable[[Path], Project]
) -> None:
    project = open_project(repository)
    assert new_config(project, [])["project"]["uuid"] != new_config(project, [])["project"]["uuid"]


def test_the_rendered_configuration_is_read_back_as_it_was_composed(
    repository: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
) -> None:
    project = open_project(repository)
    config = new_config(project, ["claude"])
    text = render_config(config)
    assert load_yaml(text, source="f") == config
    configure(repository, text)
    identity = load_identity(project)
    assert (identity.project_uuid, identity.build_id, identity.node_id) == (
        config["project"]["uuid"],
        config["build"]["id"],
        config["node"]["id"],
    )


@pytest.mark.parametrize(
    ("origin", "slug"),
    [
        (None, "my-project"),
        ("https://host.example/owner/Todo_App.git", "todo-app"),
        ("git@host.example:owner/todo.git", "todo"),
        ("git@host.example:todo.git", "todo"),
        ("/srv/git/todo app/", "todo-app"),
        ("C:\\git\\todo", "todo"),
        ("https://host.example/***", "my-project"),
    ],
)
def test_the_project_is_named_after_its_origin_else_its_folder(
    make_repository: Callable[..., Path],
    open_project: Callable[[Path], Project],
    origin: str | None,
    slug: str,
) -> None:
    root = make_repository("My_Project")
    if origin is not None:
        git(root, "remote", "add", "origin", origin)
    assert project_slug(open_project(root)) == slug


def test_a_project_without_any_usable_name_is_called_project(
    make_repository: Callable[..., Path], open_project: Callable[[Path], Project]
) -> None:
    assert project_slug(open_project(make_repository("日本"))) == "project"


def test_only_what_is_missing_is_added_and_the_rest_stays_as_written(
    repository: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
) -> None:
    configure(repository, f"# ours\nproject:\n  uuid: {KNOWN}  # never change\nmine: [1, 2]\n")
    identity = ensure_identity(open_project(repository))
    text = (repository / CONFIG_FILE).read_text(encoding="utf-8")
    assert identity.project_uuid == KNOWN
    assert identity.project_slug == "project"
    assert text.startswith(f"# ours\nproject:\n  uuid: {KNOWN}  # never change\n  slug: project\n")
    assert "mine: [1, 2]\n" in text
    assert load_identity(open_project(repository)) == identity


def test_a_file_without_any_identity_gets_one(
    repository: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
) -> None:
    configure(repository, "agents:\n  available: []\n")
    identity = ensure_identity(open_project(repository))
    assert UUID(identity.project_uuid).version == 4
    assert load_identity(open_project(repository)) == identity


@pytest.mark.proves("001 NFR-004")
def test_a_complete_configuration_of_the_existing_cli_is_not_touched(
    repository: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
) -> None:
    text = f"project:\n  uuid: {KNOWN}\n  slug: x\n  node_id: b805cd5cee74\n  build_id: {KNOWN}\n"
    configure(repository, text)
    assert ensure_identity(open_project(repository)).project_uuid == KNOWN
    assert (repository / CONFIG_FILE).read_text(encoding="utf-8") == text


def test_there_is_nothing_to_complete_without_a_configuration(
    repository: Path, open_project: Callable[[Path], Project]
) -> None:
    with pytest.raises(NotInitialized):
        ensure_identity(open_project(repository))


def test_a_uuid_that_is_none_is_never_replaced_behind_the_users_back(
    repository: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
) -> None:
    text = f"project:\n  uuid: mine\n  slug: x\n  node_id: b805cd5cee74\n  build_id: {KNOWN}\n"
    configure(repository, text)
    with pytest.raises(IdentityIncomplete, match="not a UUID"):
        ensure_identity(open_project(repository))
    assert (repository / CONFIG_FILE).read_text(encoding="utf-8") == text
