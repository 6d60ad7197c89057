"""Takes the contract artefacts out of the installed `spec-kitty-events` wheel.

The wheel ships its schemas as files, but its cutover artefact, its forbidden keys and its map of
event types only as Python; those are exported to JSON, so that generation needs no import of the
package and a diff shows what changed.
"""

from __future__ import annotations

import json
import re
from importlib import metadata, resources
from typing import Any

from codegen.tree import PipelineError

DISTRIBUTION = "spec-kitty-events"
LICENCE = "MIT"
ENVELOPE = "Event"


def installed_version() -> str:
    """Return the version of the installed events package.

    Raises:
        PipelineError: It is not installed.
    """
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError as error:
        raise PipelineError(f"{DISTRIBUTION} is not installed in this environment") from error


def wheel_artefacts() -> dict[str, bytes]:
    """Return every artefact of the installed wheel by its path below `contracts/vendored/`."""
    from spec_kitty_events.cutover import CUTOVER_ARTIFACT
    from spec_kitty_events.forbidden_keys import (
        FORBIDDEN_LEGACY_KEYS,
        FORBIDDEN_LEGACY_KEYS_VERSION,
    )

    artefacts = {f"events/{name}": data for name, data in _shipped_schemas().items()}
    derived = _derived_schemas()
    for name, schema in derived.items():
        artefacts[f"events/derived/{name}.schema.json"] = json_bytes(schema)
    artefacts["events/event_types.json"] = json_bytes({"event_types": _event_types()})
    artefacts["events/cutover_artifact.json"] = json_bytes(CUTOVER_ARTIFACT.model_dump(mode="json"))
    artefacts["events/forbidden_keys.json"] = json_bytes(
        {
            "forbidden_legacy_keys": sorted(FORBIDDEN_LEGACY_KEYS),
            "version": FORBIDDEN_LEGACY_KEYS_VERSION,
        }
    )
    return dict(sorted(artefacts.items()))


def json_bytes(document: object) -> bytes:
    """Render a vendored JSON document: sorted keys, two spaces, final newline."""
    return (json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n").encode()


def _shipped_schemas() -> dict[str, bytes]:
    folder = resources.files("spec_kitty_events") / "schemas"
    return {
        entry.name: entry.read_bytes()
        for entry in folder.iterdir()
        if entry.name.endswith(".schema.json")
    }


def _event_types() -> dict[str, str]:
    models, schemas = _upstream_maps()
    return {
        event_type: schemas.get(event_type) or _snake_case(model.__name__)
        for event_type, model in sorted(models.items())
        if event_type != ENVELOPE
    }


def _derived_schemas() -> dict[str, dict[str, Any]]:
    models, schemas = _upstream_maps()
    derived = {}
    for event_type in sorted(set(models) - set(schemas)):
        model = models[event_type]
        name = _snake_case(model.__name__)
        derived[name] = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "$id": f"spec-kitty-events/derived/{name}",
            **model.model_json_schema(),
        }
    return derived


def _upstream_maps() -> tuple[dict[str, Any], dict[str, str]]:
    from spec_kitty_events.conformance import validators

    # The one exception to "public names only": the package has no public name for these two maps.
    # The check against the wheel notices when they move.
    return (
        validators._EVENT_TYPE_TO_MODEL,  # noqa: SLF001 - no public name
        validators._EVENT_TYPE_TO_SCHEMA,  # noqa: SLF001 - no public name
    )


def _snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).lower()
