"""Compares artefacts that are data and no schema: the cutover artefact, the gate's rules, maps.

The words of the keys say which way a change goes: more of what is `required` or `forbidden` breaks,
more of what is `allowed` does not. Any other value is one that programs rely on as it is.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from specify_cli.contract.schema_changes import SchemaChange

if TYPE_CHECKING:
    from collections.abc import Iterator


def compare_data(old: Any, new: Any, pointer: str = "#") -> Iterator[SchemaChange]:
    """Yield the changes between two data artefacts; keys that begin with `_` are comments."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted({*old, *new}):
            if key.startswith("_"):
                continue
            place = f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in new:
                yield SchemaChange(place, "entry_removed", True, f"{key} is gone")
            elif key not in old:
                breaking = _demands(place)
                yield SchemaChange(place, "entry_added", breaking, f"{key} is new")
            else:
                yield from compare_data(old[key], new[key], place)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(old, new, pointer)
    elif old != new or type(old) is not type(new):
        text = f"{_shown(old)} became {_shown(new)}"
        yield SchemaChange(pointer, "value_changed", True, text)


def _lists(old: list[Any], new: list[Any], pointer: str) -> Iterator[SchemaChange]:
    before, after = {_shown(value) for value in old}, {_shown(value) for value in new}
    demands = _demands(pointer)
    for value in sorted(before - after):
        yield SchemaChange(pointer, "entry_removed", not demands, f"{value} is gone")
    for value in sorted(after - before):
        yield SchemaChange(pointer, "entry_added", demands, f"{value} is new")


def _demands(pointer: str) -> bool:
    """Whether the entries at a place refuse documents, the more the more there are."""
    return any(word in pointer.rpartition("/")[2] for word in ("required", "forbidden"))


def _shown(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False)
