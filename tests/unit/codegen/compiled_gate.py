"""Compiles a schema of a test's own and runs the result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from codegen.gate_document import Document
from codegen.gate_module import Module
from codegen.gate_schema import SchemaCompiler

if TYPE_CHECKING:
    from collections.abc import Callable

    from spec_kitty_contracts.gate import Violation

PATH = "contracts/test.schema.json"


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled schema: what it reports, and whether it lets a value pass."""

    collect: Callable[[Any, str, list[Violation]], None]
    passes: Callable[[Any], bool]
    text: str

    def violations(self, value: object) -> list[Violation]:
        """Everything that the compiled schema has against a value."""
        out: list[Violation] = []
        self.collect(value, "$", out)
        return out

    def found(self, value: object) -> set[tuple[str, str]]:
        """Path and rule of every violation."""
        return {(violation.path, violation.rule) for violation in self.violations(value)}


def compiled(schema: Any) -> Compiled:
    """Compile a schema, as a collecting function and as a predicate."""
    document = Document(PATH, schema)
    document.check()
    module = Module("A schema of a test.")
    compiler = SchemaCompiler(module, document, "test")
    collect, passes = compiler.function("#"), compiler.function("#", predicate=True)
    text = module.render("# test")
    names: dict[str, Any] = {}
    exec(compile(text, "<compiled>", "exec"), names)  # noqa: S102
    return Compiled(names[collect], names[passes], text)
