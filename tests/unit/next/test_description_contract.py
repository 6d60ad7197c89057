"""The published schema of a mission description and the reader agree on what is one."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.kernel.gate import ContractViolation, check
from specify_cli.kernel.yaml import load_yaml
from specify_cli.next._internal_runtime.description import parse_template, read_description
from specify_cli.next._internal_runtime.discovery import BUILTIN_ROOT
from specify_cli.next._internal_runtime.schema import InvalidMissionTemplate, MissionRuntimeError
from tests.unit.next.audit_files import audited
from tests.unit.next.runtime_files import write_type

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "contracts/published/mission_description.schema.json").read_bytes()
)
VALID: Any = SCHEMA["examples"][0]
FULL: Any = {
    **VALID,
    "steps": [
        {
            "id": "survey",
            "title": "Survey",
            "description": "d",
            "prompt": "p",
            "expected_output": "x.md",
            "requires_inputs": ["region"],
            "depends_on": [],
            "agent_profile": "writer",
            "guard": "document",
            "per_work_package": "review",
            "contract_ref": "c",
            "raci_override_reason": "because",
            "raci": {
                "responsible": {"actor_type": "llm"},
                "accountable": {"actor_type": "human", "actor_id": "ada"},
                "consulted": [{"actor_type": "service"}],
                "informed": [],
            },
        }
    ],
}


def by_schema(document: Any) -> bool:
    return bool(jsonschema.Draft202012Validator(SCHEMA).is_valid(document))


def by_gate(document: Any) -> bool:
    try:
        check("mission_description", document)
    except ContractViolation:
        return False
    return True


def by_reader(document: Any) -> bool:
    try:
        parse_template(document, source="test")
    except MissionRuntimeError:
        return False
    return True


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, item in items:
        if key != "metadata":
            yield from places(item, (*path, key))


PLACES = [*places(FULL)]
VALUES: list[Any] = [3, True, "x", "human", [], ["x"], {}, {"x": 1}, [3], "Not An Id"]


@pytest.mark.parametrize("path", sorted(BUILTIN_ROOT.glob("*/mission-runtime.yaml")), ids=str)
def test_every_built_in_description_conforms_to_the_published_schema(path: Path) -> None:
    document = load_yaml(path.read_text(encoding="utf-8"), source=path.name)
    assert by_schema(document)
    assert by_gate(document)
    read_description(path)


@settings(max_examples=150)
@given(st.sampled_from(PLACES), st.sampled_from(VALUES), st.sampled_from(["set", "drop", "add"]))
def test_reader_gate_and_schema_agree_on_any_single_change(
    path: tuple[Any, ...], value: Any, how: str
) -> None:
    document = copy.deepcopy(FULL)
    holder = document
    for part in path[:-1]:
        holder = holder[part]
    if how == "set":
        holder[path[-1]] = value
    elif how == "drop":
        del holder[path[-1]]
    elif isinstance(holder, dict):
        holder["surprise"] = value
    verdict = by_schema(document)
    assert by_gate(document) == verdict
    read = by_reader(document)
    if read:
        assert verdict, "the reader takes what the schema refuses"
    elif verdict:
        # Beyond the schema: ids that name nothing, and a person who answers for the step.
        with pytest.raises(
            InvalidMissionTemplate, match=r"no step|not a human|raci needs|without raci"
        ):
            parse_template(document, source="test")


@pytest.mark.parametrize(
    ("old", "new", "line", "word"),
    [
        ("id: sign-off", "id: survey", 5, "twice"),
        ("depends_on: [survey]", "depends_on: [walk]", 8, "no step"),
        ("enforcement: blocking", "enforcement: maybe", 9, "enforcement is 'maybe'"),
        ("trigger_mode: manual", "trigger: manual", 9, "unknown key 'trigger'"),
        ("user_customer_impact: 0", "user_customer_impact: 4", 11, "from 0 to 3"),
        ("user_customer_impact: 0, ", "", 11, "user_customer_impact is not"),
        ("architecture_foundation", "because", 12, "unknown hard trigger"),
        ("    description: Is it right?\n", "    raci_override_reason: x\n", 7, "without raci"),
        (
            "    description: Is it right?\n",
            "    raci: {responsible: {actor_type: llm}, accountable: {actor_type: llm}}\n",
            7,
            "a person answers",
        ),
    ],
)
def test_a_wrong_audit_says_what_and_where(
    tmp_path: Path, old: str, new: str, line: int, word: str
) -> None:
    assert old in audited()
    with pytest.raises(InvalidMissionTemplate) as refused:
        read_description(write_type(tmp_path, audited().replace(old, new, 1)))
    found: Any = refused.value.details["problems"]
    assert any(p["line"] == line and word in p["problem"] for p in found), found
