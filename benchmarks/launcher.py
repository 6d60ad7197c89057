"""Starts one command, waits for it, and writes down what it cost.

A program of its own, and a small one: the kernel counts the memory of the process that starts another
as the other's, so what starts the command must be smaller than anything that is measured. Run as
`python -I -S launcher.py RESULT LIMIT STDOUT STDERR COMMAND...`.
"""

import os
import signal
import sys
import time


def main() -> None:
    """Run the command that the arguments name and write its cost as JSON."""
    result, limit, out, err, *argv = sys.argv[1:]
    cost = _waited(float(limit), out, err, argv)
    with open(result, "w", encoding="utf-8") as stream:  # noqa: PTH123  (pathlib is not small)
        stream.write(cost)


def _waited(limit: float, out: str, err: str, argv: list[str]) -> str:
    if sys.platform == "win32" or not hasattr(os, "wait4"):
        return _timed_only(limit, out, err, argv)
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    files = [
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 1, out, flags, 0o600),
        (os.POSIX_SPAWN_OPEN, 2, err, flags, 0o600),
    ]
    late = []

    def stop(_signal: int, _frame: object) -> None:
        late.append(True)
        os.killpg(pid, signal.SIGKILL)

    signal.signal(signal.SIGALRM, stop)
    started = time.perf_counter()
    pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=files, setpgroup=0)
    signal.setitimer(signal.ITIMER_REAL, limit)
    _, status, usage = os.wait4(pid, 0)
    seconds = time.perf_counter() - started
    signal.setitimer(signal.ITIMER_REAL, 0)
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return _document(
        pid,
        os.waitstatus_to_exitcode(status),
        seconds,
        f"{usage.ru_utime + usage.ru_stime:.6f}",
        str(peak),
        late=bool(late),
    )


def _timed_only(limit: float, out: str, err: str, argv: list[str]) -> str:
    import subprocess
    from pathlib import Path

    with Path(out).open("wb") as stdout, Path(err).open("wb") as stderr:
        started = time.perf_counter()
        child = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr)
        try:
            status, late = child.wait(limit), False
        except subprocess.TimeoutExpired:
            child.kill()
            status, late = child.wait(), True
        seconds = time.perf_counter() - started
    return _document(child.pid, status, seconds, "null", "null", late=late)


def _document(pid: int, status: int, seconds: float, cpu: str, peak: str, *, late: bool) -> str:
    """Return the JSON document; the json module is not loaded for it."""
    return (
        f'{{"pid": {pid}, "status": {status}, "seconds": {seconds:.6f}, "cpu": {cpu}, '
        f'"peak": {peak}, "late": {"true" if late else "false"}}}'
    )


if __name__ == "__main__":
    main()
