"""Counts what a Python process imports and starts; Python loads this by its name at every start.

Only where `SPEC_KITTY_BENCH_COUNTS` names a folder: the process leaves `<its id>.json` there.
"""

import os
import sys

_FOLDER = os.environ.get("SPEC_KITTY_BENCH_COUNTS")
_started: list[str] = []
_last: list[object] = [None]


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    if event == "subprocess.Popen":
        _last[0] = arguments[1]
        _started.append(_name(arguments[0]))
    elif event == "os.posix_spawn":
        # subprocess may use it too, and has said so already.
        if arguments[1] != _last[0]:
            _started.append(_name(arguments[0]))
        _last[0] = None
    elif event in ("os.fork", "os.forkpty", "os.system", "os.spawn"):
        _started.append(event)


def _name(executable: object) -> str:
    return os.path.basename(os.fsdecode(executable)) if executable else "?"  # type: ignore[arg-type]  # noqa: PTH119


def _leave() -> None:
    modules = sorted(sys.modules)
    times = os.times()
    import json

    path = f"{_FOLDER}/{os.getpid()}.json"
    with open(path, "w", encoding="utf-8") as stream:  # noqa: PTH123
        document = {"modules": modules, "started": _started, "cpu": times.user + times.system}
        json.dump(document, stream)


if _FOLDER:
    import atexit

    # Called last, because it is registered first.
    atexit.register(_leave)
    sys.addaudithook(_hook)
