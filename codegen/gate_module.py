"""The Python text of a generated gate module while it is being written."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

RUNTIME = "spec_kitty_contracts.gate.runtime"
FORMATS_MODULE = "spec_kitty_contracts.gate.formats"


def indent(lines: Iterable[str]) -> list[str]:
    """The lines, one level deeper."""
    return [f"    {line}" for line in lines]


@dataclass(slots=True)
class Module:
    """A module in the making.

    Attributes:
        doc: Docstring.
        functions: Function name to source lines, in the order of the file.
        constants: Constant name to expression.
        used: Names that the module imports from the gate's runtime.
        purposes: Function name to the schema that it checks, so that no two get one name.
    """

    doc: str
    functions: dict[str, list[str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    purposes: dict[str, str] = field(default_factory=dict)

    def constant(self, prefix: str, value: str) -> str:
        """Name of a module constant with this value, made on first use."""
        for name, known in self.constants.items():
            if known == value and name.startswith(prefix):
                return name
        name = f"{prefix}{sum(known.startswith(prefix) for known in self.constants)}"
        self.constants[name] = value
        return name

    def use(self, name: str) -> str:
        """Note that the module needs a name of the runtime; returns the name."""
        self.used.add(name)
        return name

    def source(self, place: str) -> str:
        """Expression for a rule's source; the file part is a constant that rules share."""
        path, _, pointer = place.partition("#")
        name = self.constant("S", repr(f"{path}#"))
        return f"{name} + {pointer!r}" if pointer else name

    def render(self, header: str) -> str:
        """Source text of the module, header line first."""
        lines = [header, f'"""{self.doc}"""', "", "from __future__ import annotations", ""]
        for origin, is_format in ((FORMATS_MODULE, True), (RUNTIME, False)):
            names = sorted(name for name in self.used if name.startswith("is_") is is_format)
            if names:
                lines += [f"from {origin} import {', '.join(names)}"]
        lines += [
            "",
            "TYPE_CHECKING = False",
            "if TYPE_CHECKING:",
            "    from typing import Any",
            "",
            f"    from {RUNTIME} import Violation",
        ]
        if self.constants:
            lines += ["", *(f"{name} = {value}" for name, value in self.constants.items())]
        for body in self.functions.values():
            lines += ["", "", *body]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True)
class Path:
    """A JSON path, as the body of an f-string in the generated code."""

    body: str

    def key(self, name: str) -> Path:
        """The path of a key that is known when the gate is compiled."""
        if name.isidentifier() and name.isascii():
            return Path(f"{self.body}.{name}")
        quoted = repr(name).replace("\\", "\\\\").replace("{", "{{").replace("}", "}}")
        return Path(f"{self.body}[{quoted}]".replace('"', '\\"'))

    def index(self, variable: str) -> Path:
        """The path of the array item whose index is in a variable."""
        return Path(f"{self.body}[{{{variable}}}]")

    def render(self) -> str:
        """Python expression for the path."""
        if self.body.startswith("{") and self.body.endswith("}") and self.body.count("{") == 1:
            return self.body[1:-1]
        return f'f"{self.body}"'


@dataclass(frozen=True, slots=True)
class Place:
    """A value that is being checked, and the rule that is being compiled.

    Attributes:
        variable: Variable that holds the value in the generated code.
        path: Where the value is in the document.
        pointer: JSON pointer of the schema in its file.
        known: JSON type that the value is known to have at this point.
    """

    variable: str
    path: Path
    pointer: str
    known: str | None = None

    def down(self, *steps: object) -> Place:
        """The same value under a rule further down in the schema."""
        escaped = (str(step).replace("~", "~0").replace("/", "~1") for step in steps)
        return replace(self, pointer=self.pointer + "".join(f"/{step}" for step in escaped))
