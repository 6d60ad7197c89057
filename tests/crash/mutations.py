"""Every promise has a test that can fail: the change to the source that makes it fail, kept and run.

`python -m tests.crash.mutations` (part of `make test-crash`) copies the tree into a temporary
folder, changes one piece of the source there, runs the test that guards it, and demands that it
fails. The working tree is never touched. A piece that is not in the source exactly once ends the run
with its name: then the source has moved on, and the mutation must follow it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
SECONDS = 240
"""For one run of one test; hanging counts as failing, since a test run would end there too."""

FAILED = 1
"""Exit status of pytest when tests ran and failed; 2 to 5 mean that none did."""


class Mutation(NamedTuple):
    """A mistake in the source, and the test that notices it.

    Attributes:
        promise: Which promise of DESIGN.md is broken.
        what: The mistake, in words.
        file: The file below `src`.
        old: A piece of the source, there exactly once.
        new: What takes its place.
        test: The test, as pytest names it.
    """

    promise: str
    what: str
    file: str
    old: str
    new: str
    test: str


_FILES = "specify_cli/kernel/files.py"
_LOCKS = "specify_cli/kernel/locks.py"
_PENDING = "specify_cli/status/pending.py"
_TRANSACTION = "specify_cli/status/transaction.py"
_STATUS = "specify_cli/status/mission_status.py"
_TRANSITIONS = "specify_cli/status/transitions.py"

_POINTS = "tests/crash/test_crash_points.py"
_PENDING_TESTS = "tests/unit/status/test_pending.py"
_CONCURRENT = "tests/crash/test_concurrent_changes.py"
_DAMAGE = "tests/crash/test_damaged_log.py"
_LOST = "tests/unit/status/test_lost_rows.py"
_MERGING = "tests/unit/status/test_merge_going_on.py"
_LOCK_TESTS = "tests/crash/test_lock_semantics.py"
_MACHINE = (
    "tests/crash/test_status_machine.py::"
    "test_the_three_agree_about_every_edge_and_every_fact_that_is_missing"
)
_LOSE_NOTHING = (
    f"{_CONCURRENT}::test_eight_processes_lose_and_duplicate_nothing_and_take_no_illegal_step"
)

MUTATIONS = (
    Mutation(
        "P1",
        "rows are not forced to the disk",
        _FILES,
        "                self._force(descriptor)\n            except BaseException as error:",
        "                pass\n            except BaseException as error:",
        f"{_POINTS}::test_rows_are_forced_to_the_disk_once_before_they_are_committed_and_acknowledged",
    ),
    Mutation(
        "P1",
        "a change says nowhere that it is under way",
        _TRANSACTION,
        "            self._mark([*ours, *earlier], back)\n",
        "",
        f"{_POINTS}::test_the_next_change_commits_what_a_crash_left_uncommitted[transition]",
    ),
    Mutation(
        "P1",
        "a crashed change is completed, but its scraps stay",
        _TRANSACTION,
        "            sweep([*ours, *earlier])\n",
        "            pass\n",
        f"{_POINTS}::test_the_next_change_takes_the_scraps_of_a_crash_away[transition]",
    ),
    Mutation(
        "P1",
        "rows are written before the files that they refer to",
        _TRANSACTION,
        "            for path, data in replaced.items():\n",
        "            if lines:\n                self._append(log, lines)\n"
        "                lines = ()\n"
        "            for path, data in replaced.items():\n",
        f"{_POINTS}::test_files_that_rows_refer_to_are_on_the_disk_before_the_rows",
    ),
    Mutation(
        "P1",
        "the files of half a change stay as they are",
        _PENDING,
        "            _put_back(replacement, disk)\n",
        "            pass\n",
        f"{_POINTS}::test_a_change_killed_at_any_step_happened_or_did_not[annotation with files]",
    ),
    Mutation(
        "P1",
        "the rows of half a change stay in the log",
        _PENDING,
        "            disk.truncate(back.log, back.size)\n",
        "            pass\n",
        f"{_POINTS}::test_a_change_killed_at_any_step_happened_or_did_not[two transitions]",
    ),
    Mutation(
        "P1",
        "a whole change is taken back like half a one",
        _PENDING,
        "        if back.rows and written.startswith(back.rows):\n            return False\n",
        "",
        f"{_PENDING_TESTS}::test_a_change_with_all_its_rows_in_the_log_happened",
    ),
    Mutation(
        "P1",
        "rows of another program are cut off with those of half a change",
        _PENDING,
        "            return False  # another program",
        "            pass  # another program",
        f"{_PENDING_TESTS}::test_rows_that_another_program_appended_since_are_never_cut_off",
    ),
    Mutation(
        "P1",
        "what a user edited after a crash is overwritten",
        _PENDING,
        "    if digest_of(_content(path)) != digest:\n",
        "    if False:\n",
        f"{_PENDING_TESTS}::test_what_the_user_changed_since_stays_as_it_is",
    ),
    Mutation(
        "P1",
        "a deletion that a crashed change staged is forgotten",
        _TRANSACTION,
        "            if deleted:\n",
        "            if False:\n",
        f"{_POINTS}::test_a_deletion_that_a_crashed_change_staged_is_committed_by_the_next",
    ),
    Mutation(
        "P1",
        "an append writes the log anew",
        _FILES,
        "_APPEND_FLAGS = os.O_APPEND | os.O_CREAT | os.O_RDWR | _BINARY",
        "_APPEND_FLAGS = os.O_TRUNC | os.O_CREAT | os.O_RDWR | _BINARY",
        f"{_POINTS}::test_a_crash_at_any_step_leaves_a_log_that_reads_and_goes_on[transition]",
    ),
    Mutation(
        "P1",
        "a worker is told before its row is written",
        _STATUS,
        "            change.finish(transaction, message)\n",
        "            change._result = ChangeResult(tuple(change._event_ids), None)\n"
        "            import threading\n"
        "            late = threading.Thread(target=change.finish, args=(transaction, message))\n"
        "            late.start()\n",
        f"{_CONCURRENT}::test_a_process_killed_at_any_moment_leaves_a_mission_that_goes_on",
    ),
    Mutation(
        "P2",
        "everybody may have the lock at once",
        _LOCKS,
        "fcntl.LOCK_EX | fcntl.LOCK_NB",
        "fcntl.LOCK_SH | fcntl.LOCK_NB",
        f"{_LOSE_NOTHING}[one package]",
    ),
    Mutation(
        "P2",
        "nobody waits for the lock",
        _LOCKS,
        "        while not _locked(path, descriptor):",
        "        while False:",
        f"{_LOSE_NOTHING}[eight packages]",
    ),
    Mutation(
        "P2",
        "a change is written after the lock was let go",
        _STATUS,
        "            change.finish(transaction, message)\n",
        "        change.finish(transaction, message)\n",
        f"{_LOSE_NOTHING}[one package]",
    ),
    Mutation(
        "P2",
        "one waits longer for a lock than was asked for",
        _LOCKS,
        "time.monotonic() + timeout",
        "time.monotonic() + timeout + 6",
        f"{_LOCK_TESTS}::test_the_lock_of_a_live_process_ends_the_wait_with_a_clear_error",
    ),
    Mutation(
        "P2",
        "a lock is a file that is there, and outlives its holder",
        _LOCKS,
        "        return _try_lock(descriptor)\n",
        "        os.close(os.open(f'{path}.held', os.O_CREAT | os.O_EXCL))\n"
        "        return _try_lock(descriptor)\n",
        f"{_LOCK_TESTS}::test_the_lock_of_a_dead_process_is_free_at_once",
    ),
    Mutation(
        "P2",
        "the lock file is read while it is locked",
        _LOCKS,
        "        try:\n            yield\n",
        "        try:\n            path.read_bytes()\n            yield\n",
        f"{_LOCK_TESTS}::test_nobody_opens_the_lock_file_a_second_time_while_it_is_locked",
    ),
    Mutation(
        "P1",
        "a file system without fsync is refused",
        _FILES,
        "            if error.errno not in _NO_FSYNC:\n                raise\n",
        "            raise\n",
        f"{_LOCK_TESTS}::test_a_file_system_without_fsync_is_written_to_all_the_same",
    ),
    Mutation(
        "P1",
        "a failed fsync is passed over",
        _FILES,
        "            if error.errno not in _NO_FSYNC:\n                raise\n",
        "            pass\n",
        f"{_LOCK_TESTS}::test_an_fsync_that_failed_is_never_taken_for_one_that_is_not_there",
    ),
    Mutation(
        "P1",
        "a folder is forced to the disk, which Windows cannot",
        _FILES,
        "            self._rename_patiently(temporary, path)\n",
        "            self._rename_patiently(temporary, path)\n"
        "            folder = os.open(path.parent, os.O_RDONLY)\n"
        "            os.fsync(folder)\n"
        "            os.close(folder)\n",
        f"{_LOCK_TESTS}::test_only_files_are_forced_to_the_disk_because_folders_cannot_be_everywhere",
    ),
    Mutation(
        "P1",
        "a busy file is not tried again",
        _FILES,
        "_RENAME_PAUSES = (0.01, 0.02, 0.04, 0.08)",
        "_RENAME_PAUSES = ()",
        f"{_LOCK_TESTS}::test_a_file_that_is_being_read_is_replaced_as_soon_as_it_is_free",
    ),
    Mutation(
        "P3",
        "a row is appended to the torn one before it",
        _FILES,
        '_last_byte(path, size) != b"\\n"',
        "size < 0",
        f"{_DAMAGE}::test_a_change_after_what_may_hold_a_row_keeps_every_byte_and_starts_on_a_new_line",
    ),
    Mutation(
        "P3",
        "a line that cannot be read is passed over",
        "specify_cli/status/log.py",
        "            self._problems.append(LogProblem(line, offset, str(problem)))\n",
        "            del problem\n",
        f"{_DAMAGE}::test_a_tail_torn_at_any_byte_is_reported_where_it_begins_and_all_before_it_is_read",
    ),
    Mutation(
        "P3",
        "an unusable line ends the reading",
        "specify_cli/status/log.py",
        "            self._problems.append(LogProblem(line, offset, str(problem)))\n",
        "            raise\n",
        f"{_DAMAGE}::test_garbage_between_rows_is_reported_line_by_line_and_every_row_is_read",
    ),
    Mutation(
        "P3",
        "lines may complete each other",
        "specify_cli/status/lines.py",
        '    return rows if end == len(text) and len(rows) == block.count(b"\\n") else None',
        "    return rows if end == len(text) else None",
        "tests/unit/status/test_log.py::test_damaged_lines_cannot_complete_each_other",
    ),
    Mutation(
        "P4",
        "what was remembered of a log counts more than the log",
        "specify_cli/status/reading.py",
        "        if kept is not None and kept.is_of(stat):",
        "        if kept is not None:",
        f"{_DAMAGE}::test_rows_that_git_brought_or_took_away_count_at_once",
    ),
    Mutation(
        "P3",
        "committed rows may get lost",
        "specify_cli/status/lost_rows.py",
        "    if not lost:\n",
        "    if True:\n",
        f"{_DAMAGE}::test_a_cut_into_committed_rows_is_refused_and_nothing_is_written",
    ),
    Mutation(
        "P3",
        "a change does not look whether a committed row was changed",
        "specify_cli/status/lost_rows.py",
        "    if _is_as_left(mission_log):\n        return\n",
        "    return\n",
        f"{_LOST}::test_a_changed_row_is_not_committed_away_and_comes_back_with_every_good_row_kept",
    ),
    Mutation(
        "P3",
        "rows that another program appended count as damage",
        "specify_cli/status/lost_rows.py",
        "    if not lost:\n        return\n    file",
        "    file",
        f"{_LOST}::test_what_loses_no_row_is_no_reason_to_stop",
    ),
    Mutation(
        "P3",
        "what is under way in git is looked at by git only, when it is asked to commit",
        _STATUS,
        "            refuse_operation(mission_log.worktree_root)\n",
        "",
        f"{_MERGING}::test_the_block_of_a_refused_change_is_never_entered",
    ),
    Mutation(
        "P3",
        "conflicts that a stash has left are nothing to wait for",
        "specify_cli/git/operations.py",
        '        return Operation("conflict", files=files)\n',
        "        pass\n",
        f"{_MERGING}::test_a_command_is_refused_before_it_changes_anything_while_a_stash_has_left_conflicts",
    ),
    Mutation(
        "P3",
        "a repair in the middle of a merge commits",
        "specify_cli/status/repair.py",
        "    if operation_in_progress(mission_log.worktree_root) is not None:\n",
        "    if False:\n",
        f"{_MERGING}::test_the_doctor_mends_the_files_of_a_merge_and_leaves_the_rest_to_the_user",
    ),
    Mutation(
        "P3",
        "only the branch's own side of a merge counts",
        "specify_cli/git/operations.py",
        '("MERGE_HEAD",) if name == "merge" else ()',
        "()",
        f"{_MERGING}::test_a_side_that_was_chosen_in_a_merge_gets_the_rows_of_the_other_back",
    ),
    Mutation(
        "P3",
        "a refused commit leaves the index as git reset would",
        _TRANSACTION,
        'try_git(root, "update-index", "-z", "--index-info", stdin=entries)',
        'try_git(root, "reset", "--quiet", "--", *names)',
        f"{_MERGING}::test_what_the_user_staged_stays_staged_when_a_commit_is_refused",
    ),
    Mutation(
        "P1",
        "half a row is committed with the next change",
        _TRANSACTION,
        "                self._cut(log, torn)\n",
        "                pass\n",
        f"{_DAMAGE}::test_a_change_without_rows_commits_no_torn_tail_either",
    ),
    Mutation(
        "P3",
        "the beginning of a row is kept for ever",
        "specify_cli/status/idle_lines.py",
        "return ROW_FRAGMENT if _is_cut_off(bare) else None",
        "return None",
        f"{_LOST}::test_a_fragment_that_was_committed_is_taken_out_and_need_not_be_put_back",
    ),
    Mutation(
        "P3",
        "a repair is carried out without its proof",
        "specify_cli/status/repair.py",
        "            _prove_whole(mission_log, candidate, mended)\n",
        "            pass\n",
        f"{_LOST}::test_a_repair_that_would_lose_a_row_beside_the_restored_ones_is_refused",
    ),
    Mutation(
        "P3",
        "a damaged line goes although it holds a row that is committed nowhere",
        "specify_cli/status/mending.py",
        'and all(str(event["event_id"]) in known_ids for event in events_in(raw))',
        "and known_ids",
        f"{_LOST}::test_a_row_that_shares_its_damaged_line_with_a_committed_one_is_not_dropped",
    ),
    Mutation(
        "P3",
        "who asks for the board is not told of damage",
        "specify_cli/missions/readiness.py",
        "    return Standings(found, board.problems, board.unknown_rows)\n",
        "    return Standings(found, (), board.unknown_rows)\n",
        "tests/unit/orchestrator_api/test_reads.py::test_a_damaged_log_is_told_by_every_read",
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
        "P2",
        "work begins without a workspace",
        _TRANSITIONS,
        "        Lane.IN_PROGRESS: _workspace_present,\n",
        "        Lane.IN_PROGRESS: _free,\n",
        _MACHINE,
    ),
    Mutation(
        "P2",
        "what is final goes on",
        _TRANSITIONS,
        "    Lane.CANCELED: {},\n",
        "    Lane.CANCELED: {Lane.PLANNED: _free},\n",
        _MACHINE,
    ),
    Mutation(
        "P2",
        "force needs no reason",
        _TRANSITIONS,
        '    if not _said(request.reason):\n        return Unmet("force_reason"',
        '    if False:\n        return Unmet("force_reason"',
        _MACHINE,
    ),
    Mutation(
        "P5",
        "a merge that is run again closes the mission again",
        "specify_cli/missions/merge.py",
        '    if not any(row.row.get("event_type") == MISSION_CLOSED for row in change.log.lifecycle):',
        "    if True:",
        "tests/unit/missions/test_merge.py::test_merging_again_changes_nothing",
    ),
    Mutation(
        "P6",
        "a row is written without the gate",
        _STATUS,
        '        row = publishable(row, self.surroundings)\n        check("status_row", row)\n',
        "        row = publishable(row, self.surroundings)\n",
        "tests/unit/status/test_mission_status.py::test_a_row_that_breaks_its_contract_is_never_written",
    ),
    Mutation(
        "P8",
        "personal data stays in a row",
        _STATUS,
        "        row = publishable(row, self.surroundings)\n",
        "",
        "tests/unit/status/test_mission_status.py::test_personal_data_is_removed_before_a_row_is_written",
    ),
)


class MutationOutdated(Exception):
    """A mutation's piece of source is not there exactly once."""


