from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.identity.project import ConfigInvalid, NotInitialized
from specify_cli.missions.settings import (
    InvalidSetting,
    UnknownSetting,
    change_setting,
    mission_owner,
    project_setting,
    project_settings,
)
from tests.unit.missions.mission_files import project_at

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.identity.project import Project


@pytest.fixture
def project(repository: Path) -> Project:
    return project_at(repository)


def config(project: Project) -> Path:
    return project.root / ".kittify" / "config.yaml"


def test_setting_a_value_keeps_comments_and_everything_else(project: Project) -> None:
    before = "# why\n" + config(project).read_text(encoding="utf-8") + "extra: {a: 1}  # mine\n"
    config(project).write_text(before, encoding="utf-8")
    assert mission_owner(project.root) is None
    change_setting(project, "mission.owner", "ada")
    after = config(project).read_text(encoding="utf-8")
    assert after == before + "mission:\n  owner: ada\n"
    change_setting(project, "mission.owner", "eve")
    assert config(project).read_text(encoding="utf-8") == after.replace("ada", "eve")
    assert mission_owner(project.root) == "eve"


@pytest.mark.parametrize(
    ("key", "value", "kept"),
    [
        ("agents.auto_commit", "FALSE", False),
        ("merge.strategy", "squash", "squash"),
        ("governance.token_budget", "3000", 3000),
        ("mission_packs", "a, b", ["a", "b"]),
        ("project.repo_slug", "me/it", "me/it"),
        ("protection.protected_branches", "main", ["main"]),
        ("mission.owner", "Ada L.", "Ada L."),
    ],
)
def test_each_setting_is_read_in_its_own_form(
    project: Project, key: str, value: str, kept: object
) -> None:
    assert change_setting(project, key, value).value == kept
    assert project_setting(project, key).value == kept
    assert key in [one.key for one in project_settings(project)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("agents.auto_commit", "maybe"),
        ("merge.strategy", "octopus"),
        ("mission_packs", " , "),
        ("project.repo_slug", "it"),
        ("mission.owner", "a\nb"),
        ("mission.owner", "  "),
        ("mission.owner", "--x"),
        ("mission.owner", "x" * 200),
    ],
)
def test_a_value_of_the_wrong_form_changes_nothing(project: Project, key: str, value: str) -> None:
    before = config(project).read_bytes()
    with pytest.raises(InvalidSetting):
        change_setting(project, key, value)
    assert config(project).read_bytes() == before


def test_an_address_does_not_get_into_the_tracked_file(project: Project) -> None:
    change_setting(project, "mission.owner", "ada@example.com")
    assert "ada@example.com" not in config(project).read_text(encoding="utf-8")


def test_an_unknown_setting_lists_the_known(project: Project) -> None:
    with pytest.raises(UnknownSetting) as refused:
        change_setting(project, "mission.king", "ada")
    assert "mission.owner" in refused.value.fix
    with pytest.raises(UnknownSetting):
        project_setting(project, "x")


def test_an_owner_that_is_no_name_is_refused(project: Project) -> None:
    with config(project).open("a", encoding="utf-8") as stream:
        stream.write("mission: {owner: [ada]}\n")
    with pytest.raises(ConfigInvalid):
        mission_owner(project.root)


def test_without_a_configuration_there_is_nothing_to_set(project: Project) -> None:
    config(project).unlink()
    assert mission_owner(project.root) is None
    with pytest.raises(NotInitialized):
        change_setting(project, "mission.owner", "ada")
