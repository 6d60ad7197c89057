"""Mistakes against P1: an acknowledged event survives `kill -9` at any moment."""

from __future__ import annotations

from tests.crash.mutations.mutation import Mutation

_FILES = "specify_cli/kernel/files.py"
_PENDING = "specify_cli/status/pending.py"
_TRANSACTION = "specify_cli/status/transaction.py"
_STATUS = "specify_cli/status/mission_status.py"
_POINTS = "tests/crash/test_crash_points.py"
_PENDING_TESTS = "tests/unit/status/test_pending.py"
_CONCURRENT = "tests/crash/test_concurrent_changes.py"
_DAMAGE = "tests/crash/test_damaged_log.py"
_LOCK_TESTS = "tests/crash/test_lock_semantics.py"

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
        "P1",
        "half a row is committed with the next change",
        _TRANSACTION,
        "                self._cut(log, torn)\n",
        "                pass\n",
        f"{_DAMAGE}::test_a_change_without_rows_commits_no_torn_tail_either",
    ),
    Mutation(
        "P1",
        "half a row that is cut off is kept nowhere",
        _TRANSACTION,
        "        self._disk.write_atomic(torn.kept, torn.data)\n",
        "",
        f"{_DAMAGE}::test_a_change_after_a_torn_tail_cuts_it_off_and_keeps_it_in_the_backups",
    ),
    Mutation(
        "P1",
        "a reader leaves half a change to whoever writes next",
        _PENDING,
        "        return take_back(marker, root, disk)\n",
        "        return False\n",
        f"{_PENDING_TESTS}::test_whoever_reads_the_status_next_takes_half_a_change_back",
    ),
    Mutation(
        "P1",
        "a file is away while its new content is written",
        _FILES,
        "            path.parent.mkdir(parents=True, exist_ok=True)\n",
        "            path.parent.mkdir(parents=True, exist_ok=True)\n"
        "            path.unlink(missing_ok=True)\n",
        f"{_POINTS}::test_a_repair_by_the_doctor_killed_at_any_step_loses_no_row_and_can_be_run_again",
    ),
    Mutation(
        "P1",
        "a change that fails leaves what it has written so far",
        _TRANSACTION,
        "                self._restore(error, earlier)\n",
        "                pass\n",
        "tests/unit/status/test_transaction.py::"
        "test_a_failure_at_any_primitive_leaves_everything_as_it_was",
    ),
    Mutation(
        "P1",
        "a lock that git left behind is not told from other refusals",
        "specify_cli/git/safe_commit.py",
        "    if any(sign in output.stderr for sign in _LOCKED):\n        return IndexLocked(",
        "    if False:\n        return IndexLocked(",
        f"{_POINTS}::test_a_lock_that_git_left_behind_is_named_and_removing_it_is_all_it_takes",
    ),
)
