"""Entry point of the `spec-kitty` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line; the version is answered without loading it (DESIGN.md D10)."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from specify_cli import __version__

        print(__version__)
        return
    from specify_cli.cli.app import run

    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
