"""The merge drivers that the existing CLI writes into a project's git configuration; git calls them.

They are not in the list of commands: people have no use for them.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from specify_cli.cli.declaring import Parameter
from specify_cli.cli.options import JsonOption
from specify_cli.cli.outcome import Outcome

if TYPE_CHECKING:
    from specify_cli.git.merge_drivers import MergedFile

Base = Annotated[str, Parameter(help="The common ancestor, %O.")]
Ours = Annotated[str, Parameter(help="The current version, %A; the result is written here.")]
Theirs = Annotated[str, Parameter(help="The version that is brought in, %B.")]


def event_log(base: Base, ours: Ours, theirs: Theirs, /, *, json: JsonOption = False) -> Outcome:
    """Merge two versions of an event log: the rows of both.

    For example:

    ```sh
    spec-kitty merge-driver-event-log %O %A %B
    ```
    """
    from specify_cli.git.merge_drivers import merge_files

    return _outcome(merge_files("event-log", Path(base), Path(ours), Path(theirs)))


def meta(base: Base, ours: Ours, theirs: Theirs, /, *, json: JsonOption = False) -> Outcome:
    """Merge two versions of a mission's `meta.json`, key by key.

    For example:

    ```sh
    spec-kitty merge-driver-meta %O %A %B
    ```
    """
    from specify_cli.git.merge_drivers import merge_files

    return _outcome(merge_files("meta", Path(base), Path(ours), Path(theirs)))


def traces(base: Base, ours: Ours, theirs: Theirs, /, *, json: JsonOption = False) -> Outcome:
    """Merge two versions of a mission's traces: what both sides appended.

    For example:

    ```sh
    spec-kitty merge-driver-traces %O %A %B
    ```
    """
    from specify_cli.git.merge_drivers import merge_files

    return _outcome(merge_files("traces", Path(base), Path(ours), Path(theirs)))


def acceptance_matrix(
    base: Base, ours: Ours, theirs: Theirs, /, *, json: JsonOption = False
) -> Outcome:
    """Merge two versions of an acceptance matrix, criterion by criterion.

    For example:

    ```sh
    spec-kitty merge-driver-acceptance-matrix %O %A %B
    ```
    """
    from specify_cli.git.merge_drivers import merge_files

    return _outcome(merge_files("acceptance-matrix", Path(base), Path(ours), Path(theirs)))


def issue_matrix(base: Base, ours: Ours, theirs: Theirs, /, *, json: JsonOption = False) -> Outcome:
    """Merge two versions of an issue matrix, issue by issue.

    For example:

    ```sh
    spec-kitty merge-driver-issue-matrix %O %A %B
    ```
    """
    from specify_cli.git.merge_drivers import merge_files

    return _outcome(merge_files("issue-matrix", Path(base), Path(ours), Path(theirs)))


def review_cycle(base: Base, ours: Ours, theirs: Theirs, /, *, json: JsonOption = False) -> Outcome:
    """Merge two versions of a review: only one side may have changed it.

    For example:

    ```sh
    spec-kitty merge-driver-review-cycle %O %A %B
    ```
    """
    from specify_cli.git.merge_drivers import merge_files

    return _outcome(merge_files("review-cycle", Path(base), Path(ours), Path(theirs)))


def _outcome(merged: MergedFile) -> Outcome:
    return Outcome(document=merged.to_json(), text="")
