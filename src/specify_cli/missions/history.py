"""The history of a work package: everything that its log says about it, and notes for its file."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.events.free_text import public_name, without_personal_data
from specify_cli.kernel.clock import utc_now
from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.kernel.files import ReadFailed
from specify_cli.kernel.names import check_agent
from specify_cli.kernel.terminal import first_control
from specify_cli.missions.activity_log import with_entry
from specify_cli.missions.documents import uncommitted_files
from specify_cli.missions.home import write_documents
from specify_cli.missions.mission import mission_log
from specify_cli.missions.work_packages import find_work_package, normalise_wp_id
from specify_cli.status.board import actor_label, actor_of
from specify_cli.status.log import read_log
from specify_cli.status.mission_status import MissionStatus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject, JsonValue
    from specify_cli.missions.mission import Mission
    from specify_cli.status.log import Log

_NOTE_LENGTH = 10_000


class InvalidNote(UsageError):
    """A note that says nothing, or far too much."""

    code = "INVALID_NOTE"


class WorkPackageFileEdited(SpecKittyError):
    """The file that a note goes to has changes of the user that nobody has committed."""

    code = "WP_FILE_UNCOMMITTED"


class InvalidLimit(UsageError):
    """A number of entries that is not at least one."""

    code = "INVALID_LIMIT"


class HistoryEntry(NamedTuple):
    """A note that was added to a work package.

    Attributes:
        id: "hist-" and 32 hexadecimal digits.
        mission_slug: The mission.
        wp_id: The work package.
        actor: Who noted it.
        note: What, as it is recorded: without what tells about machine and user.
        at: When, as it stands in the file.
        file: The work package file, relative to the project root.
        event_id: The row of the log that carries the note too.
        commit: The commit that holds both.
    """

    id: str
    mission_slug: str
    wp_id: str
    actor: str
    note: str
    at: str
    file: str
    event_id: str
    commit: str | None

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent tasks add-history`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "wp_id": self.wp_id,
            "history_entry_id": self.id,
            "actor": self.actor,
            "note": self.note,
            "at": self.at,
            "file": self.file,
            "event_id": self.event_id,
            "commit": self.commit,
        }

    def to_text(self) -> str:
        """Return the same for people."""
        return f"Noted in {self.file}: {_indented(self.note)}"


class HistoryRow(NamedTuple):
    """One row of a log that is about a work package.

    Attributes:
        at: When, in UTC.
        kind: "transition", "annotation" or "unknown".
        event_id: Its identity, if it has one.
        line: Its line in the log.
        actor: Who wrote it.
        facts: What the row says besides, by key.
        repeated: An earlier row has the same event id, so that this one does not count.
    """

    at: str
    kind: str
    event_id: str | None
    line: int
    actor: str | None
    facts: JsonObject
    repeated: bool = False

    def to_json(self) -> JsonObject:
        """Return the row as plain JSON."""
        return {
            "at": self.at,
            "kind": self.kind,
            "event_id": self.event_id,
            "line": self.line,
            "actor": self.actor,
            **self.facts,
            "repeated": self.repeated,
        }

    def to_text(self) -> str:
        """Return the row on one line."""
        words = [self.at[:19].replace("T", " ") or "(no time)", f" {self.actor or '(nobody)'}:"]
        if self.kind == "transition":
            words.append(f"{self.facts['from_lane']} -> {self.facts['to_lane']}")
            by_user = self.facts["force"] and self.facts["force_source"] is None
            words += ["(forced)"] if by_user else []
            words += [f" {self.facts['reason']}"] if self.facts["reason"] else []
            words += [f" [{self.facts['review_ref']}]"] if self.facts["review_ref"] else []
        else:
            words += ["(a kind unknown to this version)"] if self.kind == "unknown" else []
            words.append(_told(self.facts))
        words += ["(repeated row)"] if self.repeated else []
        return " ".join(words)


class WorkPackageHistory(NamedTuple):
    """What a log says about one work package, oldest first.

    Attributes:
        mission_slug: The mission.
        wp_id: The work package.
        rows: The latest rows, in the order in which they count.
        total: How many rows there are.
        unreadable_lines: Lines of the log that cannot be used; one may have been about it.
    """

    mission_slug: str
    wp_id: str
    rows: tuple[HistoryRow, ...]
    total: int
    unreadable_lines: int

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent status history`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "wp_id": self.wp_id,
            "entries": [row.to_json() for row in self.rows],
            "total": self.total,
            "unreadable_lines": self.unreadable_lines,
        }

    def to_text(self) -> str:
        """Return one line for each row."""
        lines = [row.to_text() for row in self.rows]
        if not lines:
            lines.append(f"Nothing has happened to {self.wp_id} yet.")
        earlier = self.total - len(self.rows)
        if earlier:
            lines.insert(0, f"({earlier} earlier: without --limit all are shown)")
        if self.unreadable_lines:
            lines.append(
                f"{self.unreadable_lines} lines of the log cannot be read: "
                "see `spec-kitty agent status doctor`."
            )
        return "\n".join(lines)


def work_package_history(
    mission: Mission, wp_id: str, *, limit: int | None = None
) -> WorkPackageHistory:
    """Read every row about one work package. Writes nothing.

    Args:
        mission: The mission.
        wp_id: The work package, in any notation; one that only the log knows is found too.
        limit: The latest so many only.

    Raises:
        InvalidLimit: INVALID_LIMIT: the limit is below 1.
        WorkPackageNotFound: WP_NOT_FOUND: neither files nor log know it.
        ReadFailed: READ_FAILED.
    """
    if limit is not None and limit < 1:
        raise InvalidLimit(
            f"a limit of {limit} shows nothing.", fix="Use --limit 1 or more, or none."
        )
    wanted = normalise_wp_id(wp_id) or wp_id
    log = read_log(mission.log_file)
    rows = sorted(_rows(log, wanted), key=lambda row: (row.at, row.event_id or "", row.line))
    if not rows:
        wanted = find_work_package(mission, wp_id).id
    shown = rows if limit is None else rows[-limit:]
    return WorkPackageHistory(mission.slug, wanted, tuple(shown), len(rows), len(log.problems))


def add_history(
    project: Project, mission: Mission, wp_id: str, *, actor: str, note: str
) -> HistoryEntry:
    """Add a note to a work package: a line of its file and a row of the log, in one commit.

    The line stands at the end of the section `## Activity Log`, which is made when there is none. Of a
    note of several lines the further ones are indented.

    Args:
        project: The project.
        mission: The mission.
        wp_id: The work package, in any notation.
        actor: Who notes it.
        note: What; what it tells about machine and user is masked (DESIGN.md P8).

    Raises:
        InvalidNote: INVALID_NOTE: actor or note are blank, or the note is too long.
        WorkPackageNotFound: WP_NOT_FOUND.
        WorkPackageFileEdited: WP_FILE_UNCOMMITTED: its file has changes that are not committed.
        SpecKittyError: Whatever writing and committing raise; the file is then as it was.
    """
    said, who = _trimmed(note), " ".join(public_name(actor).split())
    if not said or not who or len(said) > _NOTE_LENGTH:
        raise InvalidNote(
            "the note is blank." if not said else "nobody is named." if not who else
            f"the note is longer than {_NOTE_LENGTH} characters.",
            fix='Say what happened: --note "Tests pass" --agent claude',
        )  # fmt: skip
    check_agent(actor)
    if first_control(said) is not None:
        raise InvalidNote(
            "the note holds a control character, which only a terminal understands.",
            fix="Leave it out; line breaks are fine.",
        )
    package = find_work_package(mission, wp_id)
    entry_id = f"hist-{secrets.token_hex(16)}"
    at = utc_now().strftime("%Y-%m-%dT%H:%M:%SZ")
    message = f"hist: {package.id} note by {who} ({mission.slug})"
    log = mission_log(project, mission)
    with MissionStatus.change(log, message=message) as change:
        _refuse_edits(mission, package.path, log.marker_path)
        said = without_personal_data(said, change.surroundings)
        event_id = change.annotate(package.id, who, {"note": said, "history_entry_id": entry_id})
        # Read under the lock: two notes at once must both be kept.
        entry = f"- {at} {who}: {_indented(said)}"
        content = {package.path: with_entry(_content(package.path), entry)}
        write_documents(project, mission, change, content, message)
    return HistoryEntry(
        entry_id,
        mission.slug,
        package.id,
        who,
        said,
        at,
        mission.relative(package.path),
        event_id,
        change.result.commit,
    )


def _trimmed(note: str) -> str:
    """Return a note without the blanks around it; on one line they are single ones."""
    lines = note.strip().splitlines()
    if len(lines) < 2:
        return " ".join(note.split())
    return "\n".join(line.rstrip() for line in lines)


def _indented(text: str) -> str:
    """Keep the further lines of a text apart from what follows; four blanks make no heading of any."""
    return "\n".join(
        f"    {line}" if number and line else line for number, line in enumerate(text.split("\n"))
    )


def _refuse_edits(mission: Mission, path: Path, marker: Path) -> None:
    """Leave a file alone that its user is working on: the commit would take the edits along.

    Raises:
        WorkPackageFileEdited: WP_FILE_UNCOMMITTED.
    """
    name = mission.relative(path)
    # What a crash left of an earlier note is ours, and this change completes it.
    if marker.exists() or name not in uncommitted_files(mission.root, [name]):
        return
    raise WorkPackageFileEdited(
        f"{name} has changes that are not committed, and a note would commit them too.",
        fix=f'git commit -m "Edit {path.stem}" -- "{name}" (`git add` it first if it is new), or undo '
        "the changes; then note it again.",
        details={"file": name},
    )


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReadFailed(
            f"{path.name} cannot be read: {error.strerror}.",
            fix=f"Make {path.name} a readable file, then run the command again.",
            details={"file": path.name},
        ) from error


def _rows(log: Log, wp_id: str) -> Iterator[HistoryRow]:
    seen: set[str] = set()
    for row in log.transitions:
        if (normalise_wp_id(row.wp_id) or row.wp_id) == wp_id:
            yield HistoryRow(
                row.at,
                "transition",
                row.event_id,
                row.line,
                actor_label(row.actor),
                {
                    "from_lane": row.from_lane.value,
                    "to_lane": row.to_lane.value,
                    "force": row.force,
                    "force_source": row.force_source,
                    "reason": row.reason,
                    "review_ref": row.review_ref,
                    "review_result": row.review_result,
                },
                row.event_id in seen,
            )
            seen.add(row.event_id)
    for note in log.annotations:
        if (normalise_wp_id(note.wp_id) or note.wp_id) == wp_id:
            yield HistoryRow(
                note.at,
                "annotation",
                note.event_id,
                note.line,
                actor_label(note.actor) if note.actor else None,
                {"delta": note.delta},
                note.event_id in seen,
            )
            seen.add(note.event_id)
    for other in log.unknown:
        named = other.row.get("wp_id")
        if isinstance(named, str) and (normalise_wp_id(named) or named) == wp_id:
            at, event_id = other.row.get("at"), other.row.get("event_id")
            yield HistoryRow(
                at if isinstance(at, str) else "",
                "unknown",
                event_id if isinstance(event_id, str) else None,
                other.line,
                actor_of(other.row),
                {"row": other.row},
            )


def _told(facts: JsonObject) -> str:
    delta: JsonValue = facts.get("delta", facts.get("row"))
    if not isinstance(delta, dict):
        return ""
    if set(delta) <= {"note", "history_entry_id"} and "note" in delta:
        return f"note: {_indented(str(delta['note']))}"
    parts = []
    for key, value in delta.items():
        if isinstance(value, dict):
            shown = ", ".join(f"{name} {said}" for name, said in value.items())
        else:
            shown = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
        parts.append(f"{key}: {shown}")
    return ", ".join(parts)
