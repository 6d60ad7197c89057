"""The log that the benchmark draws out is one that could have been written."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from benchmarks.arena import AnswersDiffer, Arena, lanes_in, same_lanes
from benchmarks.compared import COMMANDS, EMIT, STATE, Compared, Size
from benchmarks.long_log import busy, draw_out, rows_of
from specify_cli.kernel.ulid import is_ulid, ulid_time_ms
from tests.conftest import COMMAND

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.plants_rows

PACKAGES = 5
EVENTS = 400


@pytest.fixture(scope="module")
def arena(tmp_path_factory: pytest.TempPathFactory) -> Arena:
    folder = tmp_path_factory.mktemp("drawn")
    made = Arena(folder, PACKAGES, COMMAND, None, folder / "home")
    made.draw_out(EVENTS)
    return made


def rows(arena: Arena) -> list[dict[str, object]]:
    project = arena.ours.project
    log = project.root / "kitty-specs" / project.mission / "status.events.jsonl"
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def test_every_row_of_a_drawn_out_log_conforms_and_every_change_is_lawful(arena: Arena) -> None:
    said = json.loads(arena.ours.project.run(str(COMMAND), "agent", "status", "validate", "--json"))
    assert said["valid"] is True
    assert said["transitions"] == EVENTS - 1


def test_ids_and_times_of_a_drawn_out_log_are_all_different_and_in_order(arena: Arena) -> None:
    found = rows(arena)
    assert len(found) == EVENTS
    ids = [str(row["event_id"]) for row in found]
    times = [str(row.get("at", row.get("timestamp"))) for row in found]
    assert all(is_ulid(name) for name in ids)
    assert ids == sorted(set(ids))
    assert times == sorted(set(times))
    assert ulid_time_ms(ids[-1]) - ulid_time_ms(ids[0]) == (EVENTS - 1) * 100
    assert [row["lamport_clock"] for row in found] == list(range(1, EVENTS + 1))


@pytest.mark.parametrize("events", [15, 33, 100, 1001])
def test_nothing_waits_for_a_review_and_the_last_work_packages_stay_planned(
    arena: Arena, tmp_path: Path, events: int
) -> None:
    path = tmp_path / "log.jsonl"
    planned = [row for row in rows(arena) if row.get("from_lane") in (None, "genesis")]
    path.write_text("".join(json.dumps(row) + "\n" for row in planned), encoding="utf-8")
    draw_out(path, events, PACKAGES)
    drawn = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    lanes = {row["wp_id"]: row["to_lane"] for row in drawn if "wp_id" in row}
    assert len(drawn) == rows_of(events, PACKAGES)
    assert Counter(lanes.values())["planned"] == PACKAGES - busy(PACKAGES)
    assert set(lanes.values()) <= {"planned", "in_progress", "blocked"}


@pytest.mark.parametrize("compared", COMMANDS, ids=lambda compared: compared.name)
def test_a_command_of_the_benchmark_can_be_run_again_and_again(
    arena: Arena, compared: Compared
) -> None:
    first, second = (arena.ours.run(compared) for _ in range(2))
    assert first.git_processes == second.git_processes
    assert not first.stopped


def test_a_read_sees_nothing_of_what_a_command_before_it_wrote(arena: Arena) -> None:
    by_name = {compared.name: compared for compared in COMMANDS}
    before = lanes_in(arena.ours.run(by_name[STATE]).output)
    arena.ours.run(by_name[EMIT])
    assert lanes_in(arena.ours.run(by_name[STATE]).output) == before


def test_answers_that_differ_are_noticed(arena: Arena) -> None:
    [state] = [c for c in COMMANDS if c.name == STATE]
    ours = arena.ours.run(state).output
    packages = {wp: {"lane": lane} for wp, lane in lanes_in(ours).items()}
    same_lanes(ours, json.dumps({"work_packages": packages}))
    packages["WP02"]["lane"] = "done"
    with pytest.raises(AnswersDiffer, match="WP02"):
        same_lanes(ours, json.dumps({"work_packages": packages}))


def test_the_size_of_a_mission_is_read_and_counts_the_rows_that_plan_it() -> None:
    assert Size.parse("99x10000") == Size(99, 10_000)
    assert (Size(3, 15).rows, Size(99, 15).rows) == (15, 111)
    with pytest.raises(ValueError, match="invalid literal"):
        Size.parse("many")
