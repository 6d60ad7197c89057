"""JSON Schema (draft 2020-12) as straight-line Python that reports every violation."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codegen.gate_containers import array_checks, object_checks
from codegen.gate_document import BY_TYPE, describe_types, is_scalar, type_test, types_of
from codegen.gate_module import Path, Place, indent
from codegen.gate_unions import conditional_checks, negation_checks, union_checks
from codegen.gate_values import number_checks, string_checks, value_checks

if TYPE_CHECKING:
    from codegen.gate_document import Document, Schema
    from codegen.gate_module import Module

_TYPED_CHECKS = {
    "string": string_checks,
    "number": number_checks,
    "array": array_checks,
    "object": object_checks,
}
_RULE_NAMES = {"x-in": "allowed", "x-not-in": "forbidden", "x-prefix-not-in": "forbidden"}


class SchemaCompiler:
    """Compiles the schemas of one file into functions of one module.

    A collecting function is `f(v, p, out)`: it appends every violation of the value `v` at
    path `p` to `out`. A predicate is `f(v)`: it is true when the value conforms.
    """

    def __init__(self, module: Module, document: Document, prefix: str) -> None:
        self.module = module
        self.document = document
        self.prefix = prefix
        self.is_predicate = False
        self._variables = 0

    def function(self, pointer: str, *, predicate: bool = False) -> str:
        """Name of the function for the schema at `pointer`, compiled on first use.

        Raises:
            GateBuildError: The schema cannot be compiled.
        """
        name = self._name(pointer, predicate=predicate)
        if name in self.module.functions:
            return name
        self.module.functions[name] = []  # known from now on: schemas may be recursive
        outer = (self._variables, self.is_predicate)
        self._variables, self.is_predicate = 0, predicate
        lines = self.lines(self.document.at(pointer), Place("v", Path("{p}"), pointer))
        self._variables, self.is_predicate = outer
        if predicate:
            head, body = f"def {name}(v: Any) -> bool:", [*lines, "return True"]
        else:
            head, body = f"def {name}(v: Any, p: str, out: list[Violation]) -> None:", lines
        del self.module.functions[name]  # callees were added meanwhile: keep them first
        self.module.functions[name] = [head, *indent(body or ["return"])]
        return name

    def _name(self, pointer: str, *, predicate: bool) -> str:
        """Name of a function, different for every schema of the module."""
        skipped = {"$defs", "properties", "components", "schemas"}
        words = [word for word in pointer.split("/")[1:] if word not in skipped]
        wanted = "_".join([self.prefix, *words, *(["ok"] if predicate else [])])
        wanted = "".join(char if char.isascii() and char.isalnum() else "_" for char in wanted)
        purpose = f"{self.document.path}{pointer} {predicate}"
        number, name = 1, wanted
        while self.module.purposes.setdefault(name, purpose) != purpose:
            number += 1
            name = f"{wanted}_{number}"
        return name

    def variable(self, prefix: str) -> str:
        """A variable name that the function does not use yet."""
        self._variables += 1
        return f"{prefix}{self._variables}"

    def fail(
        self,
        schema: Schema,
        rule: str,
        place: Place,
        expected: str,
        *,
        value: str | None = None,
        detail: str = "",
    ) -> list[str]:
        """Statements that report a violation, or that end a predicate.

        Args:
            schema: Schema with the rule; its `x-source` may name another file.
            rule: Keyword.
            place: What breaks the rule.
            expected: What the rule asks for, in words.
            value: Expression for the offending value, when it is not the place's variable.
            detail: Which of a keyword's entries, e.g. the name of a required key.
        """
        if self.is_predicate:
            return ["return False"]
        overrides = schema.get("x-source", {}) if isinstance(schema, dict) else {}
        source = overrides.get(f"{rule}/{detail}" if detail else rule)
        if source is None:
            step = f"/{rule}" if isinstance(schema, dict) else ""
            source = f"{self.document.path}{place.pointer}{step}"
        name = _RULE_NAMES.get(rule, rule.removeprefix("x-"))
        return [
            (
                f"{self.module.use('bad')}(out, {place.path.render()}, {name!r}, "
                f"{self.module.source(source)}, {value or place.variable}, {expected!r})"
            )
        ]

    def lines(self, schema: Schema, place: Place, *, or_null: bool = False) -> list[str]:
        """Statements that check a value against a schema.

        Args:
            schema: The schema.
            place: The value.
            or_null: Whether null was excluded by the caller because it is allowed.

        Raises:
            GateBuildError: The schema cannot be compiled.
        """
        if schema is True or schema == {}:
            return []
        if schema is False or schema.get("x-forbidden"):
            return self.fail(schema, "forbidden", place, "no such key")
        types = types_of(schema)
        if types is None or types == [place.known]:
            return self._inner(schema, place)
        sole = types[0] if len(types) == 1 else None
        inner = self._inner(schema, replace(place, known=sole))
        wanted = describe_types([*types, "null"] if or_null else types)
        out = [f"if not {type_test(types, place.variable)}:"]
        if sole is not None and sole != "number":
            out = [f"if {type_test(types, place.variable).replace(' is ', ' is not ', 1)}:"]
        out += indent(self.fail(schema, "type", place, wanted))
        return [*out, "else:", *indent(inner)] if inner else out

    def _inner(self, schema: Schema, place: Place) -> list[str]:
        out: list[str] = []
        types = types_of(schema)
        for kind, keywords in BY_TYPE.items():
            if not any(keyword in schema for keyword in keywords):
                continue
            checks = _TYPED_CHECKS[kind](self, schema, replace(place, known=kind))
            is_certain = place.known == kind or (kind == "number" and place.known == "integer")
            if is_certain:
                out += checks
            elif checks and _is_possible(kind, types, place.known):
                out += [f"if {type_test([kind], place.variable)}:", *indent(checks)]
        out += value_checks(self, schema, place)
        if "$ref" in schema:
            out += self._reference(schema["$ref"], place)
        for number, inner in enumerate(schema.get("allOf", ())):
            out += self.lines(inner, place.down("allOf", number))
        out += union_checks(self, schema, place)
        out += negation_checks(self, schema, place)
        out += conditional_checks(self, schema, place)
        return out

    def _reference(self, pointer: str, place: Place) -> list[str]:
        target = self.document.at(pointer)
        if is_scalar(target):
            return self.lines(target, replace(place, pointer=pointer))
        name = self.function(pointer, predicate=self.is_predicate)
        if self.is_predicate:
            return [f"if not {name}({place.variable}):", "    return False"]
        return [f"{name}({place.variable}, {place.path.render()}, out)"]


def _is_possible(kind: str, types: list[str] | None, known: str | None) -> bool:
    if known is not None:
        return False
    return types is None or kind in types or (kind == "number" and "integer" in types)
