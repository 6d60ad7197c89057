"""The health of a mission: its log and snapshot, work that stands still, and what was left behind."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.process import try_git
from specify_cli.kernel.clock import utc_now
from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.missions.lanes import LanesCorrupt, LanesMissing, load_lanes
from specify_cli.missions.leftovers import LANE_NAME, left_behind
from specify_cli.missions.mission import BRANCH_PREFIX, mission_log
from specify_cli.missions.work_packages import known_ids
from specify_cli.missions.workspaces import BASE_COMMIT, main_checkout, recorded_commit
from specify_cli.status.board import fold
from specify_cli.status.doctor import Finding, examine_log
from specify_cli.status.lanes import Lane
from specify_cli.status.log import read_log

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from specify_cli.git.repository import Repository
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject
    from specify_cli.missions.lanes import MissionLane
    from specify_cli.missions.mission import Mission
    from specify_cli.status.board import Board
    from specify_cli.status.log import Log
    from specify_cli.status.repair import Repaired

STALE_CLAIM = "stale_claim"
CONFLICT_MARKER = "conflict_marker"

STALE_CLAIMED_DAYS = 7
STALE_IN_PROGRESS_DAYS = 14

# "=======" underlines headings in Markdown, so it alone says nothing.
_MARKER = re.compile(rb"^(?:<{7}|>{7})(?: .*)?\r?$", re.MULTILINE)


class MissionUnhealthy(SpecKittyError):
    """Something is wrong with a mission; `details` is the whole report."""

    code = "MISSION_UNHEALTHY"

    def __init__(self, health: MissionHealth) -> None:
        first = health.problems[0]
        count = len(health.problems)
        super().__init__(
            f"{health.mission_slug} has {count} {'problem' if count == 1 else 'problems'}; "
            f"first: {first}.",
            # What has no command says in its message what to do; the list shows it.
            fix=next(
                (finding.fix for finding in health.problems if finding.fix),
                f"spec-kitty agent status doctor --mission {health.mission_slug}",
            ),
            details=health.to_json(),
        )


class RepairIncomplete(SpecKittyError):
    """Something is wrong with a mission after its repair, or without it; `details` is all of it."""

    code = "STATUS_REPAIR_INCOMPLETE"

    def __init__(self, health: MissionHealth, done: Repaired) -> None:
        first = health.problems[0]
        count = len(health.problems)
        left = "1 problem is left" if count == 1 else f"{count} problems are left"
        repairs = done.plan.steps and not done.applied
        yes = f"spec-kitty agent status doctor --fix --yes --mission {health.mission_slug}"
        super().__init__(
            f"{health.mission_slug}: {left}; first: {first}.",
            fix=yes if repairs else MissionUnhealthy(health).fix,
            details={
                **done.to_json(),
                "remaining": [finding.to_json() for finding in health.problems],
            },
        )


class InvalidDays(UsageError):
    """A number of days below zero."""

    code = "INVALID_DAYS"


class MissionHealth(NamedTuple):
    """What was found about a mission.

    Attributes:
        mission_slug: The mission.
        findings: Problems first, then what is only worth knowing.
    """

    mission_slug: str
    findings: tuple[Finding, ...]

    @property
    def problems(self) -> tuple[Finding, ...]:
        """What needs somebody."""
        return tuple(finding for finding in self.findings if not finding.note)

    @property
    def healthy(self) -> bool:
        """Whether nothing needs anybody."""
        return not self.problems

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `agent status doctor`."""
        return {
            "result": "success",
            "mission_slug": self.mission_slug,
            "healthy": self.healthy,
            "findings": [finding.to_json() for finding in self.findings],
        }

    def to_text(self) -> str:
        """Return the findings for people, each with its fix."""
        count = len(self.problems)
        if count:
            lines = [f"{self.mission_slug} has {count} {'problem' if count == 1 else 'problems'}:"]
        else:
            lines = [f"{self.mission_slug} is healthy."]
        for finding in self.findings:
            lines.append(f"  {'note: ' if finding.note else ''}{finding}")
            if finding.fix and not finding.note:
                lines.append(f"    fix: {finding.fix}")
        return "\n".join(lines)


