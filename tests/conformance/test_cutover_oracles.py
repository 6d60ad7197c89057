"""What passes the gate is canonical for the release that the contract is named after, and the last."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.gate import ENVELOPE as APPROVAL
from benchmarks.gate import SMALL_ENVELOPE as CLAIM
from spec_kitty_contracts.gate import LEGACY_KEYS, violations
from tests.conformance.cutover_oracles import RELEASES, assert_all_canonical, judged, main
from tests.conformance.upstream_fixtures import load_upstream_fixtures

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.needs_index

NOT_CANONICAL: dict[str, dict[str, Any]] = {
    "no signal": {key: value for key, value in CLAIM.items() if key != "schema_version"},
    "null signal": CLAIM | {"schema_version": None},
    "number as signal": CLAIM | {"schema_version": 3},
    "other major": CLAIM | {"schema_version": "2.0.0"},
    "other minor": CLAIM | {"schema_version": "3.1.0"},
    "legacy key": CLAIM | {"mission_key": "x"},
    "legacy key in the payload": CLAIM | {"payload": CLAIM["payload"] | {"feature_number": 1}},
    "legacy event name": CLAIM | {"event_type": "FeatureClosed"},
    "legacy aggregate": CLAIM | {"aggregate_id": "feature_catalog/1"},
}


@pytest.mark.proves("001 C-001")
def test_whatever_passes_the_gate_is_canonical_for_both_releases() -> None:
    documents = [document for fixture in load_upstream_fixtures() for document in fixture.documents]
    admitted = [
        document
        for document in (APPROVAL, CLAIM, *documents)
        if isinstance(document, dict) and not violations("envelope", document)
    ]
    assert len(admitted) > 150
    assert_all_canonical(admitted)


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_not_canonical_is_refused_by_the_release_and_by_the_gate(release: str) -> None:
    verdicts = judged(release, NOT_CANONICAL.values())
    refused = dict(zip(NOT_CANONICAL, verdicts, strict=True))
    assert [name for name, refusal in refused.items() if not refusal] == []
    assert [
        name for name, envelope in NOT_CANONICAL.items() if not violations("envelope", envelope)
    ] == []


def test_the_gate_and_the_last_release_look_for_legacy_keys_at_any_depth() -> None:
    payload = CLAIM["payload"]
    planted = {
        key: CLAIM | {"payload": payload | {"evidence": {"repos": [{"deep": [{key: 1}]}]}}}
        for key in LEGACY_KEYS
    }
    verdicts = dict(zip(planted, judged("6.1.0", planted.values()), strict=True))
    beyond_upstream = {key for key, refusal in verdicts.items() if not refusal}
    assert beyond_upstream == {"feature_type"}  # only the gate artefact has it
    for envelope in planted.values():
        assert "legacy_key" in {found.rule for found in violations("envelope", envelope)}


def test_an_envelope_that_is_not_canonical_fails_the_assertion_and_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = NOT_CANONICAL["other major"]
    with pytest.raises(AssertionError, match=r"2\.0\.0"):
        assert_all_canonical([CLAIM, bad])
    lines = [{"test": "tests/a.py::test_good", "envelope": CLAIM}]
    target = tmp_path / "envelopes-main.jsonl"
    assert main([str(tmp_path)]) == 1
    target.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert main([str(tmp_path)]) == 0
    lines.append({"test": "tests/a.py::test_bad", "envelope": bad})
    target.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    assert main([str(tmp_path)]) == 1
    assert "tests/a.py::test_bad: release 3.0.0" in capsys.readouterr().err
