"""A configuration that is cut off, malformed or hostile: one clear error, no traceback, nothing lost."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.cli.run import run
from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Ask = Callable[..., tuple[int, dict[str, Any]]]

CONFIG = ".kittify/config.yaml"
READING = (("next",), ("status",), ("mission", "list"), ("agent", "config", "list"))
WRITING = (
    ("init",),
    ("agent", "config", "add", "codex"),
    ("agent", "config", "remove", "claude"),
    ("agent", "config", "sync"),
    ("specify", "Door counter"),
)
UUID = "b04c6b86-2dc0-4daa-9031-3648f889f2b1"
OLD = f"""# our project
project:
  uuid: {UUID} # keep
  slug: peer1
  node_id: b805cd5cee74
  build_id: 6c191239-d6a9-51fb-a3d8-52dd6ecd6ccb
mission_type_activations:
- software-dev
vcs:
  type: git
agents:
  # chosen long ago
  available:
  - claude
  - gemini
  auto_commit: true
  lint_on_edit: false
mine: yes
"""
AGENTS = "agents:\n  available:\n  - claude\n  auto_commit: true\n"
PROJECT = f"project:\n  uuid: {UUID}\n  slug: peer1\n"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{one}: &{one} [{','.join([f'*{before}'] * 9)}]\n"
    for before, one in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.fixture
def ask(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Ask:
    """Run a command with --json in the repository; return its status and its one document."""
    monkeypatch.chdir(repository)
    # A plain call decides for its whole process that commands are not declared.
    monkeypatch.setattr("specify_cli.cli.run.understood", lambda _tokens: None)

    def asked(*words: str) -> tuple[int, dict[str, Any]]:
        at = words.index("--") if "--" in words else len(words)
        status = run([*words[:at], "--json", *words[at:]])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        document: dict[str, Any] = json.loads(printed.out)
        assert (document["result"] == "success") == (status == 0), document
        if status != 0:
            assert document["error_code"] != "INTERNAL_ERROR", document
            assert document["fix"]
            assert document["message"].isprintable()
        return status, document

    return asked


def configure(root: Path, text: str) -> None:
    """Write a configuration exactly so."""
    path = root / CONFIG
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def tracked(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(root).parts
    }


@pytest.mark.parametrize(
    ("newline", "commands"), [("\n", (*READING, ("init",))), ("\r\n", (("init",),))]
)
def test_a_configuration_that_was_cut_off_at_any_line_never_becomes_another_project(
    newline: str, commands: tuple[tuple[str, ...], ...], repository: Path, ask: Ask
) -> None:
    lines = [f"{line}{newline}" for line in OLD.splitlines()]
    configure(repository, "".join(lines))
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Set up")
    cuts = ["".join(lines[:count]) for count in range(len(lines))]
    cuts += [cut + line[:5] for cut, line in zip(cuts[1::4], lines[1::4], strict=True)]
    for cut in cuts:
        for words in commands:
            configure(repository, cut)
            before = tracked(repository)
            status, document = ask(*words)
            after = tracked(repository)
            if status != 0:
                assert after == before, words
                # Commands that need no identity say that there is no mission.
                about = document["message"] + document["fix"]
                assert CONFIG in about or document["error_code"] == "MISSION_NOT_FOUND"
            elif words == ("init",):
                assert document["project_uuid"] == UUID
                kept = after[CONFIG].decode("utf-8").replace("\r\n", "\n")
                assert all(line.strip() in kept for line in cut.splitlines())
            for path in after.keys() - before.keys():
                (repository / path).unlink()


def test_an_identity_that_was_cut_off_can_be_had_back_with_the_command_of_the_fix(
    repository: Path, ask: Ask
) -> None:
    configure(repository, OLD)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Set up")
    for rest in ("", "# our project\n", "project:\n", "project:\n  slug: peer1\n"):
        configure(repository, rest)
        status, document = ask("init")
        assert (status, document["error_code"]) == (1, "IDENTITY_INCOMPLETE")
        assert document["fix"] == f"git restore {CONFIG}"
        git(repository, *document["fix"].split()[1:])
        assert ask("init")[1]["project_uuid"] == UUID
        git(repository, "restore", ".")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (f"{PROJECT}agents:\n\tavailable: [claude]\n", "INVALID_YAML"),
        (f"\t{PROJECT}", "INVALID_YAML"),
        (BOMB + PROJECT, "INVALID_YAML"),
        (PROJECT + BOMB.replace("&", "&é").replace("*", "*é"), "INVALID_YAML"),
        (f"base: &b {{uuid: {UUID}}}\nproject:\n  <<: *b\n", "INVALID_YAML"),
        (f"{PROJECT}deep: {'[' * 20_000}\n", "INVALID_YAML"),
        (PROJECT + "x" * 1_000_001, "INVALID_YAML"),
        (f"{PROJECT}{PROJECT}", "INVALID_YAML"),
        ("- a\n", "INVALID_YAML"),
        ("text\n", "INVALID_YAML"),
        (f"{PROJECT}x: !!python/object/apply:os.system [date]\n", "INVALID_YAML"),
        (f"{PROJECT}x: 'open\n", "INVALID_YAML"),
        (f"{PROJECT}x: \x00\n", "INVALID_YAML"),
        (f"{PROJECT}x: \x1b[2J\n", "INVALID_YAML"),
    ],
    ids=[
        *("a tab", "a tab first", "a bomb", "a bomb by another name", "a merge key", "too deep"),
        *("too long", "keys twice", "a list", "a text", "an object", "an open quote"),
        *("a null byte", "an escape sequence"),
    ],
)
def test_what_is_no_plain_yaml_is_refused_by_every_command_and_stays_as_it_is(
    text: str, code: str, repository: Path, ask: Ask
) -> None:
    configure(repository, text)
    before = tracked(repository)
    for words in (*WRITING, ("agent", "config", "list"), ("init", "--ai", "claude")):
        status, document = ask(*words)
        # What is YAML and no mapping has no identity in it.
        codes = {code, "IDENTITY_INCOMPLETE"} if words[0] == "specify" else {code}
        assert (status, document["error_code"] in codes) == (1, True), (words, document)
        assert CONFIG in document["message"]
        assert tracked(repository) == before


@pytest.mark.parametrize(
    ("text", "key"),
    [
        (f"{PROJECT}agents: 5\n", "agents"),
        (f"{PROJECT}agents: [claude]\n", "agents"),
        (f"{PROJECT}agents:\n  available: claude\n", "agents.available"),
        (f"{PROJECT}agents:\n  available: {{claude: true}}\n", "agents.available"),
        (f"{PROJECT}agents:\n  available: [1]\n", "agents.available[0]"),
        (f"{PROJECT}agents:\n  available: [claude, null]\n", "agents.available[1]"),
        (f'{PROJECT}agents:\n  available: [claude, ""]\n', "agents.available[1]"),
        (f'{PROJECT}agents:\n  available: ["cla\\nude"]\n', "agents.available[0]"),
        (f'{PROJECT}agents:\n  available: ["\\e[2J"]\n', "agents.available[0]"),
        (f'{PROJECT}agents:\n  available: ["../../x"]\n', "agents.available[0]"),
        (f"{PROJECT}agents:\n  available: []\n  auto_commit: maybe\n", "agents.auto_commit"),
        (f"{AGENTS}project: 5\n", "project"),
        (f"{AGENTS}project: [a]\n", "project"),
        (f"{PROJECT}{AGENTS}vcs: git\n", "vcs"),
        (f"{PROJECT}{AGENTS}mission_type_activations: software-dev\n", "mission_type_activations"),
    ],
)
def test_a_value_of_a_wrong_form_is_named_and_nothing_is_replaced(
    text: str, key: str, repository: Path, ask: Ask
) -> None:
    configure(repository, text)
    before = tracked(repository)
    for words in (*WRITING[:-1], ("agent", "config", "list")):
        status, document = ask(*words)
        assert (status, document["error_code"]) == (1, "CONFIG_INVALID"), (words, document)
        assert document["message"].startswith(f"{key} in {CONFIG}"), document
        assert tracked(repository) == before


def test_sections_without_a_value_are_completed_and_not_refused(repository: Path, ask: Ask) -> None:
    configure(repository, f"{PROJECT}vcs:\nagents:\n  available:\nmission_type_activations:\n")
    assert ask("init", "--ai", "claude")[1]["agents"] == ["claude"]
    assert ask("agent", "config", "list")[0] == 0


def test_a_configuration_of_the_existing_cli_is_completed_without_losing_a_line(
    repository: Path, ask: Ask
) -> None:
    configure(repository, OLD.replace("\n", "\r\n"))
    assert ask("init", "--ai", "codex")[1]["agents"] == ["claude", "gemini", "codex"]
    assert ask("agent", "config", "remove", "codex")[0] == 0
    assert (repository / CONFIG).read_bytes() == OLD.replace("\n", "\r\n").encode()


@pytest.mark.parametrize("name", ["a\nb", "--json", "\x1b[31mred", "x" * 4000, "clau de", "../x"])
def test_a_bad_name_on_the_command_line_is_a_usage_error_in_one_line(
    name: str, repository: Path, ask: Ask
) -> None:
    configure(repository, OLD)
    before = tracked(repository)
    for words in (
        ("init", f"--ai={name}"),
        ("agent", "config", "add", "--", name),
        ("agent", "config", "remove", "--", name),
    ):
        status, document = ask(*words)
        assert status == 2, document
        assert len(document["message"]) < 200
        assert tracked(repository) == before


@pytest.mark.parametrize("text", ["{", "[]", '{"version": 3}', "\x00", '{"version": 2}', "5"])
def test_a_manifest_that_cannot_be_read_stops_everything_and_its_fix_works(
    text: str, repository: Path, ask: Ask
) -> None:
    assert ask("init", "--ai", "claude")[0] == 0
    manifest = repository / ".kittify/agents.json"
    manifest.write_text(text, encoding="utf-8")
    before = tracked(repository)
    for words in (*WRITING[:-1], ("agent", "config", "list")):
        status, document = ask(*words)
        assert (status, document["error_code"]) == (1, "MANIFEST_CORRUPT"), words
        assert "Delete .kittify/agents.json" in document["fix"]
        assert tracked(repository) == before
    manifest.unlink()
    status, document = ask("agent", "config", "sync")
    assert (status, document["kept"]) == (0, [])
