"""What the lock file and the project file say about the tools and the events package."""

from __future__ import annotations

import tomllib
from importlib import metadata
from typing import TYPE_CHECKING, Any

from codegen.tree import PipelineError

if TYPE_CHECKING:
    from pathlib import Path


def locked_version(root: Path, distribution: str) -> str:
    """Return the version that `uv.lock` pins.

    Raises:
        PipelineError: The lock file is missing or does not name the distribution.
    """
    return str(_locked(root, distribution)["version"])


def locked_wheel_hash(root: Path, distribution: str) -> str:
    """Return the hash that `uv.lock` pins for a distribution's pure-Python wheel.

    Returns:
        `sha256:` and 64 hexadecimal digits.

    Raises:
        PipelineError: The lock file is missing, or names no or several wheels of the distribution.
    """
    wheels = _locked(root, distribution).get("wheels", [])
    if len(wheels) != 1:
        raise PipelineError(f"uv.lock: {distribution} has {len(wheels)} wheels, not one")
    return str(wheels[0]["hash"])


def _locked(root: Path, distribution: str) -> dict[str, Any]:
    for package in _toml(root / "uv.lock").get("package", []):
        if package.get("name") == distribution:
            return dict(package)
    raise PipelineError(f"uv.lock: {distribution} is not locked")


def tool_findings(root: Path) -> list[str]:
    """Compare the installed generators with the exact pins of the `codegen` dependency group.

    Another version writes other bytes, which would look like drift of the contracts.
    """
    findings = []
    for requirement in _toml(root / "pyproject.toml")["dependency-groups"]["codegen"]:
        name, _, pinned = requirement.partition("==")
        installed = metadata.version(name)
        if installed != pinned:
            findings.append(
                f"pyproject.toml: dependency-groups.codegen pins {name} {pinned}, "
                f"but {installed} is installed"
            )
    return findings


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise PipelineError(f"{path.name}: not readable: {error}") from error
