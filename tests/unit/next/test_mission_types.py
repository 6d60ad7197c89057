"""Mission types as people see them: listed with what shadows what, shown, checked, made."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from specify_cli.identity.project import ConfigInvalid
from specify_cli.kernel.yaml import YamlError
from specify_cli.missions.creation import create_mission
from specify_cli.missions.settings import change_setting
from specify_cli.next._internal_runtime.discovery import UnknownMissionType
from specify_cli.next._internal_runtime.schema import InvalidMissionTemplate
from specify_cli.next.mission_types import (
    MissionTypeExists,
    UnusableKey,
    mission_type,
    mission_type_keys,
    mission_types,
    new_mission_type,
    validate_mission_type,
)
from tests.unit.next.lab import Lab
from tests.unit.next.runtime_files import FIELD_GUIDE, write_type

if TYPE_CHECKING:
    from pathlib import Path

BUILT_IN = ("documentation", "plan", "research", "software-dev")


@pytest.fixture
def lab(repository: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    monkeypatch.delenv("SPEC_KITTY_MISSION_PATHS", raising=False)
    return Lab.create(repository)


def test_the_built_in_types_are_there_without_any_setting(lab: Lab) -> None:
    assert mission_type_keys(lab.project) == BUILT_IN


def test_a_type_says_where_it_comes_from_and_what_it_shadows(
    lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "outside"
    write_type(outside)
    write_type(lab.root / ".kittify" / "overrides" / "missions")
    write_type(lab.root / ".kittify" / "missions")
    write_type(lab.root / "packs" / "field")
    change_setting(lab.project, "mission_packs", "packs/field")
    monkeypatch.setenv("SPEC_KITTY_MISSION_PATHS", os.pathsep.join([str(outside), ""]))
    (found,) = [one for one in mission_types(lab.project).types if one.key == "field-guide"]
    assert found.origin.tier == "environment"
    assert [(o.tier, o.place) for o in found.shadowed] == [
        ("override", ".kittify/overrides/missions/field-guide/mission-runtime.yaml"),
        ("project", ".kittify/missions/field-guide/mission-runtime.yaml"),
        ("pack", "packs/field/field-guide/mission-runtime.yaml"),
    ]
    assert mission_type(lab.project, "field-guide").origin.tier == "environment"
    text = mission_types(lab.project).to_text(origins=True)
    assert "shadows pack: packs/field" in text
    assert "shadows" not in mission_types(lab.project).to_text(origins=False)


PACK = """\
pack: {name: field, version: "2"}
missions:
  - {key: field-guide, path: guide/mission-runtime.yaml}
"""


def test_a_pack_lists_its_types_and_a_broken_one_is_told(lab: Lab) -> None:
    folder = lab.root / "packs"
    write_type(folder).parent.rename(folder / "guide")
    (folder / "mission-pack.yaml").write_text(PACK, encoding="utf-8")
    change_setting(lab.project, "mission_packs", "packs, gone")
    found = mission_types(lab.project)
    assert "field-guide" in mission_type_keys(lab.project)
    assert found.warnings == ("there is no mission pack gone",)
    for wrong in (
        "missions: []",
        PACK.replace("path: guide", "path: ../guide"),
        PACK.replace("key: field-guide, ", ""),
        "pack: {name: x}\nmissions: 3\n",
        "[",
    ):
        (folder / "mission-pack.yaml").write_text(wrong, encoding="utf-8")
        found = mission_types(lab.project)
        assert len(found.warnings) == 2, wrong
        assert [one.key for one in found.types] == [*BUILT_IN]


def test_packs_that_are_no_list_are_refused(lab: Lab) -> None:
    with (lab.root / ".kittify" / "config.yaml").open("a", encoding="utf-8") as config:
        config.write("mission_packs: 3\n")
    with pytest.raises(ConfigInvalid):
        mission_types(lab.project)
    assert mission_type(lab.project, "research").origin.tier == "builtin"


def test_a_new_type_is_sound_and_missions_can_be_made_of_it(lab: Lab) -> None:
    made = new_mission_type(lab.project, "field-guide")
    report = validate_mission_type(lab.root / made.files[0])
    assert report.to_json()["key"] == "field-guide"
    assert validate_mission_type((lab.root / made.files[0]).parent).description.meaning
    keys = mission_type_keys(lab.project)
    created = create_mission(
        lab.project, "Birds", mission_type="field-guide", mission_types=keys
    ).mission
    assert created.mission_type == "field-guide"
    with pytest.raises(MissionTypeExists):
        new_mission_type(lab.project, "field-guide")


@pytest.mark.parametrize("key", ["", "Field", "../x", "a b", "-x"])
def test_a_name_that_cannot_be_a_type_is_refused(lab: Lab, key: str) -> None:
    with pytest.raises(UnusableKey):
        new_mission_type(lab.project, key)


def test_a_built_in_name_is_taken(lab: Lab) -> None:
    with pytest.raises(MissionTypeExists):
        new_mission_type(lab.project, "plan")


def test_showing_names_steps_inputs_audits_and_who_decides(lab: Lab) -> None:
    shown = mission_type(lab.project, "research").to_text()
    assert "audit publication" in shown
    assert "decided by human" in shown
    assert "asks for audience" in mission_type(lab.project, "documentation").to_text()
    steps = mission_type(lab.project, "research").to_json()["steps"]
    assert isinstance(steps, list)
    assert steps[-1] == {
        "id": "publication",
        "title": "Publication",
        "kind": "audit",
        "depends_on": ["output"],
        "decided_by": ["human"],
        "enforcement": "blocking",
        "significance": "high",
    }


def test_an_unknown_type_names_those_there_are(lab: Lab) -> None:
    with pytest.raises(UnknownMissionType, match="nonsense") as refused:
        mission_type(lab.project, "nonsense")
    assert all(key in refused.value.fix for key in BUILT_IN)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("    prompt: Print it.\n", "    prompt: Print it.\n    guard: nobody\n"),
        ("    prompt: Print it.\n", "    prompt: Print it.\n    guard: document\n"),
        (
            "    prompt: Print it.\n",
            "    prompt: Print it.\n    guard: document\n    expected_output: ../x.md\n",
        ),
    ],
)
def test_a_guard_that_cannot_be_asked_is_refused(tmp_path: Path, old: str, new: str) -> None:
    with pytest.raises(InvalidMissionTemplate):
        validate_mission_type(write_type(tmp_path, FIELD_GUIDE.replace(old, new)))


def test_a_description_cut_off_at_any_line_is_refused_or_read(tmp_path: Path) -> None:
    lines = FIELD_GUIDE.splitlines(keepends=True)
    for count in range(len(lines)):
        path = write_type(tmp_path, "".join(lines[:count]))
        try:
            validate_mission_type(path)
        except (YamlError, InvalidMissionTemplate) as refused:
            assert refused.fix
        except Exception as refused:  # noqa: BLE001 - any other refusal must be one of ours
            assert type(refused).__name__ == "MissionTemplateHasNoStepsError", (count, refused)
