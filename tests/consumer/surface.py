"""Comparing a sibling package with the pinned tables of what we use of it (000 FR-009).

A pin says what must be there. What a release adds is no change for us, as long as it is optional:
a new optional field, a parameter with a default, a further name. Everything else is reported with
the symbol and the change. `python -m tests.consumer.surface` checks the packages it can import.
"""

from __future__ import annotations

import dataclasses
import enum
import importlib
import inspect
import sys
import types
import typing
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

OPTIONAL = " ="


@dataclasses.dataclass(frozen=True, slots=True)
class Surface:
    """The pinned part of one package.

    Attributes:
        names: Dotted names that must exist and be public.
        values: Constants and enums; an enum is the tuple of its values.
        fields: Fields of models and dataclasses: name to type; ` =` at the end marks a default.
        signatures: Functions, methods and constructors as text; `= ...` stands for any default.
        methods: Coroutine methods of protocols, as text.
    """

    names: tuple[str, ...] = ()
    values: Mapping[str, object] = dataclasses.field(default_factory=dict)
    fields: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    signatures: Mapping[str, str] = dataclasses.field(default_factory=dict)
    coroutines: Mapping[str, str] = dataclasses.field(default_factory=dict)

    def symbols(self) -> tuple[str, ...]:
        """Return every pinned symbol."""
        tables = (self.names, self.values, self.fields, self.signatures, self.coroutines)
        return tuple(dict.fromkeys(symbol for table in tables for symbol in table))


_MISSING = object()


def problems(surface: Surface, symbol: str) -> list[str]:
    """Say how one symbol differs from its pins."""
    found = resolve(symbol)
    if found is _MISSING:
        return [f"{symbol} is gone"]
    differences: list[str] = []
    if symbol in surface.names:
        differences += _publicity(symbol)
    if symbol in surface.values:
        differences += _value(found, surface.values[symbol])
    if symbol in surface.fields:
        differences += _fields(found, surface.fields[symbol])
    if symbol in surface.signatures:
        differences += _signature(found, surface.signatures[symbol])
    if symbol in surface.coroutines:
        differences += _signature(found, surface.coroutines[symbol])
        if not inspect.iscoroutinefunction(found):
            differences.append("is no coroutine function any more")
    return [f"{symbol}: {difference}" for difference in differences]


def resolve(symbol: str) -> Any:
    """Import what a dotted name means, or return a marker."""
    parts = symbol.split(".")
    for split in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:split]))
        except ModuleNotFoundError:
            continue
        for part in parts[split:]:
            found = getattr(found, part, _MISSING)
        return found
    return _MISSING


def _publicity(symbol: str) -> Iterator[str]:
    module, _, name = symbol.rpartition(".")
    offered = getattr(resolve(module), "__all__", None)
    if offered is not None and name not in offered:
        yield f"is no longer in {module}.__all__"


def _value(found: object, expected: object) -> Iterator[str]:
    if isinstance(found, type) and issubclass(found, enum.Enum):
        found = tuple(member.value for member in found)
    elif hasattr(found, "model_dump"):
        found = found.model_dump(mode="json")
    elif isinstance(found, frozenset | set):
        found = tuple(sorted(found))
    if found != expected:
        yield f"expected {expected!r}, found {found!r}"


def _fields(found: Any, expected: Mapping[str, str]) -> Iterator[str]:
    actual = dict(_actual_fields(found))
    for name, pinned in expected.items():
        if name not in actual:
            yield f"field {name} is gone"
        elif actual[name] != pinned:
            yield f"field {name}: expected {pinned!r}, found {actual[name]!r}"
    for name, text in actual.items():
        if name not in expected and not text.endswith(OPTIONAL):
            yield f"new required field {name} ({text})"


def _actual_fields(found: Any) -> Iterator[tuple[str, str]]:
    if dataclasses.is_dataclass(found):
        for field in dataclasses.fields(found):
            missing = dataclasses.MISSING
            required = field.default is missing and field.default_factory is missing
            yield field.name, rendered(field.type) + ("" if required else OPTIONAL)
    else:
        for name, info in found.model_fields.items():
            yield name, rendered(info.annotation) + ("" if info.is_required() else OPTIONAL)


def _signature(found: Any, expected: str) -> Iterator[str]:
    actual = inspect.signature(found)
    pinned = set(_parameter_names(expected))
    kept = [
        parameter.replace(
            annotation=rendered(parameter.annotation)
            if parameter.annotation is not parameter.empty
            else parameter.empty,
            default=... if parameter.default is not parameter.empty else parameter.empty,
        )
        for parameter in actual.parameters.values()
        if parameter.name in pinned or parameter.default is parameter.empty
    ]
    text = str(inspect.Signature(kept)).replace("'", "").replace("Ellipsis", "...")
    if actual.return_annotation is not actual.empty:
        text += f" -> {rendered(actual.return_annotation)}"
    if text != expected:
        yield f"expected {expected}, found {text}"


def _parameter_names(signature: str) -> Iterator[str]:
    inside = signature[1 : signature.rindex(")")]
    depth, start = 0, 0
    for index, character in enumerate(f"{inside},"):
        depth += (character in "[(" and 1) or -(character in "])")
        if character == "," and depth == 0:
            yield inside[start:index].split(":")[0].split("=")[0].strip()
            start = index + 1


def rendered(annotation: object) -> str:
    """Write a type the same way on every Python version and however it was spelt."""
    if isinstance(annotation, str):
        return annotation.strip("'")
    if annotation is None or annotation is type(None):
        return "None"
    if annotation is ...:
        return "..."
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return rendered(arguments[0])
    if origin is typing.Literal:
        values = (a.value if isinstance(a, enum.Enum) else a for a in arguments)
        return f"Literal[{', '.join(map(repr, values))}]"
    if origin in {typing.Union, types.UnionType}:
        return " | ".join(map(rendered, arguments))
    if origin is not None:
        return f"{origin.__name__}[{', '.join(map(rendered, arguments))}]"
    return getattr(annotation, "__name__", str(annotation))


def all_problems(surfaces: Iterable[Surface]) -> list[str]:
    """Compare everything."""
    return [p for surface in surfaces for s in surface.symbols() for p in problems(surface, s)]


def main() -> int:
    """Check both packages; exit 1 and list the differences if there are any."""
    from tests.consumer.events_surface import EVENTS
    from tests.consumer.tracker_surface import TRACKER

    found = all_problems((EVENTS, TRACKER))
    for problem in found:
        print(problem, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
