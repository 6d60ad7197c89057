from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.identity.project import ConfigInvalid
from specify_cli.missions.protection import configured_protection

if TYPE_CHECKING:
    from pathlib import Path


def _configure(root: Path, text: str) -> None:
    (root / ".kittify").mkdir()
    (root / ".kittify" / "config.yaml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("project: {}\n", None),
        ("protection:\n  protected_branches: [a, b]\n", ("a", "b")),
        ("protection:\n  protected_branches: []\n", ()),
        ("# protected_branches: [a]\n", None),
        ("protection:\n  protected_branches:\n", None),
    ],
)
def test_the_configured_branches_are_read(
    tmp_path: Path, text: str, expected: tuple[str, ...] | None
) -> None:
    _configure(tmp_path, text)
    assert configured_protection(tmp_path) == expected


def test_a_project_without_configuration_has_the_default_protection(tmp_path: Path) -> None:
    assert configured_protection(tmp_path) is None


@pytest.mark.parametrize("value", ["main", "{main: true}", "[1]", "['']"])
def test_a_slip_in_the_setting_never_lifts_the_protection(tmp_path: Path, value: str) -> None:
    _configure(tmp_path, f"protection:\n  protected_branches: {value}\n")
    with pytest.raises(ConfigInvalid):
        configured_protection(tmp_path)
