"""What the documents tell people to do is true (000 FR-014, FR-015, NFR-007, 002 D-6, D-7)."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.architecture.source_tree import hand_written

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

INSTALLS_RUNTIME = re.compile(
    r"\b(?:install|add|require|require[sd]|need|needs|depend on|depends on)\b[^.\n|]{0,40}"
    r"spec[-_]kitty[-_]runtime",
    re.IGNORECASE,
)
NEGATED = re.compile(r"\b(?:uninstall|not|no longer|never|without|remove)\b", re.IGNORECASE)
EXACT_PIN = re.compile(r"spec-kitty-(?:events|tracker|runtime)\s*={2,3}\s*\d")
# The clean installation installs one old runtime on purpose, to see that it is left alone.
EXACT_SIBLING = re.compile(r"spec[-_]kitty[-_](?:events|tracker)\W{0,4}={2,3}\W{0,4}\d")
RATIFIED = ROOT / "docs" / "decisions" / "0006-names-of-the-contexts.md"


def documents() -> list[Path]:
    """Every document that is shipped with the source."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def checks() -> list[Path]:
    """Every script that decides whether a change or a release is sound."""
    code = [path for folder in ("codegen", "tools") for path in (ROOT / folder).rglob("*.py")]
    return sorted([ROOT / "Makefile", ROOT / ".ci" / "run", *code])


def findings(text: str) -> list[str]:
    """Say what a document tells people that does not hold any more."""
    return [
        f"line {number}: {complaint}: {line.strip()}"
        for number, line in enumerate(text.splitlines(), 1)
        for complaint in _complaints(line)
    ]


def _complaints(line: str) -> Iterator[str]:
    asked = [match.end() for match in INSTALLS_RUNTIME.finditer(line)]
    if any(not NEGATED.search(line[:end]) for end in asked):
        yield "asks for the retired package"
    if EXACT_PIN.search(line):
        yield "names an exact release of a sibling"


@pytest.mark.proves("000 FR-014", "000 NFR-007")
@pytest.mark.parametrize("path", documents(), ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_document_asks_for_the_retired_runtime_or_an_exact_sibling(path: Path) -> None:
    assert findings(path.read_text(encoding="utf-8")) == []


@pytest.mark.proves("000 FR-014", "000 NFR-007")
@pytest.mark.parametrize(
    "line",
    [
        "pip install spec-kitty-cli spec-kitty-runtime",
        "First install `spec-kitty-runtime`, then the command line.",
        "uv add spec-kitty-runtime",
        "This release depends on spec_kitty_runtime 0.4.",
        "Releases go together: spec-kitty-events==6.1.0",
        "tracker gate: spec-kitty-tracker == 0.5.2",
    ],
)
def test_a_stale_instruction_is_caught(line: str) -> None:
    assert len(findings(f"# Title\n\n{line}\n")) == 1


@pytest.mark.parametrize(
    "line",
    [
        "pip uninstall spec-kitty-runtime",
        "`spec-kitty-runtime` is retired; do not install spec-kitty-runtime.",
        "works without spec-kitty-runtime",
    ],
)
def test_telling_people_to_leave_it_out_is_fine(line: str) -> None:
    assert findings(line) == []


@pytest.mark.proves("000 FR-015")
@pytest.mark.parametrize("name", ["AGENTS.md", "CLAUDE.md", "docs/release/package-boundary.md"])
def test_the_boundary_is_documented(name: str) -> None:
    text = " ".join((ROOT / name).read_text(encoding="utf-8").split())
    assert re.search(r"spec-kitty-events`? .{0,60}(external|public names only)", text)
    assert re.search(r"spec-kitty-tracker", text)
    assert re.search(r"runtime.{0,40}(is internal|is `specify_cli\.next`)", text)


@pytest.mark.proves("000 FR-015")
@pytest.mark.parametrize("name", ["AGENTS.md", "CLAUDE.md", "docs/migration/spec-kitty-runtime.md"])
def test_the_documents_say_that_the_runtime_package_is_no_longer_required(name: str) -> None:
    text = " ".join((ROOT / name).read_text(encoding="utf-8").split())
    assert re.search(
        r"spec-kitty-runtime`? is (retired|not required)|That package is retired", text
    )


@pytest.mark.proves("000 FR-014")
def test_no_check_gates_a_release_on_an_exact_sibling() -> None:
    scripts = {path.name for path in checks()}
    assert {"Makefile", "run", "drift.py", "package_sources.py"} <= scripts
    for path in checks():
        assert EXACT_SIBLING.findall(path.read_text(encoding="utf-8")) == [], path.name


@pytest.mark.proves("000 FR-014")
@pytest.mark.parametrize(
    "line",
    [
        "uv pip install spec-kitty-events==6.1.0",
        'if version("spec-kitty-tracker") == "0.5.2":',
        "PINS = {'spec_kitty_events': '==6.1.0'}",
    ],
)
def test_an_exact_sibling_in_a_check_is_caught(line: str) -> None:
    assert EXACT_SIBLING.search(line)


def classes() -> dict[str, set[str]]:
    """Every class of the command line with the modules that define one of this name."""
    found: dict[str, set[str]] = {}
    for file, module in hand_written().modules.items():
        for node in ast.walk(module):
            if isinstance(node, ast.ClassDef):
                found.setdefault(node.name, set()).add(file)
    return found


@pytest.mark.proves("002 D-7")
@pytest.mark.parametrize(
    "name",
    [
        *("ExecutionContext", "GovernanceContext", "InfraContext"),
        *("Effector", "communication artefact"),
    ],
)
def test_the_decision_about_names_defines_each_of_them(name: str) -> None:
    assert re.search(rf"^- \*{name}\*: \w", RATIFIED.read_text(encoding="utf-8"), re.M)
    assert RATIFIED.name in (RATIFIED.parent / "README.md").read_text(encoding="utf-8")


@pytest.mark.proves("002 D-7")
def test_code_uses_the_ratified_names_for_these_things_only() -> None:
    text = RATIFIED.read_text(encoding="utf-8")
    known = classes()
    for name in ("ExecutionContext", "CommunicationArtefact"):
        (home,) = known[name]
        assert home.removesuffix(".py").replace("/", ".") in text
    contexts = {name for name in known if name.endswith("Context") and not name.startswith("_")}
    # The frozen runtime brings a name of its own; it is private to `next`.
    assert contexts - {"DiscoveryContext"} <= set(re.findall(r"\*(\w+)\*:", text))


@pytest.mark.proves("002 D-6")
def test_an_effector_is_a_word_in_the_documents_and_no_type() -> None:
    text = " ".join(RATIFIED.read_text(encoding="utf-8").split())
    assert re.search(
        r"\*Effector\*: an actor that .{0,40}A word for people, not a type, until", text
    )
    assert [name for name in classes() if "effector" in name.lower()] == []
