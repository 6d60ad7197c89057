"""Mistakes against P5: every step of a merge can be run again."""

from __future__ import annotations

from tests.crash.mutations.mutation import Mutation

MUTATIONS = (
    Mutation(
        "P5",
        "a merge that is run again closes the mission again",
        "specify_cli/missions/merge.py",
        '    if not any(row.row.get("event_type") == MISSION_CLOSED for row in change.log.lifecycle):',
        "    if True:",
        "tests/unit/missions/test_merge.py::test_merging_again_changes_nothing",
    ),
    Mutation(
        "P5",
        "lanes that an earlier run has merged are not cleaned up",
        "specify_cli/missions/merge_cleanup.py",
        'if lane.outcome not in ("merge", "merged") or',
        'if lane.outcome not in ("merge",) or',
        "tests/unit/missions/test_merge_crash.py::"
        "test_a_merge_killed_at_any_step_is_completed_by_running_it_again[squash-None]",
    ),
)
