"""The documentation is true: the tutorial runs as written, every example conforms, links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from spec_kitty_contracts import gate
from specify_cli.contract.documents import packaged_document
from specify_cli.kernel.yaml import load_yaml
from specify_cli.orchestrator_api import OPERATIONS
from tools import orchestrator_reference
from tools.command_reference import command_reference

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
_BLOCK = re.compile(r"^```(\w+)(?: surface=(\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)")


@pytest.mark.skipif(sys.platform == "win32", reason="the tutorial is written for bash and zsh")
def test_the_tutorial_can_be_followed_as_it_is_written(tmp_path: Path) -> None:
    clone = tmp_path / "clone of spec-kitty"
    clone.mkdir()
    (clone / "examples").symlink_to(ROOT / "examples")
    (clone / ".venv").symlink_to(Path(sys.executable).parent.parent)
    text = (DOCS / "tutorial.md").read_text(encoding="utf-8")
    script = "\n".join(body for kind, _, body in _BLOCK.findall(text) if kind == "sh")
    config = tmp_path / "gitconfig"
    config.write_text("[user]\nname = Nora\nemail = nora@example.org\n", encoding="utf-8")
    bash = shutil.which("bash")
    assert bash is not None
    done = subprocess.run(
        [bash, "-c", script],
        cwd=clone,
        env=os.environ | {"HOME": str(tmp_path), "GIT_CONFIG_GLOBAL": str(config)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        timeout=300,
    )
    said = done.stdout
    assert done.returncode == 0, said
    assert re.search(r"^(Error|fatal):", said, re.MULTILINE) is None, said
    # The one failure that the tutorial tells of is the reviewer's check of WP02.
    assert said.count("FAILED (failures=1)") == 1, said
    signed = ("a decision is needed", "A person decides: approve or reject.", "is closed on")
    work = ("Not finished yet:", "Ben pays Ana 25.83", "and onto main", "no problems.")
    for line in (*work, *signed):
        assert line in said, said


def test_the_program_in_the_guide_to_embedding_runs_as_it_is_written(
    finalized_mission: Path,
) -> None:
    text = (DOCS / "embedding.md").read_text(encoding="utf-8")
    program = "\n".join(body for kind, _, body in _BLOCK.findall(text) if kind == "python")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        cwd=finalized_mission,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0].startswith("door-counter-")
    assert said[1:3] == [
        "WP01 The total planned nobody",
        "WP02 The command line planned nobody",
    ]
    assert said[3] == f"in_progress in {finalized_mission.name}-lane-a"
    assert said[4:6] == ["True", "WP_NOT_FOUND - Work packages of this mission: WP01, WP02."]
    assert said[6].startswith("query ")
    assert said[7] == "[]"
    assert said[8].endswith(" rules are broken")


def test_every_example_in_file_formats_conforms_to_its_contract() -> None:
    text = (DOCS / "file-formats.md").read_text(encoding="utf-8")
    shown = [(surface, kind, body) for kind, surface, body in _BLOCK.findall(text) if surface]
    found = {surface for surface, _, _ in shown}
    assert found == {
        *("mission_meta", "status_row", "status_snapshot", "lanes_manifest", "wp_frontmatter"),
        *("project_config", "run_state", "next_decision", "error", "agents_manifest"),
        "decision_index",
    }
    for surface, kind, body in shown:
        for document in _documents(kind, body):
            assert gate.violations(surface, document) == (), (surface, body)


def test_the_mission_type_in_its_guide_can_be_used_as_it_is_written(tmp_path: Path) -> None:
    from specify_cli.next.mission_types import validate_mission_type

    text = (DOCS / "mission-types.md").read_text(encoding="utf-8")
    (shown,) = [(surface, kind, body) for kind, surface, body in _BLOCK.findall(text) if surface]
    surface, kind, body = shown
    for document in _documents(kind, body):
        assert gate.violations(surface, document) == ()
    path = tmp_path / "mission-runtime.yaml"
    path.write_text(body, encoding="utf-8")
    steps = validate_mission_type(path).description.template.all_steps
    assert [step.id for step in steps] == ["survey", "draw", "sign-off"]


def test_the_command_reference_says_what_the_commands_say() -> None:
    page = (DOCS / "command-reference.md").read_text(encoding="utf-8")
    assert page == command_reference() + "\n", "run: python -m tools.command_reference"


def test_the_reference_of_the_orchestrator_api_says_what_the_schemas_say(tmp_path: Path) -> None:
    assert orchestrator_reference.is_current(), f"run: {orchestrator_reference.COMMAND}"
    page = orchestrator_reference.PAGE.read_text(encoding="utf-8")
    edited = tmp_path / "page.md"
    assert not orchestrator_reference.is_current(edited)
    edited.write_text(page.replace("WP_NOT_FOUND", "WP_LOST", 1), encoding="utf-8")
    assert not orchestrator_reference.is_current(edited)
    for command, operation in OPERATIONS.items():
        section = page.partition(f"\n## {command}\n")[2].partition("\n## ")[0]
        assert "| `USAGE_ERROR` |" in section
        assert ("Reads only." in section) == (operation.method == "GET")
    codes = gate_artefact()["orchestrator_api"]["allowed_error_codes"]
    unused = ("BACKSTOP", "DESTINATION_REF_SHAPE", "NOT_A_WORKTREE")
    never_sent = {f"SAFE_COMMIT_{name}" for name in unused}
    assert {code for code in codes if f"| `{code}` |" not in page} == never_sent


def gate_artefact() -> Any:
    return packaged_document("gate/upstream_contract.json")


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *DOCS.rglob("*.md")],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_every_link_in_the_documentation_leads_to_a_file(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    missing = [link for link in _LINK.findall(text) if not (page.parent / link).exists()]
    assert missing == []


def _documents(kind: str, body: str) -> list[object]:
    if kind == "jsonl":
        return [json.loads(line) for line in body.splitlines()]
    if kind == "yaml":
        return [load_yaml(body.strip().strip("-"), source="docs/file-formats.md")]
    return [json.loads(body)]
