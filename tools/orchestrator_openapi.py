"""Writes docs/orchestrator-api.openapi.json: `python -m tools.orchestrator_openapi`.

The document follows from the published schemas and the operations of the API; with `--check`
nothing is written, and the exit status says whether the committed file still follows from them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from specify_cli.orchestrator_api.openapi import openapi_document

PAGE = Path(__file__).resolve().parent.parent / "docs" / "orchestrator-api.openapi.json"
COMMAND = "python -m tools.orchestrator_openapi"


def rendered() -> bytes:
    """Return the content of the file."""
    return (json.dumps(openapi_document(), indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def is_current(page: Path = PAGE) -> bool:
    """Tell whether a file is what the schemas and the operations say."""
    return page.is_file() and page.read_bytes() == rendered()


def main(arguments: list[str]) -> int:
    """Write the file, or with `--check` only compare it; return the exit status."""
    if arguments == ["--check"]:
        if is_current():
            return 0
        print(f"docs/{PAGE.name}: out of date; run: {COMMAND}", file=sys.stderr)
        return 1
    PAGE.write_bytes(rendered())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
