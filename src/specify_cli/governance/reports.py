"""The documents and texts of the `charter` commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from specify_cli.governance.charter_summary import Deactivation
from specify_cli.governance.context import SURFACE as CONTEXT_SURFACE
from specify_cli.governance.document import charter_document, deactivation
from specify_cli.kernel.gate import check

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Literal

    from spec_kitty_contracts.wire.charter_change import CharterChangeReport
    from spec_kitty_contracts.wire.charter_lint import CharterFinding, CharterLintReport
    from spec_kitty_contracts.wire.charter_show import CharterItem, CharterShowReport
    from spec_kitty_contracts.wire.definitions import GovernanceKind
    from spec_kitty_contracts.wire.governance_context import GovernanceContext as GovernanceDocument
    from specify_cli.governance.activation import CharterChange
    from specify_cli.governance.context import GovernanceContext
    from specify_cli.governance.generation import GeneratedCharter
    from specify_cli.governance.interview import Interview
    from specify_cli.governance.lint import LintReport
    from specify_cli.governance.listing import Listing


def interview_document(held: Interview) -> CharterChangeReport:
    """Compose the document of `charter interview`."""
    return _change("interview", held.written, (), ())


def generation_document(made: GeneratedCharter) -> CharterChangeReport:
    """Compose the document of `charter generate`."""
    return _change("generate", made.written, made.activated, made.deactivated)


def change_document(
    change: Literal["activate", "deactivate"], changed: CharterChange
) -> CharterChangeReport:
    """Compose the document of `charter activate` and `deactivate`."""
    return _change(change, changed.written, changed.activated, changed.deactivated)


def context_report(context: GovernanceContext) -> GovernanceDocument:
    """Compose the document of `charter context`."""
    document: GovernanceDocument = {"result": "success", **context.to_json()}
    check(CONTEXT_SURFACE, document)
    return document


def lint_document(report: LintReport) -> CharterLintReport:
    """Compose the document of `charter lint`."""
    findings = [
        cast(
            "CharterFinding",
            {
                "severity": found.severity,
                "file": found.file,
                "line": found.line,
                "message": found.message,
            },
        )
        for found in report.findings
    ]
    document: CharterLintReport = {
        "result": "success",
        "findings": findings,
        "items": report.items,
        "layers": [*report.layers],
    }
    check("charter_lint", document)
    return document


def lint_text(report: LintReport) -> str:
    """Return the findings for people."""
    count = len(report.errors)
    said = "no errors" if count == 0 else "1 error" if count == 1 else f"{count} errors"
    end = f"{report.items} items in {', '.join(report.layers)}: {said}."
    return "\n".join([*(found.text for found in report.findings), end])


def listing_document(listing: Listing) -> CharterShowReport:
    """Compose the document of `charter show`."""
    items = [
        cast(
            "CharterItem",
            {
                "id": item.id,
                "kind": cast("GovernanceKind", item.kind),
                "title": item.title,
                "layer": item.layer,
                "content_hash": item.content_hash,
                "state": item.state,
            },
        )
        for item in listing.items
    ]
    document: CharterShowReport = {
        "result": "success",
        "charter": charter_document(listing.charter),
        "items": items,
        "mission_types": [*listing.mission_types],
    }
    check("charter_show", document)
    return document


def listing_text(listing: Listing) -> str:
    """Return the charter and the catalogue for people."""
    charter = listing.charter
    lines = ["No charter yet: spec-kitty charter interview"]
    if charter is not None:
        lines = [f"Charter {charter.source}"]
        lines += [f"  {policy.topic}: {policy.text}" for policy in charter.policies]
        lines += [f"  not known here: {name}" for name in charter.unknown]
    kind = ""
    for item in listing.items:
        if item.kind != kind:
            kind = item.kind
            lines += ["", f"{kind}:"]
        marks = [mark for mark in (item.layer, item.state) if mark not in ("built-in", "available")]
        said = f" [{', '.join(marks)}]" if marks else ""
        lines.append(f"  {item.id}  {item.title}{said}")
    return "\n".join(lines)


def _change(
    change: Literal["interview", "generate", "activate", "deactivate"],
    written: Iterable[str],
    activated: Iterable[str],
    deactivated: Iterable[tuple[str, str]],
) -> CharterChangeReport:
    files = [*written]
    document: CharterChangeReport = {
        "result": "success",
        "change": change,
        "written": files,
        "activated": [*activated],
        "deactivated": [deactivation(Deactivation(*entry)) for entry in deactivated],
        "changed": bool(files),
    }
    check("charter_change", document)
    return document
