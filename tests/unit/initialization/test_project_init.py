from __future__ import annotations

import errno
import os
import sys
import tomllib
from typing import TYPE_CHECKING

import pytest

from specify_cli.git.repository import NotARepository, open_repository
from specify_cli.identity.project import Project, load_identity
from specify_cli.initialization.agents import AGENT_KEYS, AGENTS, UnknownAgent, known_agents
from specify_cli.initialization.commands import COMMANDS
from specify_cli.initialization.formats import Wanted, command_files, command_text
from specify_cli.initialization.ignore import with_block
from specify_cli.initialization.manifest import ManifestCorrupt
from specify_cli.initialization.project_init import init_project
from specify_cli.kernel.files import Disk, ReadFailed, WriteFailed
from specify_cli.kernel.gate import check
from specify_cli.kernel.yaml import YamlError, load_yaml, split_frontmatter
from tests.conftest import git

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.initialization.report import SetupReport

CLAUDE = ".claude/commands/spec-kitty.specify.md"
OLD_CONFIG = """# our project
project:
  uuid: b04c6b86-2dc0-4daa-9031-3648f889f2b1 # keep
  slug: peer1
  node_id: b805cd5cee74
  build_id: 6c191239-d6a9-51fb-a3d8-52dd6ecd6ccb
agents:
  # chosen long ago
  available:
  - claude
  auto_commit: true
mine: yes
"""


def _init(root: Path, *agents: str, force: bool = False) -> SetupReport:
    return init_project(open_repository(root), agents=agents, force=force)


def _files(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


@pytest.mark.proves("001 FR-005")
def test_the_configuration_has_the_three_sections_and_passes_the_gate(repository: Path) -> None:
    report = _init(repository, "claude")
    config = load_yaml((repository / ".kittify/config.yaml").read_text(), source="config.yaml")
    assert isinstance(config, dict)
    check("project_config", config)
    assert {"uuid", "slug"} <= set(config["project"])
    assert set(config["build"]) == set(config["node"]) == {"id"}
    assert config["agents"]["available"] == ["claude"]
    identity = load_identity(Project(repository, open_repository(repository)))
    assert identity.project_uuid == report.project_uuid == config["project"]["uuid"]
    assert identity.build_id == config["build"]["id"]


@pytest.mark.proves("000 C-008")
def test_only_the_project_is_written_and_only_what_was_asked_for(
    repository: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE", "XDG_CONFIG_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home))
    report = _init(repository, "claude")
    assert list(home.iterdir()) == []
    assert set(_files(repository)) == {"README.md", *report.created}
    assert set(report.created) == {
        ".gitattributes", ".gitignore", ".kittify/config.yaml", ".kittify/metadata.yaml", ".kittify/agents.json",
        *(f".claude/commands/spec-kitty.{command.name}.md" for command in COMMANDS), "CLAUDE.md",
    }  # fmt: skip
    assert git(repository, "rev-list", "--count", "HEAD") == "1"


def test_without_agents_no_command_files_are_written(repository: Path) -> None:
    assert set(_init(repository).created) == {
        ".gitattributes", ".gitignore", ".kittify/config.yaml", ".kittify/metadata.yaml", ".kittify/agents.json",
    }  # fmt: skip


def test_nothing_that_is_written_names_this_machine(repository: Path) -> None:
    _init(repository, *AGENT_KEYS)
    written = b"\n".join(_files(repository).values()).decode("utf-8")
    for private in (
        str(repository),
        os.uname().nodename if sys.platform != "win32" else "",
        sys.platform,
    ):
        assert not private or private not in written


def test_a_second_run_changes_nothing(repository: Path) -> None:
    first = _init(repository, "claude", "codex")
    before = _files(repository)
    second = _init(repository, "claude", "codex")
    assert (second.created, second.updated, second.kept) == ((), (), ())
    assert second.project_uuid == first.project_uuid
    assert _files(repository) == before


def test_agents_of_earlier_runs_stay(repository: Path) -> None:
    _init(repository, "claude")
    report = _init(repository, "gemini")
    assert report.agents == ("claude", "gemini")
    assert ".kittify/config.yaml" in report.updated
    (repository / CLAUDE).unlink()
    assert _init(repository).created == (CLAUDE,)


