from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from specify_cli.next._internal_runtime.discovery import (
    DiscoveryContext,
    UnknownMissionType,
    discover_missions,
    discover_missions_with_warnings,
    load_mission_template,
)
from tests.unit.next.runtime_files import FIELD_GUIDE, write_type

if TYPE_CHECKING:
    from pathlib import Path


def everywhere(tmp_path: Path) -> DiscoveryContext:
    return DiscoveryContext(
        project_dir=tmp_path / "project",
        explicit_paths=(tmp_path / "explicit",),
        environment={
            "SPEC_KITTY_MISSION_PATHS": os.pathsep.join([str(tmp_path / "env"), "", "/nowhere"])
        },
        user_home=tmp_path / "home",
    )


TIERS = [
    ("explicit", "explicit"),
    ("environment", "env"),
    ("override", "project/.kittify/overrides/missions"),
    ("project", "project/.kittify/missions"),
    ("user", "home/.kittify/missions"),
]


@pytest.mark.parametrize("first", range(len(TIERS)))
def test_the_first_tier_that_has_a_type_wins(tmp_path: Path, first: int) -> None:
    for _, folder in TIERS[first:]:
        write_type(tmp_path / folder)
    loaded = load_mission_template("field-guide", everywhere(tmp_path))
    assert loaded.precedence_tier == TIERS[first][0]
    assert loaded.folder == tmp_path / TIERS[first][1] / "field-guide"
    found = [m for m in discover_missions(everywhere(tmp_path)) if m.key == "field-guide"]
    assert [m.selected for m in found] == [True] + [False] * (len(TIERS) - 1 - first)


def test_the_older_file_name_is_read_when_the_newer_is_not_there(tmp_path: Path) -> None:
    path = write_type(tmp_path / "explicit", name="mission.yaml")
    assert load_mission_template("field-guide", everywhere(tmp_path)).description.path == path
    newer = write_type(tmp_path / "explicit")
    assert load_mission_template("field-guide", everywhere(tmp_path)).description.path == newer


def test_a_root_may_be_a_mission_or_hold_a_missions_folder(tmp_path: Path) -> None:
    root = write_type(tmp_path / "a").parent
    nested = write_type(
        tmp_path / "b" / "missions", FIELD_GUIDE.replace("key: field-guide", "key: nested")
    )
    where = DiscoveryContext(explicit_paths=(root, tmp_path / "b"), environment={})
    assert load_mission_template("field-guide", where).folder == root
    assert load_mission_template("nested", where).description.path == nested


def test_a_built_in_key_cannot_be_taken_over(tmp_path: Path) -> None:
    write_type(tmp_path / "explicit", FIELD_GUIDE.replace("key: field-guide", "key: software-dev"))
    where = everywhere(tmp_path)
    assert load_mission_template("software-dev", where).precedence_tier == "builtin"
    (warning,) = discover_missions_with_warnings(where).warnings
    assert "reserved" in warning


def test_an_unreadable_type_is_reported_and_hides_nothing(tmp_path: Path) -> None:
    write_type(tmp_path / "explicit", "steps: [")
    write_type(tmp_path / "env")
    result = discover_missions_with_warnings(everywhere(tmp_path))
    assert len(result.warnings) == 1
    assert "field-guide" in {mission.key for mission in result.missions}


def test_an_unknown_type_lists_what_there_is(tmp_path: Path) -> None:
    write_type(tmp_path / "explicit")
    with pytest.raises(UnknownMissionType) as refused:
        load_mission_template("atlas", everywhere(tmp_path))
    assert refused.value.details["known"] == [
        "documentation",
        "field-guide",
        "plan",
        "research",
        "software-dev",
    ]
    assert "field-guide" in refused.value.fix


def test_a_reserved_type_that_is_not_built_in_is_unknown(tmp_path: Path) -> None:
    where = everywhere(tmp_path)._replace(builtin_roots=(tmp_path / "none",))
    with pytest.raises(UnknownMissionType):
        load_mission_template("software-dev", where)
