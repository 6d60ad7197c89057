"""Creating a mission: its branch, its folder and its first event, in one commit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from specify_cli.events.envelope import mission_created
from specify_cli.events.free_text import surroundings, without_personal_data
from specify_cli.git.branches import branch_tips, check_branch_name, create_and_switch, is_protected
from specify_cli.git.commit_target import DetachedHead
from specify_cli.git.layout import checkouts
from specify_cli.git.process import NO_HOOKS, run_git, try_git
from specify_cli.git.repository import open_repository
from specify_cli.identity.project import load_identity
from specify_cli.kernel.clock import isoformat, utc_now
from specify_cli.kernel.errors import SpecKittyError, UsageError
from specify_cli.kernel.locks import file_lock
from specify_cli.kernel.names import UnsafeName, slugify
from specify_cli.kernel.terminal import first_control
from specify_cli.kernel.ulid import new_ulid, ulid_time_ms
from specify_cli.missions.documents import SPEC_FILE, TASKS_README, filled, scaffold_template
from specify_cli.missions.locks import lock_path
from specify_cli.missions.metadata import META_FILE, metadata_bytes, new_metadata
from specify_cli.missions.mission import (
    BRANCH_PREFIX,
    MISSIONS_FOLDER,
    Mission,
    load_mission,
    mission_log,
    scan_missions,
)
from specify_cli.missions.namesakes import unfinished_namesake
from specify_cli.missions.protection import configured_protection
from specify_cli.status.mission_status import MissionStatus

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence
    from pathlib import Path

    from spec_kitty_contracts.wire.mission import MissionCreatedPayload
    from spec_kitty_contracts.wire.mission_meta import MissionMeta
    from specify_cli.git.repository import Repository
    from specify_cli.identity.project import Project
    from specify_cli.kernel.json_types import JsonObject

SOFTWARE_DEV = "software-dev"
MISSION_TYPES = (SOFTWARE_DEV, "research", "documentation", "plan")
"""The mission types that come with the package."""
MAX_TITLE = 200
_MID8 = 8
# The first eight characters of a ULID change every 2**10 milliseconds.
_MID8_MILLISECONDS = 1 << 10


class UnknownMissionType(UsageError):
    """There is no such mission type."""

    code = "UNKNOWN_MISSION_TYPE"


class ProtectedMissionBranch(SpecKittyError):
    """The branch asked for must not receive a mission's bookkeeping."""

    code = "PROTECTED_BRANCH"


@dataclass(frozen=True, slots=True)
class CreatedMission:
    """A mission that was just created.

    Attributes:
        mission: The mission.
        branch: The branch it lives on; it is checked out.
        branch_created: The branch was made for it.
        commit: The commit that holds its first files.
        files: Those files, relative to the project root.
        found: It was there before, unfinished; nothing was made.
    """

    mission: Mission
    branch: str
    branch_created: bool
    commit: str | None
    files: tuple[str, ...]
    found: bool = False

    def to_json(self) -> JsonObject:
        """Return the `--json` document of `mission create`."""
        mission = self.mission
        folder = mission.relative(mission.directory)
        spec = f"{folder}/{SPEC_FILE}"
        return {
            "result": "success",
            "mission_slug": mission.slug,
            "mission_id": mission.mission_id,
            "mission_number": mission.mission_number,
            "mission_type": mission.mission_type,
            "friendly_name": mission.friendly_name,
            "target_branch": mission.target_branch,
            "branch_created": self.branch_created,
            "folder": folder,
            "spec_file": spec if spec in self.files else None,
            "files": [*self.files],
            "commit_hash": self.commit,
            "next_step": f"spec-kitty next --agent <your-name> --mission {mission.slug} "
            "--result success",
        }


