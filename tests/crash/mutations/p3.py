"""Mistakes against P3: a damaged line is reported, and the rest is read."""

from __future__ import annotations

from tests.crash.mutations.mutation import Mutation

_FILES = "specify_cli/kernel/files.py"
_TRANSACTION = "specify_cli/status/transaction.py"
_STATUS = "specify_cli/status/mission_status.py"
_DAMAGE = "tests/crash/test_damaged_log.py"
_LOST = "tests/unit/status/test_lost_rows.py"
_MERGING = "tests/unit/status/test_merge_going_on.py"

MUTATIONS = (
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
        "P3",
        "a report does not say at which byte a damaged line begins",
        "specify_cli/status/validate.py",
        'byte = f" (byte {self.offset})" if self.offset is not None else ""',
        'byte = ""',
        f"{_DAMAGE}::test_a_torn_tail_is_reported_with_file_line_and_offset",
    ),
    Mutation(
        "P3",
        "a line of a long log that cannot be read is passed over",
        "specify_cli/status/stream.py",
        "            self._problems.append(LogProblem(number, offset, str(problem)))\n",
        "",
        f"{_DAMAGE}::test_a_torn_tail_of_a_long_log_is_reported_and_gone_after_the_next_change",
    ),
    Mutation(
        "P3",
        "of two rows on one line only the first is looked at",
        "specify_cli/status/lines.py",
        '    if end != len(text):\n        raise UnusableRow("there',
        '    if False:\n        raise UnusableRow("there',
        f"{_DAMAGE}::test_a_flipped_bit_costs_at_most_the_rows_it_touches_and_is_never_passed_over",
    ),
    Mutation(
        "P3",
        "the markers of a merge conflict count as blank lines",
        "specify_cli/status/lines.py",
        "    if not stripped:\n",
        "    if not stripped or stripped.startswith(_CONFLICT_MARKERS):\n",
        f"{_DAMAGE}::"
        "test_a_merge_conflict_in_the_log_shows_both_sides_and_survives_the_next_change",
    ),
    Mutation(
        "P3",
        "a log that is as long as before counts as unchanged",
        "specify_cli/status/checkpoint.py",
        "stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)",
        "stat.st_size, 1, 1)",
        f"{_DAMAGE}::test_damage_to_a_row_that_was_read_before_is_noticed[long log]",
    ),
    Mutation(
        "P3",
        "validation believes what was kept of a log of this size and time",
        "specify_cli/status/validate.py",
        "    log = read_log(mission_log.log_path)\n",
        "    from specify_cli.status.checkpoint import load_checkpoint\n"
        "    log = read_log(mission_log.log_path)\n"
        "    kept, stat = load_checkpoint(mission_log.checkpoint_path), mission_log.log_path.stat()\n"
        "    if kept and kept.checkpoint.log[2:4] == (stat.st_size, stat.st_mtime_ns):\n"
        "        log = log._replace(problems=kept.checkpoint.summary.problems)\n",
        f"{_DAMAGE}::"
        "test_validation_notices_damage_that_leaves_size_and_time_of_the_file_alone[long log]",
    ),
    Mutation(
        "P3",
        "a snapshot that cannot be read is taken away by whoever reads it",
        "specify_cli/status/validate.py",
        "    except (OSError, ValueError, RecursionError):\n        shown = None\n",
        "    except (OSError, ValueError, RecursionError):\n        path.unlink()\n        shown = None\n",
        f"{_DAMAGE}::test_reading_a_damaged_mission_writes_nothing",
    ),
    Mutation(
        "P3",
        "whatever goes on in a checkout is no reason to stop",
        "specify_cli/git/safe_commit.py",
        "    operation = operation_in_progress(worktree_root)\n    if operation is not None:\n",
        "    operation = operation_in_progress(worktree_root)\n    if False:\n",
        f"{_MERGING}::test_a_command_is_refused_in_a_merge_before_it_changes_files_or_index",
    ),
    Mutation(
        "P3",
        "half a character counts as text",
        "specify_cli/status/lines.py",
        '    if b"\\\\u" in stripped:\n',
        "    if False:\n",
        "tests/unit/status/test_log.py::test_a_damaged_line_is_reported_and_the_rest_is_read",
    ),
)
