"""What CI runs is what the requirements on the code's quality ask for."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.architecture.test_documents import documents
from tools.environments import clean_variables, find_uv

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def recipe(target: str) -> str:
    """Return the commands of a make target, with those of the targets it depends on."""
    match = re.search(
        rf"^{target}:(?P<needs>[^#\n]*)[^\n]*\n(?P<body>(?:\t.*\n?)*)", MAKEFILE, re.M
    )
    assert match is not None, f"the Makefile has no target {target}"
    needed = [name for name in match["needs"].split() if name in {"lint", "types", "lock-check"}]
    return match["body"] + "".join(recipe(name) for name in needed)


@pytest.mark.proves("000 C-010", "000 FR-010")
@pytest.mark.parametrize("failing", ["none", "test", "check", "clean-install"])
def test_ci_runs_the_tests_the_checks_and_a_clean_installation(
    tmp_path: Path, failing: str
) -> None:
    log = tmp_path / "log"
    stub = tmp_path / "make"
    stub.write_text(
        f'#!/bin/sh\nfor word; do case "$word" in -*) ;; *) echo "$word" >> "{log}"; '
        f'[ "$word" = "{failing}" ] && exit 1;; esac; done\nexit 0\n',
        encoding="utf-8",
    )
    stub.chmod(0o755)
    variables = {**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", str(ROOT / ".ci" / "run")], env=variables, capture_output=True)

    targets = log.read_text(encoding="utf-8").split()
    if failing == "none":
        assert done.returncode == 0
        assert {"test", "check", "clean-install"} <= set(targets)
    else:
        assert done.returncode != 0
        assert targets[-1] == failing


@pytest.mark.proves("000 C-010")
def test_every_target_that_ci_and_the_documents_name_can_be_made() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / ".ci" / "run", *documents())]
    named = {name for text in texts for name in re.findall(r"`make ([a-z][a-z-]*)`", text)}
    loop = re.search(r"for target in (.*); do", texts[0])
    assert loop is not None
    targets = sorted(named | set(loop[1].split()))
    assert {"test", "check", "clean-install", "demo", "bench"} <= set(targets)
    for target in targets:
        recipe(target)
    done = subprocess.run(
        ["make", "--dry-run", *targets], cwd=ROOT, capture_output=True, text=True, encoding="utf-8"
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.proves("000 NFR-002", "004 C-005")
def test_the_check_runs_strict_typing_over_all_hand_written_and_generated_code() -> None:
    [typing] = [line for line in recipe("check").splitlines() if "mypy" in line]
    for folder in ("src/specify_cli", "src/generated/spec_kitty_contracts", "codegen", "tests"):
        assert folder in typing.split()
    settings = PYPROJECT["tool"]["mypy"]
    assert settings["strict"] is True
    assert [o for o in settings.get("overrides", []) if "ignore_errors" in o] == []


@pytest.mark.proves("000 NFR-002", "004 C-005")
def test_the_hand_written_and_the_generated_code_pass_strict_typing() -> None:
    folders = ("src/specify_cli", "src/generated/spec_kitty_contracts", "codegen")
    done = subprocess.run(
        [sys.executable, "-m", "mypy", *folders],
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.proves("000 NFR-002", "004 C-005")
@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("def untyped(x):\n    return x\n", "no-untyped-def"),
        ("def wrong() -> int:\n    return 'text'\n", "return-value"),
        ("x: list = []\n", "type-arg"),
    ],
)
def test_the_type_checker_refuses_what_strict_refuses(
    tmp_path: Path, source: str, code: str
) -> None:
    evil = tmp_path / "evil.py"
    evil.write_text(source, encoding="utf-8")
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml")]
    done = subprocess.run(
        [*command, "--cache-dir", str(tmp_path / "cache"), str(evil)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert f"[{code}]" in done.stdout


@pytest.mark.proves("000 NFR-001", "001 NFR-001", "004 NFR-005")
def test_the_suite_fails_below_90_percent_of_lines() -> None:
    settings = PYPROJECT["tool"]["coverage"]
    assert settings["report"]["fail_under"] >= 90
    assert "specify_cli" in settings["run"]["source"]
    excluded = settings["report"].get("omit", []) + settings["run"].get("omit", [])
    assert excluded == []
    body = recipe("test")
    assert re.search(r"coverage run\b.*pytest", body)
    assert re.search(r"coverage report", body)
    assert "fail-under" not in body


def test_the_suite_checks_the_list_of_requirements_against_what_ran() -> None:
    body = recipe("test")
    [folder] = set(re.findall(r"SPEC_KITTY_OUTCOMES=(\S+)", body))
    assert re.search(rf"tests\.requirements_check {re.escape(folder)}", body)


@pytest.mark.needs_index
@pytest.mark.proves("000 NFR-005", "000 FR-008")
def test_the_lock_file_follows_from_the_project_file(tmp_path: Path) -> None:
    uv = find_uv()
    assert uv is not None, "uv is needed: run `make test`, or put uv on the search path"
    for name in ("pyproject.toml", "uv.lock", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tmp_path / name)
    version = tmp_path / "src" / "specify_cli" / "__init__.py"
    version.parent.mkdir(parents=True)
    shutil.copy(ROOT / "src" / "specify_cli" / "__init__.py", version)

    def lock_check() -> int:
        command = [str(uv), "lock", "--check", "--quiet", "--python", sys.executable]
        done = subprocess.run(command, cwd=tmp_path, env=clean_variables(), capture_output=True)
        return done.returncode

    assert lock_check() == 0
    project = tmp_path / "pyproject.toml"
    text = project.read_text(encoding="utf-8")
    project.write_text(
        text.replace('"spec-kitty-tracker>=0.4', '"spec-kitty-tracker>=0.3'), "utf-8"
    )
    assert lock_check() != 0
