"""Everything that could apply in a project: loaded once, from a cache when nothing has changed."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from functools import lru_cache
from typing import TYPE_CHECKING, cast

from specify_cli.governance.places import (
    CACHE_FILE,
    CHARTER_FILE,
    CHARTER_TEXT,
    CONFIG_FILE,
    PROJECT_FOLDER,
)

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.governance.compilation import Compilation
    from specify_cli.governance.compiled import Compiled
    from specify_cli.governance.sources import Pack, Sources


def load_catalogue(root: Path) -> Compiled:
    """Return the governance of a project.

    A project that has nothing of its own costs one JSON file. Otherwise the result is kept under
    `.kittify/runtime/`, where that folder is, together with the texts that it was made of.

    Args:
        root: The main checkout.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID with every problem.
        ReadFailed: READ_FAILED: the configuration is not UTF-8.
    """
    if _only_built_in(root):
        from specify_cli.governance.builtin_pack import built_in

        return built_in().compiled
    from specify_cli.governance.problems import refuse

    sources = project_sources(root)
    refuse(sources.problems)
    return _compiled(root, sources)


def project_sources(root: Path) -> Sources:
    """Read what a project says about its governance.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID: its configuration cannot be used.
        ReadFailed: READ_FAILED: the configuration is not UTF-8.
    """
    from specify_cli.governance.sources import read_sources

    return read_sources(root, _packs(root))


def token_budget(root: Path) -> int | None:
    """Return the project's token budget for governance; None without one.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID: its configuration cannot be used.
        ReadFailed: READ_FAILED: the configuration is not UTF-8.
    """
    if not _configures(root, b"token_budget"):
        return None
    from specify_cli.governance.configuration import configured_budget

    return configured_budget(root)


def compile_project(sources: Sources) -> Compilation:
    """Compile a project's governance from its files, with everything that is wrong."""
    from specify_cli.governance.builtin_pack import built_in_declarations
    from specify_cli.governance.compilation import compile_governance

    return compile_governance(built_in_declarations(), sources)


@lru_cache(maxsize=8)
def _compiled(root: Path, sources: Sources) -> Compiled:
    from specify_cli.governance.builtin_pack import built_in
    from specify_cli.governance.problems import refuse
    from specify_cli.kernel.files import DISK, WriteFailed

    key = {"built_in": built_in().fingerprint, "sources": json.loads(json.dumps(sources))}
    cache = root / CACHE_FILE
    with suppress(OSError, ValueError, RecursionError):
        kept = json.loads(cache.read_bytes())
        if isinstance(kept, dict) and kept.get("key") == key:
            return cast("Compiled", kept["compiled"])
    compilation = compile_project(sources)
    refuse(compilation.problems)
    if cache.parent.is_dir():
        # A cache that cannot be written only makes the next call slower.
        with suppress(WriteFailed):
            kept = {"key": key, "compiled": compilation.compiled}
            DISK.write_atomic(cache, json.dumps(kept).encode("utf-8"), durable=False)
    return compilation.compiled


def _only_built_in(root: Path) -> bool:
    own = (PROJECT_FOLDER, CHARTER_FILE, CHARTER_TEXT)
    return not any(os.path.lexists(root / name) for name in own) and not _configures(root, b"packs")


def _configures(root: Path, name: bytes) -> bool:
    """Whether the configuration could set a key of governance; only then it is worth being parsed."""
    try:
        text = (root / CONFIG_FILE).read_bytes()
    except OSError:
        return False
    return b"governance" in text and name in text


def _packs(root: Path) -> tuple[Pack, ...]:
    if not _configures(root, b"packs"):
        return ()
    from specify_cli.governance.packs import configured_packs

    return configured_packs(root)
