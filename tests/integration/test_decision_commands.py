"""Planning questions through the installed command: many at once, and input that is refused."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any

from tests.conftest import COMMAND, Ran, git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OPEN = ("agent", "decision", "open", "--flow", "plan", "--step-id", "plan", "--json")
ENTRIES = 8


REFUSED = (
    (("open", "--flow", "plan", "--input-key", "a", "--question", "b"), "DECISION_MISSING_STEP_OR_SLOT", 2),
    (("open", "--flow", "x", "--input-key", "a", "--question", "b", "--step-id", "c"), "INVALID_DECISION", 2),
    (("open", "--flow", "plan", "--input-key", "a", "--question", "b", "--step-id", "c", "--options", "no"), "INVALID_DECISION", 2),
    (("open", "--flow", "plan", "--input-key", "a", "--question", "b", "--step-id", "c", "--actor", "a\nb"), "INVALID_ACTOR", 2),
    (("resolve", "01M7ZE9XF2AFSKH4BZGE7KESPZ", "--final-answer", "x"), "DECISION_NOT_FOUND", 1),
    (("defer", "01M7ZE9XF2AFSKH4BZGE7KESPZ", "--rationale", "x\x1b"), "INVALID_DECISION", 2),
    (("cancel", "01M7ZE9XF2AFSKH4BZGE7KESPZ", "--rationale", "x", "--mission", "nope"), "MISSION_NOT_FOUND", 1),
    (("resolve", "x"), "USAGE_ERROR", 2),
)  # fmt: skip
"""Words, the code of the refusal, and the exit status."""


def open_at_once(root: Path, keys: list[str]) -> list[dict[str, Any]]:
    """Start one process for each key, all before any has ended, and return their answers."""
    running = [
        subprocess.Popen(
            [str(COMMAND), *OPEN, "--input-key", key, "--question", f"Which {key}?"],
            cwd=root,
            env={**os.environ, "PYTHONWARNINGS": "error"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for key in keys
    ]
    answers = []
    for process in running:
        out, errors = process.communicate(timeout=120)
        assert (process.returncode, errors) == (0, b""), out
        answers.append(json.loads(out))
    return answers


def test_eight_questions_at_once_are_eight_entries_and_the_same_one_is_one(
    mission: Path, cli: Callable[..., Ran]
) -> None:
    root = mission.parent.parent
    answers = open_at_once(root, [f"key-{number}" for number in range(ENTRIES)])
    index = json.loads((mission / "decisions/index.json").read_bytes())
    asked = {answer["decision_id"] for answer in answers}
    assert len(asked) == ENTRIES
    assert {entry["decision_id"] for entry in index["entries"]} == asked
    assert len(list((mission / "decisions").glob("DM-*.md"))) == ENTRIES
    rows = [
        json.loads(line)
        for line in (mission / "status.events.jsonl").read_text("utf-8").splitlines()
    ]
    opened = [row for row in rows if row["event_type"] == "DecisionPointOpened"]
    assert {row["payload"]["decision_point_id"] for row in opened} == asked
    assert len({row["lamport_clock"] for row in opened}) == ENTRIES
    assert git(root, "status", "--porcelain") == ""
    assert cli(root, "agent", "decision", "rebuild", "--json").document["written"] == []

    again = open_at_once(root, ["same"] * 4)
    assert len({answer["decision_id"] for answer in again}) == 1
    assert sorted(answer["idempotent"] for answer in again) == [False, True, True, True]
    assert cli(root, "agent", "decision", "list", "--json").document["total"] == ENTRIES + 1


def test_a_refusal_is_one_document_with_a_code_and_a_fix(
    mission: Path, cli: Callable[..., Ran]
) -> None:
    for words, code, status in REFUSED:
        ran = cli(mission.parent.parent, "agent", "decision", *words, "--json")
        assert (ran.status, ran.stderr, ran.document["error_code"]) == (status, "", code), words
        assert ran.document["fix"]
    assert not (mission / "decisions").exists()


def test_people_read_what_was_asked_and_what_comes_next(
    mission: Path, cli: Callable[..., Ran]
) -> None:
    root = mission.parent.parent
    said = ("--input-key", "storage", "--question", "Where is it kept?", "--options", '["a file"]')
    opened = cli(root, *OPEN[:-1], *said)
    assert "  - a file\n" in opened.stdout
    decision = opened.stdout.split()[1]
    assert f"decision resolve {decision}" in opened.stdout
    put_off = cli(root, "agent", "decision", "defer", decision, "--rationale", "Later")
    marker = put_off.stdout.partition("missing: ")[2]
    wrong = cli(root, "agent", "decision", "verify")
    assert (wrong.status, marker.strip() in wrong.stdout) == (1, True)
    (mission / "plan.md").write_text(marker, encoding="utf-8")
    assert cli(root, "agent", "decision", "verify").status == 0
    done = cli(root, "agent", "decision", "resolve", decision, "--final-answer", "-a file-")
    assert done.stdout == f"Decision {decision} is resolved: -a file-\n"
