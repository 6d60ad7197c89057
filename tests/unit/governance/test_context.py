"""What governs an action: the same facts in both forms, and a budget that drops suggestions only."""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.governance.builtin_pack import built_in
from specify_cli.governance.context import (
    GovernanceContext,
    InvalidTokenBudget,
    estimated_tokens,
    governance_for,
)
from specify_cli.governance.lint import lint_governance
from specify_cli.governance.markdown import item_block
from specify_cli.governance.problems import GovernanceInvalid
from specify_cli.kernel.gate import check
from tests.unit.governance.governed import OWN, directive, tactic, write

if TYPE_CHECKING:
    from collections.abc import Iterator

NOWHERE = Path("no-such-project")
INDEX = built_in().compiled["index"]
ACTIONS = [(kind, action) for kind, actions in sorted(INDEX.items()) for action in sorted(actions)]
PROFILES = [None, *built_in().compiled["profiles"], "implementer-ivan", "nobody"]
CHARTER = """\
schema_version: "2.0.0"
activated_styleguides: [python]
activated_directives: [FOCUSED_COMMITS, DIRECTIVE_010]
policies:
  - {topic: testing_requirements, text: Every behaviour has a test.}
deactivated:
  - {item: "directive:NO_SECRETS", reason: There are none.}
"""


@cache
def context(
    kind: str, action: str, profile: str | None = None, budget: int | None = None
) -> GovernanceContext:
    return governance_for(
        NOWHERE, mission_type=kind, action=action, profile=profile, token_budget=budget
    )


