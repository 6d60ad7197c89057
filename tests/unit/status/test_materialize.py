"""Writing the snapshot from the log."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from specify_cli.status.lanes import Lane
from specify_cli.status.materialize import materialize_status

if TYPE_CHECKING:
    from tests.unit.status.conftest import Lab


def test_a_snapshot_in_step_is_left_alone(lab: Lab) -> None:
    lab.seed("WP01")
    head, before = lab.git("rev-parse", "HEAD"), lab.status.read_bytes()
    done = materialize_status(lab.mission_log)
    assert (done.changed, done.commit, done.event_count) == (False, None, 1)
    assert lab.git("rev-parse", "HEAD") == head
    assert lab.status.read_bytes() == before
    assert "already" in done.to_text()


def test_a_missing_a_wrong_and_a_broken_snapshot_are_written_anew(lab: Lab) -> None:
    lab.seed("WP01")
    right = lab.status.read_bytes()
    for wrong in (None, b'{"work_packages": {}}', b"<<<<<<< HEAD\n"):
        if wrong is None:
            lab.status.unlink()
        else:
            lab.status.write_bytes(wrong)
        lab.git("commit", "-qam", "Break the snapshot")
        done = materialize_status(lab.mission_log)
        assert done.changed
        assert lab.status.read_bytes() == right
        assert done.commit == lab.git("rev-parse", "HEAD")
        assert lab.git("status", "--porcelain") == ""
        assert done.to_json()["file"] == f"kitty-specs/{lab.mission_log.mission_slug}/status.json"


def test_files_that_are_in_step_but_not_committed_are_committed(lab: Lab) -> None:
    lab.seed("WP01")
    lab.git("rm", "-q", "--cached", str(lab.status.relative_to(lab.root)))
    lab.git("commit", "-qm", "Forget the snapshot")
    done = materialize_status(lab.mission_log)
    assert (done.changed, done.commit) == (False, lab.git("rev-parse", "HEAD"))
    assert lab.git("status", "--porcelain") == ""
    assert "it was not committed" in done.to_text()


def test_the_snapshot_follows_the_log_and_not_itself(lab: Lab) -> None:
    lab.seed("WP01")
    lab.move("WP01", Lane.DONE)
    document = json.loads(lab.status.read_bytes())
    document["work_packages"]["WP01"]["lane"] = "planned"
    lab.status.write_text(json.dumps(document), encoding="utf-8")
    assert materialize_status(lab.mission_log).changed
    assert json.loads(lab.status.read_bytes())["work_packages"]["WP01"]["lane"] == "done"
