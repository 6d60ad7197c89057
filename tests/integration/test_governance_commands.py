"""The charter commands as they are installed: in a terminal, from a file, with files that are wrong."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from specify_cli.kernel.gate import check
from specify_cli.kernel.yaml import load_yaml
from tests.conftest import COMMAND, Ran, git

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE = Path(__file__).parents[2] / "docs" / "governance.md"
BLOCK = re.compile(r"^```(\w+)(?: surface=(\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture
def project(repository: Path, cli: Callable[..., Ran]) -> Path:
    assert cli(repository, "init", "--json").status == 0
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Set up")
    return repository


def test_the_page_can_be_followed_and_its_files_work_together(
    project: Path, cli: Callable[..., Ran]
) -> None:
    shown = BLOCK.findall(PAGE.read_text(encoding="utf-8"))
    files = {surface: body for _, surface, body in shown if surface}
    assert len(files) == 5
    for surface, body in files.items():
        check(surface, load_yaml(body, source=surface))
    (project / "answers.yaml").write_text(files.pop("charter_answers"), encoding="utf-8")
    own = project / ".kittify" / "governance"
    own.mkdir()
    ends = {"action_index": "actions", "agent_profile": "agent"}
    for surface, body in files.items():
        kind = surface.removeprefix("governance_")
        (own / f"x.{ends.get(kind, kind)}.yaml").write_text(body, encoding="utf-8")
    [merge] = [body for _, _, body in shown if body.startswith("id: STAY_IN_SCOPE")]
    (own / "scope.directive.yaml").write_text(merge, encoding="utf-8")
    commands = "".join(body for kind, _, body in shown if kind == "sh")
    ran = []
    for line in commands.splitlines():
        words = line.partition("#")[0].strip()
        if words.startswith("spec-kitty") and not words.endswith("interview"):
            arguments = [word.strip('"') for word in re.findall(r'"[^"]*"|\S+', words)[1:]]
            ran.append(cli(project, *arguments))
            assert ran[-1].status == 0, (words, ran[-1])
    assert len(ran) == 8
    said = cli(project, "charter", "context", "--action", "implement").stdout
    for words in ("Data engineer", "Tests need no network", "Lock files may change", "make check"):
        assert words in said
    [program] = [body for kind, _, body in shown if kind == "python"]
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=project, capture_output=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr
    assert "must directive INDEPENDENT_REVIEW sha256:" in done.stdout


def test_lint_tells_errors_with_file_and_line_and_ends_with_one(
    project: Path, cli: Callable[..., Ran]
) -> None:
    bad = project / ".kittify" / "governance" / "a.directive.yaml"
    bad.parent.mkdir()
    bad.write_text(
        "id: RULE\ntitle: Rule\nintent: x\nenforcement: required\nrequires: [tactic:no]\n"
    )
    linted = cli(project, "charter", "lint", "--json")
    assert linted.status == 1
    assert linted.document["error_code"] == "GOVERNANCE_INVALID"
    [problem] = linted.document["details"]["problems"]
    assert (problem["file"], problem["line"]) == (".kittify/governance/a.directive.yaml", 5)
    asked = cli(project, "charter", "context", "--action", "plan", "--json")
    assert (asked.status, asked.document["message"]) == (1, linted.document["message"])
    text = cli(project, "charter", "lint")
    assert "a.directive.yaml line 5: requires names tactic:no" in text.stdout


def test_every_worktree_and_folder_is_governed_alike(
    project: Path, cli: Callable[..., Ran], tmp_path: Path
) -> None:
    assert cli(project, "charter", "activate", "premortem", "--json").document["changed"]
    git(project, "worktree", "add", "-q", str(tmp_path / "lane"))
    inner = project / "src"
    inner.mkdir()
    asked = ("charter", "context", "--action", "plan", "--json")
    answers = [cli(folder, *asked).document for folder in (project, inner, tmp_path / "lane")]
    assert answers[0] == answers[1] == answers[2]
    assert answers[0]["charter"]["activated"] == ["tactic:premortem"]


def test_a_repository_that_is_no_project_is_told(repository: Path, cli: Callable[..., Ran]) -> None:
    ran = cli(repository, "charter", "activate", "premortem", "--json")
    assert (ran.status, ran.document["error_code"]) == (1, "NOT_INITIALIZED")
    assert not (repository / ".kittify").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pseudo-terminals")
def test_the_interview_asks_in_a_terminal(project: Path) -> None:
    import pty

    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [str(COMMAND), "charter", "interview"],
        cwd=project,
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    os.close(follower)
    os.write(leader, b"A door counter\n" + b"\n" * 9 + b"By decision\n")
    said, asked = process.communicate(timeout=60)
    os.close(leader)
    assert process.returncode == 0, asked
    assert said.startswith("Kept: 2 answers.")
    assert asked.count("> ") == 11
    kept = load_yaml(
        (project / ".kittify/charter/interview/answers.yaml").read_text("utf-8"), source="answers"
    )
    assert isinstance(kept, dict)
    answers = {topic: text for topic, text in kept["answers"].items() if text}
    assert answers == {"project_intent": "A door counter", "exception_policy": "By decision"}


def test_a_budget_is_set_by_name_and_the_prompt_says_what_it_left_out(
    project: Path, cli: Callable[..., Ran]
) -> None:
    assert cli(project, "config", "set", "governance.token_budget", "much", "--json").status == 2
    changed = cli(project, "config", "set", "governance.token_budget", "700", "--json")
    assert changed.document["value"] == 700
    check(
        "project_config",
        load_yaml((project / ".kittify" / "config.yaml").read_text("utf-8"), source="x"),
    )
    git(project, "commit", "-q", "-am", "Set a budget")
    assert cli(project, "specify", "Which pump", "--mission-type", "research").status == 0
    handed = cli(project, "next", "--agent", "claude", "--result", "success", "--json").document
    prompt = Path(handed["prompt_file"]).read_text(encoding="utf-8")
    assert "Token budget 700." in prompt
    left = prompt.partition("### Left out")[2].partition("\n### ")[0]
    assert "it does not fit into the token budget of 700" in left
    assert "paradigm:evidence-based" in left
    must = prompt.partition("### You must follow")[2].partition("\n### ")[0]
    for name in ("CITE_SOURCES", "NO_SECRETS", "ASK_WHEN_UNCLEAR"):
        assert f"`directive:{name}`" in must
