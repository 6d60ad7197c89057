"""Domains are used through their doors (seed 002 D-1, DESIGN.md D9 and D10).

Every rule here is shown to fail on a copy of the tree with a violation planted into it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source_tree import (
    HAND_WRITTEN,
    SourceTree,
    hand_written,
    planted,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TERMINAL_LIBRARIES = ("cyclopts", "rich")
PROCESSES = ("subprocess", "multiprocessing", "pty")
# Who appends to a file, and to which. A mission's log has one writer (seed 002 D-2, DESIGN.md D5).
APPENDERS = {
    "specify_cli/kernel/files.py": "offers appending",
    "specify_cli/status/transaction.py": "the log of a mission",
    "specify_cli/next/_internal_runtime/run.py": "the journal of a run",
    "specify_cli/git/worktrees.py": "git's own list of ignored files",
}


def status_is_used_through_its_facade(tree: SourceTree) -> None:
    """Rule 10: other packages import the facade, or a module that the facade makes public."""
    public = {f"specify_cli.status.{name}" for name in public_status_modules()}
    private = [
        name
        for name in tree.architecture.modules
        if name.startswith("specify_cli.status.")
        and not any(name == p or name.startswith(f"{p}.") for p in public)
        and not name.endswith(".__init__")
    ]
    tree.forbid(
        "other packages use specify_cli.status through its facade or the modules that the facade "
        "names (seed 002):",
        subjects=_others(tree, "status"),
        objects=private,
    )


def private_packages_stay_private(tree: SourceTree) -> None:
    """Rule 11: a package or module with a leading underscore is imported by its own package only."""
    for name in sorted(tree.architecture.modules):
        parent, _, last = name.rpartition(".")
        if parent.startswith("specify_cli") and last.startswith("_") and last != "__init__":
            siblings = (f"{parent}.", parent)
            outside = [
                module
                for module in tree.architecture.modules
                if module.startswith("specify_cli.")
                and not module.startswith(siblings)
                and not f"{parent}.".startswith(f"{module}.")
            ]
            tree.forbid(
                f"{name} is private to {parent}; use what {parent} offers:",
                subjects=outside,
                objects=[name],
            )


def terminals_are_the_command_lines_business(tree: SourceTree) -> None:
    """Rule 12: the SDK parses no options and paints nothing."""
    tree.forbid(
        "only specify_cli.cli may import a command-line or terminal library (DESIGN.md D9):",
        subjects=_others(tree, "cli"),
        objects=TERMINAL_LIBRARIES,
    )


def processes_are_started_in_one_place(tree: SourceTree) -> None:
    """Rule 15: every process is git, started by one module with one set of variables."""
    refuse(
        "only specify_cli.git.process starts processes:",
        (
            item
            for item in tree.imports
            if item.file != "specify_cli/git/process.py" and item.module.split(".")[0] in PROCESSES
        ),
    )


def the_log_has_one_writer(tree: SourceTree) -> None:
    """Rule 16: whoever appends is known, so that no second writer of the log appears unnoticed."""
    refuse(
        "only specify_cli.status.transaction appends to the log of a mission, and only the modules "
        "in APPENDERS append at all (seed 002, DESIGN.md D5):",
        (f"{file}:{line}" for file, line in appending(tree) if file not in APPENDERS),
    )


def appending(tree: SourceTree) -> Iterator[tuple[str, int]]:
    """Yield (file, line) of whatever appends: `append_lines`, a mode with an `a`, or O_APPEND."""
    for file, module in tree.modules.items():
        for node in ast.walk(module):
            if isinstance(node, ast.Attribute) and node.attr in {"append_lines", "O_APPEND"}:
                yield file, node.lineno
            elif isinstance(node, ast.Call) and _called(node.func) in {"open", "fdopen"}:
                modes = [*node.args, *(keyword.value for keyword in node.keywords)]
                if any(isinstance(m, ast.Constant) and m.value in _APPEND_MODES for m in modes):
                    yield file, node.lineno


_APPEND_MODES = frozenset({"a", "ab", "at", "a+", "ab+", "a+b", "at+"})


def _called(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def public_status_modules() -> frozenset[str]:
    """Read from the facade which modules of `status` it makes public."""
    facade = ast.parse((HAND_WRITTEN / "status" / "__init__.py").read_bytes())
    return frozenset(
        node.module.removeprefix("specify_cli.status.")
        for node in ast.walk(facade)
        if isinstance(node, ast.ImportFrom)
        and (node.module or "").startswith("specify_cli.status.")
        and node.module is not None
    )


def _others(tree: SourceTree, package: str) -> list[str]:
    return [f"specify_cli.{name}" for name in sorted(tree.packages) if name != package]


@pytest.mark.proves("002 D-1")
def test_status_is_used_through_its_facade() -> None:
    status_is_used_through_its_facade(hand_written())


def test_the_facade_of_status_makes_some_modules_public_and_keeps_some() -> None:
    modules = {path.stem for path in (HAND_WRITTEN / "status").glob("*.py")} - {"__init__"}
    assert {"lanes", "board", "log", "mission_status", "transitions"} <= public_status_modules()
    assert {"rows", "transaction"} <= modules - public_status_modules()


@pytest.mark.proves("002 D-1")
@pytest.mark.parametrize(
    "source",
    [
        "from specify_cli.status.rows import transition_row",
        "from specify_cli.status import transaction",
        "def late():\n    import specify_cli.status.transaction",
    ],
)
def test_an_import_of_a_status_internal_is_caught(tmp_path: Path, source: str) -> None:
    tree = planted(tmp_path, {"missions/evil.py": source + "\n"})
    with pytest.raises(AssertionError, match=r"specify_cli/missions/evil\.py imports"):
        status_is_used_through_its_facade(tree)


def test_the_facade_and_its_public_modules_may_be_imported(tmp_path: Path) -> None:
    source = (
        "from specify_cli.status import Lane\nfrom specify_cli.status.lanes import parse_lane\n"
    )
    status_is_used_through_its_facade(planted(tmp_path, {"missions/fine.py": source}))


@pytest.mark.proves("000 FR-001")
def test_private_packages_stay_private() -> None:
    private_packages_stay_private(hand_written())


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("cli/evil.py", "from specify_cli.next._internal_runtime import engine"),
        ("cli/evil.py", "from specify_cli.next._internal_runtime.engine import next_step"),
        ("cli/evil.py", "from specify_cli.next import _internal_runtime"),
        ("missions/evil.py", "def late():\n    import specify_cli.next._internal_runtime.schema"),
    ],
)
def test_an_import_of_the_internal_runtime_is_caught(
    tmp_path: Path, path: str, source: str
) -> None:
    tree = planted(tmp_path, {path: source + "\n"})
    with pytest.raises(
        AssertionError, match=rf"specify_cli/{path} imports specify_cli\.next\._int"
    ):
        private_packages_stay_private(tree)


def test_next_may_use_its_own_runtime(tmp_path: Path) -> None:
    source = "from specify_cli.next._internal_runtime import engine\n"
    private_packages_stay_private(
        planted(tmp_path, {"next/loop.py": source, "next/deep/loop.py": source})
    )


def test_terminals_are_the_command_lines_business() -> None:
    terminals_are_the_command_lines_business(hand_written())


@pytest.mark.parametrize("library", ["cyclopts", "rich.console"])
def test_a_terminal_library_in_the_sdk_is_caught(tmp_path: Path, library: str) -> None:
    tree = planted(tmp_path, {"next/evil.py": f"def late():\n    import {library}\n"})
    with pytest.raises(AssertionError, match=rf"specify_cli/next/evil\.py imports {library}"):
        terminals_are_the_command_lines_business(tree)


def test_processes_are_started_in_one_place() -> None:
    processes_are_started_in_one_place(hand_written())


@pytest.mark.parametrize(
    "source", ["import subprocess", "def late():\n    from subprocess import run"]
)
def test_a_process_started_elsewhere_is_caught(tmp_path: Path, source: str) -> None:
    tree = planted(tmp_path, {"missions/evil.py": source + "\n"})
    with pytest.raises(
        AssertionError, match=r"specify_cli/missions/evil\.py:\d imports subprocess"
    ):
        processes_are_started_in_one_place(tree)


@pytest.mark.proves("002 D-2")
def test_the_log_has_one_writer() -> None:
    the_log_has_one_writer(hand_written())
    assert {file for file, _ in appending(hand_written())} == set(APPENDERS)


@pytest.mark.proves("002 D-2")
@pytest.mark.parametrize(
    "source",
    [
        "from specify_cli.kernel.files import DISK\nDISK.append_lines(log, [row])",
        "def note(mission):\n    with mission.log_file.open('a', encoding='utf-8') as log: ...",
        "with open(log, mode='ab') as stream: ...",
        "import os\nos.open(log, os.O_WRONLY | os.O_APPEND)",
    ],
)
def test_a_second_writer_is_caught(tmp_path: Path, source: str) -> None:
    tree = planted(tmp_path, {"missions/evil.py": source + "\n"})
    with pytest.raises(AssertionError, match=r"specify_cli/missions/evil\.py:\d"):
        the_log_has_one_writer(tree)
