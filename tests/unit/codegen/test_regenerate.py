"""The generated package: same bytes everywhere, every module alone, strict models."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import spec_kitty_events
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from codegen.__main__ import main
from codegen.definitions import collect
from codegen.sources import load_sources
from spec_kitty_contracts.event_types import EVENT_TYPES, model_for
from spec_kitty_contracts.models.envelope import Event
from spec_kitty_contracts.models.status_rows import StatusRow, TransitionRow

if TYPE_CHECKING:
    from codegen.tree import Tree

ROOT = Path(__file__).resolve().parents[3]
PACKAGE = ROOT / "src" / "generated" / "spec_kitty_contracts"
PUBLISHED = sorted(path.name.partition(".")[0] for path in ROOT.glob("contracts/published/*.json"))
FIXTURES = Path(spec_kitty_events.__file__).parent / "conformance" / "fixtures"

# Loads every module of the package into a fresh set of modules and prints what came along.
IMPORT_EACH = """
import importlib, json, pkgutil, sys
import spec_kitty_contracts as package
names = [m.name for m in pkgutil.walk_packages(package.__path__, "spec_kitty_contracts.")]
loaded = {}
for name in names:
    for other in [m for m in sys.modules if m.startswith("spec_kitty_contracts")]:
        del sys.modules[other]
    importlib.import_module(name)
    loaded[name] = [m for m in sys.modules if m.startswith("spec_kitty_contracts.")]
