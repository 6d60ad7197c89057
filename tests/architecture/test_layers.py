"""Imports point one way through the layers of the design (DESIGN.md, packages, seed 002).

Every rule here is shown to fail on a copy of the tree with a violation planted into it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source_tree import (
    GENERATED,
    HAND_WRITTEN,
    ROOT,
    SourceTree,
    generated,
    hand_written,
    planted,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# From the ground up. A package may import what stands below it and what stands beside it.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("kernel",),
    ("git", "identity", "events", "contract"),
    ("status", "governance", "glossary"),
    ("missions", "initialization", "decisions"),
    ("mission_runtime",),
    ("next",),
    ("sync", "tracker"),
    ("orchestrator_api", "mcp", "dashboard", "hub", "upgrade"),
    ("cli",),
)


def imports_point_one_way(tree: SourceTree) -> None:
    """Rule 1."""
    for level, packages in enumerate(LAYERS):
        higher = [name for layer in LAYERS[level + 1 :] for name in layer]
        tree.forbid(
            f"a package imports only what stands below or beside it; {', '.join(packages)} must "
            "not import from a higher layer:",
            subjects=[f"specify_cli.{name}" for name in packages],
            objects=[f"specify_cli.{name}" for name in higher],
        )


def every_package_has_its_place(tree: SourceTree) -> None:
    """Rule 2."""
    known = {name for layer in LAYERS for name in layer}
    refuse("a package of specify_cli has no place in LAYERS:", tree.packages - known)


def packages_form_no_cycle(tree: SourceTree) -> None:
    """Rule 3: what stands beside each other may be used in one direction only."""
    uses: dict[str, set[str]] = {}
    for item in tree.imports:
        importer, importee = item.file.split("/"), item.module.split(".")
        if len(importer) > 2 and importee[0] == "specify_cli" and len(importee) > 1:
            uses.setdefault(importer[1], set()).add(importee[1])
    refuse(
        "packages import each other in a circle:",
        (" -> ".join(circle) for circle in _circles(uses)),
    )


def generated_code_stands_alone(tree: SourceTree) -> None:
    """Rule 4."""
    tree.forbid(
        "generated code imports nothing of the hand-written code:",
        subjects=["spec_kitty_contracts"],
        objects=["specify_cli"],
    )


def _circles(uses: dict[str, set[str]]) -> Iterator[tuple[str, ...]]:
    def walk(path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for name in sorted(uses.get(path[-1], ())):
            if name == path[0]:
                yield (*path, name)
            elif name > path[0] and name not in path:
                yield from walk((*path, name))

    for start in sorted(uses):
        yield from (circle for circle in walk((start,)) if len(circle) > 2)


@pytest.mark.proves("002 D-3")
def test_imports_point_one_way() -> None:
    imports_point_one_way(hand_written())


@pytest.mark.proves("002 D-3")
def test_every_upward_import_is_caught(tmp_path: Path) -> None:
    files = {f"{name}/__init__.py": "" for layer in LAYERS for name in layer}
    pairs = [
        (low, high)
        for level, packages in enumerate(LAYERS)
        for low in packages
        for layer in LAYERS[level + 1 :]
        for high in layer
    ]
    for low, high in pairs:
        files[f"{low}/evil_{high}.py"] = f"def late() -> None:\n    import specify_cli.{high}\n"
    tree = planted(tmp_path, files)

    caught = []
    for level in range(len(LAYERS)):
        subjects = [f"specify_cli.{name}" for name in LAYERS[level]]
        objects = [f"specify_cli.{n}" for layer in LAYERS[level + 1 :] for n in layer]
        try:
            tree.forbid("rule", subjects=subjects, objects=objects)
        except AssertionError as error:
            caught += str(error).splitlines()[1:]
    assert sorted(line.strip() for line in caught) == sorted(
        f"specify_cli/{low}/evil_{high}.py imports specify_cli.{high}" for low, high in pairs
    )
    with pytest.raises(AssertionError, match="must not import from a higher layer"):
        imports_point_one_way(tree)


@pytest.mark.parametrize(
    "source",
    [
        "from specify_cli import next",
        "from specify_cli.next import query",
        "from ..next import query",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import specify_cli.next",
        "try:\n    import specify_cli.next\nexcept ImportError:\n    pass",
        "def late():\n    with open('x'):\n        from specify_cli.next import query",
        "class Box:\n    from specify_cli.next import query",
    ],
)
def test_an_upward_import_is_caught_in_every_form(tmp_path: Path, source: str) -> None:
    tree = planted(tmp_path, {"next/__init__.py": "", "kernel/evil.py": source + "\n"})
    with pytest.raises(AssertionError, match=r"specify_cli/kernel/evil\.py imports specify_cli"):
        imports_point_one_way(tree)


@pytest.mark.proves("002 D-3")
def test_every_package_has_its_place() -> None:
    every_package_has_its_place(hand_written())


@pytest.mark.proves("002 D-3")
def test_a_package_without_a_place_is_caught(tmp_path: Path) -> None:
    tree = planted(tmp_path, {"newcomer/thing.py": ""})
    with pytest.raises(AssertionError, match="newcomer"):
        every_package_has_its_place(tree)


@pytest.mark.proves("002 D-3")
def test_the_execution_context_lives_in_mission_runtime_and_nowhere_else() -> None:
    homes = {
        file
        for file, module in hand_written().modules.items()
        for node in ast.walk(module)
        if isinstance(node, ast.ClassDef) and node.name == "ExecutionContext"
    }
    assert homes == {"specify_cli/mission_runtime/context.py"}


@pytest.mark.proves("000 C-009")
def test_the_runtime_lives_below_next_and_there_is_no_further_top_level_package() -> None:
    source = ROOT / "src"
    tops = {path.parent for path in source.rglob("__init__.py")}
    tops = {path for path in tops if not (path.parent / "__init__.py").exists()}
    assert tops == {HAND_WRITTEN, GENERATED}
    runtime = HAND_WRITTEN / "next" / "_internal_runtime"
    assert {"engine.py", "planner.py", "schema.py"} <= {path.name for path in runtime.iterdir()}


def test_packages_form_no_cycle() -> None:
    packages_form_no_cycle(hand_written())


def test_packages_that_import_each_other_are_caught(tmp_path: Path) -> None:
    tree = planted(
        tmp_path,
        {
            "git/evil.py": "def late():\n    from specify_cli.identity import x\n",
            "identity/evil.py": "from specify_cli.events.y import z\n",
            "events/evil.py": "import specify_cli.git.thing\n",
        },
    )
    with pytest.raises(AssertionError, match="events -> git -> identity -> events"):
        packages_form_no_cycle(tree)


def test_generated_code_stands_alone() -> None:
    generated_code_stands_alone(generated())


def test_generated_code_that_imports_ours_is_caught(tmp_path: Path) -> None:
    files = {"gate/evil.py": "def late():\n    from specify_cli.kernel import errors\n"}
    tree = planted(tmp_path, files, original=GENERATED)
    with pytest.raises(AssertionError, match=r"spec_kitty_contracts/gate/evil\.py imports"):
        generated_code_stands_alone(tree)
