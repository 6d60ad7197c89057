"""The one-time notice about the retired runtime package (000 FR-020)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from specify_cli.cli import runtime_notice

MARKER = Path("spec-kitty", ".spec-kitty-runtime-cutover-notice-shown")


@pytest.fixture
def stale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A search path with the retired package's metadata, and a state folder of the test's own."""
    site = tmp_path / "site-packages"
    (site / "spec_kitty_runtime-0.4.3.dist-info").mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(site), str(tmp_path / "missing")])
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    monkeypatch.delenv(runtime_notice.SUPPRESS_VARIABLE, raising=False)
    return tmp_path


@pytest.mark.proves("000 FR-020")
def test_a_person_with_the_stale_package_is_told_exactly_once(
    stale: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runtime_notice.maybe_notice(json_mode=False)
    first = capsys.readouterr()
    runtime_notice.maybe_notice(json_mode=False)
    second = capsys.readouterr()

    assert "spec-kitty-runtime" in first.err
    assert runtime_notice.MIGRATION_DOCUMENT in first.err
    assert first.out == ""
    assert second.err == ""
    assert (stale / "state" / MARKER).is_file()


@pytest.mark.parametrize(
    "metadata", ["spec_kitty_runtime-0.4.3.dist-info", "Spec-Kitty-Runtime-0.3.egg-info"]
)
def test_every_spelling_of_the_package_metadata_is_recognised(
    stale: Path,
    metadata: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    site = stale / "other"
    (site / metadata).mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(site)])
    runtime_notice.maybe_notice(json_mode=False)
    assert "retired" in capsys.readouterr().err


def test_the_notice_names_a_document_that_exists() -> None:
    root = Path(__file__).parents[3]
    assert (root / runtime_notice.MIGRATION_DOCUMENT).is_file()


@pytest.mark.proves("000 FR-020")
def test_json_output_never_carries_the_notice(
    stale: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runtime_notice.maybe_notice(json_mode=True)
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", "")
    assert not (stale / "state").exists()


def test_the_variable_silences_the_notice_without_using_it_up(
    stale: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(runtime_notice.SUPPRESS_VARIABLE, "1")
    runtime_notice.maybe_notice(json_mode=False)
    assert capsys.readouterr().err == ""
    assert not (stale / "state").exists()


@pytest.mark.parametrize(
    "name", ["spec_kitty_runtime", "spec_kitty_cli-4.0.0.dist-info", "spec_kitty_runtime_x.py"]
)
def test_a_clean_environment_is_told_nothing_and_nothing_is_written(
    stale: Path, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site = stale / "clean"
    (site / name).mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [str(site)])
    runtime_notice.maybe_notice(json_mode=False)
    assert capsys.readouterr().err == ""
    assert not (stale / "state").exists()


def test_a_state_folder_that_cannot_be_made_is_no_error(
    stale: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocker = stale / "a-file"
    blocker.write_text("", encoding="utf-8")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocker))
    runtime_notice.maybe_notice(json_mode=False)
    assert "retired" in capsys.readouterr().err


def test_without_a_state_variable_the_marker_goes_to_the_users_cache(
    stale: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    # The XDG rule says that a relative value is ignored.
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(stale))
    monkeypatch.setenv("USERPROFILE", str(stale))
    runtime_notice.maybe_notice(json_mode=False)
    assert "retired" in capsys.readouterr().err
    assert (stale / ".cache" / MARKER).is_file()


@pytest.mark.proves("000 FR-020")
def test_looking_for_the_package_imports_neither_it_nor_the_metadata_library(stale: Path) -> None:
    site = stale / "site-packages"
    program = (
        "import sys; before = set(sys.modules); sys.path.insert(0, sys.argv[1]);"
        "from specify_cli.cli.runtime_notice import maybe_notice; maybe_notice(False);"
        "new = set(sys.modules) - before;"
        "print(sorted(m for m in new if m.startswith(('importlib.metadata', 'spec_kitty_runtime'))))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(site)], capture_output=True, text=True, check=True
    )
    assert "retired" in done.stderr
    assert done.stdout.strip() == "[]"
