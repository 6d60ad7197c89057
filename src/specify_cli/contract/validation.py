"""Checks files against a contract and reports everything that is wrong with them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from specify_cli.contract.documents import surface as find_surface
from specify_cli.contract.parsed_file import Unparsable, read_documents
from specify_cli.kernel.errors import SpecKittyError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from specify_cli.contract.parsed_file import Parsed
    from specify_cli.kernel.json_types import JsonObject


@dataclass(frozen=True, slots=True)
class FileViolation:
    """One thing that is wrong.

    Attributes:
        line: Line in the file, from 1.
        path: JSON path in the document of that line, e.g. `$.payload.wp_id`.
        rule: Keyword of the rule, e.g. `required`.
        source: File and JSON pointer of the rule; empty when the text is no document at all.
        found: What is there, shortened.
        expected: What should be there.
    """

    line: int
    path: str
    rule: str
    source: str
    found: str
    expected: str


@dataclass(frozen=True, slots=True)
class ValidationReport:
    """What a file has against its contract.

    Attributes:
        file: Name of the file as it was given.
        surface: Contract it was checked against.
        documents: Number of documents in it, unparsable ones included.
        violations: Everything that is wrong, in the order of lines.
    """

    file: str
    surface: str
    documents: int
    violations: tuple[FileViolation, ...]

    @property
    def valid(self) -> bool:
        """Whether every document conforms."""
        return not self.violations

    def to_json(self) -> JsonObject:
        """Return the report as a JSON document."""
        return {
            "result": "success",
            "valid": self.valid,
            "file": self.file,
            "surface": self.surface,
            "documents": self.documents,
            "violations": [asdict(violation) for violation in self.violations],
        }

    def to_text(self) -> str:
        """Return the report for people: `file:line: path: …`, one violation per line."""
        documents = f"{self.documents} document{'' if self.documents == 1 else 's'}"
        if self.valid:
            return f"{self.file}: {documents}, all conform to {self.surface}."
        lines = [
            f"{self.file}:{v.line}: {v.path}: expected {v.expected}, found {v.found} "
            f"({', '.join(filter(None, (v.rule, v.source)))})"
            for v in self.violations
        ]
        count = len(self.violations)
        lines.append(f"{documents}, {count} violation{'' if count == 1 else 's'}.")
        return "\n".join(lines)


class DoesNotConform(SpecKittyError):
    """A file with violations; `details` is the whole report."""

    code = "CONTRACT_VIOLATION"

    def __init__(self, report: ValidationReport) -> None:
        count = len(report.violations)
        super().__init__(
            f"{report.file} has {count} {'violation' if count == 1 else 'violations'} of the contract "
            f"{report.surface}.",
            fix=f"See the rules with: spec-kitty contract show {report.surface}",
            details=report.to_json(),
        )


def validate_file(path: Path, surface: str) -> ValidationReport:
    """Check every document of a file against a contract; a bad line does not stop the rest.

    Args:
        path: A JSON file, a JSONL file (one document per line), a YAML file, or a Markdown file
            whose frontmatter is meant.
        surface: A surface of the gate.

    Raises:
        UnknownSurface: UNKNOWN_SURFACE.
        FileUnreadable: FILE_UNREADABLE.
    """
    name = find_surface(surface).name
    documents = 0
    violations: list[FileViolation] = []
    for document in read_documents(path):
        documents += 1
        violations += _violations(document, name)
    if not documents:
        empty = FileViolation(1, "$", "json", "", "an empty file", "a JSON document")
        violations = [] if path.suffix.lower() == ".jsonl" else [empty]
    return ValidationReport(path.as_posix(), name, documents, tuple(violations))


def _violations(document: Parsed | Unparsable, surface: str) -> Iterator[FileViolation]:
    from spec_kitty_contracts.gate import violations

    if isinstance(document, Unparsable):
        yield FileViolation(
            document.line, "$", document.rule, "", document.found, document.expected
        )
        return
    for found in violations(surface, document.value):
        line = document.line_of(found.path)
        yield FileViolation(line, found.path, found.rule, found.source, found.found, found.expected)
