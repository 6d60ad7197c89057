"""The command tree and its one way out."""

from __future__ import annotations

import importlib
import inspect
import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any, get_args

import pytest
from cyclopts import App

from specify_cli import __version__
from specify_cli.cli import run as command_line
from specify_cli.cli.app import _COMMANDS, build_app
from specify_cli.cli.run import run
from specify_cli.git.merge_drivers import Kind
from specify_cli.missions.merge import STRATEGIES
from specify_cli.orchestrator_api import OPERATIONS
from specify_cli.status import DISPLAY_LANES
from tests.conftest import COMMAND
from tools.command_reference import command_reference

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def leaves(app: App, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield every command of ours with the words that lead to it."""
    for name in app:
        if name.startswith("-"):
            continue
        found = app[name]
        if any(not name.startswith("-") for name in found):
            yield from leaves(found, (*words, name))
        else:
            yield (*words, name), found.default_command


LEAVES: dict[tuple[str, ...], Any] = dict(leaves(build_app(listing=False)))
KINDS: tuple[str, ...] = get_args(Kind)


SDK: dict[tuple[str, ...], str] = {
    ("init",): "specify_cli.initialization.project_init:init_project",
    ("specify",): "specify_cli.next.beginning:begin_mission",
    ("plan",): "specify_cli.missions.planning:start_plan",
    ("tasks",): "specify_cli.missions.finalize:finalize_tasks",
    ("next",): "specify_cli.next:advance",
    ("implement",): "specify_cli.next.actions:take_implementation",
    ("status",): "specify_cli.missions.board:mission_board",
    ("accept",): "specify_cli.next.ending:accept",
    ("merge",): "specify_cli.next.ending:merge",
    ("mission", "list"): "specify_cli.missions.listing:mission_list",
    ("mission", "show"): "specify_cli.missions.listing:mission_summary",
    ("agent", "mission", "create"): "specify_cli.next.beginning:begin_mission",
    ("agent", "mission", "setup-plan"): "specify_cli.missions.planning:start_plan",
    ("agent", "mission", "finalize-tasks"): "specify_cli.missions.finalize:finalize_tasks",
    (
        "agent",
        "mission",
        "check-prerequisites",
    ): "specify_cli.next.prerequisites:check_prerequisites",
    ("agent", "mission", "record-analysis"): "specify_cli.missions.analysis:record_analysis",
    ("agent", "tasks", "status"): "specify_cli.missions.board:mission_board",
    ("agent", "tasks", "list"): "specify_cli.missions.task_list:task_list",
    ("agent", "tasks", "list-tasks"): "specify_cli.missions.task_list:task_list",
    ("agent", "tasks", "list-dependents"): "specify_cli.missions.task_list:dependents",
    ("agent", "tasks", "add-history"): "specify_cli.missions.history:add_history",
    ("agent", "tasks", "mark-status"): "specify_cli.missions.subtasks:mark_subtasks",
    ("agent", "tasks", "move-task"): "specify_cli.missions.moves:move_work_package",
    ("agent", "action", "implement"): "specify_cli.next.actions:take_implementation",
    ("agent", "context", "resolve"): "specify_cli.next.resolving:resolve_artefact",
    ("agent", "action", "review"): "specify_cli.next.actions:take_review",
    ("agent", "status", "emit"): "specify_cli.missions.emit:emit_transition",
    ("agent", "status", "show"): "specify_cli.missions.standing:mission_standing",
    ("agent", "status", "history"): "specify_cli.missions.history:work_package_history",
    ("agent", "status", "materialize"): "specify_cli.status.materialize:materialize_status",
    ("agent", "status", "doctor"): "specify_cli.missions.health:mission_health",
    ("agent", "status", "validate"): "specify_cli.status.validate:validate_log",
    ("agent", "status", "timeline"): "specify_cli.status.timeline:mission_timeline",
    ("agent", "decision", "open"): "specify_cli.decisions.opening:open_decision",
    ("agent", "decision", "resolve"): "specify_cli.decisions.closing:resolve_decision",
    ("agent", "decision", "defer"): "specify_cli.decisions.closing:defer_decision",
    ("agent", "decision", "cancel"): "specify_cli.decisions.closing:cancel_decision",
    ("agent", "decision", "verify"): "specify_cli.decisions.verification:verify_decisions",
    ("agent", "decision", "list"): "specify_cli.decisions.listing:list_decisions",
    ("agent", "decision", "rebuild"): "specify_cli.decisions.rebuilding:rebuild_decisions",
    ("agent", "config", "add"): "specify_cli.initialization.agent_config:add_agents",
    ("agent", "config", "remove"): "specify_cli.initialization.agent_config:remove_agents",
    ("agent", "config", "list"): "specify_cli.initialization.agent_list:list_agents",
    ("agent", "config", "sync"): "specify_cli.initialization.agent_config:sync_agents",
    ("mission-type", "list"): "specify_cli.next.mission_types:mission_types",
    ("mission-type", "show"): "specify_cli.next.mission_types:mission_type",
    ("mission-type", "validate"): "specify_cli.next.mission_types:validate_mission_type",
    ("mission-type", "new"): "specify_cli.next.mission_types:new_mission_type",
    ("runs", "list"): "specify_cli.next.run_store:list_runs",
    ("runs", "prune"): "specify_cli.next.run_store:prune_runs",
    ("config", "list"): "specify_cli.missions.settings:project_settings",
    ("config", "get"): "specify_cli.missions.settings:project_setting",
    ("config", "set"): "specify_cli.missions.settings:change_setting",
    ("charter", "interview"): "specify_cli.governance.interview:take_answers",
    ("charter", "generate"): "specify_cli.governance.generation:generate_charter",
    ("charter", "show"): "specify_cli.governance.listing:list_governance",
    ("charter", "activate"): "specify_cli.governance.activation:activate",
    ("charter", "deactivate"): "specify_cli.governance.activation:deactivate",
    ("charter", "lint"): "specify_cli.governance.lint:lint_governance",
    ("charter", "context"): "specify_cli.governance.context:governance_for",
    ("contract", "show"): "specify_cli.contract.show:show",
    ("contract", "validate"): "specify_cli.contract.validation:validate_file",
    ("contract", "diff"): "specify_cli.contract.diff:diff",
    **{("orchestrator-api", name): "specify_cli.orchestrator_api:execute" for name in OPERATIONS},
    ("orchestrator-api", "openapi"): "specify_cli.orchestrator_api.openapi:openapi_document",
    ("orchestrator-api", "serve"): "specify_cli.orchestrator_api.serving:serve",
    **{(f"merge-driver-{kind}",): "specify_cli.git.merge_drivers:merge_files" for kind in KINDS},
}
"""What each command calls: whatever the command line can do, an import can do (DESIGN.md D9)."""


def test_every_command_has_its_sdk_function() -> None:
    assert SDK.keys() == LEAVES.keys()


@pytest.mark.parametrize("words", SDK, ids=" ".join)
def test_a_command_calls_the_sdk_function_that_it_is_said_to_call(words: tuple[str, ...]) -> None:
    module, _, name = SDK[words].partition(":")
    function = getattr(importlib.import_module(module), name)
    assert callable(function)
    assert function.__doc__
    source = inspect.getsource(LEAVES[words])
    parent, _, last = module.rpartition(".")
    direct = re.search(rf"from {re.escape(module)} import [^\n]*\b{name}\b", source)
    assert direct or f"from {parent} import {last} as" in source


@pytest.mark.proves("001 FR-001")
def test_one_function_creates_missions_under_its_name_and_its_short_form() -> None:
    creating = {words for words, target in SDK.items() if target.endswith(":begin_mission")}
    assert creating == {("agent", "mission", "create"), ("specify",)}
    assert LEAVES["agent", "mission", "create"] is LEAVES[("specify",)]
    assert [words for words in LEAVES if any("feature" in word for word in words)] == []


def test_the_tree_has_the_commands_of_the_loop() -> None:
    assert {("init",), ("specify",), ("next",), ("accept",), ("merge",)} <= LEAVES.keys()
    assert ("agent", "mission", "create") in LEAVES
    assert ("agent", "tasks", "move-task") in LEAVES


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_every_command_takes_json_and_shows_an_example_of_itself(words: tuple[str, ...]) -> None:
    function = LEAVES[words]
    # The orchestrator API answers in JSON always, in a form of its own.
    assert ("json" in inspect.signature(function).parameters) == (words[0] != "orchestrator-api")
    assert "spec-kitty " in (function.__doc__ or "").partition("For example:")[2]


@pytest.mark.parametrize(("name", "target", "stub"), _COMMANDS)
def test_the_line_in_the_list_of_commands_belongs_to_a_command_that_exists(
    name: str, target: str, stub: str
) -> None:
    module, _, attribute = target.partition(":")
    found = getattr(importlib.import_module(f"specify_cli.cli.{module}"), attribute)
    assert isinstance(found, App) or callable(found)
    assert stub.endswith(".")
    if isinstance(found, App):
        assert found.name[0] == name
        assert found.help.partition("\n")[0] == stub


def test_what_only_git_calls_is_not_in_the_list_of_commands(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert {(f"merge-driver-{kind}",) for kind in KINDS} <= LEAVES.keys()
    assert run(["--help"]) == 0
    listed = capsys.readouterr().out
    assert "specify" in listed
    assert "merge-driver" not in listed
    assert "merge-driver" not in command_reference()


def test_listing_the_commands_imports_none_of_them() -> None:
    script = (
        "import sys; sys.argv[1:] = ['--help']\n"
        "from specify_cli.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "loaded = [m for m in sys.modules if m.startswith('specify_cli.')]\n"
        "print(sorted(loaded), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, encoding="utf-8", check=True
    )
    loaded = done.stderr.strip().splitlines()[-1]
    assert "'specify_cli.cli.app'" in loaded
    assert "specify_cli.missions" not in loaded
    assert "specify_cli.cli.mission'" not in loaded


@pytest.fixture(scope="module")
def shell_completion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the script that `--install-completion` puts in place for bash."""
    script = tmp_path_factory.mktemp("completion") / "spec-kitty.bash"
    completion = build_app().generate_completion(shell="bash")  # noqa: S604 - runs nothing
    script.write_text(completion, encoding="utf-8")
    return script


@pytest.mark.skipif(sys.platform == "win32", reason="there need not be a bash")
@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("agent tasks list --lane ", DISPLAY_LANES),
        ("agent tasks move-task WP01 --to ", DISPLAY_LANES),
        ("agent status emit WP01 --to in", ("in_progress", "in_review")),
        ("orchestrator-api transition --to ", DISPLAY_LANES),
        ("merge --strategy ", STRATEGIES),
        ("orchestrator-api merge-mission --strategy ", STRATEGIES),
    ],
)
def test_a_shell_offers_the_words_that_an_option_takes(
    line: str, offered: tuple[str, ...], shell_completion: Path
) -> None:
    complete = 'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _spec_kitty'
    complete += '; echo "${COMPREPLY[@]}"'
    words = ["bash", "-c", complete, str(shell_completion), "spec-kitty", *line.split(" ")]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == sorted(offered)


