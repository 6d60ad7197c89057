"""`spec-kitty status`: the board for people, once or for as long as somebody looks at it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated

from specify_cli.cli.declaring import Parameter
from specify_cli.cli.options import JsonOption, MissionOption
from specify_cli.cli.outcome import Outcome
from specify_cli.cli.selection import select_mission

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.missions.board import MissionBoard
    from specify_cli.missions.mission import Mission

_SECONDS = 2.0
_LEAST, _MOST = 0.1, 86_400
_ENTER, _LEAVE = "\x1b[?1049h\x1b[?25l", "\x1b[?25h\x1b[?1049l"


def status(
    *,
    mission: MissionOption = None,
    watch: Annotated[
        list[float] | None,
        Parameter(
            consume_multiple=True,
            negative="",
            help="Draw it again whenever it changes, looking every so many seconds (2), until Ctrl-C.",
        ),
    ] = None,
    json: JsonOption = False,
) -> Outcome:
    """Show the board: all nine lanes, what is in them, who has it, and what waits on whom.

    On a wide terminal the lanes are columns, else they stand below each other. No colours when
    standard output is no terminal or NO_COLOR is set. `--json` is the document of
    `agent tasks status`.

    For example:

    ```sh
    spec-kitty status
    spec-kitty status --mission todo-app --watch 5
    spec-kitty status --json
    ```
    """
    from specify_cli.missions.board import mission_board

    _, chosen = select_mission(mission)
    if watch is not None:
        _watch(chosen, _interval(watch, as_json=json))
        return Outcome(document={}, text="")
    board = mission_board(chosen)
    text = "" if json else _drawn(board)
    return Outcome(document=board.to_json(), text=text, drawn=True)


def _drawn(board: MissionBoard) -> str:
    from specify_cli.cli.board_view import render_board

    return render_board(board, width=_terminal_width(), colour=_colours())


def _interval(given: list[float], *, as_json: bool) -> float:
    from specify_cli.kernel.errors import UsageError

    seconds = given[0] if given else _SECONDS
    if as_json:
        raise UsageError(
            "--watch draws boards for people; --json prints one document.",
            fix="Leave one of them out.",
        )
    if len(given) > 1 or not _LEAST <= seconds <= _MOST:
        raise UsageError(
            f"--watch takes one number of seconds, from {_LEAST} to {_MOST} (a day).",
            fix="spec-kitty status --watch 5",
        )
    return seconds


def _watch(mission: Mission, seconds: float) -> None:
    """Draw the board now and whenever it changes, until the user stops it or nobody reads it."""
    terminal = sys.stdout.isatty()
    seen: object = None
    shown = ""
    try:
        if terminal:
            sys.stdout.write(_ENTER)
        while True:
            now = (_traces(mission), _terminal_width(), _terminal_height())
            if now != seen:
                seen = now
                text = _current(mission)
                if terminal:
                    _redraw(f"{text}\n\nlooking every {seconds:g} s; Ctrl-C ends")
                elif text != shown:
                    print(f"{text}\n", flush=True)
                shown = text
            if not _wait(seconds, pipe=not terminal):
                return
    except KeyboardInterrupt:
        return
    finally:
        if terminal:
            sys.stdout.write(f"{_LEAVE}{shown}\n")
            sys.stdout.flush()


def _wait(seconds: float, *, pipe: bool) -> bool:
    """Wait so long; False as soon as nobody reads the output any more, where the system tells that."""
    import select
    import time

    if not pipe or not hasattr(select, "poll"):
        time.sleep(seconds)
        return True
    gone = select.poll()
    # No events are asked for: only that the other end was closed is told.
    gone.register(sys.stdout.fileno(), 0)
    return not gone.poll(seconds * 1000)


def _current(mission: Mission) -> str:
    """Return the board as it is now; while somebody is editing its files, what is wrong with them."""
    from specify_cli.kernel.errors import SpecKittyError
    from specify_cli.missions.board import mission_board
    from specify_cli.missions.mission import load_mission

    try:
        return _drawn(mission_board(load_mission(mission.root, mission.slug)))
    except SpecKittyError as error:
        return f"Error: {error.message}\nFix:   {error.fix}"


def _redraw(text: str) -> None:
    lines = text.split("\n")
    height = _terminal_height()
    if height is not None and len(lines) > height:
        hidden = len(lines) - height + 1
        lines = [*lines[: height - 1], f"... {hidden} more lines; a larger window shows them"]
    # Line by line over the old picture: clearing the screen first would flicker.
    sys.stdout.write("\x1b[H" + "\n".join(f"{line}\x1b[K" for line in lines) + "\x1b[J")
    sys.stdout.flush()


def _traces(mission: Mission) -> tuple[object, ...]:
    """Return what changes when the board may have changed, without reading any file."""
    files: list[Path] = [mission.log_file, mission.directory / "meta.json"]
    if mission.tasks_directory.is_dir():
        files += sorted(mission.tasks_directory.iterdir())
    return tuple(_trace(path) for path in files)


def _trace(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:
        return path.name, 0, -1
    return path.name, found.st_mtime_ns, found.st_size


def _terminal_width() -> int | None:
    """Return how wide lines may be; None when nobody says."""
    given = os.environ.get("COLUMNS", "")
    if given.isdecimal() and int(given):
        return int(given)
    size = _terminal_size()
    return size.columns or None if size else None


def _terminal_height() -> int | None:
    size = _terminal_size()
    return size.lines or None if size else None


def _terminal_size() -> os.terminal_size | None:
    try:
        return os.get_terminal_size(sys.stdout.fileno()) if sys.stdout.isatty() else None
    except (OSError, ValueError):
        return None


def _colours() -> bool:
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return sys.stdout.isatty() and not plain
