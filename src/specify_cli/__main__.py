"""Entry point of the `spec-kitty` command."""

from __future__ import annotations

import gc
import sys

# As in `kernel.stopping`: no module that the interpreter has not loaded.
TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal


def main() -> None:
    """Run the command line; the version is answered without loading it (DESIGN.md D10)."""
    if sys.argv[1:] in (["--version"], ["-V"]) and _told_version():
        return
    if sys.platform != "win32":
        # First of all: a signal waits until there is somebody to answer it.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT, signal.SIGTERM))
    from specify_cli.kernel import stopping

    stopping.install()
    _occupy_closed_streams()
    # Nothing that is made while the program loads is garbage, and looking for some is a twentieth of
    # the start-up time.
    gc.disable()
    from specify_cli.cli.run import run

    gc.freeze()
    gc.enable()
    sys.exit(run(sys.argv[1:]))


def _told_version() -> bool:
    """Print the version; False when that failed, and whoever knows how to complain has to."""
    from specify_cli import __version__

    try:
        sys.stdout.write(f"{__version__}\n")
        sys.stdout.flush()
    except (AttributeError, OSError):
        return False
    return True


def _occupy_closed_streams() -> None:
    """Put the null device where a standard stream is closed; else a file of ours would get its number."""
    import os

    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


if __name__ == "__main__":
    main()
