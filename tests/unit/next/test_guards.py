from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.next._internal_runtime.schema import InvalidMissionTemplate
from specify_cli.next.guards import (
    GUARDS,
    check_accepted,
    check_guard,
    check_purpose,
    refuse_unknown_guards,
)
from tests.unit.missions.mission_files import SPEC
from tests.unit.next.lab import PURPOSE, Lab
from tests.unit.next.runtime_files import template
from tests.unit.next.views import software_dev

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lab(repository: Path) -> Lab:
    return Lab.create(repository)


def test_the_untouched_scaffold_has_no_purpose(lab: Lab) -> None:
    (failure,) = check_purpose(lab.mission)
    assert failure.file == f"kitty-specs/{lab.slug}/spec.md"
    assert "FILL IN" in failure.found
    assert "line" in failure.found


def test_a_written_and_committed_purpose_is_enough(lab: Lab) -> None:
    lab.write_purpose()
    assert check_purpose(lab.mission) == ()


def test_a_purpose_that_is_not_committed_is_not_enough(lab: Lab) -> None:
    lab.write_purpose(commit=False)
    (failure,) = check_purpose(lab.mission)
    assert "not committed" in failure.found
    assert "git commit" in failure.fix


@pytest.mark.parametrize(
    "text",
    ["TBD", "A list.", "TODO: say who needs this and what they cannot do today", "[NEEDS words]"],
)
def test_a_word_or_a_gap_is_no_purpose(lab: Lab, text: str) -> None:
    lab.write("spec.md", f"# Spec\n\n## Purpose\n\n{text}\n")
    assert len(check_purpose(lab.mission)) == 1


@pytest.mark.parametrize("heading", ["Purpose", "Intent", "1. Goals", "The problem", "Overview"])
def test_the_heading_may_be_worded_differently(lab: Lab, heading: str) -> None:
    lab.write("spec.md", f"# Spec\n\n## {heading}\n\n{PURPOSE}\n")
    assert check_purpose(lab.mission) == ()


def test_a_spec_without_such_a_heading_says_so(lab: Lab) -> None:
    lab.write("spec.md", f"# Spec\n\n## Misc\n\n{PURPOSE}\n")
    (failure,) = check_purpose(lab.mission)
    assert "no heading" in failure.found


def test_a_missing_spec_says_so(lab: Lab) -> None:
    (lab.mission.directory / "spec.md").unlink()
    (failure,) = check_purpose(lab.mission)
    assert failure.found == "no such file"


def test_a_finished_spec_has_a_purpose(lab: Lab) -> None:
    lab.write("spec.md", SPEC)
    assert check_purpose(lab.mission) == ()


def test_acceptance_is_what_the_metadata_says(lab: Lab) -> None:
    (failure,) = check_accepted(lab.mission)
    assert failure.fix == f"spec-kitty accept --mission {lab.slug}"
    assert check_accepted(lab.mission._replace(accepted_at="2026-11-21T07:13:00+00:00")) == ()


def test_every_guard_of_the_built_in_mission_exists_and_a_step_without_one_passes(
    lab: Lab,
) -> None:
    assert {step.guard for step in software_dev().steps} == set(GUARDS)
    refuse_unknown_guards(software_dev(), "mission-runtime.yaml")
    assert check_guard(lab.mission, template().steps[0], lab.root) == ()


def test_a_description_that_names_an_unknown_guard_is_refused() -> None:
    wrong = software_dev()
    wrong = wrong._replace(steps=(wrong.steps[0]._replace(guard="luck"), *wrong.steps[1:]))
    with pytest.raises(InvalidMissionTemplate) as refused:
        refuse_unknown_guards(wrong, "mission-runtime.yaml")
    assert "luck" in refused.value.message
    assert "purpose" in refused.value.fix
