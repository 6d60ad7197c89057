from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from specify_cli.kernel.yaml import YamlError
from specify_cli.next._internal_runtime.description import (
    read_description,
    remember_description,
)
from specify_cli.next._internal_runtime.discovery import BUILTIN_ROOT
from specify_cli.next._internal_runtime.meaning import template_hash
from specify_cli.next._internal_runtime.schema import (
    InvalidMissionTemplate,
    MissionRuntimeError,
    MissionTemplateHasNoStepsError,
    load_mission_template_file,
)
from tests.unit.next.runtime_files import FIELD_GUIDE, template, write_type

if TYPE_CHECKING:
    from pathlib import Path


def problems(path: Path) -> list[dict[str, object]]:
    with pytest.raises(InvalidMissionTemplate) as refused:
        load_mission_template_file(path)
    found = refused.value.details["problems"]
    assert isinstance(found, list)
    return [dict(problem) for problem in found if isinstance(problem, dict)]


def test_the_built_in_software_mission_has_its_seven_steps_in_order() -> None:
    found = load_mission_template_file(BUILTIN_ROOT / "software-dev" / "mission-runtime.yaml")
    assert [step.id for step in found.steps] == [
        "discovery",
        "specify",
        "plan",
        "tasks",
        "implement",
        "review",
        "accept",
    ]
    assert found.mission.key == "software-dev"
    assert all(step.guard for step in found.steps)
    assert [s.per_work_package for s in found.steps if s.per_work_package] == [
        "implement",
        "review",
    ]


def test_every_step_of_a_built_in_mission_has_its_template_beside_it() -> None:
    for path in BUILTIN_ROOT.glob("*/mission-runtime.yaml"):
        for step in load_mission_template_file(path).steps:
            assert step.prompt_template is not None
            assert (path.parent / step.prompt_template).is_file(), step.id


def test_a_typo_in_a_key_is_refused_with_its_line(tmp_path: Path) -> None:
    path = write_type(tmp_path, FIELD_GUIDE.replace("depends_on: [survey]", "depend_on: [survey]"))
    (found,) = problems(path)
    assert found["line"] == 12
    assert "depend_on" in str(found["problem"])


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ("id: draw", "id: survey", 9, "twice"),
        ("depends_on: [draw]", "depends_on: [drawn]", 17, "no step"),
        ("key: field-guide", "kind: field-guide", 2, "unknown key"),
        ("id: print", "id: Print It", 14, "lower-case"),
        ("requires_inputs: [region]", "requires_inputs: region", 13, "list of texts"),
        ("title: Print it", "titel: Print it", 15, "unknown key"),
        ("    prompt: Print it.\n", "", 14, "exactly one of"),
        (
            "    prompt: Print it.\n",
            "    prompt: Print it.\n    per_work_package: guess\n",
            17,
            "per_work_package",
        ),
        ("name: Field Guide", "name: [Field]", 3, "not text"),
    ],
)
def test_a_wrong_description_says_what_and_where(
    tmp_path: Path, old: str, new: str, line: int, word: str
) -> None:
    assert old in FIELD_GUIDE
    path = write_type(tmp_path, FIELD_GUIDE.replace(old, new, 1))
    found = problems(path)
    assert any(p["line"] == line and word in str(p["problem"]) for p in found), found
    assert all(str(p["file"]).endswith("field-guide/mission-runtime.yaml") for p in found)


def test_every_problem_is_reported_at_once(tmp_path: Path) -> None:
    text = FIELD_GUIDE.replace("id: draw", "id: survey").replace("title: Print it", "title: []")
    assert len(problems(write_type(tmp_path, text))) >= 3


def test_steps_that_wait_for_each_other_are_refused(tmp_path: Path) -> None:
    text = FIELD_GUIDE.replace(
        "    prompt: Walk the $mission_slug.\n",
        "    prompt: Walk the $mission_slug.\n    depends_on: [print]\n",
    )
    (found,) = problems(write_type(tmp_path, text))
    assert "survey -> print -> draw -> survey" in str(found["problem"])
    assert found["line"] == 9


def test_a_step_that_waits_for_itself_is_refused(tmp_path: Path) -> None:
    text = FIELD_GUIDE.replace("depends_on: [draw]", "depends_on: [print]")
    (found,) = problems(write_type(tmp_path, text))
    assert "print -> print" in str(found["problem"])


def test_a_description_without_steps_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissionTemplateHasNoStepsError):
        load_mission_template_file(write_type(tmp_path, FIELD_GUIDE.split("steps:")[0]))


def test_a_description_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissionRuntimeError):
        load_mission_template_file(write_type(tmp_path, "- one\n- two\n"))


def test_broken_yaml_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(YamlError) as refused:
        load_mission_template_file(write_type(tmp_path, FIELD_GUIDE + "  bad: [\n"))
    assert refused.value.details["file"] == "field-guide/mission-runtime.yaml"


def test_a_missing_description_is_refused(tmp_path: Path) -> None:
    with pytest.raises(MissionRuntimeError):
        load_mission_template_file(tmp_path / "mission.yaml")


def test_the_mission_block_may_be_left_out(tmp_path: Path) -> None:
    text = FIELD_GUIDE.replace("mission:\n", "").replace("\n  ", "\n", 2).replace("  key", "key")
    text = text.replace("\n  version", "\nversion").replace("steps:\n-", "steps:\n  -")
    found = load_mission_template_file(write_type(tmp_path, text))
    assert found.mission.key == "field-guide"


def test_the_hash_is_of_the_meaning_not_of_the_bytes() -> None:
    same = FIELD_GUIDE.replace("steps:", "# a comment\nsteps:").replace(
        "depends_on: [survey]", "depends_on:\n      - survey"
    )
    other = FIELD_GUIDE.replace("Draw the map", "Draw a map")
    assert template_hash(template(same)) == template_hash(template())
    assert template_hash(template(other)) != template_hash(template())


def test_a_remembered_description_is_read_without_the_yaml_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, cache = write_type(tmp_path), tmp_path / "cache"
    first = read_description(path, cache=cache)
    assert not cache.exists(), "reading must not write"
    remember_description(first, cache)
    monkeypatch.setitem(sys.modules, "specify_cli.kernel.yaml", None)
    assert read_description(path, cache=cache).template == first.template


def test_a_changed_description_is_not_taken_from_the_cache(tmp_path: Path) -> None:
    path, cache = write_type(tmp_path), tmp_path / "cache"
    remember_description(read_description(path), cache)
    path.write_text(FIELD_GUIDE.replace("Draw the map", "Draw two"), encoding="utf-8")
    assert read_description(path, cache=cache).template.steps[1].title == "Draw two"


@pytest.mark.parametrize("content", [b"", b"{", b'{"steps": 3}', b"[1]"])
def test_a_damaged_cache_entry_is_read_again_from_the_file(tmp_path: Path, content: bytes) -> None:
    path, cache = write_type(tmp_path), tmp_path / "cache"
    first = read_description(path)
    remember_description(first, cache)
    (cache / first.parsed_name).write_bytes(content)
    assert read_description(path, cache=cache).template == first.template
