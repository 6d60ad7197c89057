"""Writes the registry: event type to family module, model and payload schema."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codegen.definitions import root_name
from codegen.tree import PipelineError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from codegen.definitions import Definition
    from codegen.sources import Sources

_TEMPLATE: Final = '''\
"""Every event type of the contract, with the module and the model of its payload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from pydantic import TypeAdapter


class EventType(NamedTuple):
    """Where the payload of an event type is defined.

    Attributes:
        family: Module in `spec_kitty_contracts.models` and `spec_kitty_contracts.wire`.
        model: Name of the type in both modules.
        schema: Name of the JSON Schema, as in `spec_kitty_contracts.schemas`.
    """

    family: str
    model: str
    schema: str


EVENT_TYPES: Final[dict[str, EventType]] = {
%(rows)s
}


def model_for(event_type: str) -> TypeAdapter[object]:
    """Import the payload model of an event type.

    Returns:
        A pydantic adapter; some payloads are unions of models.

    Raises:
        KeyError: The contract does not know the event type.
    """
    from importlib import import_module

    from pydantic import TypeAdapter

    entry = EVENT_TYPES[event_type]
    module = import_module(f"spec_kitty_contracts.models.{entry.family}")
    return TypeAdapter(getattr(module, entry.model))
'''


def registry_module(sources: Sources, definitions: Mapping[str, Definition]) -> str:
    """Return the source text of `event_types.py`.

    Raises:
        PipelineError: An event type maps to a schema that is not vendored.
    """
    rows = []
    for event_type, schema in sorted(sources.event_types.items()):
        if schema not in sources.events:
            raise PipelineError(
                f"contracts/vendored/events/event_types.json: {event_type} maps to the schema "
                f"{schema!r}, which is not vendored"
            )
        name = root_name(sources.events[schema], schema)
        family = definitions[name].family
        rows.append(f'    "{event_type}": EventType("{family}", "{name}", "{schema}"),')
    return _TEMPLATE % {"rows": "\n".join(rows)}
