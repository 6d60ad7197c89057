"""What command modules declare their commands and options with: cyclopts, when anybody reads it.

Importing cyclopts takes more than half the time of a reading command. A call that `plain_calls` has
understood needs the functions of a command module and not its declarations; for such a process the
names below take any declaration and do nothing with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cyclopts import App as App
    from cyclopts import Parameter as Parameter

_ignored = False


def are_ignored() -> bool:
    """Whether command modules were imported without cyclopts in this process."""
    return _ignored


def ignore_declarations() -> None:
    """Let this process import command modules without cyclopts; it can parse no command line then."""
    global _ignored  # noqa: PLW0603 - a choice for the whole process, made once, before any import
    _ignored = True


def __getattr__(name: str) -> Any:
    """Return a name of cyclopts, or what stands in for it."""
    if name not in ("App", "Parameter"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if _ignored:
        return _Ignored
    import cyclopts

    return getattr(cyclopts, name)


class _Ignored:
    """Takes any declaration."""

    def __init__(self, *_values: object, **_options: object) -> None:
        pass

    def command(self, target: Any = None, **_options: object) -> Any:
        """Leave a function as it is, whether used as a decorator or called with an import path."""
        return target if callable(target) else lambda function: function

    default = command
