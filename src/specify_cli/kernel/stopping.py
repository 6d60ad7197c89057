"""Being told to stop (Ctrl-C, SIGTERM): one well-formed end, and never in the middle of a change.

The command line installs this before anything else. From then on a signal

- is remembered while the program starts and while modules are imported, where an exception could be
  lost in a callback of the interpreter;
- lets a git process end first, so that none leaves a lock behind;
- is `KeyboardInterrupt` everywhere else, once;
- waits for good as soon as a change is being written, or an answer printed: that answer then stands.
  The signals are blocked for the process, so that a Ctrl-C of the terminal does not reach the git
  processes that commit, either.

In a program that uses these modules as a library nothing is installed and every function does nothing:
its signals are its own.
"""

from __future__ import annotations

import sys

# This is loaded before anything else, and until it is a signal is a traceback: nothing is imported
# here that the interpreter has not loaded already (`signal`, `typing` and `contextlib` it has not).
TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from types import FrameType
else:
    import _signal as signal

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_IMPORTING = "<frozen importlib"


class _Process:
    """What is known of this process's signals.

    Attributes:
        installed: They are handled here.
        held: A signal is only remembered.
        asked: One has come that has not become an exception.
        changing: Something has been changed, or may have been.
    """

    def __init__(self) -> None:
        self.installed = False
        self.held = False
        self.asked = False
        self.changing = False


_process = _Process()


def install() -> None:
    """Take the signals over and hold them until `begin`; one that is ignored stays ignored."""
    _process.installed = _process.held = True
    for number in _SIGNALS:
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, _on_signal)
    _block(False)


def uninstall() -> None:
    """Give the signals back: to a server that handles them itself."""
    if not _process.installed:
        return
    _process.installed = False
    for number in _SIGNALS:
        if signal.getsignal(number) is _on_signal:
            usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
            signal.signal(number, usual)
    _block(False)


def begin() -> None:
    """The program has started: a signal is an exception from now on, one that has come at once.

    Raises:
        KeyboardInterrupt: One has come.
    """
    _process.held = False
    check()


def check() -> None:
    """Notice a signal that was only remembered.

    Raises:
        KeyboardInterrupt: One has come, and none is held back now.
    """
    if _process.asked and not _process.held:
        _process.held = True
        raise KeyboardInterrupt


def hold(*, changing: bool = False) -> None:
    """Hold signals back until the process ends.

    Args:
        changing: Because something is changed from here on; else only because it is being told.

    Raises:
        KeyboardInterrupt: One has come before.
    """
    if not _process.installed:
        return
    if changing:
        check()
        _process.changing = True
    _process.held = True
    _block(True)


def has_changed() -> bool:
    """Whether something has been changed, or may have been."""
    return _process.changing


class Shielded:
    """Holds signals back for as long as another program does something for us.

    Raises:
        KeyboardInterrupt: Afterwards, when one has come.
    """

    def __enter__(self) -> None:
        """Only remember signals."""
        self._before = _process.held
        _process.held = True

    def __exit__(self, *_: object) -> None:
        """Go on as before, and notice what has come."""
        _process.held = self._before
        check()


class LetThrough:
    """Does not hold signals back for once: what is done here may take for ever.

    Raises:
        KeyboardInterrupt: One has come, before or meanwhile.
    """

    def __enter__(self) -> None:
        """Take signals, and notice one that has come."""
        self._before = _process.held
        if not _process.installed:
            return
        _process.held = False
        try:
            _block(False)
            check()
        except KeyboardInterrupt:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        """Hold signals back again if they were before."""
        _process.held = self._before
        if _process.installed and self._before:
            _block(True)


def _on_signal(_: int, frame: FrameType | None) -> None:
    if _process.held or _is_importing(frame):
        _process.asked = True
        return
    # Once: what tidies up and answers now must not be interrupted itself.
    _process.held = True
    raise KeyboardInterrupt


def _is_importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith(_IMPORTING):
            return True
        frame = frame.f_back
    return False


if sys.platform == "win32":

    def _block(_: bool) -> None:
        """Nothing can be blocked there; that the handler only remembers has to do."""
else:

    def _block(on: bool) -> None:
        # Inherited by the processes that are started.
        signal.pthread_sigmask(signal.SIG_BLOCK if on else signal.SIG_UNBLOCK, _SIGNALS)
