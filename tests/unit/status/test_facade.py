"""The package's public face."""

from __future__ import annotations

import subprocess
import sys

import pytest

from specify_cli import status


@pytest.mark.proves("002 D-1")
@pytest.mark.parametrize("name", status.__all__)
def test_every_public_name_can_be_had_from_the_package(name: str) -> None:
    assert getattr(status, name) is not None


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = status.nonsense


def test_using_one_name_does_not_import_the_machinery_for_changes() -> None:
    script = (
        "import sys\nfrom specify_cli.status import Lane\n"
        "print([m for m in sys.modules if m.startswith(('specify_cli.git', 'specify_cli.events'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
