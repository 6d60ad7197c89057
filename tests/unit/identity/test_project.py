"""The project's identity: read from two layouts, refused when incomplete, cheap when known."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from specify_cli.identity.build import build_id
from specify_cli.identity.node import node_id
from specify_cli.identity.project import (
    CONFIG_FILE,
    IdentityIncomplete,
    NotInitialized,
    load_identity,
)
from specify_cli.kernel.yaml import YamlError
from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from specify_cli.identity.project import Project

UUID = "ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce"
SECTIONS = f"""\
project:
  uuid: {UUID}
  slug: todo
  repo_slug: owner/todo
build:
  id: 01KQ22DT0000000000000000B1
node:
  id: b805cd5cee74
"""
# As 3.2.x writes it.
ONE_SECTION = f"""\
agents:
  available: [claude]
project:
  build_id: 4b6a2e6e-33e4-5f0b-9a3c-3b2a2b1c0d9e
  node_id: b805cd5cee74
  slug: todo
  uuid: {UUID}
vcs:
  type: git
"""


@pytest.mark.proves("001 FR-005")
def test_the_identity_is_read_from_the_three_sections(
    repository: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
) -> None:
    configure(repository, SECTIONS)
    identity = load_identity(open_project(repository))
    assert (identity.project_uuid, identity.project_slug, identity.repo_slug) == (
        UUID,
        "todo",
        "owner/todo",
    )


@pytest.mark.proves("001 FR-005")
def test_an_identity_has_the_five_facts_that_a_payload_needs(
    repository: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
) -> None:
    configure(repository, SECTIONS)
    identity = load_identity(open_project(repository))
    assert identity.build_id == build_id(repository / ".git")
    assert identity == (UUID, "todo", "owner/todo", identity.build_id, node_id(UUID))


@pytest.mark.proves("001 C-004")
@pytest.mark.proves("001 C-005")
def test_the_identity_is_read_from_the_layout_of_the_existing_cli(
    repository: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
) -> None:
    configure(repository, ONE_SECTION)
    identity = load_identity(open_project(repository))
    assert (identity.project_uuid, identity.project_slug, identity.repo_slug) == (
        UUID,
        "todo",
        None,
    )
    assert (repository / CONFIG_FILE).read_text(encoding="utf-8") == ONE_SECTION


@pytest.mark.proves("001 FR-006")
def test_a_worktree_shares_the_project_and_has_a_build_id_of_its_own(
    repository: Path,
    tmp_path: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
) -> None:
    configure(repository, SECTIONS)
    git(repository, "worktree", "add", "-q", str(tmp_path / "lane"), "-b", "lane")
    main, lane = (load_identity(open_project(folder)) for folder in (repository, tmp_path / "lane"))
    assert (main.project_uuid, main.node_id) == (lane.project_uuid, lane.node_id)
    assert main.build_id != lane.build_id
    # The file names the checkout that ran init, which neither of them has to be.
    assert "01KQ22DT0000000000000000B1" not in (main.build_id, lane.build_id)


def test_a_repository_without_configuration_is_told_to_run_init(
    repository: Path, open_project: Callable[[Path], Project]
) -> None:
    with pytest.raises(NotInitialized) as refused:
        load_identity(open_project(repository))
    assert (refused.value.code, refused.value.fix) == ("NOT_INITIALIZED", "spec-kitty init")


@pytest.mark.proves("001 C-007")
@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ("", ["project.uuid", "project.slug", "build.id", "node.id"]),
        ("- a list\n", ["project.uuid", "project.slug", "build.id", "node.id"]),
        ("project: text\n", ["project.uuid", "project.slug", "build.id", "node.id"]),
        (SECTIONS.replace("  slug: todo\n", ""), ["project.slug"]),
        (SECTIONS.replace("  slug: todo\n", "  slug: '  '\n"), ["project.slug"]),
        (SECTIONS.replace("  slug: todo\n", "  slug: true\n"), ["project.slug"]),
        (SECTIONS.split("build:", maxsplit=1)[0], ["build.id", "node.id"]),
        (SECTIONS.replace(UUID, "not-a-uuid"), ["project.uuid"]),
    ],
)
def test_an_incomplete_identity_is_refused_with_what_is_missing(
    repository: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
    text: str,
    missing: list[str],
) -> None:
    configure(repository, text)
    with pytest.raises(IdentityIncomplete) as refused:
        load_identity(open_project(repository))
    assert refused.value.code == "IDENTITY_INCOMPLETE"
    assert refused.value.fix == "spec-kitty init"
    assert refused.value.details["missing"] == missing


def test_a_slug_that_looks_like_a_number_is_a_name(
    repository: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
) -> None:
    configure(repository, SECTIONS.replace("slug: todo", "slug: 2048", 1))
    assert load_identity(open_project(repository)).project_slug == "2048"


def test_broken_yaml_is_refused_with_its_line(
    repository: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
) -> None:
    configure(repository, "project:\n  uuid: a\n  uuid: b\n")
    with pytest.raises(YamlError) as refused:
        load_identity(open_project(repository))
    assert refused.value.details["line"] == 3


def test_a_changed_configuration_is_read_again(
    repository: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
) -> None:
    configure(repository, SECTIONS)
    project = open_project(repository)
    assert load_identity(project).project_slug == "todo"
    configure(repository, SECTIONS.replace("slug: todo", "slug: tasks", 1))
    assert load_identity(project).project_slug == "tasks"


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b'{"config_sha256": "x"}'])
def test_a_damaged_cache_is_ignored(
    repository: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
    damage: bytes,
) -> None:
    configure(repository, SECTIONS)
    project = open_project(repository)
    first = load_identity(project)
    cache = repository / ".git" / "spec-kitty" / "identity.json"
    digest = json.loads(cache.read_bytes())["config_sha256"]
    cache.write_bytes(damage.replace(b'"x"', json.dumps(digest).encode()))
    assert load_identity(project) == first


def test_a_known_configuration_is_read_without_a_yaml_parser(
    repository: Path,
    configure: Callable[[Path, str], None],
    open_project: Callable[[Path], Project],
) -> None:
    configure(repository, SECTIONS)
    load_identity(open_project(repository))
    script = (
        "import sys; from pathlib import Path\n"
        "from specify_cli.git.repository import open_repository\n"
        "from specify_cli.identity.project import Project, load_identity\n"
        "repository = open_repository(Path(sys.argv[1]))\n"
        "load_identity(Project(repository.main_root, repository))\n"
        "print(sorted(m for m in sys.modules if m.startswith(('ruamel', 'pydantic'))))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(repository)], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
