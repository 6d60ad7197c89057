"""What a mission description means, as a hash: comments and formatting do not count."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from specify_cli.next._internal_runtime.schema import MissionTemplate, PromptStep

_LATER_KEYS = ("raci", "raci_override_reason", "contract_ref")


def template_hash(template: MissionTemplate) -> str:
    """Return the SHA-256 of what a description means, in hexadecimal.

    Comments, order of keys and formatting do not count, so that they never disturb a running
    mission. What a later release of the format added counts only where it is used, so that an older
    description keeps its hash.
    """
    import hashlib

    means: dict[str, object] = {
        "mission": template.mission._asdict(),
        "steps": [_meaning(step) for step in template.steps],
    }
    if template.audit_steps:
        means["audit_steps"] = [
            {
                **step._asdict(),
                "audit": {**step.audit._asdict(), "metadata": dict(step.audit.metadata)},
            }
            for step in template.audit_steps
        ]
    meaning = json.dumps(means, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(meaning.encode()).hexdigest()


def _meaning(step: PromptStep) -> dict[str, object]:
    fields = step._asdict()
    return {k: v for k, v in fields.items() if v is not None or k not in _LATER_KEYS}
