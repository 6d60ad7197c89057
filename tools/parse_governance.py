"""Writes the compiled form of the built-in governance pack: `python -m tools.parse_governance`.

The pack is written in YAML; reading that on every call of `next` would cost half a second. A test
notices when the generated files do not follow from the YAML.
"""

from __future__ import annotations

from specify_cli.governance.builtin_pack import COMPILED, DOCUMENTS, built_in_files
from specify_cli.governance.compilation import compile_governance
from specify_cli.governance.compiled import content_hash
from specify_cli.governance.declarations import declarations
from specify_cli.governance.problems import Problem, refuse
from specify_cli.governance.sources import Sources
from specify_cli.kernel.files import json_document


def generated() -> dict[str, bytes]:
    """Return the two generated files by name.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID: the pack has a problem.
    """
    problems: list[Problem] = []
    found = declarations(built_in_files(), problems)
    refuse(problems)
    compilation = compile_governance(found, Sources((), None, None, ()))
    refuse(compilation.problems)
    documents = json_document({part.file: part.document for part in found})
    fingerprint = content_hash(documents.decode("utf-8"))
    compiled = {"fingerprint": fingerprint, "compiled": compilation.compiled}
    return {DOCUMENTS.name: documents, COMPILED.name: json_document(compiled)}


def main() -> None:
    """Write both."""
    COMPILED.parent.mkdir(exist_ok=True)
    for name, data in generated().items():
        (COMPILED.parent / name).write_bytes(data)
        print(f"wrote {name}")


if __name__ == "__main__":
    main()
