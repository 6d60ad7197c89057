"""Refuse a committed configuration that does not consume the sibling packages from an index.

Seed 000: ranges in `pyproject.toml` (FR-007, C-004), exact versions in `uv.lock` only (FR-008), no
path, git, URL or editable source in either (FR-013, C-005), and no spec-kitty-runtime in any form
(FR-006). Run as `python -m tools.package_sources`.
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SIBLINGS = ("spec-kitty-events", "spec-kitty-tracker")
RETIRED = "spec-kitty-runtime"

_REQUIREMENT = re.compile(
    r"\s*(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(?P<rest>.*)\Z", re.S
)
_CLAUSE = re.compile(r"(?P<operator>===|==|~=|!=|<=|>=|<|>)\s*(?P<version>[^\s,;()]+)")
_LOCAL_KEYS = frozenset(
    {"path", "git", "url", "editable", "workspace", "develop", "directory", "virtual"}
)


def pyproject_problems(text: str) -> list[str]:
    """Say what is wrong with a `pyproject.toml` (or `uv.toml`), one sentence per finding.

    Every string and every table of the document is looked at, wherever it stands: a requirement is
    the same leak in `dependencies`, in a group, in an override list or in another tool's table.
    """
    document = tomllib.loads(text)
    problems = []
    for where, key, value in _walk(document, ()):
        name = _normalised(key)
        if name == RETIRED and not isinstance(value, str):
            problems.append(f"{where} names {RETIRED}, which is retired")
        if name in SIBLINGS:
            problems += [f"{where} {problem}" for problem in _table_problems(value)]
        if isinstance(value, str):
            problems += [f"{where}: {problem}" for problem in _text_problems(key, value)]
    project = document.get("project", {})
    declared = project.get("dependencies", []) if isinstance(project, dict) else []
    if isinstance(project, dict) and project.get("name") == "spec-kitty-cli":
        names = {_normalised(_requirement(entry)[0]) for entry in declared}
        problems += [
            f"project.dependencies lacks {sibling}" for sibling in SIBLINGS if sibling not in names
        ]
    return sorted(set(problems))


def lock_problems(text: str) -> list[str]:
    """Say what is wrong with a `uv.lock`: siblings come from an index, each in one exact version."""
    packages = tomllib.loads(text).get("package", [])
    problems = []
    for sibling in SIBLINGS:
        entries = [package for package in packages if _normalised(package["name"]) == sibling]
        if len(entries) != 1:
            problems.append(f"{sibling} is locked {len(entries)} times, not once")
        for entry in entries:
            registry = entry.get("source", {}).get("registry", "")
            if not str(registry).startswith("https://"):
                problems.append(f"{sibling} is locked to {entry.get('source')}, not to an index")
            if not entry.get("version"):
                problems.append(f"{sibling} is locked without an exact version")
    for where, key, value in _walk({"package": packages}, ()):
        if key == "name" and isinstance(value, str) and _normalised(value) == RETIRED:
            problems.append(f"{where} is {RETIRED}, which is retired")
    for package in packages:
        for requirement in package.get("metadata", {}).get("requires-dist", []):
            leaked = sorted(_LOCAL_KEYS & requirement.keys())
            if leaked and _normalised(requirement["name"]) in SIBLINGS:
                problems.append(f"{requirement['name']} is required by {', '.join(leaked)}")
    return sorted(set(problems))


def repository_problems(root: Path) -> list[str]:
    """Check the committed configuration files of a checkout; each finding starts with the file."""
    found = []
    for name, check in (
        ("pyproject.toml", pyproject_problems),
        ("uv.toml", pyproject_problems),
        ("uv.lock", lock_problems),
    ):
        path = root / name
        if path.exists():
            found += [f"{name}: {problem}" for problem in check(path.read_text(encoding="utf-8"))]
        elif name != "uv.toml":
            found.append(f"{name}: the file is missing")
    return found


def _walk(value: object, path: tuple[str, ...]) -> Iterator[tuple[str, str, object]]:
    """Yield (dotted place, last key, value) for everything below a TOML value."""
    children: list[tuple[str, object]] = []
    if isinstance(value, dict):
        children = [(str(key), child) for key, child in value.items()]
    elif isinstance(value, list):
        children = [(f"[{index}]", child) for index, child in enumerate(value)]
    for key, child in children:
        here = (*path, key)
        yield ".".join(here).replace(".[", "["), key, child
        yield from _walk(child, here)


def _table_problems(value: object) -> list[str]:
    entries = value if isinstance(value, list) else [value]
    problems = []
    for entry in entries:
        if isinstance(entry, dict):
            leaked = sorted(_LOCAL_KEYS & entry.keys())
            if leaked:
                problems.append(f"has a {', '.join(leaked)} source")
            problems += _range_problems(str(entry.get("version", "")))
        elif isinstance(entry, str):
            problems += _range_problems(entry)
    return problems


def _text_problems(key: str, text: str) -> list[str]:
    name, rest = _requirement(text)
    normalised = _normalised(name)
    if normalised == RETIRED:
        return [f"{RETIRED} is retired and must not be required"]
    if normalised in SIBLINGS and key.startswith("["):
        if "@" in rest:
            return [f"{normalised} comes from a direct reference, not from an index"]
        return _range_problems(rest, name=normalised)
    if key in {"url", "find-links", "index-url"} and not text.startswith("https://"):
        return [f"{text} is not an https index"]
    return []


def _range_problems(text: str, *, name: str = "") -> list[str]:
    """Check the version part of a requirement: a lower and an upper bound, nothing exact."""
    prefix = f"{name} " if name else ""
    clauses = [(m["operator"], m["version"]) for m in _CLAUSE.finditer(text.split(";", 1)[0])]
    if not clauses:
        return [f"{prefix}has no version range"] if name else []
    operators = {operator for operator, _ in clauses}
    pins = [
        version for operator, version in clauses if operator in {"==", "==="} and "*" not in version
    ]
    lows = {version for operator, version in clauses if operator == ">="}
    pins += [version for operator, version in clauses if operator == "<=" and version in lows]
    if pins:
        return [f"{prefix}is pinned to exactly {pins[0]}; exact versions belong into uv.lock"]
    closed = operators & {"~=", "=="} or (operators & {">=", ">"} and operators & {"<", "<="})
    return [] if closed else [f"{prefix}needs a lower and an upper bound, found {text.strip()!r}"]


def _requirement(text: str) -> tuple[str, str]:
    match = _REQUIREMENT.match(text)
    return (match["name"], match["rest"]) if match else ("", "")


def _normalised(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main() -> int:
    """Check the checkout this file belongs to; exit 1 and list the findings if there are any."""
    problems = repository_problems(Path(__file__).resolve().parents[1])
    for problem in problems:
        sys.stderr.write(f"{problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
