"""Mistakes against P4: every derived file is reproducible from the log."""

from __future__ import annotations

from tests.crash.mutations.mutation import Mutation

_STATUS = "specify_cli/status/mission_status.py"
_CONCURRENT = "tests/crash/test_concurrent_changes.py"
_DAMAGE = "tests/crash/test_damaged_log.py"
_LOSE_NOTHING = (
    f"{_CONCURRENT}::test_eight_processes_lose_and_duplicate_nothing_and_take_no_illegal_step"
)
_BOARD = "specify_cli/status/board.py"
_BOARD_TESTS = "tests/unit/status/test_board.py"

MUTATIONS = (
    Mutation(
        "P4",
        "what was remembered of a log counts more than the log",
        "specify_cli/status/reading.py",
        "        if kept is not None and kept.is_of(stat):",
        "        if kept is not None:",
        f"{_DAMAGE}::test_rows_that_git_brought_or_took_away_count_at_once",
    ),
    Mutation(
        "P4",
        "the snapshot is not written",
        _STATUS,
        "derived={self.mission_log.status_path: rendered(self.mission_log, self.board)},",
        "derived={},",
        f"{_LOSE_NOTHING}[eight packages]",
    ),
    Mutation(
        "P4",
        "the snapshot says when it was written",
        _BOARD,
        '        "materialized_at": board.last_at,\n',
        '        "materialized_at": __import__("datetime").datetime.now().isoformat(),\n',
        f"{_BOARD_TESTS}::test_folding_twice_gives_the_same_bytes_and_conforming_ones",
    ),
    Mutation(
        "P4",
        "rows apply in the order of the file",
        _BOARD,
        "    distinct.sort()\n",
        "",
        f"{_BOARD_TESTS}::test_the_order_of_lines_does_not_matter",
    ),
    Mutation(
        "P4",
        "a snapshot that was lost comes back with the next row only",
        _STATUS,
        "derived={self.mission_log.status_path: rendered(self.mission_log, self.board)},",
        "derived={self.mission_log.status_path: rendered(self.mission_log, self.board)}"
        " if self._lines else {},",
        "tests/unit/status/test_mission_status.py::"
        "test_the_snapshot_on_disk_is_what_the_log_folds_into",
    ),
    Mutation(
        "P4",
        "the snapshot is written before the rows that it shows",
        "specify_cli/status/transaction.py",
        "            for path, data in replaced.items():\n",
        "            for path, data in {**replaced, **derived}.items():\n",
        "tests/crash/test_crash_points.py::test_what_is_derived_is_written_after_the_log",
    ),
)
