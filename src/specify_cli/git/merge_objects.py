"""Merging JSON documents by their parts: `meta.json` by key, the matrices also by row.

What both sides changed differently is a conflict. It is shown in documents that agree in everything
else, so that the markers stand around it and nothing more.
"""

from __future__ import annotations

import json
from itertools import product
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from specify_cli.git.merge_rows import Texts
from specify_cli.kernel.files import json_document

if TYPE_CHECKING:
    from collections.abc import Callable

ONCE_TRUE = frozenset(
    {
        *("accept_commit", "acceptance_mode", "accepted_at", "accepted_by"),
        *("baseline_merge_commit", "merge_strategy", "merged_at", "merged_by", "merged_commit"),
        "mission_number",
    }
)
"""Keys of `meta.json` that are filled once and never emptied: a value wins over none."""

ROW_IDS = ("criterion_id", "invariant_id", "issue")
"""What the rows of a matrix are known by."""

_ABSENT: Final = object()


class _Three(NamedTuple):
    """One value in its three versions, each possibly absent; merged when ours is theirs."""

    base: Any
    ours: Any
    theirs: Any


def merged_meta(texts: Texts) -> Texts | None:
    """Merge two versions of a `meta.json` key by key; None if one of the three is no JSON object.

    The result is written as this project writes JSON files. It does not pass the gate: a merge of
    what others wrote must not fail because of what they wrote.
    """
    return _merged(texts, _settled_fact, lambda document, _: json_document(document))


def merged_matrix(texts: Texts) -> Texts | None:
    """Merge two versions of a matrix: by key, and lists of rows by the row's id.

    None if one of the three is no JSON object. A row is never mixed from both sides. The result is
    laid out as ours is.
    """
    return _merged(texts, _settled_rows, _laid_out)


def _merged(
    texts: Texts,
    settle: Callable[[str, _Three], _Three],
    render: Callable[[dict[str, Any], bytes], bytes],
) -> Texts | None:
    try:
        three = _Three(*(_object(text) for text in (texts.base or b"{}", *texts[1:])))
        merged = _merged_objects(three, settle)
        return Texts(*(render(document, texts.ours) for document in merged))
    except (ValueError, RecursionError):
        return None


def _merged_objects(three: _Three, settle: Callable[[str, _Three], _Three]) -> _Three:
    merged = _Three({}, {}, {})
    for key in dict.fromkeys((*three.ours, *three.theirs)):
        value = _three_way(_Three(*(side.get(key, _ABSENT) for side in three)))
        if not _same(value.ours, value.theirs):
            value = settle(key, value)
        for side, found in zip(merged, value, strict=True):
            if found is not _ABSENT:
                side[key] = found
    return merged


def _three_way(value: _Three) -> _Three:
    """Take what only one side has changed; a conflict stays as it is."""
    if _same(value.ours, value.base):
        return _Three(*[value.theirs] * 3)
    if _same(value.theirs, value.base) or _same(value.ours, value.theirs):
        return _Three(*[value.ours] * 3)
    return value


def _settled_fact(key: str, value: _Three) -> _Three:
    if key in ONCE_TRUE:
        filled = [side for side in value[1:] if side is not _ABSENT and side is not None]
        if len(filled) == 1:
            return _Three(*filled * 3)
    return _conflict(value)


def _settled_rows(_key: str, value: _Three) -> _Three:
    lists = [[] if side is _ABSENT else side for side in value]
    named = next((name for name in ROW_IDS if all(_is_keyed(rows, name) for rows in lists)), None)
    if named is None:
        return _conflict(value)
    sides = _Three(*({_known_by(row, named): row for row in rows} for rows in lists))
    merged = _merged_objects(sides, lambda _, row: _conflict(row))
    return _Three(*(list(side.values()) for side in merged))


def _conflict(value: _Three) -> _Three:
    """Leave the value out of the base where both sides have one, so that all of it is in conflict."""
    both = value.ours is not _ABSENT and value.theirs is not _ABSENT
    return value._replace(base=_ABSENT) if both else value


def _is_keyed(rows: object, name: str) -> bool:
    if not isinstance(rows, list):
        return False
    ids = [row.get(name) if isinstance(row, dict) else None for row in rows]
    return all(isinstance(found, str | int) for found in ids) and len(
        {json.dumps(found) for found in ids}
    ) == len(ids)


def _known_by(row: dict[str, Any], name: str) -> str:
    return json.dumps(row[name])


def _same(one: object, other: object) -> bool:
    if one is _ABSENT or other is _ABSENT:
        return one is other
    # As text: for Python 1, 1.0 and True are equal.
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _object(text: bytes) -> dict[str, Any]:
    document = json.loads(text, object_pairs_hook=_without_doubles)
    if isinstance(document, dict):
        return document
    raise ValueError("not a JSON object")


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands there twice: one of the two would be lost")
    return found


def _laid_out(document: dict[str, Any], like: bytes) -> bytes:
    """Render a document in the form that another one has: key order, escapes, final newline."""
    original = _object(like)
    for in_order, escaped, end in product((True, False), (False, True), ("\n", "")):
        before, after = (
            json.dumps(value, indent=2, sort_keys=in_order, ensure_ascii=escaped) + end
            for value in (original, document)
        )
        if before.encode("utf-8") == like:
            return after.encode("utf-8")
    return json_document(document)
