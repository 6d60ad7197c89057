"""The web framework stays behind one door, and is what the extra says (001 FR-013, DESIGN.md D10)."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source_tree import ROOT, SourceTree, hand_written, planted, refuse

if TYPE_CHECKING:
    from pathlib import Path

FRAMEWORK = ("anyio", "h11", "starlette", "uvicorn")
DOORS = ("specify_cli/orchestrator_api/server.py", "specify_cli/orchestrator_api/serving.py")
SERVER = "specify_cli.orchestrator_api.server"


def the_framework_is_imported_by_the_server_only(tree: SourceTree) -> None:
    """Nobody else imports it, nor the module that does."""
    refuse(
        "only the HTTP server may import a web framework, and only what starts it the server:",
        (
            item
            for item in tree.imports
            if (item.module.partition(".")[0] in FRAMEWORK and item.file not in DOORS)
            or (f"{item.module}.".startswith(f"{SERVER}.") and item.file != DOORS[1])
        ),
    )


def test_the_framework_is_imported_by_the_server_only() -> None:
    the_framework_is_imported_by_the_server_only(hand_written())


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("cli/evil.py", "def late():\n    import uvicorn\n"),
        ("orchestrator_api/evil.py", "from starlette.requests import Request\n"),
        ("cli/evil.py", "from specify_cli.orchestrator_api.server import Served\n"),
        ("orchestrator_api/evil.py", "from specify_cli.orchestrator_api import server\n"),
    ],
)
def test_another_import_of_it_is_caught(tmp_path: Path, file: str, source: str) -> None:
    with pytest.raises(AssertionError, match=rf"specify_cli/{file}"):
        the_framework_is_imported_by_the_server_only(planted(tmp_path, {file: source}))


def test_the_tests_run_with_what_the_extra_installs() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extra = project["project"]["optional-dependencies"]["serve"]
    assert {name.partition(">")[0] for name in extra} == {"starlette", "uvicorn"}
    assert set(extra) <= set(project["dependency-groups"]["test"])
    assert not set(extra) & set(project["project"]["dependencies"])
