"""What the built-in governance asks of each step of the built-in mission types fits that step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from specify_cli.governance.builtin_pack import built_in
from specify_cli.governance.context import governance_for
from specify_cli.missions.creation import MISSION_TYPES
from specify_cli.next._internal_runtime.description import read_description

if TYPE_CHECKING:
    from specify_cli.next._internal_runtime.schema import PromptStep

FOLDER = Path(__file__).parents[3] / "src" / "specify_cli" / "next" / "missions"
STEPS = [
    (kind, step)
    for kind in MISSION_TYPES
    for step in read_description(FOLDER / kind / "mission-runtime.yaml").template.steps
]
OF_WORK_PACKAGES = {"procedure:review-round", "procedure:hand-over", "tactic:trace-requirements"}


@pytest.mark.parametrize(("kind", "step"), STEPS, ids=lambda one: getattr(one, "id", one))
def test_governance_asks_of_a_step_only_what_the_step_can_give(kind: str, step: PromptStep) -> None:
    assert step.id in built_in().compiled["index"][kind], "nobody thought about this step"
    action = step.per_work_package or step.id
    found = governance_for(Path("no-such-project"), mission_type=kind, action=action)
    assert found.profile is not None
    must = {f"{item.kind}:{item.id}" for item in found.items if item.mandatory}
    named = {f"{item.kind}:{item.id}" for item in found.items}
    # Requirements with ids are asked for where the guard looks for them.
    assert ("directive:TESTABLE_REQUIREMENTS" in must) == (step.guard == "spec")
    if kind != "software-dev":
        assert not named & OF_WORK_PACKAGES
        first = not step.depends_on
        assert ("directive:VISIBLE_SUCCESS" in must) == first
    pages = kind == "documentation" and step.id in ("generate", "validate", "publish")
    if kind == "documentation":
        assert ("directive:TRUE_DOCUMENTS" in must) == pages
