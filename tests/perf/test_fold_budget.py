"""A log of 100,000 rows is read and folded within its budget (DESIGN.md, budgets)."""

from __future__ import annotations

import json
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from specify_cli.kernel.ulid import new_ulid
from specify_cli.status.board import fold
from specify_cli.status.log import read_log
from tests.unit.status.log_rows import MISSION_ID, MISSION_SLUG, at

if TYPE_CHECKING:
    from pathlib import Path

ROWS = 100_000
SECONDS = 0.5
PARSER_SECONDS = 0.5
CYCLE = (
    ("planned", "claimed"),
    ("claimed", "in_progress"),
    ("in_progress", "for_review"),
    ("for_review", "in_review"),
    ("in_review", "planned"),
)

pytestmark = pytest.mark.plants_rows


@pytest.fixture(scope="module")
def big_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 99 work packages that go round and round."""
    path = tmp_path_factory.mktemp("big") / "generated.jsonl"
    with path.open("w", encoding="utf-8", newline="\n") as stream:
        for number in range(ROWS):
            source, target = CYCLE[number // 99 % len(CYCLE)]
            row = {
                "actor": f"agent-{number % 7}",
                "at": at(number / 10),
                "build_id": "01KQ22DT0000000000000000B1",
                "event_id": new_ulid(),
                "evidence": None,
                "execution_mode": "worktree",
                "force": False,
                "from_lane": source,
                "lamport_clock": number + 1,
                "mission_id": MISSION_ID,
                "mission_slug": MISSION_SLUG,
                "policy_metadata": None,
                "reason": None,
                "review_ref": None,
                "to_lane": target,
                "wp_id": f"WP{number % 99 + 1:02d}",
            }
            stream.write(json.dumps(row, sort_keys=True) + "\n")
    return path


def seconds_of_the_json_parser(path: Path) -> float:
    """Seconds that the JSON parser alone takes for the same lines, here and now, rows kept."""
    lines = path.read_bytes().splitlines()
    started = time.process_time()
    rows = [json.loads(line) for line in lines]
    spent = time.process_time() - started
    assert len(rows) == ROWS
    return spent


def test_a_hundred_thousand_rows_are_read_and_folded_in_half_a_second(big_log: Path) -> None:
    spent: list[tuple[float, float]] = []
    for _ in range(8):
        started = time.process_time()
        board = fold(read_log(big_log))
        needed = time.process_time() - started
        assert board.event_count == ROWS
        # A slower or busier machine than the one of the budget shows it at the JSON parser too,
        # which takes half a second for these lines there.
        parser = seconds_of_the_json_parser(big_log)
        spent.append((needed, parser))
        if needed <= SECONDS * max(1.0, parser / PARSER_SECONDS):
            return
    pytest.fail(f"(seconds needed, seconds of the JSON parser alone): {spent}")


def test_reading_and_folding_takes_at_most_twice_the_logs_size_in_memory(big_log: Path) -> None:
    tracemalloc.start()
    board = fold(read_log(big_log))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert board.event_count == ROWS
    assert peak <= 2 * big_log.stat().st_size
