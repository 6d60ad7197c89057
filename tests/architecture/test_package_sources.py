"""The committed configuration takes the sibling packages from an index, in ranges (seed 000)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.package_sources import lock_problems, pyproject_problems, repository_problems

ROOT = Path(__file__).parents[2]

GOOD = """
[project]
name = "spec-kitty-cli"
dependencies = ["spec-kitty-events>=6.1,<7", "spec-kitty-tracker>=0.4,<0.6"]
"""
GOOD_LOCK = """
[[package]]
name = "spec-kitty-events"
version = "6.1.0"
source = { registry = "https://index.example.invalid/simple" }

[[package]]
name = "spec-kitty-tracker"
version = "0.5.2"
source = { registry = "https://index.example.invalid/simple" }
"""


@pytest.mark.proves(
    "000 FR-006", "000 FR-007", "000 FR-008", "000 FR-013", "000 C-004", "000 C-005"
)
def test_the_committed_configuration_takes_the_siblings_from_an_index_in_ranges() -> None:
    assert repository_problems(ROOT) == []


def test_a_sound_configuration_passes() -> None:
    assert pyproject_problems(GOOD) == []
    assert lock_problems(GOOD_LOCK) == []


EVIL_REQUIREMENTS = {
    "exact pin": "spec-kitty-events==6.1.0",
    "exact pin with spaces and an extra": "Spec_Kitty.Events [conformance] == 6.1.0",
    "arbitrary equality": "spec-kitty-tracker===0.5.2",
    "a range of one version": "spec-kitty-events>=6.1.0,<=6.1.0",
    "exact pin behind a marker": "spec-kitty-events==6.1.0; python_version < '3.13'",
    "no version": "spec-kitty-events",
    "no upper bound": "spec-kitty-events>=6.1",
    "no lower bound": "spec-kitty-tracker<0.6",
    "git": "spec-kitty-events @ git+https://example.invalid/events.git",
    "file": "spec-kitty-tracker @ file:///home/x/tracker",
    "direct url": "spec-kitty-events@https://example.invalid/events-6.1.0-py3-none-any.whl",
    "the retired package": "spec-kitty-runtime>=0.4",
    "the retired package spelt otherwise": "Spec_Kitty.Runtime==0.4.3",
}
PLACES = {
    "dependencies": '[project]\ndependencies = ["{}"]',
    "an extra": '[project.optional-dependencies]\nall = ["{}"]',
    "a group": '[dependency-groups]\ndev = ["{}"]',
    "the build": '[build-system]\nrequires = ["{}"]',
    "an override": '[tool.uv]\noverride-dependencies = ["{}"]',
    "another tool's list": '[tool.hatch.envs.test]\nextra-dependencies = ["{}"]',
}


@pytest.mark.proves("000 FR-006", "000 FR-007", "000 C-004", "000 C-005")
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", EVIL_REQUIREMENTS)
def test_an_evil_requirement_is_refused_wherever_it_stands(kind: str, place: str) -> None:
    problems = pyproject_problems(PLACES[place].format(EVIL_REQUIREMENTS[kind]))
    assert len(problems) == 1, problems
    assert "spec-kitty-" in problems[0]


EVIL_TABLES = {
    "path": '[tool.uv.sources]\nspec-kitty-events = { path = "../events" }',
    "editable path": '[tool.uv.sources]\nspec-kitty-events = { path = "../e", editable = true }',
    "git": '[tool.uv.sources]\nspec-kitty-tracker = { git = "https://example.invalid/t" }',
    "url": '[tool.uv.sources]\nSpec_Kitty_Tracker = { url = "https://example.invalid/t.whl" }',
    "workspace": "[tool.uv.sources]\nspec-kitty-events = { workspace = true }",
    "one of several": '[tool.uv.sources]\nspec-kitty-events = [{ index = "x" }, { path = "../e" }]',
    "the retired package": '[tool.uv.sources]\nspec-kitty-runtime = { index = "x" }',
    "another tool": '[tool.poetry.dependencies]\nspec-kitty-events = { path = "../e", develop = true }',
    "another tool's pin": '[tool.poetry.dependencies]\nspec-kitty-events = { version = "==6.1.0" }',
    "another tool's plain pin": '[tool.poetry.dependencies]\nspec-kitty-tracker = "==0.5.2"',
    "a local index": '[[tool.uv.index]]\nname = "x"\nurl = "file:///home/x/index"',
    "local wheels": '[tool.uv]\nfind-links = ["./wheels"]\n[tool.x]\nfind-links = "./wheels"',
}


@pytest.mark.proves("000 FR-006", "000 FR-013", "000 C-005")
@pytest.mark.parametrize("kind", EVIL_TABLES)
def test_an_evil_source_table_is_refused(kind: str) -> None:
    problems = pyproject_problems(EVIL_TABLES[kind])
    assert len(problems) == 1, problems


@pytest.mark.parametrize("sibling", ["spec-kitty-events", "spec-kitty-tracker"])
def test_a_project_that_no_longer_declares_a_sibling_is_refused(sibling: str) -> None:
    text = GOOD.replace(sibling, "other")
    assert pyproject_problems(text) == [f"project.dependencies lacks {sibling}"]


EVIL_LOCKS = {
    "editable": GOOD_LOCK.replace(
        'registry = "https://index.example.invalid/simple"', 'editable = "../e"', 1
    ),
    "git": GOOD_LOCK.replace(
        'registry = "https://index.example.invalid/simple"', 'git = "https://e.invalid"', 1
    ),
    "directory": GOOD_LOCK.replace(
        'registry = "https://index.example.invalid/simple"', 'directory = "../e"', 1
    ),
    "a local index": GOOD_LOCK.replace("https://index.example.invalid/simple", "../wheels", 1),
    "not locked": GOOD_LOCK.replace("spec-kitty-events", "other"),
    "locked twice": GOOD_LOCK + GOOD_LOCK.split("[[package]]")[1].join(["[[package]]", ""]),
    "no exact version": GOOD_LOCK.replace('version = "6.1.0"\n', ""),
    "the retired package": GOOD_LOCK
    + '[[package]]\nname = "spec-kitty-runtime"\nversion = "0.4.3"',
    "a dependency on the retired package": GOOD_LOCK
    + '[[package]]\nname = "x"\ndependencies = [{ name = "spec-kitty-runtime" }]',
    "a required path": GOOD_LOCK
    + '[[package]]\nname = "spec-kitty-cli"\n[package.metadata]\n'
    + 'requires-dist = [{ name = "spec-kitty-events", path = "../e" }]',
}


@pytest.mark.proves("000 FR-008", "000 FR-013")
@pytest.mark.parametrize("kind", EVIL_LOCKS)
def test_an_evil_lock_file_is_refused(kind: str) -> None:
    assert len(lock_problems(EVIL_LOCKS[kind])) == 1, lock_problems(EVIL_LOCKS[kind])


def test_a_missing_lock_file_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(GOOD, encoding="utf-8")
    assert repository_problems(tmp_path) == ["uv.lock: the file is missing"]