@pytest.mark.proves("000 C-008")
def test_a_command_file_the_user_changed_is_kept_and_reported(repository: Path) -> None:
    _init(repository, "claude")
    (repository / CLAUDE).write_text("my own words\n", encoding="utf-8")
    report = _init(repository, "claude")
    assert report.kept == (CLAUDE,)
    assert (repository / CLAUDE).read_text(encoding="utf-8") == "my own words\n"
    assert CLAUDE in _init(repository, "claude", force=True).updated
    assert (repository / CLAUDE).read_text(encoding="utf-8") != "my own words\n"


def test_a_command_file_that_was_there_before_is_kept(repository: Path) -> None:
    (repository / CLAUDE).parent.mkdir(parents=True)
    (repository / CLAUDE).write_text("another tool's\n", encoding="utf-8")
    assert _init(repository, "claude").kept == (CLAUDE,)
    assert _init(repository, "claude").kept == (CLAUDE,)


def test_a_command_file_of_an_older_version_is_renewed(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _init(repository, "claude")
    newer = {CLAUDE: Wanted("a newer text\n")}
    monkeypatch.setattr("specify_cli.initialization.agent_config.command_files", lambda _: newer)
    assert _init(repository, "claude").updated == (CLAUDE, ".kittify/agents.json")
    assert (repository / CLAUDE).read_text(encoding="utf-8") == "a newer text\n"


def test_line_ends_changed_by_git_are_no_change_of_the_user(repository: Path) -> None:
    _init(repository, "claude")
    path = repository / CLAUDE
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert _init(repository, "claude").kept == ()


def test_an_existing_configuration_is_completed_and_keeps_its_comments(repository: Path) -> None:
    path = repository / ".kittify/config.yaml"
    path.parent.mkdir()
    path.write_text(OLD_CONFIG, encoding="utf-8")
    report = _init(repository, "codex")
    text = path.read_text(encoding="utf-8")
    for line in OLD_CONFIG.splitlines():
        assert line.strip() in text
    config = load_yaml(text, source="config.yaml")
    assert isinstance(config, dict)
    assert config["agents"]["available"] == ["claude", "codex"]
    assert {"vcs", "mission_type_activations", "mine"} <= set(config)
    assert report.project_uuid == "b04c6b86-2dc0-4daa-9031-3648f889f2b1"
    assert _init(repository, "codex").updated == ()


def test_a_configuration_that_cannot_be_read_is_refused_before_anything_is_written(
    repository: Path,
) -> None:
    path = repository / ".kittify/config.yaml"
    path.parent.mkdir()
    for text in ("a: [\n", "- a\n"):
        path.write_text(text, encoding="utf-8")
        before = _files(repository)
        with pytest.raises(YamlError):
            _init(repository, "claude")
        assert _files(repository) == before


def test_an_empty_configuration_is_filled(repository: Path) -> None:
    path = repository / ".kittify/config.yaml"
    path.parent.mkdir()
    path.write_text("# nothing yet\n", encoding="utf-8")
    _init(repository, "claude")
    config = load_yaml(path.read_text(), source="config.yaml")
    check("project_config", config)
    assert path.read_text(encoding="utf-8").startswith("# nothing yet\n")


def test_a_corrupt_manifest_is_refused_and_the_fix_works(repository: Path) -> None:
    _init(repository, "claude")
    manifest = repository / ".kittify/agents.json"
    for text in ("{", "[]", '{"files": 1}'):
        manifest.write_text(text, encoding="utf-8")
        with pytest.raises(ManifestCorrupt):
            _init(repository, "claude")
    manifest.unlink()
    assert _init(repository, "claude").kept == ()


def test_an_unknown_agent_is_refused_with_the_known_ones(repository: Path) -> None:
    before = _files(repository)
    with pytest.raises(UnknownAgent, match="'roo'") as caught:
        _init(repository, "claude", "roo")
    assert (caught.value.code, caught.value.exit_code) == ("UNKNOWN_AGENT", 2)
    assert all(key in caught.value.fix for key in AGENT_KEYS)
    assert _files(repository) == before


def test_a_folder_that_is_no_repository_is_refused_with_git_init(tmp_path: Path) -> None:
    with pytest.raises(NotARepository) as caught:
        _init(tmp_path, "claude")
    assert "git init" in caught.value.fix
    assert list(tmp_path.iterdir()) == []


def test_a_missing_identity_is_completed(repository: Path) -> None:
    path = repository / ".kittify/config.yaml"
    path.parent.mkdir()
    path.write_text("project:\n  uuid: b04c6b86-2dc0-4daa-9031-3648f889f2b1\n", encoding="utf-8")
    report = _init(repository)
    assert report.project_uuid == "b04c6b86-2dc0-4daa-9031-3648f889f2b1"
    check("project_config", load_yaml(path.read_text(), source="config.yaml"))


def test_a_folder_that_is_a_file_is_an_error_and_nothing_is_written(repository: Path) -> None:
    (repository / ".claude").write_text("a file where a folder must be\n", encoding="utf-8")
    before = _files(repository)
    with pytest.raises(ReadFailed, match="spec-kitty"):
        _init(repository, "claude")
    assert _files(repository) == before


class _FullDisk(Disk):
    """Takes a few files and then has no room."""

    def __init__(self, room: int) -> None:
        self._room = room

    def write(self, descriptor: int, data: bytes) -> int:
        self._room -= 1
        if self._room < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(descriptor, data)


@pytest.mark.parametrize("room", [0, 1, 2, 5, 12])
def test_after_a_full_disk_a_second_run_completes_the_first(
    repository: Path, monkeypatch: pytest.MonkeyPatch, room: int
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("specify_cli.initialization.project_init.DISK", _FullDisk(room))
        with pytest.raises(WriteFailed, match="No space left"):
            _init(repository, "claude")
    report = _init(repository, "claude")
    assert report.kept == ()
    assert report.agents == ("claude",)
    assert _init(repository, "claude").created == ()
    assert (repository / CLAUDE).is_file()


def test_from_a_worktree_the_main_checkout_is_set_up(repository: Path, tmp_path: Path) -> None:
    git(repository, "worktree", "add", "-q", "-b", "other", str(tmp_path / "tree"))
    _init(tmp_path / "tree", "claude")
    assert (repository / ".kittify/config.yaml").is_file()
    assert not (tmp_path / "tree" / ".kittify").exists()


def test_every_agent_gets_every_command_in_its_own_format(repository: Path) -> None:
    _init(repository, *AGENT_KEYS)
    assert len(AGENT_KEYS) == 16
    for agent in AGENTS:
        for command in COMMANDS:
            path = agent.commands.replace("{name}", command.name)
            text = command_text(agent, command)
            assert (repository / path).read_text(encoding="utf-8") == text
            assert "{agent}" not in text
            assert "{arguments}" not in text
            assert "spec-kitty " in text
            assert not path.startswith(("/", "~", ".."))
            if path.endswith(".toml"):
                parsed = tomllib.loads(text)
                assert parsed["description"] == command.description
                assert "{{args}}" in parsed["prompt"]
            elif path.endswith("SKILL.md"):
                front, _ = split_frontmatter(text, source=path)
                # Strict clients drop a skill whose name differs from its folder's.
                assert front["name"] == path.split("/")[-2] == f"spec-kitty-{command.name}"
            elif text.startswith("---"):
                assert split_frontmatter(text, source=path)[0]["description"]


def test_agents_that_share_a_folder_share_the_files() -> None:
    everyone = known_agents(["codex", "pi", "letta", "vibe"])
    assert command_files(known_agents(["codex"])) == command_files(everyone)


@pytest.mark.parametrize("before", ["", "*.pyc\n", "*.pyc", "a\r\nb\r\n", "a\n\n"])
def test_the_ignore_block_is_added_once_and_leaves_the_rest_alone(before: str) -> None:
    once = with_block(before)
    assert once.startswith(before.rstrip("\r\n"))
    assert ".kittify/runtime/" in once.splitlines()
    assert with_block(once) == once
    assert ("\r\n" in once) == ("\r\n" in before)


def test_the_ignore_block_is_renewed_in_place() -> None:
    text = "a\n# >>> spec-kitty (old words)\nold/\n# <<< spec-kitty\nb\n"
    renewed = with_block(text).splitlines()
    assert renewed[0] == "a"
    assert renewed[-1] == "b"
    assert "old/" not in renewed
    assert ".worktrees/" in renewed


def test_what_the_program_keeps_for_itself_is_ignored_by_git(repository: Path) -> None:
    _init(repository)
    (repository / ".kittify/runtime").mkdir()
    (repository / ".kittify/runtime/x").touch()
    (repository / ".worktrees").mkdir()
    (repository / ".worktrees/y").touch()
    status = git(repository, "status", "--porcelain", "--untracked-files=all")
    assert "runtime" not in status
    assert ".worktrees" not in status
