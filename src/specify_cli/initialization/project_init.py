"""Setting up spec-kitty in a git repository; running it again adds only what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.identity.configuration import (
    ensure_identity,
    new_config,
    refuse_lost_identity,
    render_config,
)
from specify_cli.identity.project import CONFIG_FILE, Project
from specify_cli.initialization.agent_config import (
    ignored,
    project_files,
    unknown_here,
    wanted_files,
    with_project_commands,
    without_home,
)
from specify_cli.initialization.agents import AGENT_KEYS, check_agents, known_agents
from specify_cli.initialization.attributes import ATTRIBUTES_FILE, with_log_driver
from specify_cli.initialization.config import (
    METADATA_FILE,
    completed_config,
    new_metadata_text,
    read_configured,
)
from specify_cli.initialization.ignore import IGNORE_FILE, with_block
from specify_cli.initialization.manifest import read_manifest
from specify_cli.initialization.places import home_place, project_place
from specify_cli.initialization.placing import Plan
from specify_cli.initialization.report import SetupReport, report_of
from specify_cli.kernel.clock import isoformat, utc_now
from specify_cli.kernel.files import DISK, read_text
from specify_cli.kernel.locks import file_lock

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.git.repository import Repository


def init_project(
    repository: Repository,
    *,
    agents: tuple[str, ...] = (),
    home: bool = False,
    force: bool = False,
) -> SetupReport:
    """Set up spec-kitty in the main checkout of a repository, and commit nothing.

    Args:
        repository: Any checkout of the repository.
        agents: Keys of the agents that get command files, besides those of earlier runs.
        home: Put the commands of these agents below the home folder instead of into the project.
        force: Renew agents' files even where the user has changed them; the user's version is saved.

    Raises:
        UnknownAgent: UNKNOWN_AGENT: nothing was written.
        YamlError: INVALID_YAML: the existing configuration cannot be read; nothing was written.
        ConfigInvalid: CONFIG_INVALID: nothing was written.
        ManifestCorrupt: MANIFEST_CORRUPT: nothing was written.
        ReadFailed: READ_FAILED: nothing was written.
        HomeUnknown: HOME_UNKNOWN: nothing was written.
        WriteFailed: WRITE_FAILED.
        IdentityIncomplete: IDENTITY_INCOMPLETE: the configuration was cut off; nothing was written.
        LockTimeout: LOCK_TIMEOUT.
    """
    chosen = check_agents(agents)
    place = project_place(repository)
    project = Project(root=repository.main_root, repository=repository)
    with file_lock(place.lock):
        text = _read(place.root / CONFIG_FILE)
        if text is not None:
            refuse_lost_identity(project, text)
        configured = read_configured(text) if text is not None else None
        earlier = configured.agents if configured else ()
        everyone = tuple(dict.fromkeys((*earlier, *chosen)))
        manifest = read_manifest(place.manifest)
        # Agents named here get their commands where it was said; the others where they are.
        here = (*manifest.agents, *(() if home else chosen))
        in_project = [name for name in with_project_commands(everyone, here) if name in AGENT_KEYS]
        if home:
            in_project = [name for name in in_project if name in here or name not in chosen]
        wanted = project_files(everyone, in_project)
        plan = Plan(place, manifest, take=wanted if force else ())
        # Only what changed is written, so that a second run leaves every file alone.
        _plan_project(plan, project, text, everyone)
        plan.want(wanted)
        plan.settle(tuple(in_project))
        plans = (plan, _plan_home(chosen)) if home and chosen else (plan,)
        copies = [copy for one in plans for copy in one.carry_out(disk=DISK)]
        identity = ensure_identity(project)
    homeless = without_home(plans[-1].place, chosen) if home and chosen else ()
    return report_of(
        plans,
        everyone,
        notices=(*homeless, *unknown_here(everyone), *ignored(place, wanted)),
        copies=tuple(copies),
        project=(identity.project_uuid, identity.project_slug),
    )


def _plan_project(plan: Plan, project: Project, text: str | None, agents: tuple[str, ...]) -> None:
    config = new_config(project, agents)
    root = plan.place.root
    new = render_config(config) if text is None else completed_config(text, config)
    plan.put(str(CONFIG_FILE), new, needed=True)
    if not (root / METADATA_FILE).exists():
        plan.put(METADATA_FILE, _metadata(), needed=True)
    plan.put(IGNORE_FILE, with_block(_read(root / IGNORE_FILE) or ""))
    plan.put(ATTRIBUTES_FILE, with_log_driver(_read(root / ATTRIBUTES_FILE) or ""))


def _plan_home(chosen: tuple[str, ...]) -> Plan:
    place = home_place()
    manifest = read_manifest(place.manifest)
    plan = Plan(place, manifest)
    agents = known_agents(chosen)
    plan.want(wanted_files(place, agents))
    placed = [agent.key for agent in agents if agent.home_commands is not None]
    plan.settle(tuple(dict.fromkeys((*manifest.agents, *placed))))
    return plan


def _metadata() -> str:
    from specify_cli import __version__

    return new_metadata_text(version=__version__, initialized_at=isoformat(utc_now()))


def _read(path: Path) -> str | None:
    try:
        return read_text(path)
    except FileNotFoundError:
        return None
