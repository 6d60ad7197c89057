"""What the built wheel ships and declares (seed 000)."""

from __future__ import annotations

import ast
import email
import importlib.metadata
import re
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.built_wheel import built_wheel

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

pytestmark = pytest.mark.needs_index

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "specify_cli": ROOT / "src" / "specify_cli",
    "spec_kitty_contracts": ROOT / "src" / "generated" / "spec_kitty_contracts",
}
SIBLINGS = ("spec-kitty-events", "spec-kitty-tracker")
FOREIGN = {"spec_kitty_events", "spec_kitty_tracker", "spec_kitty_runtime"}
LAZY_TARGET = re.compile(r"([a-z_]+(?:\.\w+)*):\w+\Z")
# The command tree names its modules without their package.
COMMAND_TREE = "specify_cli/cli/app.py"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """The built wheel."""
    return built_wheel(tmp_path_factory, worker_id)


@pytest.fixture(scope="module")
def files(wheel: Path) -> dict[str, bytes]:
    """Every file of the wheel by name."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def metadata(files: dict[str, bytes]) -> email.message.Message:
    """The wheel's METADATA."""
    [name] = [name for name in files if name.endswith(".dist-info/METADATA")]
    return email.message_from_bytes(files[name])


def first_party_gaps(files: Mapping[str, bytes]) -> list[str]:
    """Say which first-party modules are imported, also lazily or by name, but not shipped."""
    shipped = {
        name.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        for name in files
        if name.endswith(".py")
    }
    return sorted(
        f"{name}:{line} needs {target}"
        for name, data in files.items()
        if name.endswith(".py")
        for line, target in _needed(ast.parse(data), name)
        if target not in shipped
    )


def foreign_paths(files: Mapping[str, bytes]) -> list[str]:
    """Return the paths of sibling packages that are in the wheel."""
    return sorted(name for name in files if FOREIGN & {Path(p).stem for p in name.split("/")})


def requirement_gaps(requirements: list[str]) -> list[str]:
    """Say what is wrong with the declared dependencies."""
    names = {
        re.split(r"[^A-Za-z0-9._-]", text)[0].lower().replace("_", "-") for text in requirements
    }
    gaps = [f"{name} must not be required" for name in names if name == "spec-kitty-runtime"]
    for sibling in SIBLINGS:
        [text] = [t for t in requirements if t.startswith(sibling)] or [""]
        if not (">=" in text and "<" in text.replace("<=", "")) or "=" in text.replace(">=", ""):
            gaps.append(f"{sibling} needs a range, found {text!r}")
    return gaps + [f"{text} is a direct reference" for text in requirements if "@" in text]


def _needed(tree: ast.Module, name: str) -> Iterator[tuple[int, str]]:
    package = name.split("/")[:-1]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, node.module] if node.module else base)
            # A name may be a module; it is one if the source tree has it.
            found = [
                module,
                *(f"{module}.{a.name}" for a in node.names if _is_module(module, a.name)),
            ]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            target = LAZY_TARGET.match(node.value)
            prefix = "specify_cli.cli." if name == COMMAND_TREE else ""
            found = [f"{prefix}{target[1]}"] if target else []
        else:
            continue
        yield from ((node.lineno, n) for n in found if n.split(".")[0] in PACKAGES)


def _is_module(module: str, name: str) -> bool:
    first, *rest = module.split(".")
    if first not in PACKAGES:
        return False
    path = PACKAGES[first].joinpath(*rest, name)
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


@pytest.mark.proves("000 FR-003", "000 FR-012", "000 FR-019", "000 C-002")
def test_the_wheel_ships_our_two_packages_and_nobody_elses(files: dict[str, bytes]) -> None:
    assert foreign_paths(files) == []
    tops = {name.split("/")[0] for name in files}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


@pytest.mark.proves("000 FR-012", "000 FR-019")
@pytest.mark.parametrize(
    "path",
    [
        "specify_cli/spec_kitty_events/__init__.py",
        "spec_kitty_events/models.py",
        "specify_cli/next/spec_kitty_runtime.py",
    ],
)
def test_a_vendored_sibling_in_the_wheel_is_caught(files: dict[str, bytes], path: str) -> None:
    assert foreign_paths(files | {path: b""}) == [path]


