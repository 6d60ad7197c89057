"""What `spec-kitty init` asks, and whom."""

from __future__ import annotations

import io
import json
import sys
from typing import TYPE_CHECKING

import pytest

from specify_cli.cli.run import run

if TYPE_CHECKING:
    from pathlib import Path


class _Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("typed", "agents"), [("claude, codex\n", ["claude", "codex"]), ("\n", [])]
)
def test_a_person_is_asked_once_which_agents_work_here(
    typed: str,
    agents: list[str],
    repository: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(repository)
    monkeypatch.setattr("specify_cli.cli.run.understood", lambda _tokens: None)
    asked = _Terminal()
    with monkeypatch.context() as terminal:
        terminal.setattr(sys, "stdin", _Terminal(typed))
        terminal.setattr(sys, "stderr", asked)
        assert run(["init"]) == 0
    assert "Which agents will work here?" in asked.getvalue()
    assert "claude, codex, gemini" in asked.getvalue()
    capsys.readouterr()
    # Without a terminal, and with --json, nobody is asked, and what was chosen stays.
    assert run(["init", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["agents"] == agents