def create_mission(
    project: Project,
    title: str,
    *,
    mission_type: str = SOFTWARE_DEV,
    branch: str | None = None,
    purpose_tldr: str | None = None,
    purpose_context: str | None = None,
    mission_types: Sequence[str] = MISSION_TYPES,
    documents: Mapping[str, str] | None = None,
    once: bool = False,
) -> CreatedMission:
    """Create a mission in the main checkout. `specify_cli.next.beginning` knows what each type begins with.

    On a protected branch, and on a branch of another mission, it makes and switches to
    `kitty/mission-<slug>`; on any other branch the mission lives there. Works before the first commit of the repository too: the branch then gets
    that commit. Uncommitted files of the user are carried along untouched. When anything fails,
    branch and files are as before.

    Args:
        project: The project.
        title: What the mission is called; its ASCII words become the slug. What it, and the purpose,
            tell about machine and user is masked (DESIGN.md P8).
        mission_type: Decides the steps.
        branch: A branch to make and live on instead; the current one may be named too.
        purpose_tldr: One sentence on what it is for; the title by default.
        purpose_context: Why, in a few sentences; the sentence above by default.
        mission_types: Those there are; a project's own come from
            `specify_cli.next.mission_types.mission_type_keys`.
        documents: The templates of its first documents by file name; by default those of
            software-dev, and none for any other type.
        once: Make no second one: the unfinished mission of the same words and type is the answer.

    Raises:
        UnsafeName: UNSAFE_NAME: no usable name can be made from the title.
        UnknownMissionType: UNKNOWN_MISSION_TYPE.
        NotInitialized: NOT_INITIALIZED.
        DetachedHead: DETACHED_HEAD.
        ProtectedMissionBranch: PROTECTED_BRANCH.
        InvalidBranchName: INVALID_BRANCH_NAME.
        BranchExists: BRANCH_EXISTS.
        MissionExists: MISSION_ALREADY_EXISTS: only with `once`, see `unfinished_namesake`.
        SpecKittyError: What `MissionStatus.change` raises.
    """
    place = surroundings((project.root, *checkouts(project.repository.common_dir)))
    name = _checked_title(without_personal_data(title, place))
    if mission_type not in mission_types:
        raise UnknownMissionType(
            f"there is no mission type {mission_type[:60]!r}.",
            fix=f"Use one of: {', '.join(mission_types)}.",
            details={"mission_type": mission_type[:200], "known": [*mission_types]},
        )
    load_identity(project)
    protected = configured_protection(project.root)
    if documents is None:
        names = (SPEC_FILE, TASKS_README) if mission_type == SOFTWARE_DEV else ()
        documents = {name: scaffold_template(name) for name in names}
    # One at a time: minting looks at what exists, and switching branches moves the checkout.
    with file_lock(lock_path(project.repository.common_dir, "missions")):
        repo = open_repository(project.root)
        if once:
            earlier = unfinished_namesake(project.root, slugify(name), mission_type)
            if earlier is not None:
                return CreatedMission(earlier, earlier.target_branch, False, None, (), found=True)
        current = _current_branch(repo)
        mission_id, slug = _mint(project.root, repo, slugify(name))
        # A branch that was made for another mission is no home for this one either.
        needs_branch = is_protected(repo, current, protected) or current.startswith(BRANCH_PREFIX)
        target = branch or (f"{BRANCH_PREFIX}{slug}" if needs_branch else current)
        _check_target(repo, target, protected)
        created_at = isoformat(utc_now())
        said = without_personal_data(purpose_tldr or name, place)
        summary = " ".join(said.split()) or name
        context = without_personal_data((purpose_context or "").strip(), place)
        meta = new_metadata(
            mission_id=mission_id,
            slug=slug,
            mission_type=mission_type,
            friendly_name=name,
            purpose_tldr=summary,
            purpose_context=context or summary,
            target_branch=target,
            created_at=created_at,
        )
        metadata_bytes(meta)  # refused by the gate before the branch is touched
        moved = target != current
        if moved:
            create_and_switch(repo, target)
        try:
            return _write(project, meta, documents, branch_created=moved)
        except BaseException:
            _remove_empty(project.root / MISSIONS_FOLDER / slug)
            if moved:
                _switch_back(repo, current, target)
            raise


