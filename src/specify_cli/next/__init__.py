"""The loop that agents drive a mission with: ask what comes next, report, go on.

`query` changes nothing; `advance` takes a report in and hands the next piece of work out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specify_cli.next.advancing import advance
    from specify_cli.next.asking import query

__all__ = ["advance", "query"]


def __getattr__(name: str) -> object:
    """Load a public function when it is asked for: a question must not pay for an advance."""
    if name == "query":
        from specify_cli.next.asking import query

        return query
    if name == "advance":
        from specify_cli.next.advancing import advance

        return advance
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