def mutate(source: Path, mutation: Mutation) -> str:
    """Change a file of a tree and return what it was.

    Raises:
        MutationOutdated: The piece is not there, or more than once.
    """
    path = source / mutation.file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    count = text.count(mutation.old)
    if count != 1:
        raise MutationOutdated(
            f"{mutation.promise}, {mutation.what}: src/{mutation.file} has this {count} times "
            f"instead of once, so tests/crash/mutations.py must follow it:\n{mutation.old}"
        )
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    return text


def run_tests(tree: Path, *tests: str) -> int:
    """Run tests of a tree against the source of that tree; return pytest's exit status."""
    source = [str(tree / "src"), str(tree / "src" / "generated")]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("SPEC_KITTY_")},
        "PYTHONPATH": os.pathsep.join(source),
        # Two versions of a file within a second must not share their compiled form.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command,
            cwd=tree,
            env=environment,
            capture_output=True,
            timeout=SECONDS * len(tests),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return FAILED
    return done.returncode


def copy_tree(target: Path) -> Path:
    """Copy what tests need, without what was compiled."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("src", "tests", "contracts"):
        shutil.copytree(ROOT / name, target / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", target)
    return target


def check(tree: Path, mutations: tuple[Mutation, ...]) -> list[str]:
    """Try every mutation in a copy of the tree; return what is wrong.

    Raises:
        MutationOutdated: A mutation no longer fits; nothing was run.
    """
    source = tree / "src"
    for mutation in mutations:
        (source / mutation.file).write_text(mutate(source, mutation), encoding="utf-8")
    if run_tests(tree, *sorted({mutation.test for mutation in mutations})) != 0:
        return ["the tests fail by themselves, without any mutation: run `make test` first"]
    wrong = []
    for mutation in mutations:
        started = time.monotonic()
        before = mutate(source, mutation)
        status = run_tests(tree, mutation.test)
        (source / mutation.file).write_text(before, encoding="utf-8")
        verdict = "noticed" if status == FAILED else f"SURVIVED ({status})"
        seconds = time.monotonic() - started
        print(f"  {mutation.promise} {verdict:<12} {seconds:5.1f} s  {mutation.what}", flush=True)
        if status != FAILED:
            wrong.append(f"{mutation.promise}, {mutation.what}: not noticed by {mutation.test}")
    return wrong


def main() -> int:
    """Try every mutation; the exit status says whether all were noticed."""
    with tempfile.TemporaryDirectory() as folder:
        tree = copy_tree(Path(folder) / "tree")
        try:
            wrong = check(tree, MUTATIONS)
        except MutationOutdated as error:
            print(error, file=sys.stderr)
            return 1
    for problem in wrong:
        print(problem, file=sys.stderr)
    print(f"{len(MUTATIONS) - len(wrong)} of {len(MUTATIONS)} mutations were noticed.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
