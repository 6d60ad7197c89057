"""Relations: what is unknown, of another kind or in a circle is refused with file and line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.governance.catalogue import load_catalogue
from specify_cli.governance.context import governance_for
from tests.unit.governance.governed import OWN, directive, packs, refused, tactic, write

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.governance.context import GovernanceContext

FILE = f"{OWN}/a.directive.yaml"


def implement(root: Path, profile: str | None = None) -> GovernanceContext:
    return governance_for(root, mission_type="software-dev", action="implement", profile=profile)


@pytest.mark.parametrize(
    ("relation", "line"),
    [
        ("requires:\n  - tactic:premortem\n  - tactic:gone\n", 7),
        ("suggests: [tactic:gone]\n", 5),
        ("replaces: [directive:GONE]\n", 5),
        ("specializes_from: directive:GONE\n", 5),
    ],
)
def test_an_unknown_target_is_told_with_its_line(tmp_path: Path, relation: str, line: int) -> None:
    [problem] = refused(write(tmp_path, {FILE: directive("RULE", relation)}))
    assert problem[:2] == (FILE, line)
    assert "which no layer declares" in problem[2]


@pytest.mark.parametrize(
    "relation", ["replaces: [tactic:premortem]", "specializes_from: tactic:premortem"]
)
def test_another_kind_can_be_neither_replaced_nor_specialised(
    tmp_path: Path, relation: str
) -> None:
    [problem] = refused(write(tmp_path, {FILE: directive("RULE", f"{relation}\n")}))
    assert problem[:2] == (FILE, 5)
    assert "another kind" in problem[2]


@pytest.mark.parametrize("relation", ["requires", "suggests", "replaces", "specializes_from"])
@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_circle_is_told_once_with_its_way(tmp_path: Path, relation: str, length: int) -> None:
    names = [f"RULE_{number}" for number in range(length)]
    files = {}
    for at, name in enumerate(names):
        following = f"directive:{names[(at + 1) % length]}"
        value = following if relation == "specializes_from" else f"[{following}]"
        files[f"{OWN}/{name}.directive.yaml"] = directive(name, f"{relation}: {value}\n")
    [(_, line, message)] = refused(write(tmp_path, files))
    assert line == 5
    assert message.startswith(f"{relation} goes in a circle: ")
    assert message.count(" -> ") == length


def test_a_circle_through_the_built_in_pack_is_told_in_the_file_that_closes_it(
    tmp_path: Path,
) -> None:
    text = "id: ASK_WHEN_UNCLEAR\nrequires: [directive:SPEC_FIDELITY]\n"
    [problem] = refused(write(tmp_path, {FILE: text}))
    assert problem[:2] == (FILE, 2)


def test_two_items_of_a_layer_cannot_replace_the_same_one(tmp_path: Path) -> None:
    more = "replaces: [directive:NO_SECRETS]\n"
    files = {f"{OWN}/{n}.directive.yaml": directive(f"RULE_{n.upper()}", more) for n in "ab"}
    [(file, line, message)] = refused(write(tmp_path, files))
    assert (file, line) == (f"{OWN}/b.directive.yaml", 5)
    assert "replaced by directive:RULE_A already" in message


def test_a_replacement_applies_wherever_the_replaced_item_would(tmp_path: Path) -> None:
    root = write(tmp_path, {FILE: directive("OUR_SECRETS", "replaces: [directive:NO_SECRETS]\n")})
    found = {item.id: item for item in implement(root).items}
    assert "NO_SECRETS" not in found
    assert found["OUR_SECRETS"].mandatory
    assert found["OUR_SECRETS"].why.endswith("in the place of directive:NO_SECRETS")


def test_the_projects_replacement_wins_over_that_of_a_pack(tmp_path: Path) -> None:
    root = write(tmp_path / "project", {".kittify/config.yaml": packs("acme")})
    more = "replaces: [directive:NO_SECRETS]\n"
    write(tmp_path, {"acme/z.directive.yaml": directive("ZZ_ACME", more)})
    assert load_catalogue(root)["replaced"] == {"directive:NO_SECRETS": "directive:ZZ_ACME"}
    write(root, {FILE: directive("AA_OURS", more)})
    assert load_catalogue(root)["replaced"] == {"directive:NO_SECRETS": "directive:AA_OURS"}


def test_a_specialisation_takes_over_what_it_does_not_say(tmp_path: Path) -> None:
    text = "id: OUR_SCOPE\ntitle: Ours\nspecializes_from: directive:STAY_IN_SCOPE\n"
    items = load_catalogue(write(tmp_path, {FILE: text}))["items"]
    assert items["directive:OUR_SCOPE"]["title"] == "Ours"
    assert items["directive:OUR_SCOPE"]["text"] == items["directive:STAY_IN_SCOPE"]["text"]
    assert items["directive:OUR_SCOPE"]["required"]


def test_what_a_mandatory_item_requires_is_mandatory_and_what_it_suggests_is_not(
    tmp_path: Path,
) -> None:
    text = "id: NO_SECRETS\nrequires: [tactic:one]\nsuggests: [tactic:three]\n"
    files = {
        FILE: text,
        f"{OWN}/1.tactic.yaml": tactic("one", "requires: [tactic:two]\n"),
        f"{OWN}/2.tactic.yaml": tactic("two"),
        f"{OWN}/3.tactic.yaml": tactic("three"),
    }
    found = {item.id: item for item in implement(write(tmp_path, files)).items}
    assert [found[name].mandatory for name in ("one", "two", "three")] == [True, True, False]
    assert found["two"].why == "required by tactic:one"


def test_a_profile_brings_what_it_requires(tmp_path: Path) -> None:
    text = (
        "profile-id: auditor\nname: Auditor\nroles: [reviewer]\npurpose: Audits.\n"
        "specialization: {primary-focus: Numbers}\naliases: [old-auditor]\n"
        "requires: [tactic:triangulation]\ndirective-references: [CITE_SOURCES, DIRECTIVE_010]\n"
    )
    root = write(tmp_path, {f"{OWN}/auditor.agent.yaml": text})
    for asked in ("auditor", "old-auditor"):
        found = implement(root, asked)
        assert found.profile is not None
        assert (found.profile.id, found.profile.layer) == ("auditor", "project")
        mandatory = {item.id: item.mandatory for item in found.items}
        assert mandatory["triangulation"]
        assert not mandatory["CITE_SOURCES"]
        assert found.notices == ()


def test_references_in_the_form_of_the_existing_cli_are_suggestions_where_they_are_known(
    tmp_path: Path,
) -> None:
    more = "references:\n  - {type: tactic, id: gap-list, when: always}\n  - {type: tactic, id: gone}\n"
    items = load_catalogue(write(tmp_path, {FILE: directive("RULE", more)}))["items"]
    assert items["directive:RULE"]["suggests"] == ["tactic:gap-list"]
