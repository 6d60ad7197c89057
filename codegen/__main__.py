"""`python -m codegen vendor | regen | check`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from codegen.drift import check
from codegen.locks import locked_wheel_hash, tool_findings
from codegen.pinned import hash_findings, read_pinned, vendored_files, write_pinned
from codegen.regenerate import generated_files, write_generated
from codegen.tree import PipelineError, Tree
from codegen.upstream import DISTRIBUTION, installed_version, wheel_artefacts

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command of the pipeline.

    Args:
        arguments: Command line without the program's name.

    Returns:
        0 when all is well, 1 with messages on stderr when it is not.
    """
    parser = argparse.ArgumentParser(prog="python -m codegen", description=__doc__)
    parser.add_argument("command", choices=tuple(_COMMANDS))
    parser.add_argument(
        "--root",
        type=Path,
        default=Path(__file__).resolve().parents[1],
        help="checkout to work on (default: this one)",
    )
    options = parser.parse_args(arguments)
    tree = Tree(options.root)
    try:
        print(_COMMANDS[options.command](tree))
    except PipelineError as error:
        for finding in error.findings:
            print(finding, file=sys.stderr)
        return 1
    return 0


def vendor(tree: Tree) -> str:
    """Copy the artefacts of the installed events package into the tree and pin every file.

    Returns:
        What was done, in a sentence.

    Raises:
        PipelineError: The package is not installed, or a vendored file has no known origin.
    """
    artefacts = wheel_artefacts()
    before = vendored_files(tree)
    for name in before:
        if name.startswith("events/") and name not in artefacts:
            (tree.vendored / name).unlink()
    for name, data in artefacts.items():
        path = tree.vendored / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    after = vendored_files(tree)
    write_pinned(tree, after, installed_version(), locked_wheel_hash(tree.root, DISTRIBUTION))
    changed = sum(before.get(name) != after.get(name) for name in {*before, *after})
    return (
        f"Vendored {DISTRIBUTION} {installed_version()}: {len(artefacts)} files, {changed} changed; "
        f"{len(after)} files are pinned."
    )


def regenerate(tree: Tree) -> str:
    """Write the generated package anew from the pinned contract files.

    Returns:
        What was done, in a sentence.

    Raises:
        PipelineError: A hash is wrong, a patch does not apply, a generator has another version.
    """
    findings = hash_findings(vendored_files(tree), read_pinned(tree)) + tool_findings(tree.root)
    if findings:
        raise PipelineError(*findings)
    files = generated_files(tree.root)
    changed = write_generated(tree.generated, files)
    return f"Generated {len(files)} files, {len(changed)} changed."


def verify(tree: Tree) -> str:
    """Compare the contracts, the locked wheel and the generated package.

    Returns:
        That all is well.

    Raises:
        PipelineError: Something is out of step.
    """
    findings = check(tree.root)
    if findings:
        raise PipelineError(*findings)
    return "The contracts, the locked wheel and the generated code agree."


_COMMANDS: Final = {"vendor": vendor, "regen": regenerate, "check": verify}

if __name__ == "__main__":
    sys.exit(main())