def test_another_spelling_than_the_offered_one_is_a_lane_all_the_same() -> None:
    for word in ("doing", "In Progress", "nowhere"):
        line = ["agent", "tasks", "list", "--lane", word]
        _, bound, _ = build_app(listing=False).parse_args(line)
        assert bound.arguments == {"lane": word}


def test_a_commands_own_help_shows_its_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["next", "--help"]) == 0
    assert "--result success --verdict approved" in capsys.readouterr().out


def test_the_version_is_the_packages(repository: Path) -> None:
    done = subprocess.run(
        [str(COMMAND), "--version"], capture_output=True, text=True, encoding="utf-8", check=True
    )
    assert done.stdout == f"{__version__}\n"


def test_a_defect_of_ours_ends_in_the_error_shape_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "_outcome", _raise(ZeroDivisionError("a defect")))
    assert run(["next", "--json"]) == 1
    printed = capsys.readouterr()
    assert json.loads(printed.out)["error_code"] == "INTERNAL_ERROR"
    assert "Traceback" not in printed.out + printed.err


def test_the_traceback_of_a_defect_is_there_when_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SPEC_KITTY_DEBUG", "1")
    monkeypatch.setattr(command_line, "_outcome", _raise(ZeroDivisionError("a defect")))
    with pytest.raises(ZeroDivisionError):
        run(["next"])


