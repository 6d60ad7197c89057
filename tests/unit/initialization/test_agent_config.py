"""Adding, removing and renewing agents' files without losing a byte of the user's."""

from __future__ import annotations

import errno
import json
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from specify_cli.git.repository import open_repository
from specify_cli.identity.project import NotInitialized
from specify_cli.initialization.agent_config import (
    NotAnAgentFile,
    add_agents,
    remove_agents,
    sync_agents,
)
from specify_cli.initialization.agent_list import list_agents
from specify_cli.initialization.agents import AGENT_KEYS, UnknownAgent
from specify_cli.initialization.block import BEGIN, END
from specify_cli.initialization.commands import COMMANDS
from specify_cli.initialization.formats import ORIENTATION, Wanted, command_files
from specify_cli.initialization.manifest import ManifestCorrupt, digest_of, read_manifest
from specify_cli.initialization.places import HomeUnknown, home_place, project_place
from specify_cli.initialization.placing import Plan
from specify_cli.initialization.project_init import init_project
from specify_cli.kernel.files import Disk, WriteFailed
from specify_cli.kernel.gate import check
from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from specify_cli.initialization.agents import Agent
    from specify_cli.initialization.places import Place
    from specify_cli.initialization.report import SetupReport

PLAN = ".claude/commands/spec-kitty.plan.md"
MANIFEST = ".kittify/agents.json"
CONFIG = ".kittify/config.yaml"
needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")


