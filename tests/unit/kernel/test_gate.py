"""The gate as an error of ours."""

from __future__ import annotations

from typing import Any

import pytest

from specify_cli.kernel.gate import ContractViolation, check


@pytest.mark.proves("001 FR-012")
def test_an_unknown_surface_is_refused() -> None:
    with pytest.raises(ContractViolation) as refused:
        check("nonsense", {})
    assert refused.value.code == "CONTRACT_VIOLATION"
    assert refused.value.details["surface"] == "nonsense"


def test_every_violation_is_listed_in_the_details_and_three_in_the_message() -> None:
    with pytest.raises(ContractViolation) as refused:
        check("local_commit", {"one": 1, "two": 2})
    listed: Any = refused.value.details["violations"]
    assert len(listed) > 3
    assert set(listed[0]) == {"path", "rule", "source", "found", "expected"}
    assert f"(and {len(listed) - 3} more)" in refused.value.message
    assert "spec-kitty contract show local_commit" in refused.value.fix


def test_a_conforming_document_passes_in_silence() -> None:
    check(
        "local_commit_ack",
        {"type": "LocalCommitAck", "git_hash": "0123456789abcdef0123456789abcdef01234567"},
    )
