"""Where a mission's bookkeeping is committed: its own branch, a coordination branch, or a protected one.

Decided from what is stored about the mission, never from a message or the environment (ADR 0009).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.git.branches import branch_tip, protects
from specify_cli.git.commit_target import CommitTarget, CommitTargetMismatch, DetachedHead
from specify_cli.git.process import try_git
from specify_cli.git.safe_commit import (
    Capability,
    folder_not_committed,
    refuse_operation,
    safe_commit,
)
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import DISK
from specify_cli.missions.metadata import META_FILE

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from specify_cli.git.repository import Repository
    from specify_cli.identity.project import Project, ProjectIdentity
    from specify_cli.missions.mission import Mission
    from specify_cli.status.mission_status import StatusChange


class CoordinationBranchMissing(SpecKittyError):
    """The branch that holds the mission's status log is not in this repository."""

    code = "COORDINATION_BRANCH_MISSING"


class CoordinationWorktreeAstray(SpecKittyError):
    """The worktree of the status log has another branch checked out."""

    code = "COORDINATION_WORKTREE_ASTRAY"


def ensure_status_home(mission: Mission) -> None:
    """Make the coordination worktree of a mission that has one, if it is missing.

    Raises:
        CoordinationBranchMissing: COORDINATION_BRANCH_MISSING.
        CoordinationWorktreeAstray: COORDINATION_WORKTREE_ASTRAY.
        SpecKittyError: WORKTREE_PATH_TAKEN, BRANCH_IN_USE, GIT_FAILED.
    """
    tree, branch = mission.coordination_root, mission.coordination_branch
    if tree is None or branch is None:
        return
    if (tree / ".git").exists():
        _refuse_astray(mission, tree, branch)
        return
    from specify_cli.git.repository import open_repository
    from specify_cli.git.worktrees import add_worktree
    from specify_cli.kernel.locks import file_lock
    from specify_cli.missions.locks import lock_path

    repo = open_repository(mission.root)
    if branch_tip(repo, branch) is None:
        raise CoordinationBranchMissing(
            f"the status of {mission.slug} is on branch {branch}, and there is no such branch here.",
            fix=f"Fetch it from where the mission was made: git fetch <remote> {branch}:{branch}",
            details={"mission_slug": mission.slug, "branch": branch},
        )
    with file_lock(lock_path(repo.common_dir, f"coordination-{mission.slug}")):
        if not (tree / ".git").exists():
            add_worktree(repo, tree, branch=branch, base=None)


def _refuse_astray(mission: Mission, tree: Path, branch: str) -> None:
    try:
        CommitTarget.at(tree, branch)
    except (CommitTargetMismatch, DetachedHead) as error:
        raise CoordinationWorktreeAstray(
            f"the status of {mission.slug} is on branch {branch}, but .worktrees/{tree.name} has "
            "something else checked out.",
            fix=f"git -C .worktrees/{tree.name} switch {branch}",
            details={"mission_slug": mission.slug, "branch": branch, "worktree": tree.name},
        ) from error


def home_capability(
    common_dir: Path, mission: Mission, protected: tuple[str, ...] | None
) -> Capability:
    """Return what bookkeeping may do on the mission's target branch.

    On a protected branch it may keep the mission's files when the mission lives there: that branch
    tracks its `meta.json`, and `meta.json` names no other one.
    """
    branch = mission.target_branch
    if not branch or not protects(common_dir, branch, protected):
        return Capability.STANDARD
    meta = mission.relative(mission.directory / META_FILE)
    tracked = try_git(mission.root, "cat-file", "-e", f"refs/heads/{branch}:{meta}").code == 0
    if tracked:
        return Capability.MISSION_HOME
    # Lifts nothing; whoever is refused then hears what is missing.
    made = (mission.directory / META_FILE).is_file()
    return Capability.UNCOMMITTED_HOME if made else Capability.STANDARD


