"""Merging a mission's files: nothing is lost, and what cannot be decided stays in the user's hands."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.git.merge_drivers import MergedFile, UnresolvedMerge, merge_files
from specify_cli.git.merge_rows import Texts, merged_log
from specify_cli.kernel.files import Disk, ReadFailed, WriteFailed, json_document

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.git.merge_drivers import Kind


def merge(folder: Path, kind: Kind, base: bytes, ours: bytes, theirs: bytes) -> bytes:
    """Merge three texts as git has them merged; return what is in the second file then."""
    files = [folder / name for name in ("base", "ours", "theirs")]
    for file, text in zip(files, (base, ours, theirs), strict=True):
        file.write_bytes(text)
    merge_files(kind, *files)
    assert sorted(path.name for path in folder.iterdir()) == ["base", "ours", "theirs"]
    return files[1].read_bytes()


def conflict(folder: Path, kind: Kind, base: bytes, ours: bytes, theirs: bytes) -> bytes:
    """Demand a conflict with markers; return what is in the second file then."""
    with pytest.raises(UnresolvedMerge) as refused:
        merge(folder, kind, base, ours, theirs)
    assert (refused.value.code, refused.value.exit_code) == ("MERGE_UNRESOLVED", 1)
    text = (folder / "ours").read_bytes()
    assert b"<<<<<<< ours\n" in text
    assert b">>>>>>> theirs\n" in text
    assert sorted(path.name for path in folder.iterdir()) == ["base", "ours", "theirs"]
    return text


def row(number: int, **more: object) -> bytes:
    """Return a row that is written in the given minute."""
    at = f"2026-11-21T08:{number:02d}:00+00:00"
    return json.dumps({"at": at, "event_id": f"ID{number:04d}", **more}).encode() + b"\n"


def meta(**more: object) -> bytes:
    return json_document({"mission_id": "M1", "mission_type": "software-dev", **more})


def matrix(*criteria: dict[str, Any], **more: object) -> bytes:
    document = {"overall_verdict": "pending", "criteria": list(criteria), **more}
    return json.dumps(document, indent=2).encode() + b"\n"


def criterion(number: int, **more: object) -> dict[str, Any]:
    return {"criterion_id": f"FR-{number:03d}", "pass_fail": "pending", "evidence": None, **more}


# --- event logs

ROWS = st.builds(row, st.integers(0, 30))
OTHER_LINES = st.sampled_from(
    [b'{"no": "id"}\n', b'{"event_id": "half\n', b"\xff\xfe\n", b'["a list"]\n', b"\0\0\n"]
)
LINES = st.lists(st.one_of(ROWS, OTHER_LINES), max_size=12, unique=True)
LOGS = st.builds(
    lambda lines, torn: b"".join(lines) + torn, LINES, st.sampled_from([b"", b'{"at": "2026'])
)


def union(base: bytes, ours: bytes, theirs: bytes) -> bytes:
    merged = merged_log(Texts(base, ours, theirs))
    assert merged.ours == merged.theirs
    return merged.ours


@given(LOGS, LOGS, LOGS)
@settings(max_examples=400, deadline=None)
def test_the_union_of_two_logs_has_every_line_of_both_once_and_ours_in_their_order(
    base: bytes, ours: bytes, theirs: bytes
) -> None:
    merged = union(base, ours, theirs)
    lines = merged.splitlines()
    assert set(lines) == {*ours.splitlines(), *theirs.splitlines()}
    assert len(lines) == len(set(lines))
    kept = ours.splitlines()
    assert [line for line in lines if line in set(kept)] == kept
    assert union(base, merged, theirs) == merged
    assert union(base, merged, merged) == merged


@given(LINES, st.sets(st.integers(31, 59)), st.sets(st.integers(31, 59)))
@settings(max_examples=200, deadline=None)
def test_what_both_sides_appended_is_in_the_order_of_time_whoever_merges_whom(
    base: list[bytes], ours: set[int], theirs: set[int]
) -> None:
    before = b"".join(base)
    left = before + b"".join(row(number) for number in sorted(ours))
    right = before + b"".join(row(number) for number in sorted(theirs))
    expected = before + b"".join(row(number) for number in sorted(ours | theirs))
    assert union(before, left, right) == union(before, right, left) == expected


def test_the_times_of_early_rows_in_any_notation_are_compared_as_moments() -> None:
    first = b'{"at": "2026-11-21T09:00:00+02:00", "event_id": "A"}\n'
    second = b'{"timestamp": "2026-11-21T07:30:00Z", "event_id": "B"}\n'
    third = b'{"at": "2026-11-21T08:00:00", "event_id": "C"}\n'
    assert union(b"", first + third, second) == first + second + third


def test_rows_of_ours_that_are_out_of_order_do_not_change_places() -> None:
    assert union(row(1), row(1) + row(9) + row(3), row(1) + row(5)) == (
        row(1) + row(5) + row(9) + row(3)
    )


def test_lines_without_a_time_follow_the_row_before_them_ours_first() -> None:
    ours, theirs = b'{"of": "ours"}\n', b'{"of": "theirs"}\n'
    assert union(b"", ours + row(2), theirs + row(1)) == ours + theirs + row(1) + row(2)


def test_nothing_is_sorted_when_only_they_appended() -> None:
    assert union(row(5), row(5), row(5) + row(9) + row(2)) == row(5) + row(9) + row(2)


def test_the_same_row_in_another_spelling_is_no_second_row() -> None:
    spelled = b'{"event_id":"ID0003",  "at":"2026-11-21T08:03:00+00:00"}\n'
    assert union(b"", row(3), spelled) == row(3)
    assert union(b"", row(3), row(3).replace(b"\n", b"\r\n")) == row(3)


def test_a_torn_last_row_stays_one_bad_line() -> None:
    assert union(row(1), row(1) + b'{"at": "20', row(1) + row(2)) == (
        row(1) + b'{"at": "20\n' + row(2)
    )


def test_rows_with_one_id_that_say_two_things_are_a_conflict_and_both_are_there(
    tmp_path: Path,
) -> None:
    ours = row(1) + row(2, to="claimed") + row(4)
    theirs = row(1) + row(2, to="blocked") + row(3)
    text = conflict(tmp_path, "event-log", row(1), ours, theirs)
    assert text == (
        row(1)
        + b"<<<<<<< ours\n"
        + row(2, to="claimed")
        + b"=======\n"
        + row(2, to="blocked")
        + b">>>>>>> theirs\n"
        + row(3)
        + row(4)
    )


def test_a_row_that_only_they_edited_is_not_taken_in_silence(tmp_path: Path) -> None:
    conflict(tmp_path, "event-log", row(1), row(1), row(1, to="done"))


def test_a_row_that_we_edited_stays_as_we_have_it(tmp_path: Path) -> None:
    ours = row(1, to="done")
    assert merge(tmp_path, "event-log", row(1), ours, row(1) + row(2)) == ours + row(2)


# --- traces


def test_what_both_sides_added_to_a_trace_stands_there_in_whole_pieces(tmp_path: Path) -> None:
    base = b"# Friction\n\n"
    ours = base + b"## A\n\n- slow\n"
    theirs = base + b"## B\n\n- slow\n"
    merged = merge(tmp_path, "traces", base, ours, theirs)
    assert merged == base + b"## A\n\n- slow\n## B\n\n- slow\n"
    assert merge(tmp_path, "traces", base, merged, theirs) == merged
    assert merge(tmp_path, "traces", b"", ours, theirs) == merged


def test_a_trace_without_a_last_line_end_keeps_its_lines_apart(tmp_path: Path) -> None:
    assert merge(tmp_path, "traces", b"a", b"a\nb", b"a\nc") == b"a\nb\nc\n"


def test_a_trace_that_was_edited_on_one_side_is_merged_as_text(tmp_path: Path) -> None:
    base = b"# Frction\n\none\n\ntwo\n"
    ours = base.replace(b"Frction", b"Friction")
    theirs = base + b"three\n"
    assert merge(tmp_path, "traces", base, ours, theirs) == ours + b"three\n"
    conflict(tmp_path, "traces", base, ours, base.replace(b"Frction", b"Fiction"))


# --- meta.json


def test_keys_of_the_metadata_that_different_sides_changed_are_all_taken(tmp_path: Path) -> None:
    base = meta(friendly_name="Doors", gone=1, purpose_tldr="x")
    ours = meta(friendly_name="Door counter", gone=1, accepted_at="2026", purpose_tldr="x")
    theirs = meta(friendly_name="Doors", purpose_tldr="y")
    merged = merge(tmp_path, "meta", base, ours, theirs)
    assert merged == meta(friendly_name="Door counter", accepted_at="2026", purpose_tldr="y")


def test_the_same_change_on_both_sides_is_no_conflict(tmp_path: Path) -> None:
    ours, theirs = meta(vcs="git", a=1), meta(vcs="git", b=2)
    assert merge(tmp_path, "meta", meta(), ours, theirs) == meta(vcs="git", a=1, b=2)


def test_a_key_that_both_changed_differently_is_a_conflict_around_that_key(tmp_path: Path) -> None:
    base = meta(friendly_name="Doors", vcs="git")
    ours = meta(friendly_name="Our doors", vcs="git", ours=1)
    theirs = meta(friendly_name="Their doors", vcs="git", theirs=1)
    text = conflict(tmp_path, "meta", base, ours, theirs).decode()
    inside = text.partition("<<<<<<< ours\n")[2].partition(">>>>>>> theirs")[0]
    assert inside == '  "friendly_name": "Our doors",\n=======\n  "friendly_name": "Their doors",\n'
    assert '"ours": 1' in text
    assert '"theirs": 1' in text


def test_changes_inside_one_value_are_not_mixed_even_if_their_lines_would_fit(
    tmp_path: Path,
) -> None:
    value = {"a": 1, **{f"k{n}": n for n in range(9)}, "z": 1}
    conflict(tmp_path, "meta", meta(v=value), meta(v=value | {"a": 2}), meta(v=value | {"z": 2}))


def test_a_key_that_one_side_removed_and_the_other_changed_is_a_conflict(tmp_path: Path) -> None:
    conflict(tmp_path, "meta", meta(title="a"), meta(), meta(title="b"))


@pytest.mark.parametrize("key", ["accepted_at", "merged_at", "merge_strategy", "mission_number"])
def test_a_fact_that_only_one_side_has_wins_over_none(tmp_path: Path, key: str) -> None:
    full, other = meta(**{key: 7}), meta(**{key: None})
    assert merge(tmp_path, "meta", meta(**{key: 6}), full, other) == full
    assert merge(tmp_path, "meta", meta(**{key: 6}), other, full) == full
    assert merge(tmp_path, "meta", meta(**{key: None}), meta(), full) == full
    conflict(tmp_path, "meta", meta(), full, meta(**{key: 8}))


def test_a_merge_that_one_side_recorded_wins_over_a_side_that_knows_of_none(tmp_path: Path) -> None:
    recorded = {
        "mission_number": 3,
        "merged_at": "2026-11-21T12:00:00+00:00",
        "merged_by": "ada",
        "merged_commit": "c" * 40,
        "merge_strategy": "squash",
        "baseline_merge_commit": "b" * 40,
    }
    ours, theirs = meta(**recorded), meta(**dict.fromkeys(recorded))
    assert merge(tmp_path, "meta", meta(), ours, theirs) == ours
    assert merge(tmp_path, "meta", meta(), theirs, ours) == ours


def test_numbers_and_truth_values_are_not_the_same(tmp_path: Path) -> None:
    conflict(tmp_path, "meta", meta(), meta(flattened=True), meta(flattened=1))


@pytest.mark.parametrize(
    "odd", [b"{", b'{"a": 1, "a": 2}\n', b"[]\n", b"\xff\n", b"[" * 100_000], ids=range(5)
)
def test_metadata_that_is_no_json_object_is_merged_as_text(tmp_path: Path, odd: bytes) -> None:
    conflict(tmp_path, "meta", meta(a=1), odd, meta(a=2))
    base, ours = odd + b"\n1\n2\n3\n4\n5\n", odd + b"\n1\n2\n3\n4\n5\nours\n"
    assert merge(tmp_path, "meta", base, ours, b"theirs\n" + base) == b"theirs\n" + ours


# --- matrices


def test_criteria_that_different_sides_judged_are_all_judged(tmp_path: Path) -> None:
    base = matrix(criterion(1), criterion(2), criterion(3))
    ours = matrix(criterion(1, pass_fail="pass"), criterion(2), criterion(3), criterion(5))
    theirs = matrix(criterion(1), criterion(2, pass_fail="fail"), criterion(4))
    merged = merge(tmp_path, "acceptance-matrix", base, ours, theirs)
    assert merged == matrix(
        criterion(1, pass_fail="pass"), criterion(2, pass_fail="fail"), criterion(5), criterion(4)
    )


def test_a_criterion_that_both_judged_differently_is_a_conflict_around_it(tmp_path: Path) -> None:
    base = matrix(criterion(1), criterion(2))
    ours = matrix(criterion(1, pass_fail="pass"), criterion(2, pass_fail="pass"))
    theirs = matrix(criterion(1, pass_fail="fail"), criterion(2))
    text = conflict(tmp_path, "acceptance-matrix", base, ours, theirs).decode()
    assert text.count("<<<<<<<") == 1
    outside = text.partition(">>>>>>> theirs")[2]
    assert '"FR-002"' in outside
    assert '"pass"' in outside


@pytest.mark.parametrize("kind", ["acceptance-matrix", "issue-matrix"])
@pytest.mark.parametrize("name", ["criterion_id", "invariant_id", "issue"])
def test_rows_are_known_by_any_of_the_three_ids(tmp_path: Path, kind: Kind, name: str) -> None:
    def document(**verdicts: str) -> bytes:
        return matrix(rows=[{name: key, "verdict": said} for key, said in verdicts.items()])

    merged = merge(
        tmp_path, kind, document(a="", b=""), document(a="ok", b=""), document(a="", b="no")
    )
    assert merged == document(a="ok", b="no")


def test_a_row_that_one_side_removed_and_the_other_judged_is_a_conflict(tmp_path: Path) -> None:
    rows = [criterion(number) for number in range(1, 5)]
    base = matrix(*rows)
    ours = matrix(rows[0], *rows[2:])
    theirs = matrix(rows[0], criterion(2, evidence="a.txt"), *rows[2:])
    conflict(tmp_path, "acceptance-matrix", base, ours, theirs)
    conflict(tmp_path, "acceptance-matrix", base, theirs, ours)


def test_a_row_that_was_removed_and_judged_is_a_conflict_even_if_its_lines_would_fit(
    tmp_path: Path,
) -> None:
    rows = [{"verdict": "", "notes": "", "more": "", "issue": n} for n in range(4)]
    removed = matrix(r=[rows[0], *rows[2:]])
    judged = matrix(r=[rows[0], {**rows[1], "verdict": "fixed"}, *rows[2:]])
    conflict(tmp_path, "issue-matrix", matrix(r=rows), removed, judged)
    conflict(tmp_path, "issue-matrix", matrix(r=rows), judged, removed)


@pytest.mark.parametrize("rows", [[1, 2], [{"criterion_id": "a"}] * 2, [{"name": "a"}]])
def test_lists_without_an_id_for_each_row_are_not_mixed(tmp_path: Path, rows: list[object]) -> None:
    ours, theirs = [0, *rows], [*rows, 9]
    conflict(tmp_path, "issue-matrix", matrix(r=rows), matrix(r=ours), matrix(r=theirs))


def test_a_matrix_keeps_the_layout_of_ours(tmp_path: Path) -> None:
    def sorted_ascii(**more: object) -> bytes:
        return json.dumps({"b": "ö", **more}, indent=2, sort_keys=True).encode()

    merged = merge(tmp_path, "issue-matrix", sorted_ascii(), sorted_ascii(c=1), sorted_ascii(a=2))
    assert merged == sorted_ascii(a=2, c=1)


# --- reviews


def test_two_reviews_under_one_name_are_never_merged(tmp_path: Path) -> None:
    base = b"verdict: none\n\n1\n2\n3\n4\n5\n"
    ours = base.replace(b"none", b"approved")
    theirs = base + b"Please rework.\n"
    conflict(tmp_path, "review-cycle", base, ours, theirs)
    conflict(tmp_path, "review-cycle", b"", ours, theirs)


@pytest.mark.parametrize("kind", ["review-cycle", "meta", "traces", "issue-matrix"])
def test_what_only_one_side_changed_is_taken_as_it_is(tmp_path: Path, kind: Kind) -> None:
    old, new = b'{"a":  1}', b'{"a":   2}'
    assert merge(tmp_path, kind, old, new, old) == new
    assert merge(tmp_path, kind, old, old, new) == new
    assert merge(tmp_path, kind, b"", new, new) == new


# --- all of them


def test_files_that_are_no_texts_are_left_alone_and_not_merged(tmp_path: Path) -> None:
    with pytest.raises(UnresolvedMerge) as refused:
        merge(tmp_path, "traces", b"a\0", b"b\0", b"c\0")
    assert refused.value.details["markers"] is False
    assert (tmp_path / "ours").read_bytes() == b"b\0"


def test_an_unchanged_file_is_not_written(tmp_path: Path) -> None:
    class NoDisk(Disk):
        def write(self, descriptor: int, data: bytes) -> int:
            raise AssertionError("written")

    for name in ("base", "ours", "theirs"):
        (tmp_path / name).write_bytes(row(1))
    files = [tmp_path / name for name in ("base", "ours", "theirs")]
    assert merge_files("event-log", *files, disk=NoDisk()) == MergedFile("event-log", changed=False)


def test_a_failing_disk_leaves_ours_as_it_was(tmp_path: Path) -> None:
    class FullDisk(Disk):
        def write(self, descriptor: int, data: bytes) -> int:
            raise OSError(28, "No space left on device")

    files = [tmp_path / name for name in ("base", "ours", "theirs")]
    for file, text in zip(files, (row(1), row(1) + row(2), row(1) + row(3)), strict=True):
        file.write_bytes(text)
    with pytest.raises(WriteFailed):
        merge_files("event-log", *files, disk=FullDisk())
    assert files[1].read_bytes() == row(1) + row(2)
    assert sorted(tmp_path.iterdir()) == sorted(files)


def test_a_missing_version_is_an_error_and_changes_nothing(tmp_path: Path) -> None:
    files = [tmp_path / name for name in ("base", "ours", "theirs")]
    files[1].write_bytes(b"x")
    with pytest.raises(ReadFailed):
        merge_files("meta", *files)
    assert files[1].read_bytes() == b"x"
