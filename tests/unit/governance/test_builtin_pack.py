"""The built-in pack is whole, its generated form follows from its YAML, and reading it is cheap."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from specify_cli.governance.builtin_pack import COMPILED, built_in, built_in_files
from specify_cli.governance.context import governance_for
from tools.parse_governance import generated

if TYPE_CHECKING:
    from pathlib import Path

STEPS = {
    "software-dev": "discovery specify plan tasks implement review accept",
    "research": "scoping methodology gathering synthesis output accept",
    "documentation": "discover audit design generate validate publish accept",
    "plan": "specify research plan review",
}
PACK = built_in().compiled


def test_the_generated_form_follows_from_the_yaml() -> None:
    for name, data in generated().items():
        assert (COMPILED.parent / name).read_bytes() == data, (
            "run: python -m tools.parse_governance"
        )


def test_the_pack_has_what_agents_need() -> None:
    counted = Counter(name.partition(":")[0] for name in PACK["items"])
    assert counted["directive"] >= 12
    assert counted["tactic"] >= 15
    assert min(counted[k] for k in ("styleguide", "procedure", "toolguide", "paradigm")) >= 3
    assert len(PACK["profiles"]) >= 8
    wanted = {"planner", "architect", "implementer", "reviewer", "researcher", "writer"}
    assert wanted <= PACK["profiles"].keys()


def test_every_directive_can_be_checked_and_every_text_is_short() -> None:
    for source in built_in_files():
        if source.file.startswith("directives/"):
            assert "validation_criteria:" in source.text, source.file
    for name, item in {**PACK["items"], **PACK["profiles"]}.items():
        assert 60 <= len(item["text"]) <= 1600, name
        assert not re.search(r"TODO|TBD(?! or)|lorem", item["text"]), name
        assert item["hash"] == f"sha256:{hashlib.sha256(item['text'].encode()).hexdigest()}"


def test_every_item_is_reached_by_an_action_a_profile_a_relation_or_a_language() -> None:
    reached = {
        name
        for actions in PACK["index"].values()
        for entry in actions.values()
        for name in (*entry["mandatory"], *entry["suggested"])
    }
    for part in (*PACK["items"].values(), *PACK["profiles"].values()):
        reached |= {*part["requires"], *part["suggests"]}
    spoken = {name for name, item in PACK["items"].items() if item["languages"]}
    # Somebody has to ask for a search tool.
    assert PACK["items"].keys() - reached - spoken == {"toolguide:ripgrep"}


@pytest.mark.parametrize(
    ("mission_type", "action"),
    [(kind, step) for kind, steps in STEPS.items() for step in steps.split()],
)
def test_each_step_of_each_mission_type_has_mandatory_items_with_text_and_a_role(
    tmp_path: Path, mission_type: str, action: str
) -> None:
    assert action in PACK["index"][mission_type]
    found = governance_for(tmp_path, mission_type=mission_type, action=action)
    mandatory = [item for item in found.items if item.mandatory]
    assert len(mandatory) >= 2
    assert all(item.text and item.layer == "built-in" for item in mandatory)
    assert found.profile is not None
    assert found.charter is None


def test_reading_the_pack_imports_no_yaml_no_gate_and_no_digests(tmp_path: Path) -> None:
    script = (
        "import sys, pathlib, re, json, functools, typing\n"
        # What measures coverage is there before.
        "before = set(sys.modules)\n"
        "from specify_cli.governance.context import governance_for\n"
        f"governance_for(pathlib.Path({str(tmp_path)!r}), mission_type='software-dev',"
        " action='implement', token_budget=2500)\n"
        "print(*sorted(m for m in set(sys.modules) - before if m.startswith(('ruamel', 'hashlib', 'dataclasses',"
        " 'inspect', 'subprocess', 'spec_kitty_contracts.', 'specify_cli.contract'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert done.stdout.split() == []
