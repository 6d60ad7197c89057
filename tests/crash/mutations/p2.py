"""Mistakes against P2: eight writers on one mission lose and duplicate nothing."""

from __future__ import annotations

from tests.crash.mutations.mutation import Mutation

_LOCKS = "specify_cli/kernel/locks.py"
_STATUS = "specify_cli/status/mission_status.py"
_TRANSITIONS = "specify_cli/status/transitions.py"
_CONCURRENT = "tests/crash/test_concurrent_changes.py"
_LOCK_TESTS = "tests/crash/test_lock_semantics.py"
_MACHINE = (
    "tests/crash/test_status_machine.py::"
    "test_the_three_agree_about_every_edge_and_every_fact_that_is_missing"
)
_LOSE_NOTHING = (
    f"{_CONCURRENT}::test_eight_processes_lose_and_duplicate_nothing_and_take_no_illegal_step"
)
_RANDOM_COMMANDS = (
    "tests/crash/test_status_machine.py::"
    "test_the_aggregate_the_reducer_and_the_model_agree_after_every_command"
)

MUTATIONS = (
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
        "whoever lets go of the lock takes it again before those that wait",
        _LOCKS,
        "            _wait(path, turn, deadline, timeout)\n",
        "",
        "tests/unit/kernel/test_locks.py::"
        "test_a_holder_that_wants_the_lock_again_at_once_keeps_nobody_out",
    ),
    Mutation(
        "P2",
        "nobody waits for the lock",
        _LOCKS,
        "    while not _locked(path, descriptor):",
        "    while False:",
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
        "            try:\n                yield\n",
        "            try:\n                path.read_bytes()\n                yield\n",
        f"{_LOCK_TESTS}::test_nobody_opens_the_lock_file_a_second_time_while_it_is_locked",
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
        "P2",
        "whoever is killed keeps the lock for ever",
        _LOCKS,
        "            try:\n                yield\n            finally:\n                _unlock(lock)\n",
        "            os.close(os.open(f'{path}.held', os.O_CREAT | os.O_EXCL))\n"
        "            try:\n                yield\n"
        "            finally:\n                os.unlink(f'{path}.held')\n                _unlock(lock)\n",
        f"{_CONCURRENT}::"
        "test_eight_processes_of_which_some_are_killed_lose_nothing_that_was_confirmed",
    ),
    Mutation(
        "P2",
        "whoever has waited long enough takes the lock",
        _LOCKS,
        "            raise LockTimeout(\n",
        "            break\n            raise LockTimeout(\n",
        f"{_LOCK_TESTS}::test_the_lock_of_a_stopped_process_is_still_its_own",
    ),
    Mutation(
        "P2",
        "notes are left out of the fold that a change keeps",
        _STATUS,
        "            self._tally.add_note(note)\n",
        "            pass\n",
        f"{_RANDOM_COMMANDS}[kept fold]",
    ),
    Mutation(
        "P2",
        "a package that is blocked again forgets where it came from",
        "specify_cli/status/tally.py",
        "        elif step == _BLOCKS and (latest is None or latest.step != _BLOCKS):\n",
        "        elif step == _BLOCKS:\n",
        f"{_RANDOM_COMMANDS}[read anew]",
    ),
)
