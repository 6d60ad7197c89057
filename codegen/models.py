"""Runs datamodel-code-generator over all definitions: pydantic models and TypedDicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from codegen.tree import PACKAGE, PipelineError
from codegen.typing_view import typing_view

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from codegen.definitions import Definition

_COMMON: Final = (
    "--input-file-type=jsonschema",
    "--schema-version=2020-12",
    "--target-python-version=3.11",
    "--enum-field-as-literal=all",
    "--use-title-as-name",
    "--use-type-alias",
    "--use-exact-imports",
    "--skip-root-model",
    "--disable-timestamp",
    "--no-formatters",
    "--no-allow-remote-refs",
    "--strict-refs",
    "--use-schema-description",
    "--use-single-line-docstring",
)
_MODELS: Final = (
    "--output-model-type=pydantic_v2.BaseModel",
    "--target-pydantic-version=2.12",
    "--use-annotated",
    "--field-constraints",
    "--snake-case-field",
    "--strict-nullable",
    f"--base-class={PACKAGE}.models.base.Contract",
    "--import-overrides="
    + json.dumps({"AwareDatetime": f"{PACKAGE}.models.base", "UUID": f"{PACKAGE}.models.base"}),
)
_WIRE: Final = (
    "--output-model-type=typing.TypedDict",
    "--no-use-closed-typed-dict",
    "--use-field-description",
)


def model_modules(definitions: Mapping[str, Definition]) -> dict[str, str]:
    """Return the pydantic modules by file name, one per family."""
    return _generate(definitions, _MODELS)


def wire_modules(definitions: Mapping[str, Definition]) -> dict[str, str]:
    """Return the TypedDict modules by file name, one per family."""
    return {name: _open_objects(text) for name, text in _generate(definitions, _WIRE).items()}


def _generate(definitions: Mapping[str, Definition], options: Iterable[str]) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        schemas, output = Path(folder, "schemas"), Path(folder, "output")
        schemas.mkdir()
        for family, document in _family_documents(definitions).items():
            text = json.dumps(document, indent=1)
            schemas.joinpath(f"{family}.json").write_text(text, encoding="utf-8")
        _run(
            "datamodel_code_generator",
            f"--input={schemas}",
            f"--output={output}",
            *_COMMON,
            *options,
            cwd=folder,
        )
        return {
            path.name: path.read_text(encoding="utf-8")
            for path in sorted(output.glob("*.py"))
            if path.name != "__init__.py"
        }


def _open_objects(text: str) -> str:
    """Type open objects as mappings: a TypedDict is a `Mapping[str, Any]`, but never a `dict`."""
    typed = text.replace("dict[str, Any]", "Mapping[str, Any]")
    if typed == text:
        return text
    future = "from __future__ import annotations\n"
    return typed.replace(future, f"{future}from collections.abc import Mapping\n", 1)


def _family_documents(definitions: Mapping[str, Definition]) -> dict[str, dict[str, Any]]:
    documents: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, definition in definitions.items():
        view = typing_view(name, definition.schema)
        documents[definition.family][name] = _qualified(view, definition.family, definitions)
    return {
        family: {"$schema": "https://json-schema.org/draft/2020-12/schema", "$defs": types}
        for family, types in documents.items()
    }


def _qualified(schema: Any, family: str, definitions: Mapping[str, Definition]) -> Any:
    if isinstance(schema, list):
        return [_qualified(value, family, definitions) for value in schema]
    if not isinstance(schema, dict):
        return schema
    qualified = {key: _qualified(value, family, definitions) for key, value in schema.items()}
    target = schema.get("$ref")
    if isinstance(target, str):
        name = target.rpartition("/")[2]
        other = definitions[name].family
        qualified["$ref"] = f"{'' if other == family else other + '.json'}#/$defs/{name}"
    return qualified


def _run(module: str, *arguments: str, cwd: str) -> None:
    # The folder has no pyproject.toml, so that no setting of this project or of the user's home
    # changes the output.
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise PipelineError(f"{module} failed:\n{done.stdout}{done.stderr}")
