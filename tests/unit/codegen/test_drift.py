"""Everything that can get out of step stops the check, with the file and the place."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import spec_kitty_events

from codegen.__main__ import main
from codegen.drift import check, json_differences
from codegen.locks import locked_wheel_hash
from codegen.pinned import vendored_files, write_pinned
from codegen.regenerate import generated_files
from codegen.upstream import DISTRIBUTION, installed_version

if TYPE_CHECKING:
    from collections.abc import Callable

    from codegen.tree import Tree

ROOT = Path(__file__).resolve().parents[3]
STATUS = "events/status_transition_payload.schema.json"


@pytest.fixture(scope="module")
def generate() -> Callable[[Path], dict[str, bytes]]:
    """What the unchanged contracts generate; spares the tests that do not change them a run."""
    files = generated_files(ROOT)
    return lambda _root: files


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path.write_text(text.replace(old, new, 1), encoding="utf-8", newline="\n")


def repin(tree: Tree) -> None:
    wheel = locked_wheel_hash(tree.root, DISTRIBUTION)
    write_pinned(tree, vendored_files(tree), installed_version(), wheel)


def only(findings: list[str], start: str) -> str:
    matching = [finding for finding in findings if finding.startswith(start)]
    assert len(matching) == 1, findings
    return matching[0]


@pytest.mark.proves("001 FR-023", "001 C-001")
def test_this_checkout_is_in_step(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert "agree" in capsys.readouterr().out


def test_a_changed_byte_in_a_schema_of_the_wheel_is_named_with_its_place(tree: Tree) -> None:
    edit(tree.vendored / STATUS, '"direct_repo"', '"direct_repX"')
    findings = check(tree.root)
    where = f"contracts/vendored/{STATUS}: "
    assert any(f.startswith(where + "the content changed: sha256") for f in findings)
    assert any(f.startswith(where) and "/$defs/ExecutionMode/enum/1" in f for f in findings)


def test_a_changed_space_in_a_vendored_file_is_noticed(tree: Tree) -> None:
    edit(tree.vendored / STATUS, "  ", " ")
    only(check(tree.root), f"contracts/vendored/{STATUS}: the content changed")


@pytest.mark.parametrize(
    ("name", "old", "new", "place"),
    [
        ("gate/upstream_contract.json", '"3.0.0"\n    }', '"3.0.1"\n    }', "/envelope/schema_v"),
        ("websocket/local_commit.schema.json", "{40}", "{4}", "/properties/git_hash/pattern"),
        ("saas/openapi.json", "524288", "524289", "/BodySyncPush/properties/content_body/maxLe"),
    ],
)
def test_a_changed_byte_in_an_authored_file_is_named_with_its_place(
    tree: Tree, name: str, old: str, new: str, place: str
) -> None:
    edit(tree.vendored / name, old, new)
    findings = check(tree.root)
    assert any(f.startswith(f"contracts/vendored/{name}: the content changed") for f in findings)
    assert any(f.startswith(f"contracts/vendored/{name}: ") and place in f for f in findings)


def test_a_changed_byte_in_a_generated_file_is_shown_as_a_diff(
    tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(tree.generated / "models" / "status.py", "Literal[", "Literal['extra', ")
    assert main(["check", f"--root={tree.root}"]) == 1
    message = capsys.readouterr().err
    assert message.startswith("src/generated/spec_kitty_contracts/models/status.py: differs")
    assert "Literal['extra', " in message


def test_a_missing_and_a_foreign_generated_file_are_named(
    tree: Tree, generate: Callable[[Path], dict[str, bytes]]
) -> None:
    (tree.generated / "gate" / "envelope.py").unlink()
    (tree.generated / "wire" / "mine.py").write_text("", encoding="utf-8")
    findings = check(tree.root, generate=generate)
    start = "src/generated/spec_kitty_contracts/"
    assert "missing" in only(findings, f"{start}gate/envelope.py")
    assert "not generated from any contract" in only(findings, f"{start}wire/mine.py")
    assert len(findings) == 2


def test_a_published_schema_that_was_changed_without_regenerating_is_named(tree: Tree) -> None:
    edit(tree.published / "error.schema.json", "What is wrong.", "What went wrong.")
    findings = check(tree.root)
    only(findings, "src/generated/spec_kitty_contracts/schemas/published/error.schema.json")
    only(findings, "src/generated/spec_kitty_contracts/models/error.py")


def test_a_file_that_is_missing_from_pinned_is_named(tree: Tree) -> None:
    document = json.loads(tree.pinned.read_bytes())
    del document["files"][STATUS]
    tree.pinned.write_text(json.dumps(document), encoding="utf-8")
    assert "not in PINNED.json" in only(check(tree.root), f"contracts/vendored/{STATUS}")


def test_a_vendored_file_that_is_gone_is_named(tree: Tree) -> None:
    (tree.vendored / "websocket" / "ping.schema.json").unlink()
    finding = only(check(tree.root), "contracts/vendored/websocket/ping.schema.json")
    assert "the file is missing" in finding


def test_a_missing_pinned_file_is_named(tree: Tree) -> None:
    tree.pinned.unlink()
    findings = check(tree.root)
    assert any("PINNED.json: the file is missing" in finding for finding in findings)


def test_a_patch_that_no_longer_applies_is_named_with_its_pointer(tree: Tree) -> None:
    path = tree.vendored / "events" / "event.schema.json"
    document = json.loads(path.read_bytes())
    document["required"].remove("node_id")
    path.write_text(json.dumps(document), encoding="utf-8")
    repin(tree)
    finding = only(
        check(tree.root), "contracts/vendored/events/event.schema.json: patch at /required"
    )
    assert "no longer applies: expected" in finding


@pytest.mark.proves("001 C-001")
def test_a_wheel_whose_schemas_differ_is_named_with_the_place(tree: Tree, tmp_path: Path) -> None:
    site = tmp_path / "site"
    package = Path(spec_kitty_events.__file__).parent
    shutil.copytree(package, site / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    information = Path(str(metadata.distribution("spec-kitty-events").locate_file(""))).glob(
        "spec_kitty_events-*.dist-info"
    )
    shutil.copytree(source := next(information), site / source.name)
    schemas = site / package.name / "schemas"
    edit(schemas / "status_transition_payload.schema.json", '"worktree"', '"other"')
    (schemas / "brand_new_payload.schema.json").write_text("{}", encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "codegen", "check", f"--root={tree.root}"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(site), str(ROOT)])},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1
    version = installed_version()
    findings = done.stderr.splitlines()
    assert (
        f"contracts/vendored/{STATUS}: differs from spec-kitty-events {version} "
        "at /$defs/ExecutionMode/enum/0"
    ) in findings
    only(findings, "contracts/vendored/events/brand_new_payload.schema.json: spec-kitty-events")


def test_a_lock_file_with_another_events_version_is_named(
    tree: Tree, generate: Callable[[Path], dict[str, bytes]]
) -> None:
    version = installed_version()
    edit(
        tree.root / "uv.lock",
        f'name = "spec-kitty-events"\nversion = "{version}"',
        'name = "spec-kitty-events"\nversion = "6.9.9"',
    )
    findings = check(tree.root, generate=generate)
    assert f"6.9.9 is locked, but {version} is installed" in only(findings, "uv.lock")
    assert "uv.lock locks 6.9.9" in only(findings, "contracts/vendored/PINNED.json")


def test_files_taken_from_another_build_of_the_locked_version_are_named(
    tree: Tree, generate: Callable[[Path], dict[str, bytes]]
) -> None:
    write_pinned(tree, vendored_files(tree), installed_version(), f"sha256:{'0' * 64}")
    findings = check(tree.root, generate=generate)
    finding = only(findings, "contracts/vendored/PINNED.json: taken from the wheel")
    assert locked_wheel_hash(tree.root, DISTRIBUTION) in finding


def test_a_generator_of_another_version_is_named(
    tree: Tree, generate: Callable[[Path], dict[str, bytes]]
) -> None:
    edit(tree.root / "pyproject.toml", "datamodel-code-generator==", "datamodel-code-generator==9.")
    finding = only(check(tree.root, generate=generate), "pyproject.toml")
    assert "pins datamodel-code-generator 9." in finding


def test_differences_are_json_pointers() -> None:
    old = {"a/b": [1, {"x": True}], "same": None, "gone": 1}
    new = {"a/b": [1, {"x": 1}], "same": None, "new": 1}
    assert list(json_differences(old, new)) == ["/a~1b/1/x", "/gone", "/new"]
    assert list(json_differences([1], [1, 2])) == ["/"]
