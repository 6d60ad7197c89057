"""The existing CLI, installed beside ours so that both are measured in the same run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tools.environments import ROOT, Environment, SetupFailed, find_uv, make_environment

if TYPE_CHECKING:
    from pathlib import Path

REQUIREMENT = "spec-kitty-cli==3.2.7"
FOLDER = ROOT / ".cache" / "peer"


def install() -> tuple[Path | None, str]:
    """Install the existing CLI once; return its command, or None and why it is not there."""
    uv = find_uv()
    environment = Environment(FOLDER, uv)
    command = environment.script("spec-kitty")
    if not command.is_file():
        try:
            FOLDER.parent.mkdir(exist_ok=True)
            environment = make_environment(FOLDER, uv=uv)
            # 3.2.x itself resolves; what it depends on may include releases that were withdrawn.
            environment.install(REQUIREMENT)
        except (SetupFailed, OSError) as failure:
            reason = str(failure).replace(str(ROOT), ".").replace(os.path.expanduser("~"), "~")  # noqa: PTH111
            return None, reason.strip().splitlines()[-1]
    return command, ""