def completing_identity(
    project: Project,
    mission: Mission,
    capability: Capability,
    protected: tuple[str, ...] | None,
) -> Callable[[], ProjectIdentity]:
    """Return what answers who writes; a project that another client made gets its identity then.

    The configuration that is missing, or lacks a part, is completed and committed by itself, so that
    nothing is left uncommitted and every clone agrees.
    """

    def identify() -> ProjectIdentity:
        from specify_cli.identity.project import IdentityIncomplete, NotInitialized, load_identity

        try:
            return load_identity(project)
        except (NotInitialized, IdentityIncomplete):
            return _completed_identity(project, mission, capability, protected)

    return identify


def _completed_identity(
    project: Project,
    mission: Mission,
    capability: Capability,
    protected: tuple[str, ...] | None,
) -> ProjectIdentity:
    from specify_cli.identity.configuration import establish_identity
    from specify_cli.identity.project import CONFIG_FILE
    from specify_cli.kernel.locks import file_lock
    from specify_cli.missions.locks import lock_path

    if capability is Capability.UNCOMMITTED_HOME:
        folder = mission.relative(mission.directory)
        raise folder_not_committed(folder, mission.target_branch)
    with file_lock(lock_path(project.repository.common_dir, "identity")):
        path = project.root / CONFIG_FILE
        before = path.read_bytes() if path.exists() else None
        identity = establish_identity(project)
        try:
            safe_commit(
                CommitTarget.at(project.root, mission.target_branch),
                [path],
                "Complete the identity of the spec-kitty project",
                capability=capability,
                protected=protected,
            )
        except SpecKittyError:
            _put_back(path, before)
            raise
        return identity


def write_documents(
    project: Project,
    mission: Mission,
    change: StatusChange,
    files: Mapping[Path, bytes],
    message: str,
) -> str | None:
    """Write files of the mission's folder: with the change, or beside it when its log lies elsewhere.

    Args:
        project: The project.
        mission: The mission.
        change: The change in progress, which holds the mission's lock.
        files: Absolute paths in the mission's folder, with their new content.
        message: The commit message where the files get a commit of their own.

    Returns:
        That commit; None where they become part of the change.

    Raises:
        SpecKittyError: WRONG_BRANCH, WRITE_FAILED, SAFE_COMMIT_*: nothing was changed.
    """
    if mission.coordination_root is None:
        for path, data in files.items():
            change.include(path, data)
        return None
    from specify_cli.missions.protection import configured_protection

    target = documents_target(mission)
    refuse_operation(target.worktree_root)
    protected = configured_protection(project.root)
    before = {path: path.read_bytes() if path.exists() else None for path in files}
    try:
        for path, data in files.items():
            DISK.write_atomic(path, data)
        return safe_commit(
            target,
            list(files),
            message,
            capability=home_capability(project.repository.common_dir, mission, protected),
            protected=protected,
        ).sha
    except SpecKittyError:
        for path, content in before.items():
            _put_back(path, content)
        raise


def documents_target(mission: Mission) -> CommitTarget:
    """Return where the mission's documents are committed.

    Raises:
        WrongBranch: WRONG_BRANCH: the main checkout is on another branch, or on none.
    """
    from specify_cli.status.mission_status import WrongBranch

    branch = mission.target_branch
    try:
        return CommitTarget.at(mission.root, branch)
    except (CommitTargetMismatch, DetachedHead) as error:
        raise WrongBranch(
            f"mission {mission.slug} lives on branch {branch}, but the main checkout is not there.",
            fix=f"git switch {branch}",
            details={"expected": branch, "actual": error.details.get("actual")},
        ) from error


def coordination_tip(repo: Repository, mission: Mission) -> str | None:
    """Return the tip of the mission's coordination branch; None when it has none."""
    return branch_tip(repo, mission.coordination_branch) if mission.coordination_branch else None


def _put_back(path: Path, data: bytes | None) -> None:
    if data is None:
        path.unlink(missing_ok=True)
    else:
        DISK.write_atomic(path, data)
