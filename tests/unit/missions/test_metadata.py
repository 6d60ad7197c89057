from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from specify_cli.kernel.gate import ContractViolation
from specify_cli.missions.metadata import (
    CorruptMetadata,
    metadata_bytes,
    read_metadata,
    updated_metadata,
)
from tests.unit.missions.mission_files import SLUG, canonical_meta, write_mission

if TYPE_CHECKING:
    from pathlib import Path

SHA = "3a0e4af1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7"


def test_changing_a_key_keeps_all_others_unknown_ones_included(tmp_path: Path) -> None:
    directory = write_mission(tmp_path, canonical_meta(origin_ticket="X-1", friendly_name="Tödö"))
    data = updated_metadata(directory, {"merged_commit": SHA, "mission_number": 7}, source=SLUG)
    meta = json.loads(data)
    assert meta == canonical_meta(
        origin_ticket="X-1", friendly_name="Tödö", merged_commit=SHA, mission_number=7
    )
    text = data.decode("utf-8")
    assert "Tödö" in text
    assert text.endswith("}\n")
    assert list(meta) == sorted(meta)


@pytest.mark.proves("001 FR-019")
def test_a_legacy_key_never_gets_into_a_written_meta_json() -> None:
    legacy = "_".join(("feature", "slug"))
    with pytest.raises(ContractViolation):
        metadata_bytes({**canonical_meta(), legacy: "x"})


@pytest.mark.proves("001 FR-015")
def test_a_meta_json_from_before_the_cutover_is_refused_and_not_translated(tmp_path: Path) -> None:
    legacy = {"feature_slug": SLUG, "feature_number": "001", "mission": "software-dev"}
    directory = write_mission(tmp_path, legacy)
    before = (directory / "meta.json").read_bytes()
    with pytest.raises(CorruptMetadata, match="mission_type"):
        read_metadata(directory, source=SLUG)
    with pytest.raises(CorruptMetadata, match="mission_type"):
        updated_metadata(directory, {"mission_number": 7}, source=SLUG)
    assert (directory / "meta.json").read_bytes() == before


@pytest.mark.proves("001 FR-015", "001 FR-019")
def test_a_half_converted_meta_json_is_never_written_on(tmp_path: Path) -> None:
    directory = write_mission(tmp_path, canonical_meta(feature_slug=SLUG))
    with pytest.raises(ContractViolation, match="feature_slug"):
        updated_metadata(directory, {"mission_number": 7}, source=SLUG)


def test_a_value_of_the_wrong_type_never_gets_into_a_written_meta_json(tmp_path: Path) -> None:
    directory = write_mission(tmp_path)
    before = (directory / "meta.json").read_bytes()
    with pytest.raises(ContractViolation):
        updated_metadata(directory, {"mission_number": "seven"}, source=SLUG)
    assert (directory / "meta.json").read_bytes() == before


def test_a_file_without_a_date_gets_that_of_the_log(tmp_path: Path) -> None:
    began = "2026-11-20T08:00:00.000000+00:00"
    (tmp_path / "meta.json").write_text('{"mission_type": "software-dev"}', encoding="utf-8")
    data = updated_metadata(tmp_path, {}, source=SLUG, branch="main", began_at=lambda: began)
    assert json.loads(data)["created_at"] == began
    (tmp_path / "meta.json").write_bytes(data)
    again = updated_metadata(tmp_path, {}, source=SLUG, branch="main", began_at=lambda: "later")
    assert json.loads(again)["created_at"] == began
