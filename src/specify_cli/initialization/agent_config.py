"""The agents of a project or of a home folder: add, remove, bring up to date, list."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from specify_cli.identity.project import CONFIG_FILE, NotInitialized
from specify_cli.initialization.agents import (
    AGENT_KEYS,
    check_agents,
    known_agents,
    unknown_names,
)
from specify_cli.initialization.config import read_configured, with_agents, without_agents
from specify_cli.initialization.formats import command_files, instruction_files
from specify_cli.initialization.manifest import read_manifest
from specify_cli.initialization.notices import Notice, ignored_by_git, told
from specify_cli.initialization.places import HomeUnknown, home_place
from specify_cli.initialization.placing import Plan
from specify_cli.initialization.report import SetupReport, report_of
from specify_cli.kernel.errors import UsageError
from specify_cli.kernel.files import read_text
from specify_cli.kernel.locks import file_lock

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from contextlib import AbstractContextManager

    from specify_cli.initialization.agents import Agent
    from specify_cli.initialization.formats import Wanted
    from specify_cli.initialization.places import Place

ALL = "all"
"""Instead of paths: replace every file that was kept."""


class NotAnAgentFile(UsageError):
    """A path to take is none of the files that are written for the agents."""

    code = "NOT_AN_AGENT_FILE"


def add_agents(place: Place, keys: Sequence[str], *, dry_run: bool = False) -> SetupReport:
    """Add agents, and write their files.

    Args:
        place: The project, or the home folder (command files only).
        keys: Agents of the table.
        dry_run: Only say what would be done.

    Raises:
        UnknownAgent: UNKNOWN_AGENT: nothing was written.
        NotInitialized: NOT_INITIALIZED.
        YamlError: INVALID_YAML.
        ConfigInvalid: CONFIG_INVALID.
        ManifestCorrupt: MANIFEST_CORRUPT: nothing was written.
        ReadFailed: READ_FAILED: nothing was written.
        WriteFailed: WRITE_FAILED.
        LockTimeout: LOCK_TIMEOUT.
    """
    chosen = check_agents(keys)
    with _locked(place, dry_run=dry_run):
        plan = Plan(place, read_manifest(place.manifest))
        homeless = without_home(place, chosen)
        placed = [key for key in chosen if key not in {notice.path for notice in homeless}]
        with_commands = _joined(plan.manifest.agents, placed)
        agents = with_commands
        if not place.is_home:
            text = _config(place)
            agents = _joined(configured_agents(place), chosen)
            plan.put(str(CONFIG_FILE), with_agents(text, chosen), needed=True)
        wanted = wanted_files(place, known_agents(chosen))
        plan.want(wanted)
        plan.settle(with_commands)
        notices = (*homeless, *ignored(place, wanted))
        copies = () if dry_run else tuple(plan.carry_out())
    return report_of((plan,), agents, notices=notices, copies=copies, dry_run=dry_run)


def remove_agents(place: Place, keys: Sequence[str], *, dry_run: bool = False) -> SetupReport:
    """Remove agents, and their files as far as nobody else needs them and the user has not changed them.

    Args:
        place: The project or the home folder.
        keys: Agents of the table, or others that the configuration lists.
        dry_run: Only say what would be done.

    Raises:
        UnknownAgent: UNKNOWN_AGENT: nothing was written.
        NotInitialized: NOT_INITIALIZED.
        YamlError: INVALID_YAML.
        ConfigInvalid: CONFIG_INVALID.
        ManifestCorrupt: MANIFEST_CORRUPT: nothing was written.
        ReadFailed: READ_FAILED: nothing was written.
        WriteFailed: WRITE_FAILED.
        LockTimeout: LOCK_TIMEOUT.
    """
    with _locked(place, dry_run=dry_run):
        before = configured_agents(place)
        check_agents([key for key in keys if key not in before])
        agents = tuple(name for name in before if name not in keys)
        plan = Plan(place, read_manifest(place.manifest))
        if not place.is_home:
            plan.put(str(CONFIG_FILE), without_agents(_config(place), keys), needed=True)
        needed = wanted_files(place, known_agents(agents))
        theirs = wanted_files(place, known_agents(keys))
        plan.retire([path for path in plan.manifest.files if path in theirs and path not in needed])
        plan.settle(tuple(name for name in plan.manifest.agents if name not in keys))
        if not dry_run:
            plan.carry_out()
    return report_of((plan,), agents, dry_run=dry_run)


def sync_agents(
    place: Place,
    *,
    take: Collection[str] = (),
    keep_orphaned: bool = False,
    dry_run: bool = False,
) -> SetupReport:
    """Bring all agents' files up to date: write missing ones, renew old ones, remove orphaned ones.

    In a project, an agent whose commands are in this user's home folder, and were never written into
    the project, gets none there.

    Args:
        place: The project or the home folder.
        take: Files whose user's version is replaced by ours, after a copy was saved; `ALL` for all.
        keep_orphaned: Leave files of agents that are not configured any more.
        dry_run: Only say what would be done.

    Raises:
        NotAnAgentFile: NOT_AN_AGENT_FILE: a path to take is none of the agents' files.
        NotInitialized: NOT_INITIALIZED.
        YamlError: INVALID_YAML.
        ConfigInvalid: CONFIG_INVALID.
        ManifestCorrupt: MANIFEST_CORRUPT: nothing was written.
        ReadFailed: READ_FAILED: nothing was written.
        WriteFailed: WRITE_FAILED.
        LockTimeout: LOCK_TIMEOUT.
    """
    with _locked(place, dry_run=dry_run):
        plan, agents, wanted = _synced(place, take, keep_orphaned=keep_orphaned)
        notices = (*unknown_here(agents), *ignored(place, wanted))
        copies = () if dry_run else tuple(plan.carry_out())
    return report_of((plan,), agents, notices=notices, copies=copies, dry_run=dry_run)


def plan_for(place: Place) -> tuple[Plan, tuple[str, ...]]:
    """Return what `sync_agents` would do, and the configured agents.

    Raises:
        NotInitialized: NOT_INITIALIZED.
        YamlError: INVALID_YAML.
        ConfigInvalid: CONFIG_INVALID.
        ManifestCorrupt: MANIFEST_CORRUPT.
        ReadFailed: READ_FAILED.
    """
    plan, agents, _ = _synced(place, (), keep_orphaned=True)
    return plan, agents


def configured_agents(place: Place) -> tuple[str, ...]:
    """Return the agents of a project's configuration, or those set up below the home folder.

    Raises:
        NotInitialized: NOT_INITIALIZED.
        YamlError: INVALID_YAML.
        ConfigInvalid: CONFIG_INVALID.
        ManifestCorrupt: MANIFEST_CORRUPT.
    """
    if place.is_home:
        return read_manifest(place.manifest).agents
    configured = read_configured(_config(place))
    return configured.agents if configured else ()


def wanted_files(place: Place, agents: Iterable[Agent]) -> dict[str, Wanted]:
    """Return every file that some agents need in a place."""
    if place.is_home:
        return command_files(agents, home=True)
    chosen = tuple(agents)
    return command_files(chosen) | instruction_files(chosen)


def project_files(agents: Collection[str], with_commands: Collection[str]) -> dict[str, Wanted]:
    """Return every file that agents need in a project, some of them without their commands."""
    files = command_files(known_agents([*with_commands]))
    return files | instruction_files(known_agents([*agents]))


def with_project_commands(agents: Iterable[str], here: Collection[str]) -> tuple[str, ...]:
    """Return the agents whose commands belong into the project, not only into this user's home folder.

    Args:
        agents: The configured agents.
        here: Agents that have commands in the project already.

    Raises:
        ManifestCorrupt: MANIFEST_CORRUPT.
    """
    try:
        at_home = read_manifest(home_place().manifest).agents
    except HomeUnknown:
        at_home = ()
    return tuple(name for name in agents if name in here or name not in at_home)


def without_home(place: Place, keys: Iterable[str]) -> tuple[Notice, ...]:
    """Return a notice for each agent that has no place for commands below the home folder."""
    homeless = [a.key for a in known_agents([*keys]) if place.is_home and a.home_commands is None]
    return tuple(told(key, "no_home") for key in homeless)


def unknown_here(agents: Iterable[str]) -> tuple[Notice, ...]:
    """Return a notice for each configured agent that the table lacks."""
    return tuple(told(name, "unknown_agent") for name in unknown_names([*agents]))


def ignored(place: Place, wanted: Collection[str]) -> tuple[Notice, ...]:
    """Return notices about files that git ignores."""
    return () if place.is_home else tuple(ignored_by_git(place.root, wanted))


def _synced(
    place: Place, take: Collection[str], *, keep_orphaned: bool
) -> tuple[Plan, tuple[str, ...], dict[str, Wanted]]:
    agents = configured_agents(place)
    manifest = read_manifest(place.manifest)
    with_commands = agents
    wanted = wanted_files(place, known_agents(agents))
    if not place.is_home:
        with_commands = with_project_commands(agents, manifest.agents)
        wanted = project_files(agents, with_commands)
    plan = Plan(place, manifest, take=_taken(place, take, wanted))
    plan.want(wanted)
    if not keep_orphaned:
        plan.retire([path for path in manifest.files if path not in wanted])
    plan.settle(tuple(name for name in with_commands if name in AGENT_KEYS))
    return plan, agents, wanted


def _taken(place: Place, take: Collection[str], wanted: Collection[str]) -> frozenset[str]:
    """Return the files to take below the root, however they are written.

    Raises:
        NotAnAgentFile: NOT_AN_AGENT_FILE.
    """
    if ALL in take:
        return frozenset(wanted)
    found = set()
    for given in take:
        path = given.replace("\\", "/").removeprefix("./")
        for front in ("~/", f"{place.root.as_posix()}/"):
            path = path.removeprefix(front)
        if path not in wanted:
            raise NotAnAgentFile(
                f"{given[:200]!r} is not a file that spec-kitty writes for this project's agents.",
                fix="See the files with `spec-kitty agent config list --json`, or use `--take all`.",
                details={"path": given[:200]},
            )
        found.add(path)
    return frozenset(found)


def _config(place: Place) -> str:
    try:
        return read_text(place.root / CONFIG_FILE)
    except FileNotFoundError as error:
        raise NotInitialized(
            f"{CONFIG_FILE} does not exist: this repository is not a spec-kitty project yet.",
            fix="spec-kitty init",
            details={"file": str(CONFIG_FILE)},
        ) from error


def _joined(first: Iterable[str], second: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*first, *second)))


def _locked(place: Place, *, dry_run: bool) -> AbstractContextManager[None]:
    return nullcontext() if dry_run else file_lock(place.lock)
