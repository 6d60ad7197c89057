"""A mission type with an audit, as the tests of decisions use it."""

from __future__ import annotations

from specify_cli.next._internal_runtime.significance import DIMENSIONS

HIGH = "hard_triggers: [architecture_foundation]"


def dimensions(*values: int) -> str:
    """Return six dimensions in YAML's flow style; those not given are 0."""
    padded = [*values, *[0] * (len(DIMENSIONS) - len(values))]
    return ", ".join(f"{name}: {value}" for name, value in zip(DIMENSIONS, padded, strict=True))


def audited(
    significance: str | None = "", *, enforcement: str = "blocking", more: str = "", after: str = ""
) -> str:
    """Return a description of one step and one audit of it.

    Args:
        significance: What stands below `significance`; None leaves it out, "" makes it high.
        enforcement: "blocking" or "advisory".
        more: Further keys of the audit step, indented by four.
        after: Further steps, indented by two.
    """
    if significance == "":
        significance = f"dimensions: {{{dimensions()}}}\n      {HIGH}"
    block = "" if significance is None else f"    significance:\n      {significance}\n"
    return f"""\
mission: {{key: field-guide, name: Field Guide, version: "1"}}
steps:
  - {{id: survey, title: Survey, prompt: Walk.}}
{after}audit_steps:
  - id: sign-off
    title: Sign-off
    description: Is it right?
    depends_on: [survey]
    audit: {{trigger_mode: manual, enforcement: {enforcement}}}
{block}{more}"""
