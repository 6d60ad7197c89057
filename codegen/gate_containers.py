"""Checks of what is inside arrays and objects."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from codegen.gate_document import noun
from codegen.gate_module import Path, Place, indent
from codegen.gate_values import pattern_test

if TYPE_CHECKING:
    from codegen.gate_document import Schema
    from codegen.gate_schema import SchemaCompiler


def array_checks(compiler: SchemaCompiler, schema: Schema, place: Place) -> list[str]:
    """Checks of the keywords that concern arrays."""
    out = _size_checks(compiler, schema, place, "Items", "item")
    if schema.get("uniqueItems"):
        out += [f"if not {compiler.module.use('unique')}({place.variable}):"]
        out += indent(compiler.fail(schema, "uniqueItems", place, "no item twice"))
    if "items" in schema:
        index, item = compiler.variable("i"), compiler.variable("x")
        there = Place(item, place.path.index(index), place.down("items").pointer)
        inner = compiler.lines(schema["items"], there)
        needs_index = any(f"{{{index}}}" in line for line in inner)
        head = f"for {index}, {item} in enumerate({place.variable}):"
        if inner:
            out += [head if needs_index else f"for {item} in {place.variable}:", *indent(inner)]
    return out


def object_checks(compiler: SchemaCompiler, schema: Schema, place: Place) -> list[str]:
    """Checks of the keywords that concern objects."""
    out = _size_checks(compiler, schema, place, "Properties", "key")
    properties, required = schema.get("properties", {}), schema.get("required", [])
    for name in dict.fromkeys([*properties, *required]):
        out += _property_checks(compiler, schema, place, name, is_required=name in required)
    out += _further_keys(compiler, schema, place)
    if "propertyNames" in schema:
        key, path = compiler.variable("k"), compiler.variable("q")
        there = Place(key, Path(f"{{{path}}}"), place.down("propertyNames").pointer, "string")
        inner = compiler.lines(schema["propertyNames"], there)
        if inner:
            body = [*_key_path(compiler, path, place, key), *inner]
            out += [f"for {key} in {place.variable}:", *indent(body)]
    for trigger, names in schema.get("dependentRequired", {}).items():
        for name in names:
            out += _dependent_check(compiler, place, trigger, name)
    for total, parts in schema.get("x-sum", {}).items():
        out += _sum_check(compiler, schema, place, total, parts)
    return out


def _size_checks(
    compiler: SchemaCompiler, schema: Schema, place: Place, what: str, noun_: str
) -> list[str]:
    out: list[str] = []
    for keyword, wrong, words in ((f"min{what}", "<", "at least"), (f"max{what}", ">", "at most")):
        if keyword in schema:
            limit = schema[keyword]
            expected = f"{words} {limit} {noun_}{'s' if limit > 1 else ''}"
            out += [f"if len({place.variable}) {wrong} {limit}:"]
            out += indent(compiler.fail(schema, keyword, place, expected))
    return out


def _property_checks(
    compiler: SchemaCompiler, schema: Schema, place: Place, name: str, *, is_required: bool
) -> list[str]:
    inner_schema = schema.get("properties", {}).get(name, True)
    variable = compiler.variable("x")
    there = Place(variable, place.path.key(name), place.down("properties", name).pointer)
    inner = compiler.lines(inner_schema, there)
    if not is_required and not inner:
        return []
    module = compiler.module
    read = f"{variable} = {place.variable}.get({name!r}, {module.use('MISSING')})"
    if not is_required:
        return [read, f"if {variable} is not MISSING:", *indent(inner)]
    missing = compiler.fail(
        schema,
        "required",
        replace(there, pointer=place.pointer),
        noun(compiler.document, inner_schema),
        value="MISSING",
        detail=name,
    )
    if not inner:
        return [f"if {name!r} not in {place.variable}:", *indent(missing)]
    return [read, f"if {variable} is MISSING:", *indent(missing), "else:", *indent(inner)]


def _further_keys(compiler: SchemaCompiler, schema: Schema, place: Place) -> list[str]:
    """Checks of `additionalProperties` and `patternProperties`."""
    patterns = schema.get("patternProperties", {})
    further = schema.get("additionalProperties", True)
    if further is False and not patterns:
        return _closed(compiler, schema, place)
    key, value, path = (compiler.variable(prefix) for prefix in "kxq")
    body: list[str] = []
    tests = [f"{key} in {_known_keys(compiler, schema)}"] if schema.get("properties") else []
    for pattern, inner_schema in patterns.items():
        there = Place(value, Path(f"{{{path}}}"), place.down("patternProperties", pattern).pointer)
        test = pattern_test(compiler, pattern, replace(there, variable=key))
        tests.append(f"({test})")
        inner = compiler.lines(inner_schema, there)
        if inner:
            body += [f"if {test}:", *indent(inner)]
    there = Place(value, Path(f"{{{path}}}"), place.down("additionalProperties").pointer)
    inner = compiler.lines(further, there)
    if inner and tests:
        body += [f"if not ({' or '.join(tests)}):", *indent(inner)]
    else:
        body += inner
    if not body:
        return []
    body = [*_key_path(compiler, path, place, key), *body]
    return [f"for {key}, {value} in {place.variable}.items():", *indent(body)]


def _closed(compiler: SchemaCompiler, schema: Schema, place: Place) -> list[str]:
    known = _known_keys(compiler, schema)
    test = f"if not {place.variable}.keys() <= {known}:"
    if compiler.is_predicate:
        return [test, "    return False"]
    source = compiler.module.source(f"{compiler.document.path}{place.pointer}/additionalProperties")
    return [
        test,
        (
            f"    {compiler.module.use('extra_keys')}"
            f"(out, {place.path.render()}, {source}, {place.variable}, {known})"
        ),
    ]


def _known_keys(compiler: SchemaCompiler, schema: Schema) -> str:
    names = ", ".join(map(repr, schema.get("properties", {})))
    return compiler.module.constant("K", f"frozenset(({names},))" if names else "frozenset[str]()")


def _key_path(compiler: SchemaCompiler, variable: str, place: Place, key: str) -> list[str]:
    if compiler.is_predicate:
        return []
    return [f"{variable} = {compiler.module.use('at_key')}({place.path.render()}, {key})"]


def _dependent_check(compiler: SchemaCompiler, place: Place, trigger: str, name: str) -> list[str]:
    source = f"{compiler.document.path}{place.pointer}/dependentRequired/{trigger}"
    failing = compiler.fail(
        {"x-source": {"required": source}},
        "required",
        replace(place, path=place.path.key(name)),
        f"a value, because {trigger} is there",
        value=compiler.module.use("MISSING"),
    )
    variable = place.variable
    return [f"if {trigger!r} in {variable} and {name!r} not in {variable}:", *indent(failing)]


def _sum_check(
    compiler: SchemaCompiler, schema: Schema, place: Place, total: str, parts: list[str]
) -> list[str]:
    """`x-sum`, our only keyword of our own: a total that equals the sum of its parts."""
    names = (total, *parts)
    sides = [compiler.variable("n") for _ in names]
    reads = [
        f"{side} = {place.variable}.get({name!r})" for side, name in zip(sides, names, strict=True)
    ]
    whole = " and ".join(f"type({side}) is int" for side in sides)
    failing = compiler.fail(
        schema,
        "x-sum",
        replace(place, path=place.path.key(total)),
        f"the sum of {' and '.join(parts)}",
        value=sides[0],
    )
    return [*reads, f"if {whole} and {sides[0]} != {' + '.join(sides[1:])}:", *indent(failing)]
