"""Checks of single values: constants, strings, numbers."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from codegen.gate_document import FORMATS, GateBuildError
from codegen.gate_module import indent
from codegen.gate_patterns import PatternError, match_expression, translate

if TYPE_CHECKING:
    from codegen.gate_document import Schema
    from codegen.gate_module import Place
    from codegen.gate_schema import SchemaCompiler

_LIMITS = (
    ("minimum", "<", "at least"),
    ("maximum", ">", "at most"),
    ("exclusiveMinimum", "<=", "more than"),
    ("exclusiveMaximum", ">=", "less than"),
)


def value_checks(compiler: SchemaCompiler, schema: Schema, place: Place) -> list[str]:
    """Checks of `const`, `enum` and the lists of allowed and forbidden texts."""
    out: list[str] = []
    if "const" in schema:
        test = equals(compiler, schema["const"], place)
        failing = compiler.fail(schema, "const", place, json.dumps(schema["const"]))
        out += [f"if not {test}:", *indent(failing)]
    if "enum" in schema:
        values = schema["enum"]
        test = one_of(compiler, values, place)
        expected = f"one of {', '.join(map(json.dumps, values))}" if values else "no value at all"
        out += [f"if not ({test}):", *indent(compiler.fail(schema, "enum", place, expected))]
    return out + _listed(compiler, schema, place)


def equals(compiler: SchemaCompiler, value: object, place: Place) -> str:
    """Expression that is true when a value is a given JSON value, types included."""
    variable = place.variable
    if value is None or isinstance(value, bool):
        return f"({variable} is {value!r})"
    if isinstance(value, str):
        guard = "" if place.known == "string" else f"type({variable}) is str and "
        return f"({guard}{variable} == {value!r})"
    return (
        f"{compiler.module.use('same')}({variable}, {compiler.module.constant('C', repr(value))})"
    )


def one_of(compiler: SchemaCompiler, values: list[object], place: Place) -> str:
    """Expression that is true when a value is among some JSON values."""
    if not values:
        return "False"
    if all(isinstance(value, str) for value in values):
        guard = "" if place.known == "string" else f"type({place.variable}) is str and "
        return f"{guard}{place.variable} in {{{', '.join(map(repr, values))}}}"
    return " or ".join(equals(compiler, value, place) for value in values)


def _listed(compiler: SchemaCompiler, schema: Schema, place: Place) -> list[str]:
    """Lists of the gate artefact: texts that are (not) allowed, nulls aside."""
    out: list[str] = []
    variable = place.variable
    for keyword, subject, test, words in (
        ("x-in", variable, "not in", "one of"),
        ("x-not-in", variable, "in", "none of"),
        ("x-prefix-not-in", f"{variable}.partition('/')[0]", "in", "before the first /, none of"),
    ):
        if keyword not in schema:
            continue
        names = ", ".join(map(repr, schema[keyword]))
        guard = "" if place.known == "string" else f"type({variable}) is str and "
        expected = f"{words} {', '.join(map(json.dumps, schema[keyword]))}"
        failing = compiler.fail(schema, keyword, place, expected)
        out += [f"if {guard}{subject} {test} {{{names}}}:", *indent(failing)]
    return out


def string_checks(compiler: SchemaCompiler, schema: Schema, place: Place) -> list[str]:
    """Checks of the keywords that concern strings.

    Raises:
        GateBuildError: The pattern is not supported.
    """
    if isinstance(schema.get("const"), str) and _is_implied(schema):
        return []  # whatever is not the constant fails there
    out: list[str] = []
    variable = place.variable
    for keyword, wrong, words in (
        ("minLength", "<", "at least"),
        ("maxLength", ">", "at most"),
    ):
        if keyword in schema:
            limit = schema[keyword]
            is_empty_test = keyword == "minLength" and limit == 1
            test = f"not {variable}" if is_empty_test else f"len({variable}) {wrong} {limit}"
            expected = f"{words} {limit} character{'s' if limit > 1 else ''}"
            out += [f"if {test}:", *indent(compiler.fail(schema, keyword, place, expected))]
    if "pattern" in schema:
        pattern = schema["pattern"]
        expected = f"text that matches {pattern}"
        out += [f"if not ({pattern_test(compiler, pattern, place)}):"]
        out += indent(compiler.fail(schema, "pattern", place, expected))
    if "format" in schema:
        function, expected = FORMATS[schema["format"]]
        out += [f"if not {compiler.module.use(function)}({variable}):"]
        out += indent(compiler.fail(schema, "format", place, expected))
    return out


def _is_implied(schema: Schema) -> bool:
    """Whether the schema's constant obeys its other keywords, so that they need no check."""
    text, pattern = schema["const"], schema.get("pattern")
    is_long_enough = schema.get("minLength", 0) <= len(text) <= schema.get("maxLength", len(text))
    is_matching = pattern is None or re.search(translate(pattern), text) is not None
    return is_long_enough and is_matching and "format" not in schema


def pattern_test(compiler: SchemaCompiler, pattern: str, place: Place) -> str:
    """Expression that is true when a text matches a pattern.

    Raises:
        GateBuildError: The pattern is not supported.
    """
    try:
        test = match_expression(pattern, place.variable)
    except PatternError as error:
        raise GateBuildError(f"{compiler.document.path}{place.pointer}: {error}") from error
    if test.startswith("matches("):
        compiler.module.use("matches")
    return test


def number_checks(compiler: SchemaCompiler, schema: Schema, place: Place) -> list[str]:
    """Checks of the keywords that concern numbers.

    Raises:
        GateBuildError: `multipleOf` is no integer.
    """
    out: list[str] = []
    for keyword, wrong, words in _LIMITS:
        if keyword in schema:
            limit = schema[keyword]
            out += [f"if {place.variable} {wrong} {limit!r}:"]
            out += indent(compiler.fail(schema, keyword, place, f"{words} {limit}"))
    if "multipleOf" in schema:
        step = schema["multipleOf"]
        if type(step) is not int:
            raise GateBuildError(f"{compiler.document.path}{place.pointer}: multipleOf {step!r}")
        out += [f"if {place.variable} % {step}:"]
        out += indent(compiler.fail(schema, "multipleOf", place, f"a multiple of {step}"))
    return out
