"""The built-in pack: written in YAML, read in the compiled form that lies beside it.

`python -m tools.parse_governance` writes both generated files; a test notices when they are stale.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, cast

from specify_cli.governance.places import BUILT_IN

if TYPE_CHECKING:
    from specify_cli.governance.compiled import Compiled
    from specify_cli.governance.declarations import Declaration
    from specify_cli.governance.sources import SourceFile
    from specify_cli.kernel.json_types import JsonObject

FOLDER = Path(__file__).parent / "builtin"
COMPILED = FOLDER / "parsed" / "compiled.json"
"""The catalogue of a project that has nothing of its own."""
DOCUMENTS = FOLDER / "parsed" / "documents.json"
"""The documents by file, for merging higher layers into them."""


class BuiltIn(NamedTuple):
    """The compiled pack.

    Attributes:
        fingerprint: Changes when anything in the pack does.
        compiled: The catalogue.
    """

    fingerprint: str
    compiled: Compiled


@cache
def built_in() -> BuiltIn:
    """Return the compiled pack, read once per process."""
    kept = json.loads(COMPILED.read_bytes())
    return BuiltIn(kept["fingerprint"], cast("Compiled", kept["compiled"]))


def built_in_declarations() -> list[Declaration]:
    """Return what the files of the pack declare, from their parsed form."""
    from specify_cli.governance.declarations import Declaration
    from specify_cli.governance.kinds import kind_of_file
    from specify_cli.governance.sources import SourceFile

    kept = cast("dict[str, JsonObject]", json.loads(DOCUMENTS.read_bytes()))
    found = []
    for file, document in kept.items():
        kind = kind_of_file(file)
        identity = str(document[kind.id_key if kind else "mission_type"])
        found.append(Declaration(kind, identity, SourceFile(BUILT_IN, file, ""), document))
    return found


def built_in_files() -> list[SourceFile]:
    """Read the YAML files of the pack, in the order of their names."""
    from specify_cli.governance.sources import SourceFile
    from specify_cli.kernel.files import read_text

    return [
        SourceFile(BUILT_IN, path.relative_to(FOLDER).as_posix(), read_text(path))
        for path in sorted(FOLDER.glob("*/*.yaml"))
    ]
