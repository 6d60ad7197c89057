"""The pages about agents follow from the table, and what they say to type works."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

import pytest

from specify_cli.cli.run import run
from specify_cli.initialization.agents import AGENT_KEYS
from tools.agent_pages import FOLDER, agent_pages

if TYPE_CHECKING:
    from pathlib import Path

_COMMANDS = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_there_is_a_current_page_for_every_agent_and_no_other() -> None:
    pages = agent_pages()
    assert set(pages) == {"index.md", *(f"{key}.md" for key in AGENT_KEYS)}
    on_disk = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.iterdir()}
    assert on_disk == pages, "run: python -m tools.agent_pages"


@pytest.mark.parametrize("name", ["index", "claude", "codex", "copilot"])
def test_what_a_page_says_to_type_works_from_top_to_bottom(
    name: str,
    repository: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    for variable in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(variable, str(home))
    monkeypatch.chdir(repository)
    # A plain call decides for its whole process that commands are not declared.
    monkeypatch.setattr("specify_cli.cli.run.understood", lambda _tokens: None)
    calls = "".join(_COMMANDS.findall(agent_pages()[f"{name}.md"])).splitlines()
    assert len(calls) >= 5
    for call in calls:
        program, *words = shlex.split(call)
        assert program == "spec-kitty"
        assert run(words) == 0, (call, capsys.readouterr())
    left = [path.name for path in repository.iterdir() if path.name.startswith(".")]
    gone = {".git", ".gitattributes", ".gitignore", ".kittify"}
    assert set(left) - ({".claude", ".agents"} if name == "index" else set()) == gone
    assert list(home.rglob("spec-kitty.*")) == []
