"""The fail-closed gate, as an error of ours (DESIGN.md D6, 001 FR-012)."""

from __future__ import annotations

from specify_cli.kernel.errors import SpecKittyError

_SHOWN = 3


class ContractViolation(SpecKittyError):
    """A payload that does not conform to its contract; nothing was written or sent."""

    code = "CONTRACT_VIOLATION"


def check(surface: str, payload: object) -> None:
    """Let a payload pass only if it conforms to its surface's contract.

    Args:
        surface: A name from `spec_kitty_contracts.gate.SURFACES`.
        payload: The JSON-ready document.

    Raises:
        ContractViolation: CONTRACT_VIOLATION with every violation in `details`.
    """
    from spec_kitty_contracts.gate import violations

    found = violations(surface, payload)
    if not found:
        return
    listed = "; ".join(f"{v.path}: {v.expected}, found {v.found}" for v in found[:_SHOWN])
    more = f" (and {len(found) - _SHOWN} more)" if len(found) > _SHOWN else ""
    raise ContractViolation(
        f"the {surface} document does not conform to its contract: {listed}{more}.",
        fix=f"See the rules with `spec-kitty contract show {surface}`.",
        details={
            "surface": surface,
            "violations": [
                {
                    "path": v.path,
                    "rule": v.rule,
                    "source": v.source,
                    "found": v.found,
                    "expected": v.expected,
                }
                for v in found
            ],
        },
    )
