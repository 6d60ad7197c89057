"""Reading a source tree for the architecture rules, and planting violations into a copy of it."""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from pytestarch import Rule, get_evaluable_architecture

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pytestarch import EvaluableArchitecture

ROOT = Path(__file__).parents[2]
HAND_WRITTEN = ROOT / "src" / "specify_cli"
GENERATED = ROOT / "src" / "generated" / "spec_kitty_contracts"

_IMPORTS = re.compile(r'"(?P<importer>[^"]+)" imports "(?P<importee>[^"]+)"')


@dataclass(frozen=True, slots=True)
class Import:
    """One import statement, or one call that imports by name.

    Attributes:
        file: The importing file, relative to the folder that holds the package.
        line: Its line.
        module: What is imported: `a.b` for `import a.b`, and for `from a import b` both `a` and
            `a.b` are reported, since `b` may be a module.
    """

    file: str
    line: int
    module: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line} imports {self.module}"


class SourceTree:
    """A package's source, parsed once."""

    def __init__(self, package: Path) -> None:
        self.package = package

    @cached_property
    def architecture(self) -> EvaluableArchitecture:
        """The import graph as pytestarch sees it, libraries included."""
        return get_evaluable_architecture(
            self.package, self.package, exclude_external_libraries=False
        )

    @cached_property
    def modules(self) -> Mapping[str, ast.Module]:
        """Every module's syntax tree by file, relative to the folder that holds the package."""
        return {
            path.relative_to(self.package.parent).as_posix(): ast.parse(path.read_bytes())
            for path in sorted(self.package.rglob("*.py"))
        }

    @cached_property
    def packages(self) -> frozenset[str]:
        """The names directly below the package that hold code."""
        below = (path.relative_to(self.package).parts for path in self.package.rglob("*.py"))
        return frozenset(parts[0] for parts in below if len(parts) > 1)

    @cached_property
    def imports(self) -> tuple[Import, ...]:
        """Every import anywhere in the code: lazy, conditional, and by name as a string."""
        return tuple(
            Import(file, line, module)
            for file, tree in self.modules.items()
            for line, module in imported(tree, file)
        )

    def forbid(self, rule: str, *, subjects: Iterable[str], objects: Iterable[str]) -> None:
        """Assert that no module at or below `subjects` imports one at or below `objects`.

        Raises:
            AssertionError: Names the rule and every offending file.
        """
        known = set(self.architecture.modules)
        # pytestarch refuses names that occur nowhere; what nobody imports breaks no rule.
        subjects = [name for name in subjects if name in known]
        objects = [name for name in objects if name in known]
        if not subjects or not objects:
            return
        try:
            (
                Rule()
                .modules_that()
                .are_named(subjects)
                .should_not()
                .import_modules_that()
                .are_named(objects)
                .assert_applies(self.architecture)
            )
        except AssertionError as violation:
            raise AssertionError(self._explained(rule, str(violation))) from None

    def _explained(self, rule: str, message: str) -> str:
        found = [
            f"{self._file(m['importer'])} imports {m['importee']}"
            for m in _IMPORTS.finditer(message)
        ]
        assert found, f"unexpected words from pytestarch: {message}"
        return "\n  ".join([rule, *sorted(set(found))])

    def _file(self, module: str) -> str:
        path = self.package.parent.joinpath(*module.split("."))
        found = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        return found.relative_to(self.package.parent).as_posix()


def refuse(rule: str, findings: Iterable[object]) -> None:
    """Raise an AssertionError that names the rule and lists the findings, if there are any."""
    listed = sorted({str(finding) for finding in findings})
    if listed:
        raise AssertionError("\n  ".join([rule, *listed]))


@cache
def tree_of(folder: str) -> SourceTree:
    """Return the code of a folder of this project, given relative to its root."""
    return SourceTree(ROOT / folder)


@cache
def hand_written() -> SourceTree:
    """Return the project's own code."""
    return SourceTree(HAND_WRITTEN)


@cache
def generated() -> SourceTree:
    """Return the generated code."""
    return SourceTree(GENERATED)


def planted(folder: Path, files: Mapping[str, str], *, original: Path = HAND_WRITTEN) -> SourceTree:
    """Copy the outline of a tree (every module, empty) and plant files with violations into it.

    Args:
        folder: Where the copy goes.
        files: Source text by path below the package, such as `kernel/evil.py`.
        original: The package whose outline is copied.
    """
    package = folder / original.name
    for path in original.rglob("*.py"):
        target = package / path.relative_to(original)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.touch()
    for name, text in files.items():
        target = package / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return SourceTree(package)


def imported(tree: ast.Module, file: str) -> Iterator[tuple[int, str]]:
    """Yield (line, module) for every import in a module, also late, conditional or by name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = _absolute(node, file)
            yield node.lineno, module
            yield from ((node.lineno, f"{module}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and _name_of(node.func) in _IMPORTING_CALLS:
            for argument in (*node.args, *(keyword.value for keyword in node.keywords)):
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield node.lineno, argument.value


_IMPORTING_CALLS = frozenset({"import_module", "__import__", "find_spec", "run_module"})


def _absolute(node: ast.ImportFrom, file: str) -> str:
    if node.level == 0:
        return node.module or ""
    package = file.split("/")[: -node.level]
    return ".".join([*package, node.module] if node.module else package)


def _name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
