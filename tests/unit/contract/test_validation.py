"""Files are checked line by line; every fault is reported with its line and path."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.contract.documents import UnknownSurface, packaged_document, surfaces
from specify_cli.contract.parsed_file import FileUnreadable
from specify_cli.contract.positions import JsonLines, YamlLines
from specify_cli.contract.validation import ValidationReport, validate_file

if TYPE_CHECKING:
    from pathlib import Path

ROW: dict[str, Any] = {
    "actor": "claude",
    "at": "2026-11-21T07:13:00.123456+00:00",
    "event_id": "01KQ22DT0000000000000000A1",
    "evidence": None,
    "execution_mode": "worktree",
    "force": False,
    "from_lane": "planned",
    "mission_id": "01KQ22DSA8G3W5V7T9Y1B3D5F7",
    "mission_slug": "todo-app-01KQ22DS",
    "policy_metadata": None,
    "reason": None,
    "review_ref": None,
    "to_lane": "claimed",
    "wp_id": "WP01",
}
# Rows that the existing CLI 3.2.7 wrote; they open unchanged (DESIGN.md D3).
FOREIGN_ROWS: list[dict[str, Any]] = [
    {
        "aggregate_id": "01M7YGDG34MTQN021FADMYVT1T",
        "aggregate_type": "Mission",
        "event_id": "01M7YGDG44G1TENA8CR7Y92QNN",
        "event_type": "MissionCreated",
        "payload": {"mission_slug": "todo-app-01M7YGDG", "wp_count": 0},
        "project_slug": "p",
        "project_uuid": "ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce",
        "schema_version": "5.0.0",
        "timestamp": "2026-11-21T07:34:00.580046+00:00",
    },
    {
        "aggregate_id": "todo-app-01M7YGDG",
        "aggregate_type": "Mission",
        "event_id": "01M7YGDG44G1TENA8CR7Y92QNP",
        "event_type": "SpecifyStarted",
        "payload": {"actor": "spec-kitty mission create"},
        "project_slug": None,
        "project_uuid": None,
        "schema_version": "5.0.0",
        "timestamp": "2026-11-21T07:34:00.580885+00:00",
    },
    {**ROW, "actor": "finalize-tasks", "from_lane": "genesis", "to_lane": "planned"},
    {
        **ROW,
        "actor": {"model": None, "profile": None, "role": "reviewer", "tool": "codex"},
        "force": True,
        "from_lane": "approved",
        "to_lane": "planned",
        "policy_metadata": {"pre_review_gate": {"blocked": False}},
        "reason": "Force move to planned",
        "review_ref": "review-cycle://todo-app-01M7YGDG/WP01-one/review-cycle-2.md",
        "review_result": {
            "feedback_path": "kitty-specs/todo-app-01M7YGDG/tasks/WP01-one/review-cycle-2.md",
            "reference": "review-cycle://todo-app-01M7YGDG/WP01-one/review-cycle-2.md",
            "reviewer": "codex",
            "verdict": "changes_requested",
        },
    },
    {
        "actor": "codex",
        "at": "2026-11-21T08:11:51.950154+00:00",
        "delta": {
            "agent_profile": "__resolved_profile_absent__",
            "release_runtime_claim": True,
            "review": {"actor": "", "at": "", "reason": "", "wp_id": ""},
            "subtasks": {"T001": "planned"},
        },
        "event_id": "01M7YJJT8ECWYJHG2YZBQ9R75S",
        "kind": "annotation",
        "wp_id": "WP01",
    },
    {
        "at": "2026-11-21T08:11:51.950154+00:00",
        "event_id": "01M7YJJT8ECWYJHG2YZBQ9R75T",
        "event_type": "DecisionPointOpened",
        "payload": {"decision_point_id": "DM-1"},
    },
]


def written(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def log(path: Path, *lines: object) -> Path:
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    return written(path, "".join(f"{text}\n" for text in texts))


def places(report: ValidationReport) -> list[tuple[int, str, str]]:
    return [(v.line, v.path, v.rule) for v in report.violations]


def test_every_line_of_a_log_is_checked_and_every_fault_is_listed(tmp_path: Path) -> None:
    path = log(
        tmp_path / "status.events.jsonl",
        ROW,
        {**ROW, "to_lane": "parked", "force": "no"},
        "{broken",
        {key: value for key, value in ROW.items() if key != "wp_id"},
        "",
        {**ROW, "custom": 1},
    )
    report = validate_file(path, "status_row")
    assert not report.valid
    assert report.documents == 5
    assert sorted(places(report)) == [
        (2, "$.force", "type"),
        (2, "$.to_lane", "enum"),
        (3, "$", "json"),
        (4, "$.wp_id", "required"),
        (6, "$.custom", "additionalProperties"),
    ]
    assert [v["line"] for v in report.to_json()["violations"]] == [2, 2, 3, 4, 6]  # type: ignore[index,union-attr,call-overload]


@pytest.mark.plants_rows
@pytest.mark.parametrize("row", FOREIGN_ROWS, ids=lambda row: str(sorted(row)[:2]))
def test_rows_of_the_existing_cli_conform(tmp_path: Path, row: dict[str, Any]) -> None:
    report = validate_file(log(tmp_path / "status.events.jsonl", row), "status_row")
    assert report.valid, report.to_text()


@pytest.mark.parametrize(
    ("row", "path"),
    [
        ({**ROW, "to_lane": "genesis"}, "$.to_lane"),
        ({**ROW, "from_lane": "uninitialized"}, "$.from_lane"),
        ({**ROW, "force": True}, "$.reason"),
        ({**ROW, "force": True, "reason": "  "}, "$.reason"),
        ({**ROW, "build_id": "01KQ22DT0000000000000000B1"}, "$.lamport_clock"),
        ({**ROW, "build_id": "a uuid", "lamport_clock": 1}, "$.build_id"),
        ({**ROW, "lamport_clock": True, "build_id": ROW["event_id"]}, "$.lamport_clock"),
        ({**ROW, "at": "yesterday"}, "$.at"),
        ({**ROW, "wp_id": "WP1"}, "$.wp_id"),
        ({**ROW, "actor": ""}, "$.actor"),
        ({**ROW, "feature_slug": "x"}, "$.feature_slug"),
        ({**ROW, "policy_metadata": {"a": [{"feature_slug": 1}]}}, None),
        ({**FOREIGN_ROWS[4], "delta": {}}, "$.delta"),
        ({**FOREIGN_ROWS[4], "kind": "remark"}, "$.kind"),
        ({**FOREIGN_ROWS[0], "build_id": "b"}, "$.node_id"),
        ({"event_type": "MissionCreated"}, "$.at"),
        ([], "$"),
    ],
)
def test_rows_that_break_a_rule_are_refused(tmp_path: Path, row: object, path: str | None) -> None:
    report = validate_file(log(tmp_path / "log.jsonl", row), "status_row")
    assert not report.valid
    assert path is None or path in {violation.path for violation in report.violations}


def test_a_torn_last_line_is_a_violation_and_the_rest_is_still_checked(tmp_path: Path) -> None:
    whole = json.dumps(ROW)
    report = validate_file(
        written(tmp_path / "log.jsonl", f'{whole}\n{whole}\n{{"actor": "cl'), "status_row"
    )
    assert report.documents == 3
    assert places(report) == [(3, "$", "torn_line")]
    assert "column 11" in report.violations[0].found


def test_a_last_line_without_newline_that_is_whole_conforms(tmp_path: Path) -> None:
    assert validate_file(written(tmp_path / "log.jsonl", json.dumps(ROW)), "status_row").valid


def test_an_empty_log_conforms_and_an_empty_json_file_does_not(tmp_path: Path) -> None:
    assert validate_file(written(tmp_path / "log.jsonl", ""), "status_row").valid
    assert places(validate_file(written(tmp_path / "meta.json", ""), "mission_meta")) == [
        (1, "$", "json")
    ]


@pytest.mark.parametrize(
    ("text", "rule", "line"),
    [
        (b'{"a": "\xff"}\n', "encoding", 1),
        (b'{"a": 1, "a": 2}\n', "duplicate_key", 1),
        (b'{"a": NaN}\n', "json", 1),
        (b"{'a': 1}\n", "json", 1),
        (b"[" * 100_000 + b"\n", "json", 1),
        (b"1" * 5_000 + b"\n", "json", 1),
    ],
)
def test_a_line_that_is_no_json_is_a_violation(
    tmp_path: Path, text: bytes, rule: str, line: int
) -> None:
    path = written(tmp_path / "log.jsonl", text + json.dumps(ROW).encode() + b"\n")
    report = validate_file(path, "status_row")
    assert report.documents == 2
    assert places(report) == [(line, "$", rule)]


def test_a_byte_order_mark_and_windows_line_ends_are_accepted(tmp_path: Path) -> None:
    text = f"\ufeff{json.dumps(ROW)}\r\n{json.dumps(ROW)}\r\n"
    report = validate_file(written(tmp_path / "log.jsonl", text), "status_row")
    assert report.valid, report.to_text()
    assert report.documents == 2


def test_a_json_document_names_the_line_of_each_fault(tmp_path: Path) -> None:
    document = dict(packaged_document("published/next_decision.schema.json")["examples"][0])  # type: ignore[arg-type,index]
    document["guard_failures"] = [{"file": None, "looked_for": "x", "found": 1, "fix": "y"}]
    document["odd key"] = 1
    text = json.dumps(document, indent=2)
    report = validate_file(written(tmp_path / "decision.json", text), "next_decision")
    lines = {violation.path: violation.line for violation in report.violations}
    at = {
        line.strip().partition('"')[2].partition('"')[0]: n
        for n, line in enumerate(text.splitlines(), 1)
    }
    assert lines == {"$.guard_failures[0].found": at["found"], "$['odd key']": at["odd key"]}
    assert f"decision.json:{at['found']}: $.guard_failures[0].found: expected" in report.to_text()


def test_json_lines_in_a_file_without_a_telling_suffix_are_recognised(tmp_path: Path) -> None:
    path = log(tmp_path / "events.txt", ROW, {**ROW, "wp_id": 1})
    assert places(validate_file(path, "status_row")) == [(2, "$.wp_id", "type")]


def test_a_broken_document_names_the_line_of_the_break(tmp_path: Path) -> None:
    path = written(tmp_path / "meta.json", '{\n  "a": 1,\n  "b": \n}\n')
    assert places(validate_file(path, "mission_meta")) == [(4, "$", "json")]


def test_yaml_and_frontmatter_are_checked_too(tmp_path: Path) -> None:
    config = written(
        tmp_path / "config.yaml",
        "project:\n  uuid: 7\n  slug: todo\nbuild:\n  id: 01KQ22DT0000000000000000B1\n"
        "node: {id: b805cd5cee74}\nagents:\n  available: []\n  auto_commit: true\n"
        "vcs: {type: git}\nmission_type_activations: [software-dev]\n",
    )
    assert places(validate_file(config, "project_config")) == [(2, "$.project.uuid", "type")]
    work_package = written(
        tmp_path / "WP01.md", "---\nwork_package_id: WP01\ndependencies: [WP1]\n---\n# Title\n"
    )
    found = places(validate_file(work_package, "wp_frontmatter"))
    assert (3, "$.dependencies[0]", "pattern") in found
    assert (2, "$.title", "required") in found
    torn = written(tmp_path / "WP02.md", "---\nwork_package_id: [\n---\n")
    assert [rule for *_, rule in places(validate_file(torn, "wp_frontmatter"))] == ["yaml"]


def test_the_examples_of_every_published_document_pass_their_surface(tmp_path: Path) -> None:
    checked = 0
    for surface in surfaces().values():
        if not surface.document.startswith("published/"):
            continue
        examples: Any = packaged_document(surface.document)["examples"]
        path = log(tmp_path / "examples.jsonl", *examples)
        report = validate_file(path, surface.name)
        assert report.valid, report.to_text()
        checked += report.documents
    assert checked >= 12


def test_an_unknown_surface_is_refused_with_the_list_of_surfaces(tmp_path: Path) -> None:
    with pytest.raises(UnknownSurface) as refused:
        validate_file(tmp_path / "x.json", "envelop")
    assert refused.value.code == "UNKNOWN_SURFACE"
    assert refused.value.exit_code == 2
    assert "envelope" in refused.value.fix


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.json", tmp_path):
        with pytest.raises(FileUnreadable) as refused:
            validate_file(path, "error")
        assert refused.value.code == "FILE_UNREADABLE"


def test_lines_of_json_paths_are_found_at_any_depth() -> None:
    text = '{\n "a": [\n  1,\n  {"b c": "x,}]",\n   "d": {}}\n ],\n "e": "\\"{"\n}'
    lines = JsonLines(text, first=1)
    assert [lines(p) for p in ("$", "$.a", "$.a[0]", "$.a[1]", "$.a[1]['b c']")] == [1, 2, 3, 4, 4]
    assert [lines(p) for p in ("$.a[1].d", "$.e", "$.a[1].gone", "$.gone.too")] == [5, 7, 4, 1]
    assert JsonLines('"alone"', first=9)("$.x") == 9
    assert YamlLines("", first=3)("$.x") == 3
