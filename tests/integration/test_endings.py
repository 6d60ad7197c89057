"""Accepting and merging missions whose type makes documents and no work packages."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.next import query
from specify_cli.next.beginning import begin_mission
from tests.conftest import git
from tests.unit.missions.mission_files import project_at
from tests.unit.next.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Ran

WORDS = "This says in plain and sufficient words what was really found out and why it matters. "
FILES = ("spec.md", "research.md", "plan.md", "review.md")
DESCRIPTION = """
mission: {key: own, name: Own, version: "1"}
steps:
  - {id: talk, title: Talk it over, prompt: Talk.}
audit_steps:
  - id: sign-off
    title: Sign-off
    depends_on: [talk]
    audit: {trigger_mode: manual, enforcement: blocking}
"""


def a_mission(root: Path, mission_type: str, description: str = DESCRIPTION) -> Lab:
    project = project_at(root)
    (root / ".gitignore").write_text(".kittify/runtime/\n.worktrees/\n", encoding="utf-8")
    own = root / ".kittify" / "missions" / "own" / "mission-runtime.yaml"
    own.parent.mkdir(parents=True)
    own.write_text(description, encoding="utf-8")
    with (root / ".kittify" / "config.yaml").open("a", encoding="utf-8") as config:
        config.write("mission:\n  owner: ada\n")
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", "Set up")
    return Lab(root, begin_mission(project, "Which pump", mission_type=mission_type).mission.slug)


def written(lab: Lab) -> None:
    """Write every document of a planning mission, as the steps ask for."""
    from importlib.resources import files

    shapes = files("specify_cli.next") / "missions" / "plan" / "templates"
    for name in FILES:
        lines = (shapes / name).read_text(encoding="utf-8").splitlines()
        text = "\n".join(WORDS * 3 if line.startswith("[FILL IN") else line for line in lines)
        lab.write(name, text.replace("{{title}}", "Which pump"))


def answer(ran: Ran, status: int) -> dict[str, Any]:
    assert ran.status == status, (ran.stdout, ran.stderr)
    document: dict[str, Any] = json.loads(ran.stdout)
    return document


def test_steps_that_are_not_complete_keep_a_mission_from_its_end(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    lab = a_mission(repository, "plan")
    for command in ("accept", "merge"):
        refused = answer(cli(lab.root, command, "--json"), 1)
        assert refused["error_code"] == "MISSION_NOT_READY"
        failures = refused["details"]["guard_failures"]
        assert len(failures) == 4
        assert "the step specify (Say what is wanted)" in failures[0]["looked_for"]
        assert failures[0]["found"].endswith("the untouched scaffold")
        assert failures[0]["fix"] in refused["fix"]
        assert "spec-kitty next" in refused["fix"]
        assert "work package" not in json.dumps(refused)
    preview = answer(cli(lab.root, "merge", "--dry-run", "--json"), 0)
    assert (preview["ready"], preview["lanes"]) == (False, [])
    assert git(lab.root, "status", "--porcelain") == ""


def test_documents_are_looked_at_once_more_and_nothing_else_is_recorded(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    lab = a_mission(repository, "plan")
    written(lab)
    # Nobody ran the loop: what the repository proves is complete.
    assert query(lab.project, lab.mission)["kind"] == "query"
    good = (lab.mission.directory / "review.md").read_text(encoding="utf-8")
    lab.write("review.md", "# Review\n\nTBD\n")
    assert answer(cli(lab.root, "accept", "--json"), 1)["error_code"] == "MISSION_NOT_READY"
    lab.write("review.md", good)
    said = cli(lab.root, "accept", "--agent", "ada")
    assert said.status == 0, said.stderr
    assert "every step is complete" in said.stdout
    assert f"Next: spec-kitty merge --mission {lab.slug} --target main" in said.stdout
    lab.write("review.md", "# Review\n\nTBD\n")
    refused = answer(cli(lab.root, "merge", "--json"), 1)
    assert refused["details"]["guard_failures"][0]["file"].endswith("review.md")
    lab.write("review.md", good)
    stays = cli(lab.root, "merge")
    assert f"is closed on kitty/mission-{lab.slug} (no. 1)." in stays.stdout
    assert "name main as the target" in stays.stdout
    assert lab.mission.merged_at is not None
    landed = answer(cli(lab.root, "merge", "--target", "main", "--json"), 0)
    assert landed["landing"]["outcome"] == "land"
    assert git(lab.root, "show", f"main:kitty-specs/{lab.slug}/review.md") == good.strip()


def test_an_audit_has_to_be_decided_and_what_was_accepted_needs_no_run(
    repository: Path, cli: Callable[..., Ran], tmp_path: Path
) -> None:
    lab = a_mission(repository, "own")
    lab.report("claude")
    lab.report("claude")
    refused = answer(cli(lab.root, "accept", "--json"), 1)
    (failure,) = refused["details"]["guard_failures"]
    assert failure["looked_for"] == "the decision of the audit sign-off (Sign-off)"
    lab.report("ada", None, answer="approve", actor_type="human")
    other = tmp_path / "other"
    git(tmp_path, "clone", "-q", "-b", lab.mission.target_branch, str(lab.root), str(other))
    # The other checkout has neither the report nor the answer ...
    refused = answer(cli(other, "accept", "--json"), 1)
    assert len(refused["details"]["guard_failures"]) == 2
    accepted = answer(cli(lab.root, "accept", "--json"), 0)
    assert accepted["completed_steps"] == ["talk", "sign-off"]
    git(other, "pull", "-q")
    # ... and needs neither once the acceptance is on record.
    assert answer(cli(other, "merge", "--json"), 0)["merged"]


def test_steps_behind_the_acceptance_do_not_hold_it_up(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    later = DESCRIPTION.partition("audit_steps")[0] + (
        "  - {id: ok, title: Accept, prompt: Accept., depends_on: [talk], guard: accepted}\n"
        "  - {id: tell, title: Tell, prompt: Tell., depends_on: [ok]}\n"
    )
    lab = a_mission(repository, "own", later)
    lab.report("claude")
    refused = answer(cli(lab.root, "accept", "--json"), 1)
    assert len(refused["details"]["guard_failures"]) == 1
    assert lab.report("claude")["action"] == "ok"
    assert answer(cli(lab.root, "accept", "--json"), 0)["completed_steps"] == ["talk"]
    assert lab.report("claude")["action"] == "tell"


def test_commands_of_steps_that_a_type_lacks_say_which_ones_it_has(
    repository: Path, cli: Callable[..., Ran]
) -> None:
    lab = a_mission(repository, "plan")
    for command in ("plan", "tasks"):
        refused = answer(cli(lab.root, command, "--json"), 1)
        assert refused["error_code"] == "STEP_NOT_IN_MISSION_TYPE"
        assert "specify, research, plan, review" in refused["message"]
        assert refused["fix"].startswith("spec-kitty next")
    assert not (lab.mission.directory / "plan.md").exists()


@pytest.mark.parametrize("mission_type", ["plan", "software-dev", "nobody-knows"])
def test_the_api_ends_such_missions_by_the_same_rules(
    repository: Path, cli: Callable[..., Ran], mission_type: str
) -> None:
    lab = a_mission(repository, "plan" if mission_type == "nobody-knows" else mission_type)
    if mission_type == "nobody-knows":
        meta = lab.mission.directory / "meta.json"
        text = meta.read_text(encoding="utf-8").replace('"plan"', f'"{mission_type}"')
        lab.write("meta.json", text)
    api = ("orchestrator-api", "accept-mission", "--mission", lab.slug, "--actor", "ada")
    refused = answer(cli(lab.root, *api), 1)
    assert refused["error_code"] == "MISSION_NOT_READY"
    first = refused["data"]["guard_failures"][0]["fix"]
    assert ("Write work packages" in first) == (mission_type != "plan")
    if mission_type != "plan":
        return
    written(lab)
    accepted = answer(cli(lab.root, *api), 0)["data"]
    assert (accepted["accepted"], accepted["accepted_wps"]) == (True, [])
    merged = answer(
        cli(
            lab.root, "orchestrator-api", "merge-mission", "--mission", lab.slug, "--target", "main"
        ),
        0,
    )["data"]
    assert (merged["merged"], merged["merged_wps"], merged["warnings"]) == (True, [], [])