def mission_health(
    project: Project,
    mission: Mission,
    *,
    stale_claimed_days: int = STALE_CLAIMED_DAYS,
    stale_in_progress_days: int = STALE_IN_PROGRESS_DAYS,
) -> MissionHealth:
    """Examine a mission. Writes nothing, and bad data is reported, never raised.

    Args:
        project: The project.
        mission: The mission.
        stale_claimed_days: From so many days without event or commit on, a claim is stale.
        stale_in_progress_days: The same for work in progress.

    Raises:
        InvalidDays: INVALID_DAYS.
        SpecKittyError: READ_FAILED, NOT_INITIALIZED, GIT_FAILED.
    """
    if min(stale_claimed_days, stale_in_progress_days) < 0:
        raise InvalidDays("days cannot be less than zero.", fix="Use --stale-claimed-days 7.")
    limits = {
        Lane.CLAIMED: timedelta(days=stale_claimed_days),
        Lane.IN_PROGRESS: timedelta(days=stale_in_progress_days),
    }
    log = read_log(mission.log_file)
    board = fold(log)
    repo = main_checkout(project)
    lanes = _lanes(mission)
    branches = _branches(repo, mission)
    found = [
        *examine_log(mission_log(project, mission)),
        *_markers(mission),
        *_stale(mission, log, board, lanes, branches, limits),
        *left_behind(
            repo, mission, board, lanes, {name: tip.commit for name, tip in branches.items()}
        ),
    ]
    # A stable sort keeps what belongs together together.
    found.sort(key=lambda finding: finding.note)
    return MissionHealth(mission.slug, tuple(found))


class _Tip(NamedTuple):
    commit: str
    at: datetime


def _lanes(mission: Mission) -> tuple[MissionLane, ...]:
    try:
        return load_lanes(mission).lanes
    except (LanesMissing, LanesCorrupt):
        return ()  # no lanes yet; a corrupt file is for finalize-tasks to tell


def _branches(repo: Repository, mission: Mission) -> Mapping[str, _Tip]:
    """Return the mission's lane branches with the commit and the time of their tips."""
    prefix = f"{BRANCH_PREFIX}{mission.slug}-"
    listed = try_git(
        repo.root,
        "for-each-ref",
        "--format=%(refname:lstrip=2)%00%(objectname)%00%(committerdate:iso-strict)",
        f"refs/heads/{prefix}*",
    )
    found = {}
    for line in listed.stdout.splitlines():
        name, commit, at = line.split("\0")
        if re.fullmatch(LANE_NAME, name.removeprefix(prefix)):
            found[name] = _Tip(commit, datetime.fromisoformat(at))
    return found


def _markers(mission: Mission) -> Iterator[Finding]:
    """Look for left conflict markers in the mission's other files."""
    files = [*mission.directory.glob("*"), *mission.tasks_directory.glob("**/*.md")]
    for path in sorted(set(files)):
        if path == mission.log_file or not path.is_file():
            continue
        content = path.read_bytes()
        found = _MARKER.search(content)
        if found is not None:
            yield Finding(
                CONFLICT_MARKER,
                "a merge-conflict marker was left in it; edit it: keep what is right, delete the "
                "markers, commit",
                file=mission.relative(path),
                line=content.count(b"\n", 0, found.start()) + 1,
                offset=found.start(),
            )


def _stale(
    mission: Mission,
    log: Log,
    board: Board,
    lanes: tuple[MissionLane, ...],
    branches: Mapping[str, _Tip],
    limits: Mapping[Lane, timedelta],
) -> Iterator[Finding]:
    noted: dict[str, str] = {}
    for note in log.annotations:
        noted[note.wp_id] = max(note.at, noted.get(note.wp_id, ""))
    now = utc_now()
    files = known_ids(mission)
    for wp_id, state in board.work_packages.items():
        limit = limits.get(state.lane)
        if limit is None or state.last_transition_at is None:
            continue
        last = datetime.fromisoformat(max(state.last_transition_at, noted.get(wp_id, "")))
        lane = next((lane for lane in lanes if wp_id in lane.wp_ids), None)
        tip = branches.get(lane.branch) if lane is not None else None
        if tip is not None and tip.commit != recorded_commit(state, BASE_COMMIT):
            last = max(last, tip.at)
        if now - last < limit or now < last:
            continue
        if wp_id not in files:
            yield Finding(
                STALE_CLAIM,
                f"{wp_id} is {state.lane} in the log, but has no file in tasks/: put the file back, "
                "or cancel it",
                f"spec-kitty agent status emit {wp_id} --to canceled --actor spec-kitty "
                f'--reason "it has no file" --mission {mission.slug}',
                wp_id=wp_id,
            )
            continue
        who = state.implementer or "nobody"
        days = (now - last).days
        yield Finding(
            STALE_CLAIM,
            f"{wp_id} is {state.lane} by {who}, without an event or a commit for {days} "
            f"{'day' if days == 1 else 'days'}; ask {who} to go on, or free it",
            f"spec-kitty agent tasks move-task {wp_id} --to planned --agent spec-kitty --force "
            f"--note {_quoted(f'{who} is gone')} --mission {mission.slug}",
            wp_id=wp_id,
        )


def _quoted(text: str) -> str:
    """Quote a text for any shell: a name can hold what a shell takes for something else."""
    return '"' + re.sub(r"[\"\\$`!%]", "", text) + '"'
