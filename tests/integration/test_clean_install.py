"""The wheel alone, in a fresh environment, drives a mission (000 FR-010, A1)."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.built_wheel import built_wheel

pytestmark = pytest.mark.needs_index

ROOT = Path(__file__).parents[2]
FIVE_MINUTES = 300.0


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The built wheel."""
    return built_wheel(tmp_path_factory, worker_id)


def clean_install(wheel: Path) -> subprocess.CompletedProcess[str]:
    """Run the verification as `make clean-install` does, with a wheel that is there already."""
    return subprocess.run(
        [sys.executable, str(ROOT / "tools" / "clean_install.py"), "--wheel", str(wheel)],
        cwd=wheel.parent,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=FIVE_MINUTES,
    )


@pytest.mark.proves(
    "000 FR-001", "000 FR-010", "000 FR-017", "000 FR-020", "000 NFR-004", "000 C-001", "000 C-007"
)
def test_the_installed_wheel_advances_a_mission_and_emits_rows_that_its_gate_accepts(
    wheel: Path,
) -> None:
    done = clean_install(wheel)
    assert done.returncode == 0, done.stderr
    said = done.stdout.splitlines()
    assert said[0].endswith("without spec-kitty-runtime")
    assert said[1].endswith("by 4 steps: discovery, specify, plan, tasks")
    assert "the gate accepts all" in said[2]
    assert "present it works the same, and says so once" in said[3]


@pytest.mark.proves("000 FR-010")
def test_a_wheel_that_cannot_advance_a_mission_fails_the_verification(
    wheel: Path, tmp_path: Path
) -> None:
    broken = tmp_path / wheel.name
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(broken, "w") as target:
        for name in source.namelist():
            # The gate lets everything pass, as one that fails open would.
            data = source.read(name)
            if name == "spec_kitty_contracts/gate/__init__.py":
                data += b"\n\ndef violations(surface: str, payload: object) -> tuple[()]:\n    return ()\n"
            target.writestr(name, data)
    done = clean_install(broken)
    assert done.returncode == 1
    assert "the gate accepts a legacy key" in done.stderr
