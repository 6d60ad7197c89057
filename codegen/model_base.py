"""Text of the generated module that the pydantic models build on."""

from __future__ import annotations

from typing import Final

MODEL_BASE: Final = '''\
"""What all contract models share: strictness, and the two formats that JSON has no type for."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID as _UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

_DATE_TIME = re.compile(
    r"\\d{4}-\\d{2}-\\d{2}[Tt ]\\d{2}:\\d{2}:\\d{2}(?:\\.\\d+)?(?:[Zz]|[+-]\\d{2}:\\d{2})", re.ASCII
)


def _date_time(value: object) -> object:
    if isinstance(value, str):
        if not _DATE_TIME.fullmatch(value):
            raise ValueError("not an RFC 3339 date-time with offset")
        return datetime.fromisoformat(value.upper())
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    raise ValueError("not an RFC 3339 date-time with offset")


def _uuid(value: object) -> object:
    return _UUID(value) if isinstance(value, str) else value


AwareDatetime = Annotated[
    datetime, BeforeValidator(_date_time), PlainSerializer(datetime.isoformat, when_used="json")
]
"""A moment with offset; parsed from RFC 3339 text, never from a number."""

UUID = Annotated[_UUID, BeforeValidator(_uuid)]
"""A UUID; parsed from text."""


class Contract(BaseModel):
    """A document of a contract: immutable, without coercion (no `"3"` for 3, no `true` for 1).

    Keys that an open schema does not name are kept; a closed schema refuses them.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    def to_wire(self) -> dict[str, Any]:
        """Return the JSON-ready document, with exactly the keys that were given."""
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)
'''