def test_an_interruption_by_the_user_has_its_own_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command_line, "_outcome", _raise(KeyboardInterrupt()))
    assert run(["next", "--json"]) == 130
    assert json.loads(capsys.readouterr().out)["error_code"] == "INTERRUPTED"


def test_a_reader_that_goes_away_is_no_error(repository: Path) -> None:
    process = subprocess.Popen(
        [str(COMMAND), "contract", "show", "--json"],
        cwd=repository,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    with process.stderr as stderr:
        assert stderr.read() == b""
    assert process.wait(timeout=30) == 0


def test_json_after_the_end_of_options_is_an_argument(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nxt", "--", "--json"]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("Error: ")


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("implement WP01 --agnt claude", "Unknown option: --agnt. Did you mean --agent?"),
        ("implement WP01 --agnt=claude", "Unknown option: --agnt. Did you mean --agent?"),
        ("implement WP01 -a claude", "Unknown option: -a."),
        (
            "agent status emit WP01 --too done --agent a",
            "Unknown option: --too. Did you mean --to?",
        ),
        ("next --mision x", "Unknown option: --mision. Did you mean --mission?"),
        ("implement WP01", "--agent is required."),
        ("implement WP01 --agent", "--agent needs a value."),
        ("agent status emit WP01 --to done --agent --json", "--agent needs a value."),
    ],
)
def test_an_option_that_there_is_not_is_named_rather_than_what_is_missing_because_of_it(
    line: str, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*line.split(), "--json"]) == 2
    document = json.loads(capsys.readouterr().out)
    assert (document["error_code"], document["message"]) == ("USAGE_ERROR", problem)


def _raise(error: BaseException) -> Any:
    def dispatch(*_: object, **__: object) -> int:
        raise error

    return dispatch


@pytest.mark.parametrize("words", LEAVES, ids=" ".join)
def test_examples_are_copied_whole_from_a_terminal_of_80_columns(words: tuple[str, ...]) -> None:
    blocks = inspect.cleandoc(LEAVES[words].__doc__ or "").split("```")[1::2]
    assert [line for block in blocks for line in block.splitlines() if len(line) > 76] == []
