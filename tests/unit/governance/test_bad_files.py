"""Files that cannot be used: a clear error with file and line each, never a traceback."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from specify_cli.governance.builtin_pack import FOLDER, built_in_files
from specify_cli.governance.catalogue import load_catalogue
from specify_cli.governance.context import governance_for
from specify_cli.governance.lint import Finding, lint_governance
from specify_cli.governance.places import ANSWERS_FILE, CHARTER_FILE
from specify_cli.governance.problems import GovernanceInvalid
from tests.unit.governance.governed import OWN, directive, packs, refused, tactic, write

if TYPE_CHECKING:
    from pathlib import Path

ONE_OF_EACH = [
    "directives/ask-when-unclear.directive.yaml",
    "tactics/red-green-refactor.tactic.yaml",
    "styleguides/python.styleguide.yaml",
    "procedures/hand-over.procedure.yaml",
    "toolguides/git.toolguide.yaml",
    "paradigms/simple-design.paradigm.yaml",
    "agent_profiles/reviewer.agent.yaml",
    "actions/plan.actions.yaml",
]
CHARTER = (
    "schema_version: 1\nactivated_tactics:\n  - premortem\npolicies:\n  - topic: a\n    text: b\n"
)


@pytest.mark.parametrize("name", [*ONE_OF_EACH, "charter"])
def test_a_file_cut_off_after_any_line_loads_or_says_where(tmp_path: Path, name: str) -> None:
    file = CHARTER_FILE if name == "charter" else f"{OWN}/{name.rpartition('/')[2]}"
    text = CHARTER if name == "charter" else (FOLDER / name).read_text(encoding="utf-8")
    # Ids of its own, so that nothing is filled in from the built-in item.
    text = text.replace("id: ", "id: X_" if "directive" in name else "id: x-")
    text = text.replace("mission_type: plan", "mission_type: x-plan")
    lines = text.splitlines(keepends=True)
    outcomes = set()
    for count in range(len(lines)):
        whole = "".join(lines[:count])
        # In the middle of a line too, where the files are short.
        for cut in (whole, whole + lines[count][:-3]) if len(lines) < 10 else (whole,):
            write(tmp_path, {file: cut})
            try:
                load_catalogue(tmp_path)
                outcomes.add("loads")
            except GovernanceInvalid as error:
                outcomes.add("refused")
                for problem in error.problems:
                    assert problem.file == file
                    assert problem.line is not None
                    assert 1 <= problem.line <= count + 2, (cut, problem)
    assert "refused" in outcomes
    write(tmp_path, {file: text})
    load_catalogue(tmp_path)


BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [*{old}, *{old}, *{old}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("id: RULE\n\ttitle: x\n", 2, "tab"),
        ("id: RULE\ntitle: [x\n", 3, ""),
        ("id: RULE\nid: OTHER\n", 2, "duplicate"),
        (BOMB, 2, "aliases"),
        ("- a\n- b\n", 1, "not a mapping"),
        ("just words\n", 1, "not a mapping"),
        ("1: x\n", 1, "not a mapping"),
        ("", 1, "not a mapping"),
        ("title: x\n", 1, "id is missing"),
        ("title: x\nid: [x]\n", 2, "id is not a text"),
        (directive("lower case"), 1, "id:"),
        (directive("RULE").replace("required", "sometimes"), 4, "enforcement"),
        (directive("RULE", "validation_criteria: one\n"), 5, "validation_criteria"),
        (directive("RULE", "validation_criteria:\n  - a\n  - 2\n"), 7, "validation_criteria[1]"),
        (directive("RULE", "requirez: []\n"), 5, "requirez"),
        (directive("RULE", "requires: [premortem]\n"), 5, "premortem"),
        ("id: RULE\ntitle: a\x1b[31mb\n", 2, "control character"),
        ("id: RULE\ntitle: a\x00b\n", 2, "control character"),
        (f"id: RULE\na: {'[' * 300_000}\n", 2, "nested"),
        (f"id: RULE\na: {'[x, ' * 3000}\n", 2, "nested"),
        (f"id: RULE\na: {'{x: ' * 3000}\n", 2, "nested"),
        (f"id: RULE\na:\n  {'- ' * 3000}x\n", 3, "nested"),
        ("".join(f"{' ' * level}a:\n" for level in range(1000)), 201, "nested"),
    ],
)
def test_bad_content_is_told_with_its_line(
    tmp_path: Path, text: str, line: int | None, said: str
) -> None:
    file = f"{OWN}/rules/a.directive.yaml"
    problems = refused(write(tmp_path, {file: text}))
    assert {problem[0] for problem in problems} == {file}
    assert problems[0][1] == line
    assert said in problems[0][2]
    assert all("\x1b" not in message for _, _, message in problems)


def test_every_problem_is_told_at_once(tmp_path: Path) -> None:
    files = {
        f"{OWN}/a.directive.yaml": "id: RULE\n\tx: 1\n",
        f"{OWN}/b.tactic.yaml": tactic("ours", "steps: 3\n").replace(
            "steps:\n  - title: Do it\n", ""
        ),
        f"{OWN}/c.yaml": "id: x\n",
        CHARTER_FILE: "activated_tactics: premortem\n",
    }
    found = {(file.rpartition("/")[2], line) for file, line, _ in refused(write(tmp_path, files))}
    assert found == {
        *(("a.directive.yaml", 2), ("b.tactic.yaml", 3), ("c.yaml", None), ("charter.yaml", 1))
    }


def test_a_file_that_is_no_text_or_too_large_is_told(tmp_path: Path) -> None:
    write(tmp_path, {f"{OWN}/b.tactic.yaml": tactic("ours") + "#" * 10_000_000})
    (tmp_path / OWN / "a.tactic.yaml").write_bytes(b"id: \xff\xfe\n")
    (_, _, first), (_, _, second) = refused(tmp_path)
    assert "not UTF-8" in first
    assert "more than 1,000,000 bytes" in second


def test_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path / "project", {f"{OWN}/fine.tactic.yaml": tactic("fine")})
    write(tmp_path, {"outside/a.tactic.yaml": tactic("ours")})
    own = root / OWN
    (own / "a.tactic.yaml").symlink_to(tmp_path / "outside" / "a.tactic.yaml")
    (own / "folder").symlink_to(tmp_path / "outside")
    (own / "gone.tactic.yaml").symlink_to(tmp_path / "nothing")
    (own / "loop.tactic.yaml").symlink_to(own / "loop.tactic.yaml")
    problems = refused(root)
    names = ["a.tactic.yaml", "folder", "gone.tactic.yaml", "loop.tactic.yaml"]
    assert [file.rpartition("/")[2] for file, _, _ in problems] == names
    assert all("leads out" in message for _, _, message in problems)


def test_a_link_inside_the_project_is_fine(tmp_path: Path) -> None:
    root = write(tmp_path, {"shared/a.tactic.yaml": tactic("ours")})
    (root / OWN).mkdir(parents=True)
    (root / OWN / "a.tactic.yaml").symlink_to(root / "shared" / "a.tactic.yaml")
    assert "tactic:ours" in load_catalogue(root)["items"]


def test_a_pack_or_folder_that_links_out_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path / "project", {".kittify/config.yaml": packs("acme")})
    write(tmp_path, {"outside/a.tactic.yaml": tactic("ours"), "acme/README.md": "hello"})
    (tmp_path / "acme" / "a.tactic.yaml").symlink_to(tmp_path / "outside" / "a.tactic.yaml")
    (root / OWN).symlink_to(tmp_path / "outside")
    assert {file for file, _, _ in refused(root)} == {"acme:a.tactic.yaml", OWN}


@pytest.mark.skipif(os.name == "nt", reason="there are no named pipes in folders")
def test_hidden_files_and_other_files_are_left_alone(tmp_path: Path) -> None:
    root = write(tmp_path, {f"{OWN}/.x/a.directive.yaml": "\t", f"{OWN}/README.md": "hello"})
    load_catalogue(root)


def test_bad_governance_keeps_a_context_from_being_made(tmp_path: Path) -> None:
    write(tmp_path, {f"{OWN}/a.directive.yaml": "\t"})
    with pytest.raises(GovernanceInvalid):
        governance_for(tmp_path, mission_type="software-dev", action="implement")


def test_lint_finds_nothing_in_the_built_in_pack(tmp_path: Path) -> None:
    report = lint_governance(tmp_path)
    assert (report.findings, report.layers) == ((), ("built-in",))
    assert report.items == len([f for f in built_in_files() if not f.file.startswith("actions/")])


def test_lint_tells_what_loads_and_is_likely_not_meant(tmp_path: Path) -> None:
    text = "id: STAY_IN_SCOPE\ntitle: Ours\nenforcement: advisory\n"
    files = {
        f"{OWN}/a.directive.yaml": text,
        f"{OWN}/lonely.tactic.yaml": tactic("lonely"),
        f"{OWN}/r.tactic.yaml": tactic("better", "replaces: [tactic:premortem]\n"),
        CHARTER_FILE: (
            "schema_version: 1\nactivated_tactics: [premortem, gone]\ndeactivated:\n"
            "  - item: directive:NO_SECRETS\n  - {item: directive:SPEC_FIDELITY, reason: Small}\n"
        ),
    }
    findings = lint_governance(write(tmp_path, files)).findings
    assert [found.severity for found in findings] == ["warning"] * 4 + ["info"] * 3
    told = "\n".join(found.text for found in findings)
    assert f"warning: {OWN}/a.directive.yaml line 3: directive:STAY_IN_SCOPE: enforcement" in told
    assert f"info: {OWN}/a.directive.yaml line 2: directive:STAY_IN_SCOPE: title" in told
    assert f"{OWN}/lonely.tactic.yaml line 1: nothing makes tactic:lonely apply" in told
    assert "tactic:gone is declared by no layer" in told
    assert "tactic:premortem is replaced by tactic:better" in told
    assert "NO_SECRETS is mandatory and does not apply here: nobody said why" in told
    assert "SPEC_FIDELITY is mandatory and does not apply here: Small" in told


def test_lint_looks_at_the_answers_too(tmp_path: Path) -> None:
    report = lint_governance(write(tmp_path, {ANSWERS_FILE: "answers:\n  - x\n"}))
    [error] = report.errors
    assert isinstance(error, Finding)
    assert (error.file, error.line) == (ANSWERS_FILE, 1)