def _write(
    project: Project, meta: MissionMeta, documents: Mapping[str, str], *, branch_created: bool
) -> CreatedMission:
    slug, name = meta["mission_slug"], meta["friendly_name"]
    directory = project.root / MISSIONS_FOLDER / slug
    contents = {
        META_FILE: metadata_bytes(meta),
        **{
            file: filled(text, title=name, slug=slug).encode("utf-8")
            for file, text in documents.items()
        },
    }
    payload: MissionCreatedPayload = {
        "mission_slug": slug,
        "mission_id": meta["mission_id"],
        "mission_number": None,
        "mission_type": meta["mission_type"],
        "friendly_name": name,
        "purpose_tldr": meta["purpose_tldr"],
        "purpose_context": meta["purpose_context"],
        "target_branch": meta["target_branch"],
        "wp_count": 0,
        "created_at": meta["created_at"],
    }
    log = mission_log(project, _unwritten(project.root, directory, meta))
    with MissionStatus.change(log, message=f"Create mission {slug}") as change:
        for file, data in contents.items():
            change.include(directory / file, data)
        change.record(
            mission_created(
                change.identity, payload, change.stamp(), correlation_id=change.correlation_id
            )
        )
    mission = load_mission(project.root, slug)
    files = [directory / file for file in contents]
    return CreatedMission(
        mission=mission,
        branch=mission.target_branch,
        branch_created=branch_created,
        commit=change.result.commit,
        files=tuple(mission.relative(path) for path in (*files, log.log_path, log.status_path)),
    )


def _unwritten(root: Path, directory: Path, meta: MissionMeta) -> Mission:
    return Mission(
        slug=meta["mission_slug"],
        mission_id=meta["mission_id"],
        directory=directory,
        root=root,
        mission_type=meta["mission_type"],
        mission_number=None,
        target_branch=meta["target_branch"],
        friendly_name=meta["friendly_name"],
    )


def _checked_title(title: str) -> str:
    name = " ".join(title.split())
    if len(name) > MAX_TITLE:
        raise UnsafeName(
            f"the title has {len(name)} characters (at most {MAX_TITLE}).",
            fix="Give a short title, and say the rest with --purpose-context.",
            details={"what": "title", "name": name[:200]},
        )
    if first_control(name) is not None:
        raise UnsafeName(
            f"the title holds a control character: {name[:60]!r}.",
            fix="Leave out what only a terminal understands.",
            details={"what": "title", "name": name[:200]},
        )
    slugify(name)
    return name


def _current_branch(repo: Repository) -> str:
    if repo.branch is None:
        raise DetachedHead(
            f"{repo.root.name} has no branch checked out (HEAD is detached), so a mission would "
            "belong to no branch.",
            fix="Run `git switch <branch>`, then run the command again.",
        )
    return repo.branch


def _check_target(repo: Repository, target: str, protected: tuple[str, ...] | None) -> None:
    check_branch_name(repo, target)
    if is_protected(repo, target, protected):
        raise ProtectedMissionBranch(
            f"branch {target} is protected: a mission's bookkeeping must not be committed there.",
            fix="Leave --branch out, or name a feature branch such as feature/todo-app.",
            details={"branch": target},
        )


def _mint(root: Path, repo: Repository, words: str) -> tuple[str, str]:
    """Mint an id whose first eight characters no local mission has.

    These characters are time alone, so two missions of one second would share their short handle.
    """
    taken = _taken(root, repo)
    mission_id = new_ulid()
    while mission_id[:_MID8] in taken:
        later = (ulid_time_ms(mission_id) // _MID8_MILLISECONDS + 1) * _MID8_MILLISECONDS
        mission_id = new_ulid(datetime.fromtimestamp(later / 1000, UTC))
    return mission_id, f"{words}-{mission_id[:_MID8]}"


def _taken(root: Path, repo: Repository) -> Container[str]:
    scan = scan_missions(root)
    names = [mission.slug for mission in scan.missions]
    names += [str(problem.details["mission_slug"]) for problem in scan.problems]
    # Missions that live on branches which are not checked out.
    names += branch_tips(repo, BRANCH_PREFIX)
    taken = {part for name in names for part in name.split("-") if len(part) == _MID8}
    return taken | {mission.mid8 for mission in scan.missions if mission.mid8}


def _remove_empty(directory: Path) -> None:
    """Remove the folders that a failed creation left behind, but never one that holds a file."""
    for folder in (directory / "tasks", directory, directory.parent):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()


def _switch_back(repo: Repository, branch: str, made: str) -> None:
    if repo.head is None:
        if try_git(repo.root, "rev-parse", "--verify", "--quiet", "HEAD").code != 0:
            run_git(repo.root, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
        return
    # Both leave the branch alone if it holds a commit by now.
    try_git(repo.root, *NO_HOOKS, "switch", "--quiet", branch)
    try_git(repo.root, "branch", "--quiet", "--delete", made)