def facts(value: object, key: str = "") -> Iterator[str]:
    """Yield every fact of a document as the text has to show it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from facts(inner, name)
    elif isinstance(value, list):
        for inner in value:
            yield from facts(inner, key)
    # The estimate is of the text itself; whether an item is mandatory shows in where it stands.
    elif value is not None and not isinstance(value, bool) and (key != "tokens"):
        yield str(value)


@settings(max_examples=40, deadline=None)
@given(
    step=st.sampled_from(ACTIONS),
    profile=st.sampled_from(PROFILES),
    budget=st.none() | st.integers(0, 6000),
)
def test_both_forms_say_the_same(
    step: tuple[str, str], profile: str | None, budget: int | None
) -> None:
    found = context(*step, profile, budget)
    document, text = found.to_json(), found.to_markdown()
    check("governance_context", document)
    assert [fact for fact in facts(document) if fact not in text] == []
    must, _, may = text.partition("### Suggestions")
    for item in document["items"]:
        shown = f"`{item['kind']}:{item['id']}`"
        assert shown in (must if item["mandatory"] else may)
    assert found.tokens == estimated_tokens(text)


@settings(max_examples=40, deadline=None)
@given(
    step=st.sampled_from(ACTIONS),
    profile=st.sampled_from(PROFILES),
    budgets=st.lists(st.integers(0, 6000), min_size=2, max_size=2).map(sorted),
)
def test_a_budget_drops_suggestions_and_never_a_mandatory_item(
    step: tuple[str, str], profile: str | None, budgets: list[int]
) -> None:
    whole = context(*step, profile)
    small, large = (context(*step, profile, budget) for budget in budgets)
    for found in (small, large):
        mandatory = [item for item in whole.items if item.mandatory]
        assert [item for item in found.items if item.mandatory] == mandatory
        assert found.profile == whole.profile
        kept = {(item.kind, item.id) for item in found.items}
        dropped = {(item.kind, item.id) for item in found.dropped}
        assert kept | dropped == {(item.kind, item.id) for item in whole.items}
        assert not kept & dropped
        over = any("larger than the token budget" in notice for notice in found.notices)
        assert over or found.tokens <= (found.token_budget or 0)
    assert not whole.dropped
    if budgets[0] >= whole.tokens + 20:
        assert small.dropped == large.dropped == ()


def test_a_budget_that_is_met_keeps_as_much_as_it_can() -> None:
    whole = context("software-dev", "implement")
    last = whole.items[-1]
    cut = context("software-dev", "implement", None, whole.tokens - 5)
    assert 1 <= len(cut.dropped) <= 4
    assert cut.tokens + estimated_tokens(item_block(last)) * 4 > whole.tokens
    assert all(str(whole.tokens - 5) in item.why for item in cut.dropped)


def test_a_suggestion_that_needs_another_item_is_dropped_with_it(tmp_path: Path) -> None:
    long = f"notes: {'word ' * 900}\n"
    files = {
        f"{OWN}/x.actions.yaml": "mission_type: tiny\nactions:\n  go:\n    suggested: [tactic:needs]\n",
        f"{OWN}/1.tactic.yaml": tactic("needs", "requires: [tactic:large]\n"),
        f"{OWN}/2.tactic.yaml": tactic("large", long),
    }
    root = write(tmp_path, files)
    found = governance_for(root, mission_type="tiny", action="go", token_budget=600)
    assert found.items == ()
    assert {item.id for item in found.dropped} == {"needs", "large"}
    assert min(item.tokens for item in found.dropped) > 1000
    whole = governance_for(root, mission_type="tiny", action="go", token_budget=3000)
    assert [item.id for item in whole.items] == ["needs", "large"]


def test_a_budget_of_the_project_holds_unless_another_one_is_asked_for(tmp_path: Path) -> None:
    config = ".kittify/config.yaml"
    whole = context("software-dev", "implement")
    root = write(tmp_path, {config: "governance:\n  token_budget: 1500\n"})
    found = governance_for(root, mission_type="software-dev", action="implement")
    assert found == context("software-dev", "implement", None, 1500)
    assert found.dropped
    must = [item.id for item in whole.items if item.mandatory]
    assert [item.id for item in found.items if item.mandatory] == must
    other = governance_for(
        root, mission_type="software-dev", action="implement", token_budget=whole.tokens + 500
    )
    assert other.items == whole.items
    write(tmp_path, {config: "governance:\n  token_budget: 0\n"})
    bare = governance_for(root, mission_type="software-dev", action="implement")
    assert [item.id for item in bare.items] == must
    assert {item.id for item in bare.dropped} == {i.id for i in whole.items if not i.mandatory}
    assert all(f"`{item.kind}:{item.id}`" in bare.to_markdown() for item in bare.dropped)
    assert "nothing of it was left out" in bare.notices[0]
    write(tmp_path, {config: "project: {}  # governance has no token_budget\n"})
    assert governance_for(root, mission_type="software-dev", action="implement") == whole


@pytest.mark.parametrize("value", ["-1", "many", "1.5", "true", "[1]", "null"])
def test_a_budget_of_the_project_that_is_no_number_is_refused_with_its_line(
    tmp_path: Path, value: str
) -> None:
    text = f"project: {{slug: x}}\ngovernance:\n  token_budget: {value}\n"
    root = write(tmp_path, {".kittify/config.yaml": text})
    for load in (lint_governance, lambda r: governance_for(r, mission_type="plan", action="plan")):
        with pytest.raises(GovernanceInvalid) as caught:
            load(root)
        (problem,) = caught.value.problems
        assert (problem.file, problem.line) == (".kittify/config.yaml", 3)
        assert "governance.token_budget" in problem.message


def test_a_budget_below_nothing_is_refused() -> None:
    with pytest.raises(InvalidTokenBudget) as caught:
        context("software-dev", "implement", None, -1)
    assert caught.value.exit_code == 2


def test_the_hash_is_that_of_the_text_and_changes_with_it(tmp_path: Path) -> None:
    for item in context("software-dev", "review").items:
        assert item.content_hash == f"sha256:{hashlib.sha256(item.text.encode()).hexdigest()}"
    write(tmp_path, {f"{OWN}/a.directive.yaml": "id: NO_SECRETS\nintent: Other words.\n"})
    changed = governance_for(tmp_path, mission_type="software-dev", action="review")
    hashes = {item.id: item.content_hash for item in changed.items}
    before = {item.id: item.content_hash for item in context("software-dev", "review").items}
    assert {name for name in before if hashes[name] != before[name]} == {"NO_SECRETS"}


def test_a_mission_type_without_an_index_gets_the_default_one() -> None:
    found = context("house-style", "build")
    assert {item.id for item in found.items if item.mandatory} >= {"SPEC_FIDELITY", "NO_SECRETS"}
    assert all("default" in item.why for item in found.items if item.why.startswith("mandatory"))
    assert found.profile is None


def test_an_unknown_profile_is_told_and_the_actions_own_is_used() -> None:
    found = context("software-dev", "implement", "python-pedro")
    assert found.profile is not None
    assert (found.profile.id, found.profile.asked_for) == ("implementer", "python-pedro")
    assert found.notices == (
        "no layer declares the profile 'python-pedro'; implementer is used instead",
    )


def test_the_names_that_the_existing_cli_gives_its_profiles_lead_to_ours() -> None:
    for theirs, ours in {
        "researcher-robbie": "researcher",
        "architect-alphonso": "architect",
        "implementer-ivan": "implementer",
        "reviewer-renata": "reviewer",
    }.items():
        found = context("software-dev", "implement", theirs)
        assert found.profile is not None
        assert (found.profile.id, found.notices) == (ours, ())


def test_the_charter_adds_takes_away_and_is_told(tmp_path: Path) -> None:
    root = write(tmp_path, {".kittify/charter/charter.yaml": CHARTER})
    found = governance_for(root, mission_type="software-dev", action="implement")
    items = {item.id: item for item in found.items}
    assert "NO_SECRETS" not in items
    assert items["python"].why == "activated by the charter"
    # Advisory: activating it does not make it mandatory.
    assert not items["FOCUSED_COMMITS"].mandatory
    assert found.charter is not None
    assert found.charter.unknown == ("directive:DIRECTIVE_010",)
    assert found.notices == (
        "the charter names items that no layer declares: directive:DIRECTIVE_010",
    )
    assert [fact for fact in facts(found.to_json()) if fact not in found.to_markdown()] == []
    # A guide to Python code says nothing about planning.
    plan = governance_for(root, mission_type="software-dev", action="plan")
    assert "python" not in {item.id for item in plan.items}


def test_a_required_directive_that_the_charter_activates_is_mandatory(tmp_path: Path) -> None:
    files = {
        f"{OWN}/a.directive.yaml": directive("RULE", "applies_to_mission_types: [research]\n"),
        ".kittify/charter/charter.yaml": "activated_directives: [RULE]\n",
    }
    root = write(tmp_path, files)
    kinds = {
        kind: [
            item.mandatory
            for item in governance_for(root, mission_type=kind, action="plan").items
            if item.id == "RULE"
        ]
        for kind in ("research", "plan")
    }
    assert kinds == {"research": [True], "plan": []}


def test_a_charter_of_the_existing_cli_opens(tmp_path: Path) -> None:
    text = (
        "schema_version: 2\nactivated_directives: null\nactivated_tactic: [premortem]\n"
        "governance:\n  testing: {min_coverage: 90}\n  charter:\n"
        "    selected_paradigms: [test-driven, atomic-design]\n    available_tools: [git]\n"
        "directives: [{id: D1}]\ncatalog: {mission: software-dev}\n"
    )
    files = {
        ".kittify/charter/charter.yaml": text,
        ".kittify/charter/charter.md": f"# Charter\n\n## Testing\n\n{'Test it. ' * 200}\n\n## Empty\n",
    }
    found = governance_for(write(tmp_path, files), mission_type="plan", action="plan").charter
    assert found is not None
    assert found.activated == ("tactic:premortem", "paradigm:test-driven")
    assert found.unknown == ("paradigm:atomic-design",)
    [policy] = found.policies
    assert policy.topic == "Testing"
    assert len(policy.text) < 1300
    assert policy.text.endswith("(the rest: .kittify/charter/charter.md)")


def test_the_value_is_frozen_and_its_document_is_json() -> None:
    found = context("plan", "plan")
    with pytest.raises(AttributeError):
        found.action = "other"  # type: ignore[misc]
    assert json.loads(json.dumps(found.to_json())) == found.to_json()
