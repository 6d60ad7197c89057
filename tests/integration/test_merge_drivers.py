"""A user's own `git merge` of two clones that both worked on one mission."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import COMMAND, git
from tests.integration.conftest import write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

# What `init` of the existing CLI 3.2.7 writes, as `git config --local --list` and the file show it.
CONFIGURED = {
    "event-log": "Spec Kitty event log union merge",
    "meta": "Spec Kitty mission meta field merge",
    "traces": "Spec Kitty mission traces union merge",
    "acceptance-matrix": "Spec Kitty acceptance matrix filled-side merge",
    "issue-matrix": "Spec Kitty issue matrix row-aware merge",
    "review-cycle": "Spec Kitty review-cycle verdict collision refusal",
}
ATTRIBUTES = """
kitty-specs/**/status.events.jsonl merge=spec-kitty-event-log
kitty-specs/**/decisions.events.jsonl merge=spec-kitty-event-log
kitty-specs/**/meta.json merge=spec-kitty-meta
kitty-specs/**/traces/*.md merge=spec-kitty-traces
kitty-specs/**/acceptance-matrix.json merge=spec-kitty-acceptance-matrix
kitty-specs/**/issue-matrix.json merge=spec-kitty-issue-matrix
kitty-specs/**/tasks/*/review-cycle-*.md merge=spec-kitty-review-cycle
"""
LOG = "status.events.jsonl"


def configure(root: Path) -> None:
    """Set a project up as the existing CLI does."""
    for kind, name in CONFIGURED.items():
        git(root, "config", f"merge.spec-kitty-{kind}.name", name)
        command = f"spec-kitty merge-driver-{kind} %O %A %B"
        git(root, "config", f"merge.spec-kitty-{kind}.driver", command)
    write(root / ".gitattributes", ATTRIBUTES)


def commit(root: Path, message: str) -> None:
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)


def merge(root: Path, other: Path) -> subprocess.CompletedProcess[str]:
    """Merge what another clone has, with our command on the PATH."""
    git(root, "fetch", "-q", str(other), "HEAD")
    return subprocess.run(
        ["git", "merge", "--no-edit", "FETCH_HEAD"],
        cwd=root,
        env={**os.environ, "PATH": f"{COMMAND.parent}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def unmerged(root: Path) -> list[str]:
    return git(root, "diff", "--name-only", "--diff-filter=U").splitlines()


def clone(root: Path) -> Path:
    other = root.parent / "clone"
    git(root.parent, "clone", "-q", str(root), str(other))
    return other


@pytest.mark.parametrize("way", ["the existing CLI's drivers", "our own init"])
def test_two_clones_that_both_added_rows_merge_without_losing_or_doubling_one(
    way: str, finalized_mission: Path, cli: Callable[..., Ran]
) -> None:
    root = finalized_mission.parent.parent
    if way == "the existing CLI's drivers":
        configure(root)
        commit(root, "Set up as the existing CLI does")
    other = clone(root)

    def emit(where: Path, wp_id: str, lane: str) -> None:
        move = ("agent", "status", "emit", wp_id, "--to", lane, "--actor", "claude", "--json")
        ran = cli(where, *move)
        assert ran.status == 0, ran.stdout + ran.stderr

    for lane in ("blocked", "planned", "blocked"):
        emit(root, "WP01", lane)
        emit(other, "WP02", lane)
    log = f"kitty-specs/{finalized_mission.name}/{LOG}"
    ours = (root / log).read_bytes().splitlines()
    theirs = (other / log).read_bytes().splitlines()
    assert len({*ours, *theirs}) == len(ours) + 3

    done = merge(root, other)
    # Derived, and no program has a driver for it: it is made anew.
    assert unmerged(root) == [f"kitty-specs/{finalized_mission.name}/status.json"], done.stdout
    merged = (root / log).read_bytes().splitlines()
    assert len(merged) == len(set(merged))
    assert set(merged) == {*ours, *theirs}
    assert [row for row in merged if row in ours] == ours
    moments = [row.get("at") or row["timestamp"] for row in map(json.loads, merged)]
    assert way == "our own init" or moments == sorted(moments)

    git(root, "checkout", "--ours", *unmerged(root))
    commit(root, "Merge")
    made = cli(root, "agent", "status", "materialize", "--json")
    assert made.status == 0, made.stdout
    validated = cli(root, "agent", "status", "validate", "--json")
    assert validated.status == 0, validated.stdout
    assert validated.document["valid"] is True
    board = cli(root, "agent", "tasks", "status", "--json").document
    assert board["by_lane"]["blocked"] == 2
    assert git(root, "status", "--porcelain") == ""


def test_every_file_with_a_driver_is_merged_by_git_calling_our_command(
    finalized_mission: Path,
) -> None:
    root = finalized_mission.parent.parent
    configure(root)
    folder = f"kitty-specs/{finalized_mission.name}"
    matrix = '{"rows": [{"issue": "#1", "verdict": ""}, {"issue": "#2", "verdict": ""}]}'
    write(root / folder / "traces" / "friction.md", "# Friction\n")
    write(root / folder / "issue-matrix.json", matrix)
    write(root / folder / "acceptance-matrix.json", matrix.replace("issue", "criterion_id"))
    write(root / folder / "decisions.events.jsonl", '{"event_id": "A"}\n')
    commit(root, "Set up as the existing CLI does")
    other = clone(root)
    for where, issue in ((root, "#1"), (other, "#2")):
        for name, key in (("issue", "issue"), ("acceptance", "criterion_id")):
            path = where / folder / f"{name}-matrix.json"
            old = f'{{"{key}": "{issue}", "verdict": ""}}'
            text = path.read_text(encoding="utf-8")
            assert old in text
            write(path, text.replace(old, f'{{"{key}": "{issue}", "verdict": "fixed"}}'))
        with (where / folder / "traces" / "friction.md").open("a", encoding="utf-8") as stream:
            stream.write(f"- {issue}\n")
        write(where / folder / "decisions.events.jsonl", f'{{"event_id": "A"}}\n"{issue}"\n')
        meta = json.loads((where / folder / "meta.json").read_bytes())
        meta |= {f"key{issue}": issue}
        write(where / folder / "meta.json", json.dumps(meta, indent=2, sort_keys=True) + "\n")
        commit(where, f"Work on {issue}")
    done = merge(root, other)
    assert done.returncode == 0, done.stdout + done.stderr
    meta = json.loads((root / folder / "meta.json").read_bytes())
    assert (meta["key#1"], meta["key#2"]) == ("#1", "#2")
    for name in ("issue", "acceptance"):
        rows = json.loads((root / folder / f"{name}-matrix.json").read_bytes())["rows"]
        assert [row["verdict"] for row in rows] == ["fixed", "fixed"]
    trace = (root / folder / "traces" / "friction.md").read_text(encoding="utf-8")
    assert trace == "# Friction\n- #1\n- #2\n"
    decisions = (root / folder / "decisions.events.jsonl").read_text(encoding="utf-8")
    assert decisions == '{"event_id": "A"}\n"#1"\n"#2"\n'
    assert git(root, "status", "--porcelain") == ""


@pytest.mark.parametrize("file", ["meta.json", "tasks/WP01-total/review-cycle-1.md"])
def test_a_conflict_stops_gits_merge_with_markers_in_the_file(
    file: str, finalized_mission: Path
) -> None:
    root = finalized_mission.parent.parent
    configure(root)
    commit(root, "Set up as the existing CLI does")
    other = clone(root)
    path = f"kitty-specs/{finalized_mission.name}/{file}"
    for where, said in ((root, "ours"), (other, "theirs")):
        if file == "meta.json":
            meta = json.loads((where / path).read_bytes()) | {"friendly_name": said}
            write(where / path, json.dumps(meta, indent=2, sort_keys=True) + "\n")
        else:
            write(where / path, f"---\nverdict: {said}\n---\n")
        commit(where, f"Say {said}")
    done = merge(root, other)
    assert done.returncode == 1, done.stdout + done.stderr
    assert unmerged(root) == [path]
    text = (root / path).read_text(encoding="utf-8")
    assert all(mark in text for mark in ("<<<<<<< ours\n", "=======\n", ">>>>>>> theirs\n"))
    assert git(root, "status", "--porcelain").splitlines() == [
        f"{'UU' if file == 'meta.json' else 'AA'} {path}"
    ]
