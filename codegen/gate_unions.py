"""Checks that choose between schemas: `anyOf`, `oneOf`, `not`, `if`."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

from codegen.gate_document import (
    ANNOTATIONS,
    describe_types,
    json_types,
    noun,
    type_test,
    types_of,
)
from codegen.gate_module import indent

if TYPE_CHECKING:
    from codegen.gate_document import Document, Schema
    from codegen.gate_module import Place
    from codegen.gate_schema import SchemaCompiler


def negation_checks(compiler: SchemaCompiler, schema: Schema, place: Place) -> list[str]:
    """Checks of `not`."""
    if "not" not in schema:
        return []
    test = condition(compiler, schema["not"], place.down("not"))
    failing = compiler.fail(schema, "not", place, "a value that the schema under not refuses")
    return [f"if {test}:", *indent(failing)]


def conditional_checks(compiler: SchemaCompiler, schema: Schema, place: Place) -> list[str]:
    """Checks of `if`, `then`, `else`."""
    if "if" not in schema:
        return []
    test = condition(compiler, schema["if"], place.down("if"))
    then = compiler.lines(schema.get("then", True), place.down("then"))
    otherwise = compiler.lines(schema.get("else", True), place.down("else"))
    if not then:
        return [f"if not ({test}):", *indent(otherwise)] if otherwise else []
    out = [f"if {test}:", *indent(then)]
    return [*out, "else:", *indent(otherwise)] if otherwise else out


def condition(compiler: SchemaCompiler, schema: Schema, place: Place) -> str:
    """Expression that is true when a value conforms to a schema."""
    simple = _simple_condition(schema, place)
    if simple is not None:
        return simple
    return f"{compiler.function(_pointer(schema, place), predicate=True)}({place.variable})"


def _pointer(schema: Schema, place: Place) -> str:
    """Where a schema is: at the place, or where its lone reference leads."""
    if isinstance(schema, dict) and set(schema) == {"$ref"}:
        return str(schema["$ref"])
    return place.pointer


def _simple_condition(schema: Schema, place: Place) -> str | None:
    """Inline test of a schema that only looks at constants and at the presence of keys."""
    if isinstance(schema, bool):
        return repr(schema)
    if place.known != "object":
        return None
    variable = place.variable
    keywords = set(schema) - ANNOTATIONS - ({"type"} if schema.get("type") == "object" else set())
    if keywords == {"not"}:
        inner = _simple_condition(schema["not"], place)
        return None if inner is None else f"not ({inner})"
    if not keywords <= {"properties", "required"}:
        return None
    required, properties = schema.get("required", ()), schema.get("properties", {})
    tests: list[str] = []
    for name, inner_schema in properties.items():
        test = _simple_value_test(inner_schema, f"{variable}.get({name!r})")
        if test is None:
            return None
        if name not in required:
            tests.append(f"({name!r} not in {variable} or {test})")
        elif test.endswith("is None"):
            tests.append(f"({name!r} in {variable} and {test})")
        else:
            tests.append(test)
    tests += [f"{name!r} in {variable}" for name in required if name not in properties]
    return " and ".join(tests) if tests else "True"


def _simple_value_test(schema: Schema, value: str) -> str | None:
    if not isinstance(schema, dict):
        return None
    keywords = set(schema) - ANNOTATIONS
    if keywords == {"const"}:
        if schema["const"] is None or isinstance(schema["const"], bool):
            return f"{value} is {schema['const']!r}"
        return f"{value} == {schema['const']!r}" if isinstance(schema["const"], str) else None
    if keywords == {"enum"} and all(isinstance(item, str) for item in schema["enum"]):
        return f"{value} in ({', '.join(map(repr, schema['enum']))},)"
    return None


def union_checks(compiler: SchemaCompiler, schema: Schema, place: Place) -> list[str]:
    """Checks of `anyOf` and `oneOf`.

    The branch is chosen by JSON type or by a key with constants where the branches allow it, so
    that the violations are those of the branch that was meant.
    """
    out: list[str] = []
    for keyword in ("anyOf", "oneOf"):
        if keyword in schema:
            out += _union(compiler, schema, keyword, place)
    return out


def _union(compiler: SchemaCompiler, schema: Schema, keyword: str, place: Place) -> list[str]:
    branches = schema[keyword]
    if keyword == "anyOf" and any(branch is True or branch == {} for branch in branches):
        return []
    kinds = [json_types(compiler.document, branch) for branch in branches]
    if _are_disjoint(kinds):
        return _by_type(compiler, schema, keyword, place, kinds)
    tag = _tag(compiler.document, branches)
    if tag is not None:
        return _by_tag(compiler, schema, keyword, place, *tag)
    places = [place.down(keyword, number) for number in range(len(branches))]
    tests = [
        condition(compiler, branch, there) for branch, there in zip(branches, places, strict=True)
    ]
    counted = " + ".join(f"({one})" for one in tests)  # a test binds less tightly than +
    test = " or ".join(tests) if keyword == "anyOf" else f"({counted}) == 1"
    failing = compiler.fail(schema, keyword, place, noun(compiler.document, schema))
    if not compiler.is_predicate:
        functions = ", ".join(
            compiler.function(_pointer(branch, there))
            for branch, there in zip(branches, places, strict=True)
        )
        failing.append(
            f"{compiler.module.use('closest')}"
            f"(out, {place.path.render()}, {place.variable}, ({functions},))"
        )
    return [f"if not ({test}):", *indent(failing)]


def _by_type(
    compiler: SchemaCompiler,
    schema: Schema,
    keyword: str,
    place: Place,
    kinds: list[list[str] | None],
) -> list[str]:
    branches = schema[keyword]
    numbered = [
        (number, branch, kind or [])
        for number, (branch, kind) in enumerate(zip(branches, kinds, strict=True))
    ]
    others = [item for item in numbered if not _is_null(compiler.document, item[1])]
    has_null = len(others) < len(numbered)
    if has_null and len(others) == 1:
        number, branch, _ = others[0]
        inner = compiler.lines(branch, place.down(keyword, number), or_null=True)
        return [f"if {place.variable} is not None:", *indent(inner)] if inner else []
    out: list[str] = []
    for number, branch, kind in others:
        there = replace(place.down(keyword, number), known=kind[0] if len(kind) == 1 else None)
        inner = compiler.lines(branch, there)
        head = f"{'elif' if out else 'if'} {type_test(kind, place.variable)}:"
        out += [head, *indent(inner or ["pass"])]
    last = f"elif {place.variable} is not None:" if has_null else "else:"
    wanted = describe_types([name for item in numbered for name in item[2]])
    return [*out, last, *indent(compiler.fail(schema, keyword, place, wanted))]


def _is_null(document: Document, branch: Schema) -> bool:
    """Whether a schema says that a value is null, and nothing else."""
    resolved = document.resolved(branch)
    said = {key: value for key, value in resolved.items() if key not in ANNOTATIONS}
    return said in ({"type": "null"}, {"const": None}, {"type": "null", "const": None})


def _are_disjoint(kinds: list[list[str] | None]) -> bool:
    seen: set[str] = set()
    for kind in kinds:
        if kind is None:
            return False
        names = {"number" if name == "integer" else name for name in kind}
        if seen & names:
            return False
        seen |= names
    return True


def _by_tag(
    compiler: SchemaCompiler,
    schema: Schema,
    keyword: str,
    place: Place,
    tag: str,
    values: list[list[str]],
) -> list[str]:
    name = compiler.variable("t")
    read = f"{name} = {place.variable}.get({tag!r})"
    if place.known != "object":
        read += f" if type({place.variable}) is dict else None"
    out: list[str] = []
    for number, branch in enumerate(schema[keyword]):
        inner = compiler.lines(branch, place.down(keyword, number))
        members = ", ".join(map(repr, values[number]))
        head = f"{'elif' if out else 'if'} {name} in ({members},):"
        out += [head, *indent(inner or ["pass"])]
    allowed = ", ".join(json.dumps(value) for group in values for value in group)
    there = replace(place, path=place.path.key(tag))
    failing = compiler.fail(schema, keyword, there, f"one of {allowed}", value=name)
    return [read, *out, "else:", *indent(failing)]


def _tag(document: Document, branches: list[Schema]) -> tuple[str, list[list[str]]] | None:
    """Required key whose constant texts tell the branches of a union apart."""
    resolved = [document.resolved(branch) for branch in branches]
    if not all(types_of(branch) == ["object"] for branch in resolved):
        return None
    for tag in resolved[0].get("required", ()):
        groups = [_constants(document, branch, tag) for branch in resolved]
        values = [group for group in groups if group is not None]
        flat = [value for group in values for value in group]
        if len(values) == len(resolved) and len(flat) == len(set(flat)):
            return tag, values
    return None


def _constants(document: Document, branch: Schema, tag: str) -> list[str] | None:
    if tag not in branch.get("required", ()):
        return None
    schema = document.resolved(branch.get("properties", {}).get(tag, {}))
    values = [schema["const"]] if "const" in schema else schema.get("enum")
    if not values or not all(isinstance(value, str) for value in values):
        return None
    return list(values)
