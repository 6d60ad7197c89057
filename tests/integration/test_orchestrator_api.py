"""The orchestrator API through the installed command: one envelope on standard output, whatever happens.

Every envelope is judged by an independent validator of the published schema.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from spec_kitty_contracts.gate import OPTIONS
from specify_cli.orchestrator_api import OPERATIONS
from tests.conftest import COMMAND, Ran, git
from tests.unit.orchestrator_api.calls import ORACLE, POLICY, judged

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Orchestrator = Callable[..., Any]

GIVEN = ("--policy", json.dumps(POLICY))
VOUCHED = ("--subtasks-complete", "--implementation-evidence-present")


def envelope_of(ran: Ran, status: int) -> Any:
    """Return the one document on standard output, judged; nothing else may be said anywhere."""
    assert ran.status == status, ran.stdout + ran.stderr
    assert ran.stderr == ""
    return judged(json.loads(ran.stdout))


@pytest.fixture
def orchestrate(finalized_mission: Path, cli: Callable[..., Ran]) -> Orchestrator:
    """Return a function that calls a command about the finalised mission of two work packages."""
    root, slug = finalized_mission.parent.parent, finalized_mission.name

    def call(command: str, *options: str, status: int = 0) -> Any:
        ran = cli(root, "orchestrator-api", command, "--mission", slug, *options)
        envelope = envelope_of(ran, status)
        assert envelope["command"] == f"orchestrator-api.{command}"
        assert envelope["success"] is (status == 0)
        return envelope["data"] if status == 0 else (envelope["error_code"], envelope["data"])

    return call


@pytest.mark.proves("001 FR-004")
def test_a_mission_is_driven_to_its_merge_by_envelopes_alone(
    finalized_mission: Path, orchestrate: Orchestrator, cli: Callable[..., Ran]
) -> None:
    root = finalized_mission.parent.parent
    version = cli(root, "orchestrator-api", "contract-version", "--provider-version", "0.1.2")
    assert envelope_of(version, 0)["data"]["api_version"] == "1.5.0"
    for wp, file in (("WP01", "counter.py"), ("WP02", "door.py")):
        mine = ("--wp", wp, "--actor", "claude")
        theirs = ("--wp", wp, "--actor", "codex")
        assert [r["wp_id"] for r in orchestrate("list-ready")["ready_work_packages"]] == [wp]
        assert orchestrate("resolve-workspace", "--wp", wp)["workspace_exists"] is False
        started = orchestrate("start-implementation", *mine, *GIVEN)
        assert orchestrate("start-implementation", *mine, *GIVEN)["no_op"] is True
        tree = root / started["workspace_path"]
        (tree / file).write_text("x = 1\n", encoding="utf-8")
        git(tree, "add", "-A")
        git(tree, "commit", "-q", "-m", f"{wp}: build it")
        assert orchestrate("append-history", *mine, "--note", "- built")["commit"]
        orchestrate("transition", *mine, "--to", "for_review", *GIVEN, *VOUCHED)
        assert orchestrate("start-review", *theirs, *GIVEN)["to_lane"] == "in_review"
        orchestrate("transition", *theirs, "--to", "approved", *GIVEN)
    state = orchestrate("mission-state")
    assert [entry["last_actor"] for entry in state["work_packages"]] == ["codex", "codex"]
    assert orchestrate("accept-mission", "--actor", "codex")["accepted_wps"] == ["WP01", "WP02"]
    merged = orchestrate("merge-mission", "--target", "main", "--strategy", "squash")
    assert (merged["merged_wps"], merged["worktree_removed"]) == (["WP01", "WP02"], True)
    assert orchestrate("mission-state")["summary"]["done"] == 2
    assert git(root, "status", "--porcelain") == ""
    assert git(root, "show", "main:door.py") == "x = 1"


def test_every_refusal_of_a_mission_in_work_is_an_envelope(
    finalized_mission: Path, orchestrate: Orchestrator
) -> None:
    claude = ("--wp", "WP01", "--actor", "claude")
    codex = ("--wp", "WP01", "--actor", "codex")
    later = ("--wp", "WP02", "--actor", "claude")
    start, move = "start-implementation", "transition"
    bad_policy = json.dumps({**POLICY, "dangerous_flags": ["--yolo=1"]})

    def code(command: str, *options: str, status: int = 1) -> str:
        found: str = orchestrate(command, *options, status=status)[0]
        return found

    assert code(start, *claude) == "POLICY_METADATA_REQUIRED"
    assert code(start, *claude, "--policy", " ") == "POLICY_METADATA_REQUIRED"
    assert code(start, *claude, "--policy", "{") == "POLICY_VALIDATION_FAILED"
    assert code(start, *claude, "--policy", "[]") == "POLICY_VALIDATION_FAILED"
    assert code(start, *claude, "--policy", bad_policy) == "POLICY_VALIDATION_FAILED"
    assert code(start, *later, *GIVEN) == "DEPENDENCIES_NOT_SATISFIED"
    assert code(start, "--wp", "WP9", "--actor", "a", *GIVEN) == "WP_NOT_FOUND"
    assert code("resolve-workspace", "--wp", "nonsense") == "WP_NOT_FOUND"
    assert code(move, *claude, "--to", "bogus", *GIVEN, status=2) == "USAGE_ERROR"
    assert code(move, *claude, "--to", "done") == "TRANSITION_REJECTED"
    assert code("start-review", *codex, *GIVEN) == "TRANSITION_REJECTED"
    orchestrate(start, *claude, *GIVEN)
    assert code(start, *codex, *GIVEN) == "WP_ALREADY_CLAIMED"
    assert code(move, *claude, "--to", "for_review", *GIVEN, *VOUCHED) == "TRANSITION_REJECTED"
    forced = orchestrate(
        move, *claude, "--to", "for_review", "--force", "--note", "x", *GIVEN, *VOUCHED
    )
    assert forced["forced"] is True
    orchestrate("start-review", *codex, *GIVEN)
    gemini = ("--wp", "WP01", "--actor", "gemini")
    assert code("start-review", *gemini, *GIVEN) == "WP_ALREADY_CLAIMED"
    for option in ("--evidence-json", "--review-result-json"):
        for text in ("{", "[]", "NaN", '{"review": 1}', "[" * 5000):
            wrong = (*codex, "--to", "approved", *GIVEN, option, text)
            # The contract gives bad JSON the status of a refusal.
            assert code(move, *wrong) == "USAGE_ERROR"
    assert code("accept-mission", "--actor", "codex") == "MISSION_NOT_READY"
    assert code("merge-mission") == "MISSION_NOT_READY"
    assert code("merge-mission", "--strategy", "octopus") == "UNSUPPORTED_STRATEGY"
    review = {"reviewer": "codex", "verdict": "approved", "reference": "https://x.test/1"}
    given = ("--review-result-json", json.dumps(review))
    assert orchestrate(move, *codex, "--to", "done", *given)["to_lane"] == "done"
    assert git(finalized_mission.parent.parent, "status", "--porcelain") == ""


@pytest.mark.proves("001 FR-004", "001 FR-022")
@pytest.mark.parametrize(
    "words",
    [
        (),
        ("feature-state", "--mission", "x"),
        ("accept-feature", "--mission", "x", "--actor", "a"),
        ("merge-feature", "--mission", "x"),
        ("bogus",),
        ("mission-state",),
        ("mission-state", "--feature", "x"),
        ("mission-state", "--mission"),
        ("mission-state", "--mission", "x", "--json"),
        ("mission-state", "--mission", "x", "--policy", "{}"),
        ("mission-state", "--mission", "x", "extra"),
        ("append-history", "--mission", "x", "--wp", "WP01", "--actor", "a", "--policy", "{}"),
        ("accept-mission", "--mission", "x", "--actor", "a", "--policy", "{}"),
        ("merge-mission", "--mission", "x", "--policy", "{}"),
        ("transition", "--mission", "x", "--wp", "WP01", "--to", "done"),
        ("contract-version", "--version"),
        ("--version",),
        ("--json",),
        ("--feature", "x", "mission-state"),
    ],
    ids=" ".join,
)
def test_every_error_of_the_parser_is_an_envelope(
    words: tuple[str, ...], tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    envelope = envelope_of(cli(tmp_path, "orchestrator-api", *words), 2)
    assert envelope["command"] == "orchestrator-api.unknown"
    assert envelope["error_code"] == "USAGE_ERROR"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("list-ready --mision x", "list-ready: Unknown option: --mision. Did you mean --mission?"),
        ("list-ready --mision=x", "list-ready: Unknown option: --mision. Did you mean --mission?"),
        ("mission-state --feature x", "mission-state: Unknown option: --feature."),
        (
            "transition --mission x --wp WP01 --too done",
            "transition: Unknown option: --too. Did you mean --to?",
        ),
        ("list-ready", "list-ready: --mission is required."),
        ("list-redy --mission x", "there is no command 'list-redy'."),
    ],
)
def test_an_envelope_names_what_the_caller_mistyped(
    line: str, problem: str, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    envelope = envelope_of(cli(tmp_path, "orchestrator-api", *line.split()), 2)
    assert len(envelope) == 7
    assert (envelope["success"], envelope["error_code"]) == (False, "USAGE_ERROR")
    assert envelope["data"]["message"] == problem


def test_help_is_for_people(tmp_path: Path, cli: Callable[..., Ran]) -> None:
    for words in ((), *((name,) for name in OPERATIONS)):
        ran = cli(tmp_path, "orchestrator-api", *words, "--help")
        assert ran.status == 0
        assert ran.stdout.startswith("Usage: spec-kitty orchestrator-api")
        assert set(OPTIONS["orchestrator_api"]["forbidden"]).isdisjoint(ran.stdout.split())


@pytest.mark.proves("001 FR-022")
def test_a_mission_is_named_by_the_option_of_the_contract_only(
    tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    allowed, forbidden = (OPTIONS["orchestrator_api"][word] for word in ("allowed", "forbidden"))
    for name, operation in OPERATIONS.items():
        ran = cli(tmp_path, "orchestrator-api", name, "--help")
        assert all(option in ran.stdout for option in allowed) == (name != "contract-version")
        assert operation.command == name
        for option in forbidden:
            ran = cli(tmp_path, "orchestrator-api", name, option, "x")
            assert envelope_of(ran, 2)["error_code"] == "USAGE_ERROR"


def test_the_root_can_be_named_by_a_variable(
    finalized_mission: Path, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    root = {"SPECIFY_REPO_ROOT": str(finalized_mission.parent.parent)}
    asked = ("orchestrator-api", "mission-state", "--mission", "door-counter")
    found = envelope_of(cli(tmp_path, *asked, env=root), 0)
    assert found["data"]["mission_slug"] == finalized_mission.name
    gone = envelope_of(cli(tmp_path, *asked, env={"SPECIFY_REPO_ROOT": "nowhere"}), 1)
    assert gone["error_code"] == "STATUS_READ_PATH_NOT_FOUND"


def test_text_that_is_no_unicode_is_a_wrong_call(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("there a command line is Unicode")
    words: list[bytes] = [os.fsencode(COMMAND), b"orchestrator-api", b"mission-state", b"--mission"]
    done = subprocess.run([*words, b"\xff\xfe"], cwd=tmp_path, capture_output=True, check=False)
    envelope = judged(json.loads(done.stdout))
    assert (done.returncode, envelope["error_code"]) == (2, "USAGE_ERROR")


def test_an_aborted_call_answers_too(finalized_mission: Path, tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("needs a signal that Windows does not have")
    root = finalized_mission.parent.parent
    locked = "\n".join(
        [
            "import sys, time",
            "from pathlib import Path",
            "from specify_cli.kernel.locks import file_lock",
            "with file_lock(Path(sys.argv[1])):",
            "    print('held', flush=True)",
            "    time.sleep(60)",
        ]
    )
    lock = root / ".git/spec-kitty/locks" / f"mission-{finalized_mission.name}.lock"
    words = ("--mission", finalized_mission.name, "--wp", "WP01", "--actor", "a", "--note", "x")
    with subprocess.Popen(
        [sys.executable, "-c", locked, str(lock)], stdout=subprocess.PIPE, text=True
    ) as holder:
        try:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "held\n"
            waiting = subprocess.Popen(
                [str(COMMAND), "orchestrator-api", "append-history", *words],
                cwd=root,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            time.sleep(3)
            waiting.send_signal(signal.SIGINT)
            said, complaint = waiting.communicate(timeout=30)
        finally:
            holder.kill()
    assert complaint == ""
    envelope = judged(json.loads(said))
    assert (waiting.returncode, envelope["error_code"]) == (2, "USAGE_ERROR")
    assert envelope["data"]["cause"] == "INTERRUPTED"


def test_the_validator_would_notice_a_wrong_envelope() -> None:
    good = {
        "contract_version": "1.5.0",
        "command": "orchestrator-api.contract-version",
        "timestamp": "2026-11-21T07:13:00.123456+00:00",
        "correlation_id": "corr-" + "0" * 32,
        "success": True,
        "error_code": None,
        "data": {"api_version": "1.5.0", "min_supported_provider_version": "0.1.0"},
    }
    assert ORACLE.is_valid(good)
    changes: tuple[dict[str, Any], ...] = (
        {"more": 1},
        {"data": {}},
        {"error_code": "USAGE_ERROR"},
        {"success": False},
        {"timestamp": "yesterday"},
        {"command": "contract-version"},
    )
    for change in changes:
        assert not ORACLE.is_valid({**good, **change}), change


def test_the_list_of_commands_says_how_a_mission_comes_about(
    tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    shown = cli(tmp_path, "orchestrator-api", "--help").stdout
    assert 'spec-kitty specify "Todo app"' in " ".join(shown.split())
    assert "WORDS" not in shown


@pytest.mark.parametrize(
    ("line", "near"),
    [("list-redy --mission x", "list-ready"), ("mission-stat", "mission-state")],
)
def test_a_mistyped_command_is_told_with_the_one_that_was_meant(
    line: str, near: str, tmp_path: Path, cli: Callable[..., Ran]
) -> None:
    data = envelope_of(cli(tmp_path, "orchestrator-api", *line.split()), 2)["data"]
    assert data["message"] == f"there is no command {line.split()[0]!r}."
    assert data["fix"].startswith(f"Did you mean {near}?")


@pytest.mark.parametrize("text", ["[]", "{", "7"])
def test_evidence_that_cannot_be_used_has_the_exit_status_of_the_contract(
    text: str, orchestrate: Orchestrator
) -> None:
    words = ("--wp", "WP01", "--to", "blocked", "--actor", "claude", "--evidence-json", text)
    code, data = orchestrate("transition", *words, status=1)
    assert (code, data["cause"]) == ("USAGE_ERROR", "INVALID_DOCUMENT")
    assert "evidence: it is not" in data["message"]
