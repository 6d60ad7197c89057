"""One notice, once: the retired runtime package is still installed (000 FR-020).

The package is looked for by the name of its metadata folder. It is never imported, and neither is
`importlib.metadata`, which would cost every command more than the question is worth.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

SUPPRESS_VARIABLE = "SPEC_KITTY_SUPPRESS_RUNTIME_NOTICE"
MIGRATION_DOCUMENT = "docs/migration/spec-kitty-runtime.md"

_METADATA_PREFIX = "spec_kitty_runtime_"
_METADATA_SUFFIXES = (".dist_info", ".egg_info")
_MARKER = Path("spec-kitty", ".spec-kitty-runtime-cutover-notice-shown")


def maybe_notice(json_mode: bool) -> None:
    """Tell a person on stderr, one time per user, that spec-kitty-runtime can be removed.

    Nothing happens with `--json`, when `SPEC_KITTY_SUPPRESS_RUNTIME_NOTICE=1` is set, when the
    notice was shown before, or when the package is not installed. The notice is never an error: a
    marker that cannot be written means that it may be seen again.

    Args:
        json_mode: Whether the command prints JSON; programs get no notices.
    """
    if json_mode or os.environ.get(SUPPRESS_VARIABLE) == "1":
        return
    marker = _marker_path()
    if marker is not None and marker.exists():
        return
    if not _is_installed(sys.path):
        return
    if marker is None or _claim(marker):
        sys.stderr.write(
            "note: the package spec-kitty-runtime is still installed. It is retired and no longer "
            "used: the runtime is part of spec-kitty-cli.\n"
            "      Remove it with: pip uninstall spec-kitty-runtime\n"
            f"      More: {MIGRATION_DOCUMENT} in the project's repository. "
            "This note is shown once.\n"
        )


def _is_installed(search_path: list[str]) -> bool:
    for entry in search_path:
        try:
            names = os.listdir(entry or ".")  # noqa: PTH208 - names are enough; no Path per file
        except OSError:
            # Zip files, and folders that do not exist: sys.path is full of both.
            continue
        for name in names:
            folded = name.lower().replace("-", "_")
            if folded.startswith(_METADATA_PREFIX) and folded.endswith(_METADATA_SUFFIXES):
                return True
    return False


def _marker_path() -> Path | None:
    state = os.environ.get("XDG_STATE_HOME", "")
    # The XDG rule: a relative path is invalid and ignored.
    if state and Path(state).is_absolute():
        return Path(state) / _MARKER
    try:
        return Path.home() / ".cache" / _MARKER
    except RuntimeError:
        return None


def _claim(marker: Path) -> bool:
    """Create the marker; say whether this process is the one that shows the notice."""
    try:
        marker.parent.mkdir(parents=True, exist_ok=True)
    except OSError:
        return True
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return False
    except OSError:
        return True
    return True
