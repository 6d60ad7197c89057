"""The loop that agents drive a mission with: ask what comes next, report, go on.

`query` changes nothing; `advance` takes a report in and hands the next piece of work out.
"""

from specify_cli.next.loop import advance, query

__all__ = ["advance", "query"]
