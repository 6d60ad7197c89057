"""JSON Schema (draft 2020-12) as straight-line Python that reports every violation."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from codegen.gate_patterns import PatternError, match_expression

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Schema = Any
"""A JSON Schema: an object or a boolean, as `json` reads it."""

_TYPE_TESTS = {
    "string": "type({v}) is str",
    "integer": "type({v}) is int",
    "number": "(type({v}) is int or type({v}) is float)",
    "boolean": "type({v}) is bool",
    "null": "{v} is None",
    "array": "type({v}) is list",
    "object": "type({v}) is dict",
}
_TYPE_NOUNS = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "an array",
    "object": "an object",
}
_FORMATS = {"date-time": "is_date_time", "date": "is_date", "uuid": "is_uuid", "uri": "is_uri"}
_FORMAT_NOUNS = {
    "date-time": "an RFC 3339 date-time with offset",
    "date": "an RFC 3339 date",
    "uuid": "a hyphenated UUID",
    "uri": "an absolute URI",
}

_ANNOTATIONS = frozenset(
    "$schema $id $comment title description default examples deprecated readOnly writeOnly "
    "discriminator $defs".split()
)
_BY_TYPE = {
    "string": ("minLength", "maxLength", "pattern", "format"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("minItems", "maxItems", "uniqueItems", "items"),
    "object": (
        "properties",
        "required",
        "additionalProperties",
        "patternProperties",
        "propertyNames",
        "minProperties",
        "maxProperties",
        "dependentRequired",
        "x-sum",
    ),
}
_ANY_TYPE = (
    "type enum const $ref allOf anyOf oneOf not if then else x-not-in x-prefix-not-in x-source"
).split()
_KNOWN = _ANNOTATIONS.union(*_BY_TYPE.values(), _ANY_TYPE)


class GateBuildError(ValueError):
    """A schema or artefact that the gate compiler cannot turn into checks."""


@dataclass(frozen=True, slots=True)
class Document:
    """A schema file: its content and the path that violations name."""

    path: str
    root: Schema

    def at(self, pointer: str) -> Schema:
        """The subschema at a JSON pointer such as `#/$defs/Lane`.

        Raises:
            GateBuildError: The pointer leads nowhere or out of the file.
        """
        if not pointer.startswith("#"):
            raise GateBuildError(f"{self.path}: reference {pointer!r} leaves the file")
        node = self.root
        for step in pointer[1:].split("/")[1:]:
            key = step.replace("~1", "/").replace("~0", "~")
            node = node[int(key)] if isinstance(node, list) else node.get(key)
            if node is None:
                raise GateBuildError(f"{self.path}: reference {pointer!r} leads nowhere")
        return node


@dataclass(slots=True)
class Module:
    """A Python module in the making."""

    name: str
    functions: dict[str, list[str]] = field(default_factory=dict)
    constants: dict[str, str] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)

    def constant(self, prefix: str, value: str) -> str:
        """Name of a module constant with this value, made on first use."""
        for name, known in self.constants.items():
            if known == value and name.startswith(prefix):
                return name
        name = f"{prefix}{sum(known.startswith(prefix) for known in self.constants)}"
        self.constants[name] = value
        return name

    def use(self, name: str) -> str:
        """Note that the module needs a name from the runtime."""
        self.used.add(name)
        return name

    def render(self, header: str, doc: str) -> str:
        """Source text of the module."""
        imports = "".join(
            f"    {name},\n" for name in sorted(self.used - {"Violation"}, key=_import_order)
        )
        lines = [
            header,
            f'"""{doc}"""',
            "",
            "from __future__ import annotations",
            "",
            "from spec_kitty_contracts.gate.runtime import (",
            imports + ")",
            "",
            "TYPE_CHECKING = False",
            "if TYPE_CHECKING:",
            "    from typing import Any",
            "",
            "    from spec_kitty_contracts.gate.runtime import Violation",
            "",
        ]
        lines += [f"{name} = {value}" for name, value in self.constants.items()]
        for body in self.functions.values():
            lines += ["", "", *body]
        return "\n".join(lines) + "\n"


def _import_order(name: str) -> tuple[int, str]:
    return (0 if name.isupper() else 1 if name[0].isupper() else 2, name)


@dataclass(frozen=True, slots=True)
class Path:
    """A JSON path as the body of an f-string."""

    body: str

    def key(self, name: str) -> Path:
        """The path of a key that is known when the gate is compiled."""
        if name.replace("_", "a").isalnum() and name.isascii() and not name[0].isdigit():
            return Path(f"{self.body}.{name}")
        quoted = repr(name).replace("\\", "\\\\").replace("{", "{{").replace("}", "}}")
        return Path(f"{self.body}[{quoted}]".replace('"', '\\"'))

    def index(self, variable: str) -> Path:
        """The path of an array item."""
        return Path(f"{self.body}[{{{variable}}}]")

    def render(self) -> str:
        """Python expression for the path."""
        if self.body.startswith("{") and self.body.endswith("}") and self.body.count("{") == 1:
            return self.body[1:-1]
        return f'f"{self.body}"'


@dataclass(frozen=True, slots=True)
class Place:
    """A value that is being checked: its variable, its path, what is known about it."""

    variable: str
    path: Path
    pointer: str
    known: str | None = None

    def down(self, *steps: object) -> Place:
        """The same value, checked by a rule further down in the schema."""
        escaped = (str(step).replace("~", "~0").replace("/", "~1") for step in steps)
        return replace(self, pointer=self.pointer + "".join(f"/{step}" for step in escaped))


def indent(lines: Iterable[str]) -> list[str]:
    """The lines, one level deeper."""
    return [f"    {line}" for line in lines]


def check_keywords(document: Document) -> None:
    """Make sure that every keyword of a file, used or not, is one that is compiled.

    Raises:
        GateBuildError: There is an unknown keyword, type or format.
    """
    _check_node(document, document.root, "#")


def _check_node(document: Document, schema: Schema, pointer: str) -> None:
    if isinstance(schema, bool):
        return
    if not isinstance(schema, dict):
        raise GateBuildError(f"{document.path}{pointer}: {schema!r} is no schema")
    for keyword, value in schema.items():
        where = f"{pointer}/{keyword}"
        if keyword not in _KNOWN:
            raise GateBuildError(f"{document.path}{where}: keyword {keyword!r} is not supported")
        if keyword in ("properties", "$defs", "patternProperties"):
            for name, inner in value.items():
                _check_node(document, inner, f"{where}/{name}")
        elif keyword in (
            "items",
            "additionalProperties",
            "propertyNames",
            "not",
            "if",
            "then",
            "else",
        ):
            _check_node(document, value, where)
        elif keyword in ("allOf", "anyOf", "oneOf"):
            for number, inner in enumerate(value):
                _check_node(document, inner, f"{where}/{number}")
        elif keyword == "type" and not set(_types(schema) or ()) <= _TYPE_TESTS.keys():
            raise GateBuildError(f"{document.path}{where}: unknown type {value!r}")
        elif keyword == "format" and value not in _FORMATS:
            raise GateBuildError(f"{document.path}{where}: format {value!r} is not supported")
    for lonely, partner in (("then", "if"), ("else", "if")):
        if lonely in schema and partner not in schema:
            raise GateBuildError(f"{document.path}{pointer}: {lonely!r} without {partner!r}")


def _types(schema: Schema) -> list[str] | None:
    kind = schema.get("type")
    return [kind] if isinstance(kind, str) else kind


class SchemaCompiler:
    """Compiles the schemas of one file into functions of one module."""

    def __init__(self, module: Module, document: Document, prefix: str) -> None:
        self.module = module
        self.document = document
        self.prefix = prefix
        self._variables = 0
        self._predicate = False

    # --- functions -----------------------------------------------------------------

    def function(self, pointer: str, *, predicate: bool) -> str:
        """Name of the function that checks the schema at `pointer`, compiled on first use.

        A collecting function is `f(v, p, out)`; a predicate is `f(v)` and true when the
        value conforms.
        """
        words = [word for word in pointer.split("/")[1:] if word not in ("$defs", "properties")]
        name = "_".join([self.prefix, *words])
        name = "".join(char if char.isalnum() else "_" for char in name)
        name = f"{name}_ok" if predicate else name
        if name in self.module.functions:
            return name
        self.module.functions[name] = []
        outer = (self._variables, self._predicate)
        self._variables, self._predicate = 0, predicate
        lines = self.lines(self.document.at(pointer), Place("v", Path("{p}"), pointer))
        self._variables, self._predicate = outer
        if predicate:
            body = [f"def {name}(v: Any) -> bool:", *indent([*lines, "return True"])]
        else:
            self.module.use("Violation")
            body = [
                f"def {name}(v: Any, p: str, out: list[Violation]) -> None:",
                *indent(lines or ["return"]),
            ]
        # Callees were registered while this body was being compiled; keep callers last.
        del self.module.functions[name]
        self.module.functions[name] = body
        return name

    def _variable(self, prefix: str) -> str:
        self._variables += 1
        return f"{prefix}{self._variables}"

    # --- failing -------------------------------------------------------------------

    def _fail(
        self,
        schema: Schema,
        rule: str,
        place: Place,
        expected: str,
        *,
        value: str | None = None,
        detail: str = "",
    ) -> list[str]:
        if self._predicate:
            return ["return False"]
        overrides: Mapping[str, str] = schema.get("x-source", {}) if schema is not False else {}
        source = overrides.get(f"{rule}/{detail}" if detail else rule)
        if source is None:
            step = "" if schema is False else f"/{rule}"
            source = f"{self.document.path}{place.pointer}{step}"
        shown = {"x-not-in": "forbidden", "x-prefix-not-in": "forbidden", "x-sum": "sum"}
        return [
            f"{self.module.use('bad')}(out, {place.path.render()}, {shown.get(rule, rule)!r}, "
            f"{self.source(source)}, {value or place.variable}, {expected!r})"
        ]

    def source(self, source: str) -> str:
        """Expression for a rule's source; the file's part is a shared constant."""
        path, _, pointer = source.partition("#")
        name = self.module.constant("S", repr(f"{path}#"))
        return f"{name} + {pointer!r}" if pointer else name

    # --- any schema ----------------------------------------------------------------

    def lines(self, schema: Schema, place: Place, *, or_null: bool = False) -> list[str]:
        """Statements that check `place.variable` against a schema."""
        if schema is True or schema == {}:
            return []
        if schema is False:
            return self._fail(schema, "forbidden", place, "no such key")
        types = _types(schema)
        known = place.known
        if types is None:
            inner = self._typed_groups(schema, place, guarded=known) + self._general(schema, place)
            return inner
        if known is not None and types == [known]:
            return self._typed_groups(schema, place, guarded=known) + self._general(schema, place)
        sole = types[0] if len(types) == 1 else None
        inside = replace(place, known=sole)
        inner = self._typed_groups(schema, inside, guarded=sole) + self._general(schema, inside)
        noun = describe_types([*types, "null"] if or_null else types)
        test = _type_test(types, place.variable)
        failing = self._fail(schema, "type", place, noun)
        if not inner:
            return [f"if {_negated(test)}:", *indent(failing)]
        return [f"if {_negated(test)}:", *indent(failing), "else:", *indent(inner)]

    def _typed_groups(self, schema: Schema, place: Place, *, guarded: str | None) -> list[str]:
        """Checks of keywords that concern one JSON type, guarded unless the type is known."""
        out: list[str] = []
        kinds = _types(schema) or [guarded]
        for kind, keywords in _BY_TYPE.items():
            if not any(keyword in schema for keyword in keywords):
                continue
            compiled = getattr(self, f"_{kind}")(schema, replace(place, known=kind))
            if not compiled:
                continue
            certain = guarded in (kind, "integer" if kind == "number" else kind)
            possible = kinds == [None] or kind in kinds or (kind == "number" and "integer" in kinds)
            if certain:
                out += compiled
            elif possible:
                out += [f"if {_type_test([kind], place.variable)}:", *indent(compiled)]
        return out

    def _general(self, schema: Schema, place: Place) -> list[str]:
        out: list[str] = []
        if "const" in schema:
            out += self._const(schema, place)
        elif "enum" in schema:
            out += self._enum(schema, place)
        out += self._excluded(schema, place)
        if "$ref" in schema:
            out += self._reference(schema["$ref"], place)
        for number, inner in enumerate(schema.get("allOf", ())):
            out += self.lines(inner, place.down("allOf", number))
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                out += self._union(schema, keyword, place)
        if "not" in schema:
            test = self.condition(schema["not"], place.down("not"))
            out += [f"if {test}:", *indent(self._fail(schema, "not", place, "something else"))]
        if "if" in schema:
            out += self._conditional(schema, place)
        return out

    def _reference(self, pointer: str, place: Place) -> list[str]:
        target = self.document.at(pointer)
        if _is_scalar(target):
            return self.lines(target, replace(place, pointer=pointer))
        name = self.function(pointer, predicate=self._predicate)
        if self._predicate:
            return [f"if not {name}({place.variable}):", "    return False"]
        return [f"{name}({place.variable}, {place.path.render()}, out)"]

    # --- values --------------------------------------------------------------------

    def _const(self, schema: Schema, place: Place) -> list[str]:
        value = schema["const"]
        test = self._equals(value, place)
        return [f"if not {test}:", *indent(self._fail(schema, "const", place, json.dumps(value)))]

    def _equals(self, value: object, place: Place) -> str:
        variable = place.variable
        if value is None or isinstance(value, bool):
            return f"({variable} is {value!r})"
        if isinstance(value, str):
            return f"({variable} == {value!r})"
        constant = self.module.constant("C", repr(value))
        return f"{self.module.use('same')}({variable}, {constant})"

    def _enum(self, schema: Schema, place: Place) -> list[str]:
        values = schema["enum"]
        expected = "one of " + ", ".join(json.dumps(value) for value in values)
        if all(isinstance(value, str) for value in values):
            members = "{" + ", ".join(repr(value) for value in values) + "}"
            test = f"{place.variable} in {members}"
            if place.known != "string":
                test = f"type({place.variable}) is str and {test}"
        else:
            test = " or ".join(self._equals(value, place) for value in values)
        return [f"if not ({test}):", *indent(self._fail(schema, "enum", place, expected))]

    def _excluded(self, schema: Schema, place: Place) -> list[str]:
        out: list[str] = []
        variable = place.variable
        for keyword, subject in (
            ("x-not-in", variable),
            ("x-prefix-not-in", f"{variable}.partition('/')[0]"),
        ):
            if keyword not in schema:
                continue
            names = sorted(schema[keyword])
            members = "{" + ", ".join(map(repr, names)) + "}"
            guard = "" if place.known == "string" else f"type({variable}) is str and "
            for_whom = "" if keyword == "x-not-in" else "text before the first / "
            expected = f"{for_whom}not one of {', '.join(names)}"
            failing = self._fail(schema, keyword, place, expected)
            out += [f"if {guard}{subject} in {members}:", *indent(failing)]
        return out

    def _string(self, schema: Schema, place: Place) -> list[str]:
        out: list[str] = []
        variable = place.variable
        least, most = schema.get("minLength", 0), schema.get("maxLength")
        if least == 1:
            out += [f"if not {variable}:"]
            out += indent(self._fail(schema, "minLength", place, "at least 1 character"))
        elif least:
            out += [f"if len({variable}) < {least}:"]
            out += indent(self._fail(schema, "minLength", place, f"at least {least} characters"))
        if most is not None:
            out += [f"if len({variable}) > {most}:"]
            out += indent(self._fail(schema, "maxLength", place, f"at most {most} characters"))
        if "pattern" in schema:
            pattern = schema["pattern"]
            try:
                test = match_expression(pattern, variable)
            except PatternError as error:
                raise GateBuildError(f"{self.document.path}{place.pointer}: {error}") from error
            if "matches(" in test:
                self.module.use("matches")
            out += [f"if not ({test}):"]
            out += indent(self._fail(schema, "pattern", place, f"text matching {pattern}"))
        if "format" in schema:
            name = schema["format"]
            test = f"{self.module.use(_FORMATS[name])}({variable})"
            out += [f"if not {test}:"]
            out += indent(self._fail(schema, "format", place, _FORMAT_NOUNS[name]))
        return out

    def _number(self, schema: Schema, place: Place) -> list[str]:
        out: list[str] = []
        for keyword, wrong, noun in (
            ("minimum", "<", "at least"),
            ("maximum", ">", "at most"),
            ("exclusiveMinimum", "<=", "more than"),
            ("exclusiveMaximum", ">=", "less than"),
        ):
            if keyword in schema:
                limit = schema[keyword]
                out += [f"if {place.variable} {wrong} {limit!r}:"]
                out += indent(self._fail(schema, keyword, place, f"{noun} {limit}"))
        if "multipleOf" in schema:
            step = schema["multipleOf"]
            if type(step) is not int:
                raise GateBuildError(f"{self.document.path}{place.pointer}: multipleOf {step!r}")
            out += [f"if {place.variable} % {step}:"]
            out += indent(self._fail(schema, "multipleOf", place, f"a multiple of {step}"))
        return out

    # --- containers ----------------------------------------------------------------

    def _sizes(self, schema: Schema, place: Place, least: str, most: str, noun: str) -> list[str]:
        out: list[str] = []
        for keyword, wrong, word in ((least, "<", "at least"), (most, ">", "at most")):
            if keyword in schema:
                limit = schema[keyword]
                out += [f"if len({place.variable}) {wrong} {limit}:"]
                out += indent(self._fail(schema, keyword, place, f"{word} {limit} {noun}"))
        return out

    def _array(self, schema: Schema, place: Place) -> list[str]:
        out = self._sizes(schema, place, "minItems", "maxItems", "items")
        if schema.get("uniqueItems"):
            out += [f"if not {self.module.use('unique')}({place.variable}):"]
            out += indent(self._fail(schema, "uniqueItems", place, "no item twice"))
        if "items" in schema:
            index, item = self._variable("i"), self._variable("x")
            inner = self.lines(
                schema["items"], Place(item, place.path.index(index), place.down("items").pointer)
            )
            if inner and any(f"{{{index}}}" in line for line in inner):
                out += [f"for {index}, {item} in enumerate({place.variable}):", *indent(inner)]
            elif inner:
                out += [f"for {item} in {place.variable}:", *indent(inner)]
        return out

    def _object(self, schema: Schema, place: Place) -> list[str]:
        out = self._sizes(schema, place, "minProperties", "maxProperties", "keys")
        out += self._properties(schema, place)
        out += self._further_keys(schema, place)
        if "propertyNames" in schema:
            key, path = self._variable("k"), self._variable("q")
            inner = self.lines(
                schema["propertyNames"],
                Place(key, Path(f"{{{path}}}"), place.down("propertyNames").pointer, "string"),
            )
            if inner:
                out += [f"for {key} in {place.variable}:"]
                out += indent([*self._key_path(path, place, key), *inner])
        for present, needed in schema.get("dependentRequired", {}).items():
            for name in needed:
                there = replace(place, path=place.path.key(name)).down("dependentRequired", present)
                out += [f"if {present!r} in {place.variable} and {name!r} not in {place.variable}:"]
                out += indent(
                    self._fail(
                        {"x-source": {"required": f"{self.document.path}{there.pointer}"}},
                        "required",
                        there,
                        f"a value, because {present} is there",
                        value=self.module.use("MISSING"),
                    )
                )
        for total, parts in schema.get("x-sum", {}).items():
            out += self._sum(schema, place, total, parts)
        return out

    def _properties(self, schema: Schema, place: Place) -> list[str]:
        out: list[str] = []
        properties, required = schema.get("properties", {}), schema.get("required", [])
        for name in dict.fromkeys([*properties, *required]):
            inner_schema = properties.get(name, True)
            inside = Place(
                self._variable("x"),
                place.path.key(name),
                place.down("properties", name).pointer,
            )
            inner = self.lines(inner_schema, inside)
            read = f"{inside.variable} = {place.variable}.get({name!r}, MISSING)"
            if name in required:
                missing = self._fail(
                    schema,
                    "required",
                    replace(inside, pointer=place.pointer),
                    self._noun(inner_schema),
                    value="MISSING",
                    detail=name,
                )
                if not inner:
                    out += [f"if {name!r} not in {place.variable}:", *indent(missing)]
                    if not self._predicate:
                        self.module.use("MISSING")
                    continue
                out += [read, f"if {inside.variable} is MISSING:", *indent(missing)]
                out += ["else:", *indent(inner)]
                self.module.use("MISSING")
            elif inner:
                out += [read, f"if {inside.variable} is not MISSING:", *indent(inner)]
                self.module.use("MISSING")
        return out

    def _further_keys(self, schema: Schema, place: Place) -> list[str]:
        patterns = schema.get("patternProperties", {})
        further = schema.get("additionalProperties", True)
        known = self._key_set(schema)
        if further is False and not patterns:
            closed = f"if not {place.variable}.keys() <= {known}:"
            if self._predicate:
                return [closed, "    return False"]
            source = f"{self.document.path}{place.pointer}/additionalProperties"
            call = (
                f"{self.module.use('extra_keys')}(out, {place.path.render()}, "
                f"{self.source(source)}, {place.variable}, {known})"
            )
            return [closed, f"    {call}"]
        key, value, path = self._variable("k"), self._variable("x"), self._variable("q")
        item = Place(value, Path(f"{{{path}}}"), "")
        body: list[str] = []
        tests: list[str] = [] if not schema.get("properties") else [f"{key} in {known}"]
        for pattern, inner_schema in patterns.items():
            test = match_expression(pattern, key)
            if "matches(" in test:
                self.module.use("matches")
            there = replace(item, pointer=place.down("patternProperties", pattern).pointer)
            inner = self.lines(inner_schema, there)
            tests.append(f"({test})")
            if inner:
                body += [f"if {test}:", *indent(inner)]
        there = replace(item, pointer=place.down("additionalProperties").pointer)
        inner = self.lines(further, there)
        if inner:
            body += [f"if not ({' or '.join(tests)}):", *indent(inner)] if tests else inner
        if not body:
            return []
        return [
            f"for {key}, {value} in {place.variable}.items():",
            *indent([*self._key_path(path, place, key), *body]),
        ]

    def _key_set(self, schema: Schema) -> str:
        names = ", ".join(repr(name) for name in schema.get("properties", {}))
        return self.module.constant("K", f"frozenset(({names},))" if names else "frozenset[str]()")

    def _key_path(self, variable: str, place: Place, key: str) -> list[str]:
        if self._predicate:
            return []
        return [f"{variable} = {self.module.use('at_key')}({place.path.render()}, {key})"]

    def _sum(self, schema: Schema, place: Place, total: str, parts: list[str]) -> list[str]:
        sides = [self._variable("n") for _ in (total, *parts)]
        reads = [
            f"{side} = {place.variable}.get({name!r})"
            for side, name in zip(sides, (total, *parts), strict=True)
        ]
        whole = " and ".join(f"type({side}) is int" for side in sides)
        failing = self._fail(
            schema,
            "x-sum",
            replace(place, path=place.path.key(total)),
            f"the sum of {' and '.join(parts)}",
            value=sides[0],
        )
        return [*reads, f"if {whole} and {sides[0]} != {' + '.join(sides[1:])}:", *indent(failing)]

    # --- conditions and unions -----------------------------------------------------

    def _conditional(self, schema: Schema, place: Place) -> list[str]:
        test = self.condition(schema["if"], place.down("if"))
        then = self.lines(schema.get("then", True), place.down("then"))
        otherwise = self.lines(schema.get("else", True), place.down("else"))
        if then:
            out = [f"if {test}:", *indent(then)]
            return [*out, "else:", *indent(otherwise)] if otherwise else out
        return [f"if not ({test}):", *indent(otherwise)] if otherwise else []

    def condition(self, schema: Schema, place: Place) -> str:
        """Expression that is true when the value conforms to a schema."""
        if isinstance(schema, bool):
            return repr(schema)
        if place.known == "object":
            simple = _simple_condition(schema, place.variable)
            if simple is not None:
                return simple
        if set(schema) == {"$ref"}:
            return f"{self.function(schema['$ref'], predicate=True)}({place.variable})"
        return f"{self.function(place.pointer, predicate=True)}({place.variable})"

    def _union(self, schema: Schema, keyword: str, place: Place) -> list[str]:
        branches = schema[keyword]
        places = [place.down(keyword, number) for number in range(len(branches))]
        if any(branch is True or branch == {} for branch in branches) and keyword == "anyOf":
            return []
        kinds = [self._json_types(branch) for branch in branches]
        if _are_disjoint(kinds):
            return self._union_by_type(schema, keyword, place, kinds)
        tag = self._tag(branches)
        if tag is not None:
            return self._union_by_tag(schema, keyword, place, *tag)
        tests = [
            self.condition(branch, where) for branch, where in zip(branches, places, strict=True)
        ]
        if keyword == "anyOf":
            test = " or ".join(tests)
        else:
            test = f"({' + '.join(tests)}) == 1"
        failing = self._fail(schema, keyword, place, self._noun(schema))
        if not self._predicate:
            names = ", ".join(
                self.function(
                    branch["$ref"] if set(branch) == {"$ref"} else where.pointer, predicate=False
                )
                for branch, where in zip(branches, places, strict=True)
            )
            failing += [
                f"{self.module.use('closest')}(out, {place.path.render()}, "
                f"{place.variable}, ({names},))"
            ]
        return [f"if not ({test}):", *indent(failing)]

    def _union_by_type(
        self, schema: Schema, keyword: str, place: Place, kinds: list[list[str] | None]
    ) -> list[str]:
        branches = schema[keyword]
        numbered = list(enumerate(zip(branches, kinds, strict=True)))
        others = [
            (number, branch, kind or []) for number, (branch, kind) in numbered if kind != ["null"]
        ]
        has_null = len(others) < len(branches)
        if has_null and len(others) == 1:
            number, branch, _ = others[0]
            inner = self.lines(branch, place.down(keyword, number), or_null=True)
            return [f"if {place.variable} is not None:", *indent(inner)] if inner else []
        out: list[str] = []
        for number, branch, kind in others:
            where = replace(place.down(keyword, number), known=kind[0] if len(kind) == 1 else None)
            inner = self.lines(branch, where)
            word = "elif" if out else "if"
            out += [f"{word} {_type_test(kind, place.variable)}:", *indent(inner or ["pass"])]
        nouns = [name for _, kind in numbered for name in kind[1] or ()]
        final = f"elif {place.variable} is not None:" if has_null else "else:"
        return [*out, final, *indent(self._fail(schema, keyword, place, describe_types(nouns)))]

    def _union_by_tag(
        self, schema: Schema, keyword: str, place: Place, tag: str, values: list[list[str]]
    ) -> list[str]:
        name = self._variable("t")
        read = f"{name} = {place.variable}.get({tag!r}) if type({place.variable}) is dict else None"
        out: list[str] = []
        for number, branch in enumerate(schema[keyword]):
            inner = self.lines(branch, place.down(keyword, number))
            word = "elif" if out else "if"
            members = ", ".join(map(repr, values[number]))
            out += [f"{word} {name} in ({members},):", *indent(inner or ["pass"])]
        allowed = ", ".join(json.dumps(value) for group in values for value in group)
        there = replace(place, path=place.path.key(tag))
        failing = self._fail(schema, keyword, there, f"one of {allowed}", value=name)
        return [read, *out, "else:", *indent(failing)]

    def _tag(self, branches: list[Schema]) -> tuple[str, list[list[str]]] | None:
        """Required key whose constant strings tell the branches of a union apart."""
        resolved = [self._resolved(branch) for branch in branches]
        if not all(_types(branch) == ["object"] for branch in resolved):
            return None
        for tag in resolved[0].get("required", ()):
            values = [self._constants(branch, tag) for branch in resolved]
            flat = [value for group in values for value in group or ()]
            if all(values) and len(flat) == len(set(flat)):
                return tag, [group or [] for group in values]
        return None

    def _constants(self, branch: Schema, tag: str) -> list[str] | None:
        if tag not in branch.get("required", ()):
            return None
        schema = self._resolved(branch.get("properties", {}).get(tag, {}))
        values = [schema["const"]] if "const" in schema else schema.get("enum")
        if not values or not all(isinstance(value, str) for value in values):
            return None
        return list(values)

    def _resolved(self, schema: Schema) -> dict[str, Any]:
        while isinstance(schema, dict) and set(schema) - _ANNOTATIONS == {"$ref"}:
            schema = self.document.at(schema["$ref"])
        return schema if isinstance(schema, dict) else {}

    def _json_types(self, schema: Schema) -> list[str] | None:
        """JSON types that a schema admits, None when it does not say."""
        resolved = self._resolved(schema)
        types = _types(resolved)
        if types is not None:
            return list(types)
        values = [resolved["const"]] if "const" in resolved else resolved.get("enum")
        if values is None:
            return None
        names = {str: "string", bool: "boolean", int: "integer", float: "number"}
        return list(dict.fromkeys(names.get(type(value), "null") for value in values))

    def _noun(self, schema: Schema) -> str:
        """What a schema asks for, in a word or two."""
        if schema is True or schema is False:
            return "a value"
        resolved = self._resolved(schema)
        for keyword in ("anyOf", "oneOf"):
            if keyword in resolved:
                nouns = [self._noun(branch) for branch in resolved[keyword]]
                return " or ".join(dict.fromkeys(nouns))
        types = self._json_types(resolved)
        if types == ["object"] and "title" in resolved:
            return f"an object ({resolved['title']})"
        return describe_types(types) if types else "a value"


def describe_types(types: Iterable[str]) -> str:
    """JSON types in words, e.g. `a string or null`."""
    return " or ".join(dict.fromkeys(_TYPE_NOUNS[name] for name in types))


def _type_test(types: list[str], variable: str) -> str:
    tests = [_TYPE_TESTS[name].format(v=variable) for name in types]
    return tests[0] if len(tests) == 1 else f"({' or '.join(tests)})"


def _negated(test: str) -> str:
    if test.startswith("("):
        return f"not {test}"
    return test.replace(" is ", " is not ", 1)


def _is_scalar(schema: Schema) -> bool:
    if isinstance(schema, bool):
        return True
    return not set(schema) & {
        *_BY_TYPE["object"],
        "items",
        "$ref",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
        "if",
    }


def _are_disjoint(kinds: list[list[str] | None]) -> bool:
    seen: set[str] = set()
    for kind in kinds:
        if kind is None:
            return False
        wide = {
            name
            for item in kind
            for name in (("integer", "number") if item == "number" else (item,))
        }
        if seen & wide:
            return False
        seen |= wide | ({"number"} if "integer" in wide else set())
    return True


def _simple_condition(schema: Schema, variable: str) -> str | None:
    """Inline test of an `if` that only looks at constants and presence of keys."""
    if isinstance(schema, bool):
        return repr(schema)
    keywords = set(schema) - _ANNOTATIONS - ({"type"} if schema.get("type") == "object" else set())
    if keywords == {"not"}:
        inner = _simple_condition(schema["not"], variable)
        return None if inner is None else f"not ({inner})"
    if not keywords <= {"properties", "required"}:
        return None
    required = list(schema.get("required", ()))
    tests: list[str] = []
    for name, inner in schema.get("properties", {}).items():
        test = _simple_value_test(inner, f"{variable}.get({name!r})")
        if test is None:
            return None
        if name not in required:
            test = f"({name!r} not in {variable} or {test})"
        elif inner.get("const", "") is None:
            test = f"({name!r} in {variable} and {test})"
        tests.append(test)
    names = schema.get("properties", {})
    tests += [f"{name!r} in {variable}" for name in required if name not in names]
    return " and ".join(tests) if tests else "True"


def _simple_value_test(schema: Schema, value: str) -> str | None:
    if not isinstance(schema, dict):
        return None
    keywords = set(schema) - _ANNOTATIONS
    if keywords == {"const"} and (schema["const"] is None or isinstance(schema["const"], bool)):
        return f"{value} is {schema['const']!r}"
    if keywords == {"const"} and isinstance(schema["const"], str):
        return f"{value} == {schema['const']!r}"
    if keywords == {"enum"} and all(isinstance(item, str) for item in schema["enum"]):
        return f"{value} in ({', '.join(map(repr, schema['enum']))},)"
    return None