@pytest.mark.proves("000 FR-006", "000 FR-007")
def test_the_wheel_requires_the_siblings_in_ranges_and_the_runtime_in_no_form(
    metadata: email.message.Message,
) -> None:
    requirements = metadata.get_all("Requires-Dist", [])
    assert requirement_gaps(requirements) == []
    assert not any("runtime" in extra for extra in metadata.get_all("Provides-Extra", []))


@pytest.mark.proves("000 FR-006", "000 FR-007")
@pytest.mark.parametrize(
    "extra",
    [
        'spec-kitty-runtime>=0.4; extra == "all"',
        "Spec_Kitty_Runtime",
        "spec-kitty-other @ file:///x",
    ],
)
def test_a_forbidden_requirement_is_caught(metadata: email.message.Message, extra: str) -> None:
    requirements = metadata.get_all("Requires-Dist", [])
    assert len(requirement_gaps([*requirements, extra])) == 1


@pytest.mark.parametrize("text", ["==6.1.0", "", ">=6.1", "<7", "===6.1.0", "@ git+https://x"])
def test_a_sibling_without_a_range_is_caught(text: str) -> None:
    found = requirement_gaps([f"spec-kitty-events{text}", "spec-kitty-tracker<0.6,>=0.4"])
    assert found[0].startswith("spec-kitty-events needs a range")


@pytest.mark.proves("000 FR-019")
def test_every_first_party_import_is_in_the_wheel(files: dict[str, bytes]) -> None:
    assert first_party_gaps(files) == []


@pytest.mark.parametrize(
    "missing", ["specify_cli/kernel/errors.py", "specify_cli/cli/next.py", "specify_cli/kernel"]
)
def test_a_module_that_the_wheel_lacks_is_caught(files: dict[str, bytes], missing: str) -> None:
    reduced = {name: data for name, data in files.items() if not name.startswith(missing)}
    assert len(reduced) < len(files)
    assert any(missing.split("/")[-1].removesuffix(".py") in g for g in first_party_gaps(reduced))


def test_every_import_of_others_is_declared(
    files: dict[str, bytes], metadata: email.message.Message
) -> None:
    declared = {
        re.split(r"[^A-Za-z0-9._-]", text)[0].lower().replace("_", "-").replace(".", "-")
        for text in metadata.get_all("Requires-Dist", [])
    }
    providers = importlib.metadata.packages_distributions()
    undeclared = set()
    for name, data in files.items():
        if not name.endswith(".py"):
            continue
        for node in ast.walk(ast.parse(data)):
            modules = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
            for top in {module.split(".")[0] for module in modules}:
                known = top in PACKAGES or top in sys.stdlib_module_names
                offered = {
                    d.lower().replace("_", "-").replace(".", "-") for d in providers.get(top, [])
                }
                if not known and not offered & declared:
                    undeclared.add(f"{name} imports {top}")
    assert sorted(undeclared) == []


def test_the_wheel_ships_every_file_of_both_packages(files: dict[str, bytes]) -> None:
    expected = {
        f"{package}/{path.relative_to(source).as_posix()}"
        for package, source in PACKAGES.items()
        for path in source.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    shipped = {name for name in files if ".dist-info/" not in name}
    assert shipped == expected
    assert {f"{package}/py.typed" for package in PACKAGES} <= shipped


def test_the_wheel_declares_the_command_and_what_it_is(
    files: dict[str, bytes], metadata: email.message.Message
) -> None:
    [entry_points] = [data for name, data in files.items() if name.endswith("/entry_points.txt")]
    assert b"[console_scripts]\nspec-kitty = specify_cli.__main__:main" in entry_points
    assert metadata["Name"] == "spec-kitty-cli"
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.11"


def test_the_wheel_names_no_path_of_the_machine_that_built_it(files: dict[str, bytes]) -> None:
    marks = {str(ROOT).encode(), str(Path.home()).encode()}
    assert [name for name, data in files.items() if any(mark in data for mark in marks)] == []


@pytest.mark.proves("000 FR-008")
@pytest.mark.parametrize("sibling", SIBLINGS)
def test_the_installed_sibling_is_the_locked_one(sibling: str) -> None:
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    [locked] = [package["version"] for package in lock["package"] if package["name"] == sibling]
    assert importlib.metadata.version(sibling) == locked
