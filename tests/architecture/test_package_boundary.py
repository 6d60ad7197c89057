"""The boundary of seed 000: the runtime is ours, events and tracker are public packages of others.

Every rule here is shown to fail on a copy of the tree with a violation planted into it.
"""

from __future__ import annotations

import ast
import importlib
import re
import time
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source_tree import (
    HAND_WRITTEN,
    ROOT,
    SourceTree,
    hand_written,
    imported,
    planted,
    refuse,
    tree_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RETIRED = "spec_kitty_runtime"
VENDORED = "specify_cli.spec_kitty_events"
SIBLINGS = ("spec_kitty_events", "spec_kitty_tracker")
# Everything outside tests/ besides the command line itself is production code too.
OTHER_CODE = ("codegen", "tools", "demo", "benchmarks", "examples", "src/generated")
# What is private and used all the same, by file and name. The events package has no public name for
# its map from event types to models and schemas; tests/consumer pins both, and `codegen check`
# compares what was taken from them with the wheel.
NO_PUBLIC_DOOR = frozenset(
    {
        ("codegen/upstream.py", "_EVENT_TYPE_TO_MODEL"),
        ("codegen/upstream.py", "_EVENT_TYPE_TO_SCHEMA"),
    }
)
MISSION = "shared-package-boundary-cutover"
MILESTONE = "removal milestone"


def the_retired_runtime_is_not_imported(tree: SourceTree) -> None:
    """Rule 5: in no form: at the top, lazily, conditionally, or by name as a string."""
    rule = f"{RETIRED} is retired; the runtime is specify_cli.next (000 FR-002, C-001):"
    if tree.package.name == "specify_cli":
        tree.forbid(rule, subjects=["specify_cli"], objects=[RETIRED])
    refuse(rule, (item for item in tree.imports if _is_below(item.module, RETIRED)))


def events_are_not_vendored(tree: SourceTree) -> None:
    """Rule 6: neither the folder nor an import of it."""
    rule = "events come from the package spec_kitty_events only (000 FR-003, FR-004, C-002):"
    tree.forbid(rule, subjects=["specify_cli"], objects=[VENDORED])
    refuse(rule, (item for item in tree.imports if _is_below(item.module, VENDORED)))
    refuse(
        rule,
        (
            path.relative_to(tree.package.parent).as_posix()
            for name in ("spec_kitty_events", "spec_kitty_tracker", RETIRED)
            for path in tree.package.rglob(f"{name}*")
            if "__pycache__" not in path.parts
        ),
    )


def sibling_names_are_not_re_exported(tree: SourceTree) -> None:
    """Rule 7: no public name of a module of ours is a name of a sibling package."""
    refuse(
        "names of spec_kitty_tracker and spec_kitty_events must not appear as ours; import them "
        "where they are used, or under a private name (000 FR-005, C-003):",
        (
            f"{file}:{line} offers {name}"
            for file, module in tree.modules.items()
            for line, name in _offered(module)
        ),
    )


def private_names_of_siblings_are_not_used(tree: SourceTree) -> None:
    """Rule 8: only the public surface of a sibling package."""
    rule = "only public names of the sibling packages may be used (000 FR-004, FR-005, C-011):"
    refuse(
        rule,
        (
            item
            for item in tree.imports
            if any(_is_below(item.module, name) for name in SIBLINGS)
            and any(part.startswith("_") for part in item.module.split("."))
        ),
    )
    refuse(
        rule,
        (
            f"{file}:{line} uses {name}"
            for file, line, name in private_uses(tree)
            if (file, name) not in NO_PUBLIC_DOOR
        ),
    )


def private_uses(tree: SourceTree) -> Iterator[tuple[str, int, str]]:
    """Yield (file, line, name) wherever a private name is taken from something of a sibling."""
    for file, module in tree.modules.items():
        foreign = _names_of_siblings(module)
        for node in ast.walk(module) if foreign else ():
            holder, name = _taken(node)
            if _is_private(name) and _root_name(holder) in foreign:
                yield file, getattr(node, "lineno", 0), name


def removal_tests_are_quarantined(tests: Path) -> None:
    """Rule 9: a test that imports the retired package says for which mission and until when."""
    findings = []
    for path in sorted(tests.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        found = imported(ast.parse(text), path.name)
        lines = sorted({line for line, module in found if _is_below(module, RETIRED)})
        marked = f"# {MISSION}" in text and MILESTONE in text
        if lines and not (marked and ("migration" in path.name or "removal" in path.name)):
            findings += [f"{path.relative_to(tests).as_posix()}:{line}" for line in lines]
    refuse(
        f"a test imports {RETIRED}: only a migration or removal fixture may, with a comment that "
        f"names {MISSION} and its {MILESTONE} (000 FR-016, C-006):",
        findings,
    )


def _is_below(module: str, parent: str) -> bool:
    return module == parent or module.startswith(f"{parent}.")


def _names_of_siblings(module: ast.Module) -> set[str]:
    """Return every name that stands for a sibling package or for something of it, in any scope."""
    names: set[str] = set()
    for node in ast.walk(module):
        if isinstance(node, ast.stmt):
            names |= {
                name
                for name, source in _bindings(node)
                if any(_is_below(source, sibling) for sibling in SIBLINGS)
            }
    while True:
        more = {
            target.id
            for node in ast.walk(module)
            if isinstance(node, ast.Assign) and _comes_from(node.value, names)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        if more <= names:
            return names
        names |= more


def _comes_from(value: ast.expr, names: set[str]) -> bool:
    """Whether a value is one of these names or part of it, or a sibling imported by name."""
    if isinstance(value, ast.Call):
        return any(
            isinstance(argument, ast.Constant)
            and any(_is_below(str(argument.value), sibling) for sibling in SIBLINGS)
            for argument in value.args
        )
    return _root_name(value) in names


def _taken(node: ast.AST) -> tuple[ast.expr | None, str]:
    """Return of what a node takes an attribute, and which: `x.name` or `getattr(x, "name")`."""
    if isinstance(node, ast.Attribute):
        return node.value, node.attr
    if (
        isinstance(node, ast.Call)
        and _root_name(node.func) == "getattr"
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
    ):
        return node.args[0], str(node.args[1].value)
    return None, ""


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


def _offered(module: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield (line, name) for each public module-level name that stands for a sibling's."""
    foreign: set[str] = set()
    for node in _top_level(module.body):
        for name, source in _bindings(node):
            if any(_is_below(source, sibling) for sibling in SIBLINGS):
                foreign.add(name)
                if not name.startswith("_"):
                    yield node.lineno, name
        if isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = [t.id for t in targets if isinstance(t, ast.Name)]
            if "__all__" in names:
                yield from _listed(node, foreign)
            elif _root_name(node.value) in foreign:
                yield from ((node.lineno, n) for n in names if not n.startswith("_"))


def _top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements that run on import, those inside if, try and with too."""
    for node in body:
        if isinstance(node, ast.If) and _root_name(node.test) in {"TYPE_CHECKING", "typing"}:
            # mypy --strict refuses to import such a name from here: it is no re-export.
            yield from _top_level(node.orelse)
            continue
        yield node
        for field in ("body", "orelse", "finalbody"):
            if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _top_level(getattr(node, field, []))
        for handler in getattr(node, "handlers", []):
            yield from _top_level(handler.body)


def _bindings(node: ast.stmt) -> Iterator[tuple[str, str]]:
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield alias.asname or alias.name.split(".")[0], alias.name
    elif isinstance(node, ast.ImportFrom) and node.level == 0:
        for alias in node.names:
            yield alias.asname or alias.name, f"{node.module}.{alias.name}"


def _listed(node: ast.Assign | ast.AnnAssign, foreign: set[str]) -> Iterator[tuple[int, str]]:
    # Also through a lazy __getattr__, where no import shows whose name it is.
    public = set(importlib.import_module("spec_kitty_tracker").__all__)
    for element in ast.walk(node.value) if node.value else ():
        if isinstance(element, ast.Constant) and str(element.value) in public | foreign:
            yield element.lineno, f"__all__ entry {element.value!s}"


def _root_name(expression: ast.expr | None) -> str:
    while isinstance(expression, ast.Attribute):
        expression = expression.value
    return expression.id if isinstance(expression, ast.Name) else ""


@pytest.mark.proves("000 FR-002", "000 FR-011", "000 C-001", "000 C-007")
def test_the_retired_runtime_is_not_imported() -> None:
    the_retired_runtime_is_not_imported(hand_written())


@pytest.mark.proves("000 FR-002", "000 C-001")
@pytest.mark.parametrize("folder", OTHER_CODE)
def test_no_code_outside_the_tests_imports_the_retired_runtime(folder: str) -> None:
    tree = tree_of(folder)
    assert tree.modules
    the_retired_runtime_is_not_imported(tree)


@pytest.mark.proves("000 NFR-006")
def test_the_rule_is_quick_enough_for_the_fast_gate() -> None:
    started = time.monotonic()
    the_retired_runtime_is_not_imported(SourceTree(HAND_WRITTEN))
    assert time.monotonic() - started <= 30
    fast = re.search(r"^test-fast:.*\n(?:\t.*\n)+", (ROOT / "Makefile").read_text("utf-8"), re.M)
    assert fast is not None
    assert "tests/architecture" in fast[0]


@pytest.mark.proves("000 FR-002", "000 FR-011", "000 C-001")
@pytest.mark.parametrize(
    "source",
    [
        "import spec_kitty_runtime",
        "import spec_kitty_runtime.engine as engine",
        "from spec_kitty_runtime import next_step",
        "from spec_kitty_runtime.schema import ActorIdentity",
        "def late():\n    from spec_kitty_runtime import next_step",
        "try:\n    import spec_kitty_runtime\nexcept ImportError:\n    pass",
        "if True:\n    pass\nelse:\n    import spec_kitty_runtime.planner",
        "class Lazy:\n    def get(self):\n        with x:\n            import spec_kitty_runtime",
        "async def late():\n    from spec_kitty_runtime import engine",
        "import importlib\nengine = importlib.import_module('spec_kitty_runtime.engine')",
        "engine = __import__('spec_kitty_runtime')",
        "from importlib.util import find_spec\nthere = find_spec(name='spec_kitty_runtime')",
    ],
)
def test_an_import_of_the_retired_runtime_is_caught_in_every_form(
    tmp_path: Path, source: str
) -> None:
    tree = planted(tmp_path, {"next/evil.py": source + "\n"})
    with pytest.raises(AssertionError, match=r"specify_cli/next/evil\.py") as caught:
        the_retired_runtime_is_not_imported(tree)
    assert "000 FR-002" in str(caught.value)


@pytest.mark.proves(
    "000 FR-003", "000 FR-004", "000 FR-012", "000 FR-018", "000 C-002", "000 C-007"
)
def test_events_are_not_vendored() -> None:
    events_are_not_vendored(hand_written())


@pytest.mark.proves("000 FR-004", "000 FR-012", "000 FR-018", "000 C-002")
@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("spec_kitty_events/__init__.py", ""),
        ("events/spec_kitty_events/models.py", ""),
        ("spec_kitty_events.py", ""),
        ("events/evil.py", "from specify_cli.spec_kitty_events import Event"),
        ("events/evil.py", "def late():\n    import specify_cli.spec_kitty_events.models"),
        ("events/evil.py", "from specify_cli import spec_kitty_events"),
    ],
)
def test_vendored_events_are_caught(tmp_path: Path, path: str, source: str) -> None:
    tree = planted(tmp_path, {path: source + "\n"})
    with pytest.raises(AssertionError, match="events come from the package spec_kitty_events"):
        events_are_not_vendored(tree)


@pytest.mark.proves("000 FR-005", "000 C-003")
def test_sibling_names_are_not_re_exported() -> None:
    sibling_names_are_not_re_exported(hand_written())


@pytest.mark.proves("000 FR-005", "000 C-003")
@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("from spec_kitty_tracker import SyncEngine", "SyncEngine"),
        ("from spec_kitty_tracker import SyncEngine as Engine", "Engine"),
        ("from spec_kitty_tracker.models import ExternalRef", "ExternalRef"),
        ("from spec_kitty_tracker import *", r"\*"),
        ("import spec_kitty_tracker", "spec_kitty_tracker"),
        ("import spec_kitty_tracker as _t\nOwnershipMode = _t.OwnershipMode", "OwnershipMode"),
        ("from spec_kitty_tracker import FieldOwner as _F\nOwner: type = _F", "Owner"),
        (
            "try:\n    from spec_kitty_tracker import Page\nexcept ImportError:\n    Page = None",
            "Page",
        ),
        ("__all__ = ['SyncEngine']\ndef __getattr__(name): ...", "__all__ entry SyncEngine"),
        ("from spec_kitty_events import Event", "Event"),
    ],
)
def test_a_re_export_is_caught(tmp_path: Path, source: str, name: str) -> None:
    tree = planted(tmp_path, {"tracker/evil.py": source + "\n"})
    with pytest.raises(AssertionError, match=rf"specify_cli/tracker/evil\.py:\d+ offers {name}"):
        sibling_names_are_not_re_exported(tree)


@pytest.mark.parametrize(
    "source",
    [
        "def sync():\n    from spec_kitty_tracker import SyncEngine\n    return SyncEngine",
        "from spec_kitty_tracker import SyncEngine as _SyncEngine",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from spec_kitty_tracker import Page",
        "class Adapter:\n    pass\n__all__ = ['Adapter']",
    ],
)
def test_an_adapter_that_uses_the_tracker_is_allowed(tmp_path: Path, source: str) -> None:
    sibling_names_are_not_re_exported(planted(tmp_path, {"tracker/adapter.py": source + "\n"}))


@pytest.mark.proves("000 FR-004", "000 FR-005", "000 C-011")
def test_private_names_of_siblings_are_not_used() -> None:
    private_names_of_siblings_are_not_used(hand_written())
    for folder in OTHER_CODE:
        private_names_of_siblings_are_not_used(tree_of(folder))


def test_every_exception_for_a_private_name_is_still_needed() -> None:
    used = {
        (file, name)
        for tree in (hand_written(), *map(tree_of, OTHER_CODE))
        for file, _, name in private_uses(tree)
    }
    assert used == NO_PUBLIC_DOOR


@pytest.mark.proves("000 FR-004", "000 FR-005", "000 C-011")
@pytest.mark.parametrize(
    "source",
    [
        "import spec_kitty_events._private",
        "def late():\n    from spec_kitty_events.conformance._loader import load",
        "from spec_kitty_tracker.models import _helper",
    ],
)
def test_an_import_of_a_private_name_of_a_sibling_is_caught(tmp_path: Path, source: str) -> None:
    tree = planted(tmp_path, {"events/evil.py": source + "\n"})
    with pytest.raises(AssertionError, match=r"specify_cli/events/evil\.py:\d+ imports spec_kitty"):
        private_names_of_siblings_are_not_used(tree)


@pytest.mark.proves("000 FR-004", "000 FR-005", "000 C-011")
@pytest.mark.parametrize(
    "source",
    [
        "from spec_kitty_events.conformance import validators\nx = validators._EVENT_TYPE_TO_MODEL",
        "def late():\n    import spec_kitty_events.status as s\n    return s.rules._guard",
        "import spec_kitty_tracker\nx = getattr(spec_kitty_tracker.engine, '_retry')",
        "import spec_kitty_tracker as _t\nengine = _t.engine\nretry = engine\nretry._again()",
        "from spec_kitty_tracker import SyncEngine as _S\nclass Ours:\n    run = _S._run",
        "import importlib\nm = importlib.import_module('spec_kitty_events.status')\nm._hidden",
    ],
)
def test_a_private_attribute_of_a_sibling_is_caught(tmp_path: Path, source: str) -> None:
    tree = planted(tmp_path, {"events/evil.py": source + "\n"})
    with pytest.raises(AssertionError, match=r"specify_cli/events/evil\.py:\d+ uses _"):
        private_names_of_siblings_are_not_used(tree)


def test_private_names_of_our_own_and_dunders_are_no_internals_of_a_sibling(tmp_path: Path) -> None:
    source = (
        "import spec_kitty_events\nfrom specify_cli.kernel import ulid\n"
        "where = spec_kitty_events.__file__\nlast = ulid._last\n"
    )
    private_names_of_siblings_are_not_used(planted(tmp_path, {"events/fine.py": source}))


@pytest.mark.proves("000 FR-016", "000 C-006")
def test_removal_tests_are_quarantined() -> None:
    removal_tests_are_quarantined(ROOT / "tests")


@pytest.mark.proves("000 FR-016", "000 C-006")
@pytest.mark.parametrize(
    "statement",
    [
        "import spec_kitty_runtime",
        "from spec_kitty_runtime.engine import next_step",
        "importlib.import_module('spec_kitty_runtime')",
    ],
)
@pytest.mark.parametrize(
    ("name", "comment", "allowed"),
    [
        ("test_runtime_removal.py", f"# {MISSION}-01KQ22DS; {MILESTONE}: 5.0", True),
        ("test_runtime_removal.py", f"# {MISSION}-01KQ22DS", False),
        ("test_runtime_removal.py", "", False),
        ("test_next.py", f"# {MISSION}-01KQ22DS; {MILESTONE}: 5.0", False),
    ],
)
def test_only_a_marked_removal_fixture_may_import_the_retired_package(
    tmp_path: Path, name: str, comment: str, allowed: bool, statement: str
) -> None:
    text = f"{comment}\ndef test_x():\n    {statement}\n"
    (tmp_path / name).write_text(text, encoding="utf-8")
    if allowed:
        removal_tests_are_quarantined(tmp_path)
    else:
        with pytest.raises(AssertionError, match=f"{name}:3"):
            removal_tests_are_quarantined(tmp_path)