print(json.dumps(loaded))
"""


def test_regeneration_restores_a_damaged_package_byte_for_byte(
    tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {path: path.read_bytes() for path in tree.generated.rglob("*") if path.is_file()}
    (tree.generated / "event_types.py").write_text("broken", encoding="utf-8")
    (tree.generated / "wire" / "status.py").unlink()
    (tree.generated / "left_over.py").write_text("", encoding="utf-8")
    assert main(["regen", f"--root={tree.root}"]) == 0
    assert "3 changed" in capsys.readouterr().out
    after = {path: path.read_bytes() for path in tree.generated.rglob("*") if path.is_file()}
    assert after == before


def test_the_bytes_do_not_depend_on_hash_seed_locale_time_zone_or_folder(tree: Tree) -> None:
    (tree.generated / "event_types.py").unlink()
    environment = {
        **os.environ,
        "PYTHONHASHSEED": "77",
        "LC_ALL": "C",
        "TZ": "Asia/Tokyo",
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(
        [sys.executable, "-m", "codegen", "regen", f"--root={tree.root}"],
        cwd=tree.root,
        env=environment,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(" files, 1 changed.\n")
    name = "event_types.py"
    assert (tree.generated / name).read_bytes() == (PACKAGE / name).read_bytes()


def test_regeneration_refuses_a_vendored_file_with_another_hash(
    tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tree.vendored / "gate" / "upstream_contract.json"
    path.write_bytes(path.read_bytes() + b"\n")
    before = (tree.generated / "event_types.py").read_bytes()
    assert main(["regen", f"--root={tree.root}"]) == 1
    assert "contracts/vendored/gate/upstream_contract.json" in capsys.readouterr().err
    assert (tree.generated / "event_types.py").read_bytes() == before


def test_vendoring_pins_every_file_and_drops_what_the_wheel_no_longer_has(
    tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    before = tree.pinned.read_bytes()
    stale = tree.vendored / "events" / "long_gone_payload.schema.json"
    stale.write_text("{}", encoding="utf-8")
    tree.pinned.unlink()
    assert main(["vendor", f"--root={tree.root}"]) == 0
    assert not stale.exists()
    assert tree.pinned.read_bytes() == before
    assert "1 changed" in capsys.readouterr().out


def test_vendoring_refuses_a_file_of_unknown_origin(
    tree: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    (tree.vendored / "note.txt").write_text("?", encoding="utf-8")
    assert main(["vendor", f"--root={tree.root}"]) == 1
    assert "contracts/vendored/note.txt: the folder's origin" in capsys.readouterr().err


def test_every_module_can_be_imported_alone_and_brings_no_other_family() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_EACH],
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 0, done.stderr
    loaded: dict[str, list[str]] = json.loads(done.stdout)
    assert len(loaded) > 60
    for name, modules in loaded.items():
        kind, _, family = name.removeprefix("spec_kitty_contracts.").partition(".")
        if kind not in ("models", "wire") or not family:
            continue
        others = {m.rpartition(".")[2] for m in modules} - {family, kind, "base", "definitions"}
        assert others <= ({"envelope"} if family == "saas" else set()), name


def test_wire_modules_import_nothing_but_typing() -> None:
    for path in (PACKAGE / "wire").glob("*.py"):
        imported = {
            node.module
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom)
        }
        assert imported <= {"__future__", "typing", "collections.abc", "definitions", "envelope"}


def test_every_generated_module_has_the_header_line() -> None:
    for path in PACKAGE.rglob("*.py"):
        first = path.read_text(encoding="utf-8").partition("\n")[0]
        assert first.startswith("# Generated by codegen from contracts/"), path
        assert first.lower().endswith("do not edit."), path


def test_every_named_type_is_generated_once_under_its_own_name() -> None:
    definitions = collect(load_sources(ROOT))
    for kind in ("models", "wire"):
        found: dict[str, str] = {}
        for path in (PACKAGE / kind).glob("*.py"):
            if path.name == "base.py":
                continue
            for name in _top_level_names(path):
                assert name not in found, f"{name} in {path.name} and {found[name]}"
                found[name] = path.stem
        expected = {name: definition.family for name, definition in definitions.items()}
        assert found == expected


def _top_level_names(path: Path) -> list[str]:
    names = []
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef):
            names.append(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.append(node.target.id)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            names.append(node.targets[0].id)
    return names


def test_the_registry_knows_every_event_type_of_the_wheel() -> None:
    from spec_kitty_events.conformance import validators

    assert set(EVENT_TYPES) == set(validators._EVENT_TYPE_TO_MODEL) - {"Event"}
    for event_type, entry in EVENT_TYPES.items():
        model_for(event_type)
        schema = _schema(f"events/{entry.schema}") or _schema(f"events/derived/{entry.schema}")
        assert schema is not None, event_type
    with pytest.raises(KeyError):
        model_for("FeatureCreated")


def test_the_registry_imports_no_model_until_it_is_asked() -> None:
    code = (
        "import sys, spec_kitty_contracts.event_types as registry\n"
        "assert 'pydantic' not in sys.modules\n"
        "registry.model_for('MissionClosed')\n"
        "assert 'spec_kitty_contracts.models.mission' in sys.modules\n"
        "assert 'spec_kitty_contracts.models.status' not in sys.modules\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)


def _fixtures(expected: str) -> list[Any]:
    manifest = json.loads((FIXTURES / "manifest.json").read_bytes())
    return [
        pytest.param(entry, id=entry["id"])
        for entry in manifest["fixtures"]
        if entry["expected_result"] == expected
        and entry["event_type"] in EVENT_TYPES
        and not entry.get("fixture_type")
        and not entry["path"].startswith("class_taxonomy/")
        # The wheel's model accepts the lane's alias; its own schema refuses it, and so do we.
        and entry["id"] != "edge-alias-doing-normalized"
    ]


@pytest.mark.proves("001 NFR-002")
@pytest.mark.parametrize("entry", _fixtures("valid"))
def test_the_models_accept_the_valid_fixtures_of_the_events_package(entry: Any) -> None:
    payload = json.loads((FIXTURES / entry["path"]).read_bytes())
    if payload.get("event_type") == entry["event_type"]:
        payload = payload["payload"]
    model: Any = model_for(entry["event_type"]).validate_python(payload)
    assert Draft202012Validator(_payload_schema(entry["event_type"])).is_valid(model.to_wire())
    assert set(model.to_wire()) == set(payload)


@pytest.mark.parametrize("name", PUBLISHED)
def test_the_examples_of_a_published_schema_conform_to_it_and_to_its_model(name: str) -> None:
    schema = json.loads((ROOT / "contracts" / "published" / f"{name}.schema.json").read_bytes())
    Draft202012Validator.check_schema(schema)
    checker = Draft202012Validator.FORMAT_CHECKER
    validator = Draft202012Validator(schema, format_checker=checker)
    module = __import__(f"spec_kitty_contracts.models.{name}", fromlist=[schema["title"]])
    adapter: TypeAdapter[Any] = TypeAdapter(getattr(module, schema["title"]))
    assert schema["examples"]
    for example in schema["examples"]:
        validator.validate(example)
        document = adapter.validate_python(example)
        assert document.to_wire() == example
        wrong = dict(list(example.items())[1:]) | {"zzz": 1}
        if schema.get("additionalProperties") is False:
            assert not validator.is_valid(wrong)
            with pytest.raises(ValidationError):
                adapter.validate_python(wrong)


EVENT: dict[str, Any] = {
    "aggregate_id": "WP01",
    "aggregate_type": "WorkPackage",
    "build_id": "b",
    "correlation_id": "01KQ22DSA8G3W5V7T9Y1B3D5F7",
    "event_id": "01KQ22DSA8G3W5V7T9Y1B3D5F7",
    "event_type": "WPStatusChanged",
    "lamport_clock": 3,
    "node_id": "n",
    "payload": {},
    "project_uuid": "ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce",
    "schema_version": "3.0.0",
    "timestamp": "2026-11-21T07:13:00.123456+00:00",
}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("lamport_clock", "3"),
        ("lamport_clock", True),
        ("lamport_clock", -1),
        ("timestamp", 1700000000),
        ("timestamp", "2026-11-21T07:13:00"),
        ("timestamp", "yesterday"),
        ("project_uuid", "no uuid"),
        ("node_id", 7),
        ("data_tier", None),
    ],
)
def test_a_model_coerces_nothing(key: str, value: object) -> None:
    assert Event.model_validate(EVENT).to_wire() == EVENT
    with pytest.raises(ValidationError, match=key):
        Event.model_validate({**EVENT, key: value})
    with pytest.raises(ValidationError, match=key):
        Event.model_validate_json(json.dumps({**EVENT, key: value}))


def test_an_open_model_keeps_unknown_keys_and_a_closed_one_refuses_them() -> None:
    assert Event.model_validate({**EVENT, "custom": [1]}).to_wire()["custom"] == [1]
    row = _schema("published/status_rows")["examples"][0]
    with pytest.raises(ValidationError, match="custom"):
        TransitionRow.model_validate({**row, "custom": 1})


def test_the_kinds_of_row_in_a_status_log_are_told_apart() -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(StatusRow)
    kinds = [
        type(adapter.validate_python(example)).__name__
        for example in _schema("published/status_rows")["examples"]
    ]
    assert kinds == ["TransitionRow", "AnnotationRow", "LifecycleRow"]


def _schema(name: str) -> Any:
    path = PACKAGE / "schemas" / f"{name}.schema.json"
    return json.loads(path.read_bytes()) if path.is_file() else None


def _payload_schema(event_type: str) -> Any:
    name = EVENT_TYPES[event_type].schema
    return _schema(f"events/{name}") or _schema(f"events/derived/{name}")
