"""A mistake in the source, and making it in a copy of the tree."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path


class Mutation(NamedTuple):
    """A mistake in the source, and the test that notices it.

    Attributes:
        promise: Which promise of DESIGN.md is broken.
        what: The mistake, in words.
        file: The file below `src`.
        old: A piece of the source, there exactly once.
        new: What takes its place.
        test: The test, as pytest names it.
    """

    promise: str
    what: str
    file: str
    old: str
    new: str
    test: str


class MutationOutdated(Exception):
    """A mutation's piece of source is not there exactly once."""


def mutate(source: Path, mutation: Mutation) -> str:
    """Change a file of a tree and return what it was.

    Raises:
        MutationOutdated: The piece is not there, or more than once.
    """
    path = source / mutation.file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    count = text.count(mutation.old)
    if count != 1:
        raise MutationOutdated(
            f"{mutation.promise}, {mutation.what}: src/{mutation.file} has this {count} times "
            f"instead of once, so tests/crash/mutations/{mutation.promise.lower()}.py must follow "
            f"it:\n{mutation.old}"
        )
    path.write_text(text.replace(mutation.old, mutation.new), encoding="utf-8")
    return text
