"""`python -m demo`: one mission from an empty repository to merged, tested code."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from demo.cli_runner import DemoFailed
from demo.report import Report
from demo.scripted_agent import ScriptedAgent
from demo.story import Story

if TYPE_CHECKING:
    from collections.abc import Sequence

    from demo.story import MakeAgent

EXAMPLE = Path(__file__).resolve().parent.parent / "examples" / "fairshare"


def main(arguments: Sequence[str] | None = None, *, make_agent: MakeAgent = ScriptedAgent) -> int:
    """Run the demonstration.

    Args:
        arguments: The command line; by default that of this process.
        make_agent: Makes the two agents.

    Returns:
        0 when the mission was merged, its program works, every event row conforms and the budgets
        hold; 1 otherwise, with one sentence on standard error.
    """
    options = _options(arguments)
    report = Report(verbose=options.verbose)
    try:
        if options.keep is None:
            with tempfile.TemporaryDirectory(
                prefix="spec kitty demo ", ignore_cleanup_errors=True
            ) as folder:
                Story(Path(folder).resolve(), EXAMPLE, report, make_agent).tell()
        else:
            Story(_empty_folder(options.keep), EXAMPLE, report, make_agent).tell()
            report.step("kept", f"{options.keep}")
    except DemoFailed as stop:
        report.failure(str(stop))
        return 1
    except KeyboardInterrupt:
        report.failure("interrupted.")
        return 130
    return 0


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument(
        "--keep", metavar="DIR", type=Path, help="work in this empty folder and keep it"
    )
    parser.add_argument(
        "--verbose", action="store_true", help="show every command and the path of every prompt"
    )
    return parser.parse_args(arguments)


def _empty_folder(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise DemoFailed(f"{folder} is not empty; name an empty or new folder with --keep.")
    return folder.resolve()


if __name__ == "__main__":
    sys.exit(main())