@pytest.fixture
def place(repository: Path, home: Path) -> Place:
    """A project with claude."""
    init_project(open_repository(repository), agents=("claude",))
    return project_place(open_repository(repository))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder of this test's own."""
    folder = tmp_path / "home"
    folder.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(folder))
    for name in ("XDG_STATE_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return folder


def files_below(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


def reasons(report: SetupReport) -> dict[str, str]:
    return {notice.path: notice.reason for notice in report.notices}


def write(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8") if isinstance(text, str) else text)


def shipped(monkeypatch: pytest.MonkeyPatch, path: str, text: str) -> None:
    """Let another version of the program be installed, with another text for one file."""

    def newer(agents: Iterable[Agent], *, home: bool = False) -> dict[str, Wanted]:
        files = command_files(agents, home=home)
        return {name: Wanted(text) if name == path else wanted for name, wanted in files.items()}

    monkeypatch.setattr("specify_cli.initialization.agent_config.command_files", newer)


def test_adding_and_removing_an_agent_leaves_no_trace_of_it(place: Place) -> None:
    before = files_below(place.root)
    added = add_agents(place, ["gemini"])
    assert added.agents == ("claude", "gemini")
    assert len(added.created) == len(COMMANDS) + 1
    assert "GEMINI.md" in added.created
    removed = remove_agents(place, ["gemini"])
    assert set(removed.removed) == set(added.created)
    assert removed.agents == ("claude",)
    assert files_below(place.root) == before
    assert not (place.root / ".gemini").exists()


def test_what_is_said_is_what_is_done_and_a_dry_run_does_nothing(place: Place) -> None:
    before = files_below(place.root)
    for change in (add_agents, remove_agents):
        planned = change(place, ["codex"] if change is add_agents else ["claude"], dry_run=True)
        assert planned.dry_run
        assert files_below(place.root) == before
    planned = add_agents(place, ["codex"], dry_run=True)
    done = add_agents(place, ["codex"])
    assert planned.created == done.created
    after = files_below(place.root)
    assert set(after) - set(before) == set(done.created)
    assert {path for path in before if before[path] != after[path]} == set(done.updated)


def test_a_file_that_several_agents_read_stays_until_the_last_of_them_goes(place: Place) -> None:
    skill = ".agents/skills/spec-kitty-plan/SKILL.md"
    add_agents(place, ["codex", "pi"])
    assert remove_agents(place, ["codex"]).removed == ()
    assert (place.root / skill).is_file()
    assert (place.root / "AGENTS.md").is_file()
    assert skill in remove_agents(place, ["pi"]).removed
    assert not (place.root / ".agents").exists()


def test_removing_keeps_a_file_that_the_user_changed(place: Place) -> None:
    write(place.root / PLAN, "mine\n")
    report = remove_agents(place, ["claude"])
    assert report.kept == (PLAN,)
    assert reasons(report)[PLAN] == "edited"
    assert (place.root / PLAN).read_text() == "mine\n"
    assert [path for path in files_below(place.root) if path.startswith(".claude")] == [PLAN]


def test_a_configured_agent_that_the_program_does_not_know_can_be_removed_only(
    place: Place,
) -> None:
    config = place.root / CONFIG
    config.write_text(config.read_text().replace("- claude", "- claude\n  - roo"))
    report = sync_agents(place)
    assert reasons(report)["roo"] == "unknown_agent"
    assert list_agents(place).document["unknown"] == ["roo"]
    with pytest.raises(UnknownAgent):
        add_agents(place, ["roo"])
    assert remove_agents(place, ["roo"]).agents == ("claude",)
    assert "roo" not in config.read_text()


def test_comments_in_the_configuration_outlive_adding_and_removing(place: Place) -> None:
    config = place.root / CONFIG
    text = config.read_text().replace(
        "  - claude\n", "  # who works here\n  - claude # since May\n"
    )
    config.write_text(text)
    add_agents(place, ["gemini"])
    assert "- gemini" in config.read_text()
    remove_agents(place, ["gemini"])
    assert config.read_text() == text


@pytest.mark.proves("000 C-008")
def test_an_edited_file_is_told_apart_from_one_with_a_newer_version(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(place.root / PLAN, "mine\n")
    (notice,) = sync_agents(place).notices
    assert (notice.path, notice.reason, notice.newer) == (PLAN, "edited", False)
    shipped(monkeypatch, PLAN, "a newer text\n")
    (notice,) = sync_agents(place).notices
    assert (notice.reason, notice.newer) == ("edited", True)
    assert f"agent config sync --take {PLAN}" in notice.message
    assert (place.root / PLAN).read_text() == "mine\n"


@pytest.mark.parametrize("how", [PLAN, f"./{PLAN}", "all", "absolute"])
def test_the_new_version_can_be_taken_and_the_users_is_kept_as_a_copy(
    how: str, place: Place
) -> None:
    write(place.root / PLAN, "mine\r\n")
    given = str(place.root / PLAN) if how == "absolute" else how
    report = sync_agents(place, take=[given])
    assert report.updated == (PLAN,)
    ((path, copy),) = report.copies
    assert path == PLAN
    assert (place.root / copy).read_bytes() == b"mine\r\n"
    assert git(place.root, "check-ignore", copy) == copy
    assert sync_agents(place).kept == ()


def test_a_path_to_take_that_is_no_file_of_the_agents_is_refused(place: Place) -> None:
    for path in ("README.md", "../x", ".kittify/config.yaml", ""):
        with pytest.raises(NotAnAgentFile):
            sync_agents(place, take=[path])


def test_a_file_of_an_earlier_version_is_ours_even_if_the_manifest_came_with_a_pull(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = (place.root / PLAN).read_bytes()
    shipped(monkeypatch, PLAN, "a newer text\n")
    sync_agents(place)
    # Where git ignores the file, the pull brings the manifest alone.
    write(place.root / PLAN, old)
    report = sync_agents(place)
    assert (report.updated, report.kept) == ((PLAN,), ())


class _Stopped(Disk):
    """Writes until it meets a certain text."""

    def write(self, descriptor: int, data: bytes) -> int:
        if data == b"no room\n":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(descriptor, data)


def test_what_was_written_before_a_crash_is_ours_for_the_next_version_too(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = Plan(place, read_manifest(place.manifest))
    status = ".claude/commands/spec-kitty.status.md"
    plan.want({PLAN: Wanted("second\n"), status: Wanted("no room\n")})
    plan.settle(("claude",))
    with pytest.raises(WriteFailed):
        plan.carry_out(disk=_Stopped())
    assert (place.root / PLAN).read_text() == "second\n"
    shipped(monkeypatch, PLAN, "third\n")
    report = sync_agents(place)
    assert report.kept == ()
    assert (place.root / PLAN).read_text() == "third\n"


def test_files_of_agents_that_left_the_configuration_go_with_the_next_sync(place: Place) -> None:
    add_agents(place, ["gemini"])
    write(place.root / ".gemini/commands/spec-kitty.plan.toml", "mine\n")
    config = place.root / CONFIG
    config.write_text(config.read_text().replace("  - gemini\n", ""))
    assert sync_agents(place, keep_orphaned=True).removed == ()
    report = sync_agents(place)
    assert "GEMINI.md" in report.removed
    assert report.kept == (".gemini/commands/spec-kitty.plan.toml",)
    assert (place.root / ".gemini/commands/spec-kitty.plan.toml").read_text() == "mine\n"


def test_a_manifest_of_the_first_version_is_understood(place: Place) -> None:
    manifest = place.root / MANIFEST
    document = json.loads(manifest.read_bytes())
    files = {
        path: entry["sha256"] for path, entry in document["files"].items() if path != "CLAUDE.md"
    }
    old = {**files, PLAN: digest_of("older words\n")}
    manifest.write_text(json.dumps({"version": 1, "files": old}))
    write(place.root / PLAN, "older words\n")
    report = sync_agents(place)
    assert set(report.updated) == {PLAN, MANIFEST}
    again = json.loads(manifest.read_bytes())
    check("agents_manifest", again)
    assert again["agents"] == ["claude"]


@pytest.mark.parametrize("path", ["../outside.md", "/etc/x", "a/../../x", "C:\\x"])
def test_a_manifest_that_leads_elsewhere_is_refused_before_anything_is_deleted(
    path: str, place: Place
) -> None:
    victim = place.root.parent / "outside.md"
    write(victim, "theirs\n")
    manifest = place.root / MANIFEST
    document = json.loads(manifest.read_bytes())
    entry = {"kind": "file", "sha256": digest_of("theirs\n"), "earlier": []}
    document["files"][path] = entry
    manifest.write_text(json.dumps(document))
    with pytest.raises(ManifestCorrupt) as caught:
        sync_agents(place)
    assert MANIFEST in caught.value.fix
    assert victim.read_text() == "theirs\n"


def test_the_users_text_around_the_block_stays_as_it_is(place: Place) -> None:
    write(place.root / "GEMINI.md", b"\xef\xbb\xbf# Ours\r\n\r\nWords.\r\n")
    add_agents(place, ["gemini"])
    data = (place.root / "GEMINI.md").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf# Ours\r\n\r\nWords.\r\n\r\n<!-- spec-kitty:begin")
    assert b"\n" not in data.replace(b"\r\n", b"")
    assert ORIENTATION in data.decode("utf-8").replace("\r\n", "\n")
    assert add_agents(place, ["gemini"]).updated == ()
    remove_agents(place, ["gemini"])
    assert (place.root / "GEMINI.md").read_bytes() == b"\xef\xbb\xbf# Ours\r\n\r\nWords.\r\n"


def test_a_block_that_the_user_changed_or_took_out_stays_so_until_it_is_asked_for(
    place: Place,
) -> None:
    path = place.root / "CLAUDE.md"
    original = path.read_text()
    changed = f"# Ours\n\n{original.replace('## spec-kitty', '## our words')}below\n"
    path.write_text(changed)
    assert reasons(sync_agents(place)) == {"CLAUDE.md": "edited"}
    path.write_text("# Ours\n")
    assert reasons(sync_agents(place)) == {"CLAUDE.md": "block_removed"}
    assert path.read_text() == "# Ours\n"
    assert sync_agents(place, take=["CLAUDE.md"]).updated == ("CLAUDE.md",)
    assert path.read_text() == f"# Ours\n\n{original}"
    path.write_text(changed)
    report = sync_agents(place, take=["CLAUDE.md"])
    assert (place.root / report.copies[0][1]).read_text() == changed
    assert path.read_text() == f"# Ours\n\n{original}below\n"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (f"{BEGIN}\nx\n".encode(), "markers"),
        (f"{END}\n{BEGIN}\n".encode(), "markers"),
        ("héé\n".encode("latin-1"), "not_text"),
        ("words\n".encode("utf-16"), "not_text"),
        (f"{BEGIN}\nnot ours\n{END}\n".encode(), "foreign"),
    ],
)
def test_an_instruction_file_that_cannot_be_edited_safely_is_left_alone(
    content: bytes, reason: str, place: Place
) -> None:
    write(place.root / "GEMINI.md", content)
    report = add_agents(place, ["gemini"])
    assert reasons(report) == {"GEMINI.md": reason}
    assert len(report.created) == len(COMMANDS)
    assert (place.root / "GEMINI.md").read_bytes() == content
    remove_agents(place, ["gemini"])
    assert (place.root / "GEMINI.md").read_bytes() == content


def test_a_command_file_that_is_no_text_is_left_alone(place: Place) -> None:
    write(place.root / PLAN, b"\xff\xfe\x00")
    assert reasons(sync_agents(place)) == {PLAN: "edited"}
    remove_agents(place, ["claude"])
    assert (place.root / PLAN).read_bytes() == b"\xff\xfe\x00"


def test_renewed_files_keep_their_line_ends_and_their_mode(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.root / PLAN
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    path.chmod(0o640)
    shipped(monkeypatch, PLAN, "a newer\ntext\n")
    assert sync_agents(place).updated[0] == PLAN
    assert path.read_bytes() == b"a newer\r\ntext\r\n"
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_write_protected_file_is_not_replaced(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = place.root / PLAN
    before = path.read_bytes()
    path.chmod(0o444)
    shipped(monkeypatch, PLAN, "a newer text\n")
    assert reasons(sync_agents(place)) == {PLAN: "read_only"}
    assert path.read_bytes() == before
    assert PLAN in remove_agents(place, ["claude"]).kept
    assert path.read_bytes() == before
    path.chmod(0o644)


def test_a_write_protected_configuration_stops_everything_with_a_clear_error(place: Place) -> None:
    config = place.root / CONFIG
    config.chmod(0o444)
    before = files_below(place.root)
    changes: tuple[Callable[[], SetupReport], ...] = (
        lambda: add_agents(place, ["gemini"]),
        lambda: init_project(open_repository(place.root), agents=("gemini",)),
    )
    for change in changes:
        with pytest.raises(WriteFailed, match="write-protected"):
            change()
        assert files_below(place.root) == before
    config.chmod(0o644)


@needs_links
def test_a_link_that_leads_out_of_the_project_is_not_followed(place: Place, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    write(outside / "notes.md", "theirs\n")
    (place.root / ".gemini").symlink_to(outside)
    (place.root / "GEMINI.md").symlink_to(outside / "notes.md")
    (place.root / "loop").symlink_to("loop")
    (place.root / ".qwen").symlink_to("loop")
    (place.root / ".augment").symlink_to(".git")
    report = add_agents(place, ["gemini", "qwen", "auggie"])
    outsiders = [path for path, reason in reasons(report).items() if reason == "outside"]
    assert len(outsiders) == 3 * len(COMMANDS) + 1
    assert files_below(outside) == {"notes.md": b"theirs\n"}
    assert not (place.root / ".git/commands").exists()
    remove_agents(place, ["gemini", "qwen", "auggie"])
    assert files_below(outside) == {"notes.md": b"theirs\n"}


@needs_links
def test_a_link_inside_the_project_is_followed_and_stays_a_link(place: Place) -> None:
    add_agents(place, ["codex"])
    remove_agents(place, ["codex"])
    before = (place.root / "CLAUDE.md").read_text()
    (place.root / "AGENTS.md").symlink_to("CLAUDE.md")
    report = add_agents(place, ["codex"])
    assert "AGENTS.md" not in (*report.created, *report.updated, *report.kept)
    assert (place.root / "AGENTS.md").is_symlink()
    assert (place.root / "CLAUDE.md").read_text() == before
    (place.root / "GEMINI.md").symlink_to("docs/words.md")
    add_agents(place, ["gemini"])
    assert (place.root / "GEMINI.md").is_symlink()
    assert BEGIN in (place.root / "docs/words.md").read_text()


def test_files_that_git_ignores_are_written_and_told_about(place: Place) -> None:
    ignore = place.root / ".gitignore"
    ignore.write_text(ignore.read_text() + ".gemini/\n!.claude/\n")
    report = add_agents(place, ["gemini"])
    (notice,) = report.notices
    assert notice.reason == "ignored"
    assert f"{len(COMMANDS)} files" in notice.message
    assert ".gemini/" in notice.message
    assert "agent config sync" in notice.message
    git(place.root, "add", "-A")
    git(place.root, "commit", "-q", "-m", "Set up")
    clone = place.root.parent / "clone"
    git(place.root, "clone", "-q", ".", str(clone))
    there = project_place(open_repository(clone))
    assert not (clone / ".gemini").exists()
    report = sync_agents(there)
    assert len(report.created) == len(COMMANDS)
    assert (report.updated, report.kept) == ((), ())
    assert (clone / "GEMINI.md").read_bytes() == (place.root / "GEMINI.md").read_bytes()


def test_nobody_loses_an_agent_when_two_add_one_at_once(place: Place) -> None:
    with ThreadPoolExecutor(4) as pool:
        keys = ("gemini", "codex", "cursor", "kiro")
        list(pool.map(lambda key: add_agents(place, [key]), keys))
    listed = {a["key"]: a["state"] for a in list_agents(place).document["agents"]}
    assert {key for key, state in listed.items() if state == "ready"} == {"claude", *keys}


@pytest.mark.proves("000 C-008")
def test_the_home_folder_is_touched_only_when_it_is_asked_for(place: Place, home: Path) -> None:
    assert list(home.iterdir()) == []
    before = files_below(place.root)
    report = add_agents(home_place(), ["claude", "copilot"])
    assert f"~/{PLAN}" in report.created
    assert reasons(report) == {"copilot": "no_home"}
    assert report.agents == ("claude",)
    assert files_below(place.root) == before
    assert set(files_below(home)) == {
        *(path.removeprefix("~/") for path in report.created),
        ".local/state/spec-kitty/agents.json",
        ".local/state/spec-kitty/agents.lock",
        ".local/state/spec-kitty/agents.lock.next",
    }
    write(home / PLAN, "mine\n")
    assert reasons(sync_agents(home_place())) == {f"~/{PLAN}": "edited"}
    taken = sync_agents(home_place(), take=[f"~/{PLAN}"])
    assert (home / taken.copies[0][1].removeprefix("~/")).read_text() == "mine\n"
    listed = list_agents(home_place()).document["agents"]
    assert [agent["key"] for agent in listed if agent["configured"]] == ["claude"]
    remove_agents(home_place(), ["claude"])
    assert not (home / ".claude").exists()


def test_init_with_global_puts_commands_into_the_home_folder_and_the_rest_into_the_project(
    repository: Path, home: Path
) -> None:
    report = init_project(open_repository(repository), agents=("claude", "copilot"), home=True)
    assert f"~/{PLAN}" in report.created
    assert (home / PLAN).is_file()
    assert reasons(report) == {"copilot": "no_home"}
    assert not (repository / ".claude").exists()
    assert (repository / "CLAUDE.md").is_file()
    check("agent_setup", report.to_json())
    # Later runs leave it so, until the project's own files are asked for.
    again = init_project(open_repository(repository))
    assert not (repository / ".claude").exists()
    assert again.agents == ("claude", "copilot")
    sync_agents(project_place(open_repository(repository)))
    assert not (repository / ".claude").exists()
    add_agents(project_place(open_repository(repository)), ["claude"])
    assert (repository / PLAN).is_file()
    sync_agents(project_place(open_repository(repository)))
    assert (repository / PLAN).is_file()


def test_a_home_folder_that_is_not_there_is_a_clear_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, repository: Path
) -> None:
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path / "nowhere"))
    with pytest.raises(HomeUnknown):
        home_place()
    with pytest.raises(HomeUnknown):
        init_project(open_repository(repository), agents=("claude",), home=True)
    assert not (repository / ".kittify").exists()
    # Without --global nobody needs one.
    assert init_project(open_repository(repository), agents=("claude",)).kept == ()


def test_the_list_says_what_is_missing_outdated_and_the_users(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    def claude() -> dict[str, object]:
        listing = list_agents(place)
        assert [agent["key"] for agent in listing.document["agents"]] == list(AGENT_KEYS)
        assert "* claude" in listing.to_text()
        return dict(listing.document["agents"][0])

    assert claude()["state"] == "ready"
    write(place.root / PLAN, "mine\n")
    assert (claude()["state"], claude()["kept"]) == ("edited", [PLAN])
    status = ".claude/commands/spec-kitty.status.md"
    shipped(monkeypatch, status, "newer\n")
    assert (claude()["state"], claude()["outdated"]) == ("outdated", [status])
    (place.root / PLAN).unlink()
    assert (claude()["state"], claude()["missing"]) == ("incomplete", [PLAN])


def test_without_a_project_the_fix_is_to_init(repository: Path, home: Path) -> None:
    place = project_place(open_repository(repository))
    changes: tuple[Callable[[], object], ...] = (
        lambda: add_agents(place, ["claude"]),
        lambda: remove_agents(place, ["claude"]),
        lambda: sync_agents(place),
        lambda: list_agents(place),
    )
    for change in changes:
        with pytest.raises(NotInitialized) as caught:
            change()
        assert caught.value.fix == "spec-kitty init"
    assert not (repository / ".kittify").exists()
