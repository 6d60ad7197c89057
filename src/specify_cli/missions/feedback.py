"""What a reviewer wants changed, as a file that the reviewer wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

from specify_cli.kernel.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path


class FeedbackFileMissing(UsageError):
    """The named feedback file does not exist."""

    code = "FEEDBACK_FILE_MISSING"


def read_feedback(path: Path | None) -> str | None:
    """Read a feedback file; no path, no feedback.

    Raises:
        FeedbackFileMissing: FEEDBACK_FILE_MISSING.
        ReadFailed: READ_FAILED.
    """
    if path is None:
        return None
    from specify_cli.kernel.files import read_text

    try:
        return read_text(path)
    except FileNotFoundError as error:
        raise FeedbackFileMissing(
            f"the feedback file {path} does not exist.",
            fix="Write what has to change into a file and name that file.",
            details={"file": path.name},
        ) from error
