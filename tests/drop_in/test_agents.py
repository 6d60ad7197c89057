"""The agents' files of the existing CLI 3.2.7 and ours live side by side (D3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.drop_in.conftest import commit_all

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran
    from tests.drop_in.conftest import ExistingCli

pytestmark = pytest.mark.needs_index
AGENTS = "claude,codex,cursor,windsurf,gemini"
# Both keep a block or lines of their own in these.
SHARED = {
    ".gitignore",
    ".gitattributes",
    "AGENTS.md",
    "GEMINI.md",
    "CLAUDE.md",
    ".kittify/config.yaml",
}


def files_of(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


def test_neither_program_damages_the_agents_files_of_the_other(
    existing: ExistingCli, repository: Path, cli: Callable[..., Ran]
) -> None:
    root = repository
    existing.run(root, "init", "--ai", AGENTS, "--non-interactive")
    theirs = files_of(root)
    commit_all(root, "Set up with the existing CLI")

    ran = cli(root, "init", "--ai", "kiro", "--json")
    assert ran.status == 0, ran.stdout
    assert ran.document["agents"] == [*AGENTS.split(","), "kiro"]
    both = files_of(root)
    for path, data in theirs.items():
        if path in SHARED:
            lines = both[path].decode("utf-8").splitlines()
            assert [line for line in data.decode("utf-8").splitlines() if line not in lines] == []
        else:
            assert both[path] == data, path
    # It ignores the agents' folders; whoever clones is told how to get the commands.
    notices = ran.document["notices"]
    assert {notice["reason"] for notice in notices} == {"ignored"}
    assert any(".claude/" in notice["message"] for notice in notices)

    assert "kiro" in existing.run(root, "agent", "config", "list")
    existing.run(root, "agent", "config", "sync")
    existing.run(root, "init", "--ai", "claude", "--non-interactive")
    after = files_of(root)
    ours = both.keys() - theirs.keys()
    assert {path for path in ours if after.get(path) != both[path]} == set()

    # Removing ours leaves what is theirs.
    assert cli(root, "agent", "config", "remove", "codex", "--json").status == 0
    left = files_of(root)
    assert {path for path in theirs.keys() - SHARED if left.get(path) != after[path]} == set()
    assert "spec-kitty:begin" in left["AGENTS.md"].decode("utf-8")
    assert "spec-kitty:orientation" in left["AGENTS.md"].decode("utf-8")
