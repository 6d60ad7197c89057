"""The list of requirements, the tests that claim them, and whether the two agree.

`tests/requirements.toml` has one table per requirement or constraint of the seed documents, keyed
by seed number and id:

    ["000 FR-002"]
    title = "no production import of the retired runtime package"
    tests = ["tests/architecture/test_package_boundary.py::test_…"]

    ["001 FR-009"]
    title = "tracker bind sends build_id"
    open = "tracker"

An entry with `open` is not met yet, also when it lists tests: those prove a part of it. Every test
that proves something says so with `@pytest.mark.proves("000 FR-002")`, and is listed; the list names
no test that does not claim the id.

Run as `python -m tests.requirements_check FOLDER`, with the outcomes that the plugin
`tests/requirements_plugin.py` wrote, it checks that every listed test ran and passed. With `--update`
instead it rewrites the lists of tests from what the tests claim; titles and `open` stay as they are.
"""

from __future__ import annotations

import ast
import json
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROOT = Path(__file__).parents[1]
LIST = ROOT / "tests" / "requirements.toml"

# How many of each kind the seed documents have: nothing may fall off the list.
SEED_IDS: dict[str, dict[str, int]] = {
    "000": {"FR": 20, "NFR": 7, "C": 11},
    "001": {"FR": 23, "NFR": 5, "C": 7},
    "002": {"D": 10},
    "004": {"FR": 22, "NFR": 5, "C": 5},
}
DOMAINS = frozenset(
    {
        "decisions", "events", "glossary", "governance", "orchestrator-api", "release", "runtime",
        "status", "sync", "tracker", "upgrade",
    }
)  # fmt: skip
_NEVER_RUN = frozenset({"skip", "skipif", "xfail"})


@dataclass(frozen=True, slots=True)
class Entry:
    """One requirement.

    Attributes:
        title: What it demands, in one line.
        tests: Node ids without parameters.
        open: The domain that still has to meet it, or None when the tests prove it.
    """

    title: str
    tests: tuple[str, ...]
    open: str | None


@dataclass(frozen=True, slots=True)
class Claim:
    """What one test function says about itself: the ids it proves, and marks that keep it from running."""

    ids: frozenset[str]
    disabled_by: frozenset[str] = frozenset()


def expected_ids(seeds: Mapping[str, Mapping[str, int]] = SEED_IDS) -> tuple[str, ...]:
    """Return every id of the seed documents, in their order."""
    return tuple(
        f"{seed} {kind}-{number}" if kind == "D" else f"{seed} {kind}-{number:03}"
        for seed, kinds in seeds.items()
        for kind, count in kinds.items()
        for number in range(1, count + 1)
    )


def read_list(text: str) -> dict[str, Entry]:
    """Parse `requirements.toml`."""
    return {
        key: Entry(
            title=str(table.get("title", "")),
            tests=tuple(table.get("tests", ())),
            open=table.get("open"),
        )
        for key, table in tomllib.loads(text).items()
    }


def scan_claims(root: Path = ROOT) -> dict[str, Claim]:
    """Read every test file below `root`/tests and return each test function's claim by node id."""
    claims: dict[str, Claim] = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        tree = ast.parse(path.read_bytes(), filename=str(path))
        file_id = path.relative_to(root).as_posix()
        inherited = [
            statement.value
            for statement in tree.body
            if isinstance(statement, ast.Assign)
            and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in statement.targets)
        ]
        claims.update(_claims_in(tree.body, file_id, inherited))
    return claims


def static_problems(
    entries: Mapping[str, Entry], claims: Mapping[str, Claim], expected: Iterable[str]
) -> list[str]:
    """Compare the list with the seeds and with what the tests claim, both ways."""
    problems = []
    wanted = tuple(expected)
    problems += [f"{key}: not in the list" for key in wanted if key not in entries]
    problems += [f"{key}: no seed document has this id" for key in entries if key not in wanted]
    for key, entry in entries.items():
        problems += [f"{key}: {problem}" for problem in _entry_problems(key, entry, claims)]
    for test, claim in claims.items():
        for key in sorted(claim.ids):
            if key not in entries:
                problems.append(f"{test} claims {key}, which is not in the list")
            elif test not in entries[key].tests:
                problems.append(f"{test} claims {key}, but the list does not name it there")
    return problems


