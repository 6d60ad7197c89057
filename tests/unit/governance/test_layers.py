"""Layers: built-in, organisation packs, project; merged field by field, conflicts named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.governance.catalogue import compile_project, load_catalogue
from specify_cli.governance.context import governance_for
from specify_cli.governance.merging import merged_document
from specify_cli.governance.places import CACHE_FILE
from specify_cli.governance.sources import SourceFile, Sources
from tests.unit.governance.governed import OWN, directive, packs, refused, tactic, write

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from specify_cli.governance.compilation import Compilation
    from specify_cli.governance.context import GovernanceItem

NAMED = "mission_type: software-dev\nactions:\n  implement:\n    mandatory: [{}]\n"


def item(root: Path, identity: str, action: str = "implement") -> GovernanceItem:
    found = governance_for(root, mission_type="software-dev", action=action)
    return next(part for part in found.items if part.id == identity)


def test_a_project_changes_one_field_of_a_built_in_item_and_keeps_the_others(
    tmp_path: Path,
) -> None:
    before = item(tmp_path, "STAY_IN_SCOPE")
    write(tmp_path, {f"{OWN}/a.directive.yaml": "id: STAY_IN_SCOPE\ntitle: Ours\n"})
    after = item(tmp_path, "STAY_IN_SCOPE")
    assert (after.title, after.text, after.layer) == ("Ours", before.text, "project")
    assert after.content_hash == before.content_hash


def test_null_takes_a_field_away(tmp_path: Path) -> None:
    text = "id: STAY_IN_SCOPE\nexplicit_allowances: null\n"
    before = item(tmp_path, "STAY_IN_SCOPE")
    write(tmp_path, {f"{OWN}/a.directive.yaml": text})
    assert "Allowed all the same" in before.text
    assert "Allowed all the same" not in item(tmp_path, "STAY_IN_SCOPE").text


def test_a_mapping_is_merged_key_by_key(tmp_path: Path) -> None:
    text = "profile-id: implementer\nspecialization:\n  primary-focus: Ours\n  avoidance-boundary: null\n"
    before = load_catalogue(tmp_path)["profiles"]["implementer"]["text"]
    write(tmp_path, {f"{OWN}/a.agent.yaml": text})
    after = load_catalogue(tmp_path)["profiles"]["implementer"]["text"]
    done_well = "You have done well when: Every criterion is met"
    assert done_well in before
    assert done_well in after
    assert "Look at: Ours" in after
    assert "Leave alone" in before
    assert "Leave alone" not in after


def test_packs_stand_between_the_built_in_pack_and_the_project(tmp_path: Path) -> None:
    root = write(
        tmp_path / "project",
        {
            ".kittify/config.yaml": packs("acme"),
            f"{OWN}/mine.directive.yaml": "id: STAY_IN_SCOPE\nintent: The project's word.\n",
        },
    )
    scope = "id: STAY_IN_SCOPE\ntitle: The pack's\nintent: The pack's word.\n"
    files = {
        "acme/deep/down/a.directive.yaml": scope,
        "acme/b.directive.yaml": directive("ACME_RULE"),
        "acme/x.actions.yaml": NAMED.format("directive:ACME_RULE"),
    }
    write(tmp_path, files)
    found = item(root, "STAY_IN_SCOPE")
    assert found.title == "The pack's"
    assert found.text.startswith("The project's word.")
    rule = item(root, "ACME_RULE")
    assert (rule.layer, rule.mandatory) == ("organisation:acme", True)
    # What is mandatory below stays so: a layer adds to an action index.
    assert item(root, "NO_SECRETS").mandatory


def test_two_packs_that_disagree_leave_the_choice_to_the_project(tmp_path: Path) -> None:
    root = write(tmp_path / "project", {".kittify/config.yaml": packs("acme", "beta")})
    write(
        tmp_path,
        {
            "acme/a.directive.yaml": directive("RULE", title="One"),
            "beta/b.directive.yaml": directive("RULE", title="Other"),
        },
    )
    [(file, line, message)] = refused(root)
    assert (file, line) == ("beta:b.directive.yaml", 2)
    assert "title of directive:RULE differs from acme:a.directive.yaml line 2" in message
    write(root, {f"{OWN}/c.directive.yaml": "id: RULE\ntitle: Decided\n"})
    assert load_catalogue(root)["items"]["directive:RULE"]["title"] == "Decided"


def test_one_layer_declares_an_item_once(tmp_path: Path) -> None:
    files = {f"{OWN}/{name}.directive.yaml": directive("RULE") for name in "ab"}
    [(file, line, message)] = refused(write(tmp_path, files))
    assert (file, line) == (f"{OWN}/b.directive.yaml", 1)
    assert f"{OWN}/a.directive.yaml" in message


def test_what_a_layer_adds_to_an_action_is_checked(tmp_path: Path) -> None:
    text = NAMED.format("directive:GONE") + "    profile: nobody\n"
    found = refused(write(tmp_path, {f"{OWN}/x.actions.yaml": text}))
    assert [(line, message) for _, line, message in found] == [
        (4, "mandatory of implement names directive:GONE, which no layer declares"),
        (5, "the profile nobody of implement is declared by no layer"),
    ]


def test_a_pack_that_is_not_there_is_told_with_its_line(tmp_path: Path) -> None:
    root = write(tmp_path / "project", {".kittify/config.yaml": packs("acme")})
    assert refused(root) == [
        (".kittify/config.yaml", 5, "the folder of the organisation pack acme does not exist")
    ]


def test_a_section_that_names_packs_wrongly_is_told_with_its_line(tmp_path: Path) -> None:
    text = "a: 1\ngovernance:\n  packs:\n    - name: 'x y'\n      path: ../x\n"
    [(file, line, message)] = refused(write(tmp_path, {".kittify/config.yaml": text}))
    assert (file, line) == (".kittify/config.yaml", 4)
    assert message.startswith("governance.packs[0].name:")
    twice = packs("acme", "acme")
    [(_, line, message)] = refused(write(tmp_path, {".kittify/config.yaml": twice}))
    assert (line, message) == (7, "two packs are called acme")


def test_the_cache_is_used_while_nothing_changes_and_never_afterwards(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from specify_cli.governance import catalogue

    root = write(tmp_path, {f"{OWN}/a.directive.yaml": directive("RULE", title="First")})
    (root / ".kittify/runtime").mkdir()
    compiled = []

    def compile_counted(sources: Sources) -> Compilation:
        compiled.append(sources)
        return compile_project(sources)

    monkeypatch.setattr(catalogue, "compile_project", compile_counted)

    def title() -> str:
        catalogue._compiled.cache_clear()  # as in another process
        return load_catalogue(root)["items"]["directive:RULE"]["title"]

    assert [title(), title(), len(compiled)] == ["First", "First", 1]
    write(root, {f"{OWN}/a.directive.yaml": directive("RULE", title="Second")})
    assert [title(), len(compiled)] == ["Second", 2]
    for damage in ("", "[1]", '{"key": 1}', "\x00"):
        (root / CACHE_FILE).write_text(damage, encoding="utf-8")
        assert title() == "Second"


def test_without_a_runtime_folder_nothing_is_written(tmp_path: Path) -> None:
    root = write(tmp_path, {f"{OWN}/a.tactic.yaml": tactic("ours")})
    load_catalogue(root)
    assert sorted(path.name for path in (root / ".kittify").iterdir()) == ["governance"]


JSON = st.recursive(
    st.booleans() | st.integers(0, 3) | st.sampled_from("abc"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner),
    max_leaves=6,
)
DOCUMENTS = st.dictionaries(st.sampled_from("abcd"), JSON)


@settings(max_examples=60, deadline=None)
@given(low=DOCUMENTS, high=DOCUMENTS)
def test_merging_keeps_what_is_not_mentioned_and_takes_what_is(low: dict, high: dict) -> None:  # type: ignore[type-arg]
    merged = merged_document(low, high)
    assert merged.keys() == low.keys() | high.keys()
    assert merged_document(merged, high) == merged
    assert merged_document(low, {}) == low
    for key in low.keys() - high.keys():
        assert merged[key] == low[key]
    for key, value in high.items():
        below = low.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            assert merged[key] == merged_document(below, value)
        else:
            assert merged[key] == value


def test_files_are_merged_the_same_way_whatever_their_names(tmp_path: Path) -> None:
    texts = [directive("RULE_A"), directive("RULE_B"), tactic("ours")]
    ends = ["directive", "directive", "tactic"]
    results = []
    for names in ("abc", "cba"):
        files = tuple(
            SourceFile("project", f"{OWN}/{name}.{end}.yaml", text)
            for name, end, text in zip(names, ends, texts, strict=True)
        )
        found = compile_project(Sources(files, None, None, ()))
        assert found.problems == ()
        results.append(found.compiled)
    assert results[0] == results[1]
