"""Entry point of the `spec-kitty` command."""

from __future__ import annotations

import gc
import sys


def main() -> None:
    """Run the command line; the version is answered without loading it (DESIGN.md D10)."""
    if sys.argv[1:] in (["--version"], ["-V"]):
        from specify_cli import __version__

        print(__version__)
        return
    # Nothing that is made while the program loads is garbage, and looking for some is a twentieth of
    # the start-up time.
    gc.disable()
    from specify_cli.cli.run import run

    gc.freeze()
    gc.enable()
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