def _entry_problems(key: str, entry: Entry, claims: Mapping[str, Claim]) -> Iterable[str]:
    if not entry.title.strip():
        yield "no title"
    if not entry.tests and entry.open is None:
        yield "neither tests nor open"
    if entry.open is not None and entry.open not in DOMAINS:
        yield f"open for the unknown domain {entry.open!r}"
    for test in entry.tests:
        claim = claims.get(test)
        if claim is None:
            yield f"{test} does not exist"
        elif key not in claim.ids:
            yield f"{test} does not claim it (@pytest.mark.proves)"
        elif claim.disabled_by:
            yield f"{test} is marked {', '.join(sorted(claim.disabled_by))}"


def outcome_problems(entries: Mapping[str, Entry], outcomes: Mapping[str, str]) -> list[str]:
    """Say which listed tests did not run or did not pass; a parametrised test passes as a whole."""
    by_function: dict[str, set[str]] = {}
    for node, outcome in outcomes.items():
        by_function.setdefault(node.split("[", 1)[0], set()).add(outcome)
    problems = []
    for key, entry in entries.items():
        for test in entry.tests:
            found = by_function.get(test)
            if found is None:
                problems.append(f"{key}: {test} was not run")
            elif found != {"passed"}:
                problems.append(f"{key}: {test} {' and '.join(sorted(found - {'passed'}))}")
    return problems


def updated(entries: Mapping[str, Entry], claims: Mapping[str, Claim]) -> str:
    """Return the text of the list with each entry's tests as they are claimed."""
    head = (
        "# Every requirement and constraint of the seed documents; see requirements_check.py.\n"
        "# `open`: not met yet, by the domain that owes it; tests beside it prove a part.\n"
    )
    return head + "".join(_table(key, entry, claims) for key, entry in entries.items())


def _table(key: str, entry: Entry, claims: Mapping[str, Claim]) -> str:
    tests = sorted(test for test, claim in claims.items() if key in claim.ids)
    lines = ["", f'["{key}"]', f"title = {json.dumps(entry.title, ensure_ascii=False)}"]
    if entry.open is not None:
        lines.append(f'open = "{entry.open}"')
    if tests:
        lines += ["tests = [", *(f'    "{test}",' for test in tests), "]"]
    return "\n".join(lines) + "\n"


def read_outcomes(folder: Path) -> dict[str, str]:
    """Merge the outcome files of a folder."""
    outcomes: dict[str, str] = {}
    for path in sorted(folder.glob("*.json")):
        outcomes.update(json.loads(path.read_text(encoding="utf-8")))
    return outcomes


def _claims_in(
    body: Iterable[ast.stmt], prefix: str, inherited: list[ast.expr]
) -> Iterable[tuple[str, Claim]]:
    for node in body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            marks = [*inherited, *node.decorator_list]
            yield from _claims_in(node.body, f"{prefix}::{node.name}", marks)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith(
            "test_"
        ):
            marks = [*inherited, *node.decorator_list]
            yield f"{prefix}::{node.name}", _claim(marks)


def _claim(marks: Iterable[ast.expr]) -> Claim:
    ids: set[str] = set()
    disabled: set[str] = set()
    for mark in marks:
        for node in ast.walk(mark):
            if isinstance(node, ast.Attribute) and _is_mark(node) and node.attr in _NEVER_RUN:
                disabled.add(node.attr)
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and _is_mark(node.func)
                and node.func.attr == "proves"
            ):
                ids.update(
                    a.value
                    for a in node.args
                    if isinstance(a, ast.Constant) and isinstance(a.value, str)
                )
    return Claim(frozenset(ids), frozenset(disabled))


def _is_mark(node: ast.Attribute) -> bool:
    return isinstance(node.value, ast.Attribute) and node.value.attr == "mark"


def main(arguments: list[str]) -> int:
    """Check the outcomes in a folder against the list; print the findings and a summary."""
    entries = read_list(LIST.read_text(encoding="utf-8"))
    if arguments == ["--update"]:
        LIST.write_text(updated(entries, scan_claims()), encoding="utf-8")
        return 0
    problems = static_problems(entries, scan_claims(), expected_ids())
    problems += outcome_problems(entries, read_outcomes(Path(arguments[0])))
    for problem in problems:
        print(problem, file=sys.stderr)
    still_open = sum(entry.open is not None for entry in entries.values())
    print(
        f"requirements: {len(entries)} listed, {len(entries) - still_open} proven by tests, "
        f"{still_open} open, {len(problems)} problems"
    )
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
