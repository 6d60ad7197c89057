"""Every file that the program reads, spoiled: one clear error, no traceback, nothing lost."""

from __future__ import annotations

import json
import os
import shutil
import sys
from contextlib import chdir
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from specify_cli.cli.run import run
from tests.conftest import git
from tests.integration.test_bad_config import BOMB
from tests.unit.next.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

OWN_TYPE = """\
mission: {key: guide, name: Guide, version: "1"}
steps:
  - id: survey
    title: Survey
    prompt_template: survey.md
  - id: draw
    title: Draw
    prompt: Draw it.
    depends_on: [survey]
"""
CHARTER = "schema_version: 1\nactivated_tactics:\n  - premortem\n"
PACK = "pack: {name: field}\nmissions:\n  - {key: atlas, path: atlas/mission-runtime.yaml}\n"


class Spoilt(NamedTuple):
    """A project whose files a test spoils, and how it was before."""

    lab: Lab
    guide: str
    before: Path

    @property
    def root(self) -> Path:
        return self.lab.root

    @property
    def mission(self) -> Path:
        return self.lab.mission.directory

    def path(self, name: str) -> Path:
        """A file by the name that the tests call it."""
        return self.root / name.format(
            mission=f"kitty-specs/{self.lab.slug}", guide=".kittify/missions/guide"
        )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Spoilt:
    """A project with everything in it: two missions, a type of its own, a pack, a charter, a question."""
    root = tmp_path_factory.mktemp("spoilt") / "project"
    root.mkdir()
    git(root, "init", "-q", "-b", "work")
    with chdir(root):

        def done(*words: str) -> None:
            assert run([*words, "--json"]) == 0, words

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("specify_cli.cli.run.understood", lambda _: None)
            files = {
                "README.md": "# Project\n",
                ".kittify/missions/guide/mission-runtime.yaml": OWN_TYPE,
                ".kittify/missions/guide/survey.md": "## What to do\n\nWalk for $mission_title.\n",
                "packs/field/mission-pack.yaml": PACK,
                "packs/field/atlas/mission-runtime.yaml": OWN_TYPE.replace(
                    "guide", "atlas"
                ).replace("prompt_template: survey.md", "prompt: Walk."),
                ".kittify/charter/charter.yaml": CHARTER,
            }
            lab = Lab.create(root)
            for name, text in files.items():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                (root / name).write_text(text, encoding="utf-8")
            config = root / ".kittify/config.yaml"
            config.write_text(
                config.read_text("utf-8") + "mission_packs: [packs/field]\n", encoding="utf-8"
            )
            git(root, "add", "-A")
            git(root, "commit", "-q", "-m", "Set up")
            lab.plan_out()
            lab.report("claude")
            done("specify", "Birds", "--mission-type", "guide")
            done(*open_question(lab.slug, "store"))
    [guide] = (path.name for path in (root / "kitty-specs").iterdir() if "birds" in path.name)
    before = root.parent / "before"
    shutil.copytree(root, before, symlinks=True)
    return Spoilt(lab, guide, before)


def open_question(slug: str, key: str) -> tuple[str, ...]:
    return (
        *("agent", "decision", "open", "--mission", slug, "--flow", "plan", "--step-id", "plan"),
        *("--input-key", key, "--question", "Where is it kept?"),
    )


@pytest.fixture
def spoilt(made: Spoilt) -> Spoilt:
    """The project as it was made."""
    shutil.rmtree(made.root)
    shutil.copytree(made.before, made.root, symlinks=True)
    return made


FILES = {
    "type": "{guide}/mission-runtime.yaml",
    "pack": "packs/field/mission-pack.yaml",
    "charter": ".kittify/charter/charter.yaml",
    "work package": "{mission}/tasks/WP01-part.md",
    "index": "{mission}/decisions/index.json",
    "lanes": "{mission}/lanes.json",
    "metadata": "{mission}/meta.json",
    "runs": ".kittify/runtime/runs.json",
}
"""What is spoilt; the configuration and the agents' manifest are in test_bad_config.py."""
HOSTILE = {
    "a tab": b"\tmission: {key: guide}\n",
    "a bomb": BOMB.encode(),
    "a list": b"- a\n",
    "a number": b"5\n",
    "a long number": b"1" * 5000,
    "nothing": b"",
    "an escape": b'title: "a\x1b[31mb"\n',
    "a null byte": b"title: \x00\n",
    "no text": b"\xff\xfe\x00",
    "deep": b"[" * 20_000,
    "a large file": b"x: " + b"y" * 1_100_000,
    "keys twice": b"mission: 1\nmission: 2\n",
}
DERIVED = {"runs"}
"""What is made again from other files: whatever is in it, nothing stops."""


class Answer(NamedTuple):
    status: int
    document: dict[str, Any]


@pytest.fixture
def ask(
    spoilt: Spoilt, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """Run a command with --json; an error is in the one shape and has changed nothing."""
    monkeypatch.chdir(spoilt.root)
    # A plain call decides for its whole process that commands are not declared.
    monkeypatch.setattr("specify_cli.cli.run.understood", lambda _tokens: None)

    def asked(*words: str) -> Answer:
        before = state_of(spoilt.root)
        status = run([*words, "--json"])
        printed = capsys.readouterr()
        assert "Traceback" not in printed.out + printed.err
        document: dict[str, Any] = json.loads(printed.out)
        if "error_code" in document:
            assert document["error_code"] != "INTERNAL_ERROR", (words, document)
            assert status in (1, 2)
            assert document["fix"]
            assert document["message"].isprintable(), document["message"]
            assert state_of(spoilt.root) == before, words
        return Answer(status, document)

    return asked


def state_of(root: Path) -> dict[str, tuple[int, int]]:
    """Time and size of every file of the project, except what is made again, and of its branches."""
    found = {}
    for parent, folders, files in os.walk(root):
        if parent.endswith(".git"):
            folders[:] = ["refs"]
        folders[:] = [name for name in folders if name not in ("cache", "venv")]
        for name in files:
            if not parent.endswith(".git"):
                stat = Path(parent, name).lstat()
                found[f"{parent}/{name}"] = (stat.st_mtime_ns, stat.st_size)
    return found


def commands(spoilt: Spoilt, name: str) -> tuple[tuple[str, ...], ...]:
    """Commands that read a file; the last one would write."""
    mission = ("--mission", spoilt.lab.slug)
    guide = ("--mission", spoilt.guide)
    advance = ("next", "--agent", "claude", *mission, "--retry")
    return {
        "type": (
            ("mission-type", "show", "guide"),
            ("next", *guide),
            ("next", "--agent", "zoe", *guide, "--result", "success"),
        ),
        "pack": (("mission-type", "show", "atlas"), ("specify", "X", "--mission-type", "atlas")),
        "charter": (
            ("charter", "show"),
            ("implement", "WP02", "--agent", "zoe", *mission),
            ("next", "--agent", "zoe", *guide, "--result", "success"),
        ),
        "work package": (("next", *mission), ("status", *mission), ("tasks", *mission), advance),
        "index": (
            ("agent", "decision", "list", *mission),
            open_question(spoilt.lab.slug, "again"),
        ),
        "lanes": (("next", *mission), advance),
        "metadata": (("next", *mission), ("mission", "list"), advance),
        "runs": (("next", *mission), ("runs", "list")),
    }[name]


def tell(name: str, spoilt: Spoilt, path: Path, answer: Answer) -> bool:
    """Tell whether an answer refuses the file, which it then has to name."""
    code = answer.document.get("error_code")
    if code is None:
        return False
    # It is there: that it cannot be read is another thing to say, and with another fix.
    assert name != "type" or code != "UNKNOWN_MISSION_TYPE", answer.document
    told = json.dumps(answer.document)
    assert path.name in told or path.parent.name in told, answer.document
    return True


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_cut_off_after_any_line_is_used_as_far_as_it_goes_or_named(
    name: str, spoilt: Spoilt, ask: Callable[..., Answer]
) -> None:
    path = spoilt.path(FILES[name])
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    # A crash leaves half a line as easily; every line of a long file would say the same again.
    step = max(1, len(lines) // 6)
    cuts = [b"".join(lines[:count]) for count in range(0, len(lines), step)]
    cuts += [
        cut + line[: len(line) // 2]
        for cut, line in zip(cuts[::2], lines[:: 2 * step], strict=True)
    ]
    refused = 0
    for cut in cuts:
        for words in commands(spoilt, name)[:-1]:
            path.write_bytes(cut)
            refused += tell(name, spoilt, path, ask(*words))
    assert (refused == 0) == (name in DERIVED)
    path.write_bytes(whole)
    for words in commands(spoilt, name)[:-1]:
        assert "error_code" not in ask(*words).document, words


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_hostile_content_is_named_and_nothing_is_recorded(
    name: str, spoilt: Spoilt, ask: Callable[..., Answer]
) -> None:
    path = spoilt.path(FILES[name])
    refused = set()
    for kind, content in HOSTILE.items():
        fence = b"---\n" if name == "work package" else b""
        path.write_bytes(fence + content + fence)
        for words in commands(spoilt, name)[::2]:
            if name in DERIVED or tell(name, spoilt, path, ask(*words)):
                refused.add(kind)
    # A charter may say nothing.
    assert set(HOSTILE) - refused == ({"nothing"} if name == "charter" else set())


PLACES = {
    "missions": "kitty-specs",
    "state": ".kittify",
    "configuration": ".kittify/config.yaml",
    "runtime": ".kittify/runtime",
    "prompts": ".kittify/runtime/prompts",
    "mission": "{mission}",
    "metadata": "{mission}/meta.json",
    "log": "{mission}/status.events.jsonl",
    "specification": "{mission}/spec.md",
    "tasks": "{mission}/tasks",
    "work package": "{mission}/tasks/WP02-part.md",
    "decisions": "{mission}/decisions",
    "types": ".kittify/missions",
    "type": "{guide}",
    "description": "{guide}/mission-runtime.yaml",
    "template": "{guide}/survey.md",
    "charter": ".kittify/charter/charter.yaml",
}
"""What may be a link to somewhere else."""


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
@pytest.mark.parametrize("name", PLACES)
def test_a_link_out_of_the_project_is_neither_read_nor_written_through(
    name: str, spoilt: Spoilt, ask: Callable[..., Answer], tmp_path: Path
) -> None:
    path, outside = spoilt.path(PLACES[name]), tmp_path / "outside"
    shutil.move(path, outside)
    path.symlink_to(outside)
    before = content_of(outside)
    mission, guide = ("--mission", spoilt.lab.slug), ("--mission", spoilt.guide)
    own_type = "guide" in PLACES[name] or name == "types"
    about = guide if own_type else mission
    for words in (
        ("next", *about),
        ("next", "--agent", "zoe", *about, "--result", "success"),
        ("mission-type", "show", "guide")
        if own_type
        else ("implement", "WP02", "--agent", "zoe", *mission),
    ):
        answer = ask(*words)
        if name == "charter" and words == ("next", *about):
            continue  # a question needs no rules
        assert answer.status == 1, words
        assert "a link that leads out" in answer.document["message"], answer.document
    assert content_of(outside) == before


def content_of(place: Path) -> dict[str, bytes]:
    """Every file below a place, or the one that it is."""
    files = [place] if place.is_file() else sorted(place.rglob("*"))
    return {str(path): path.read_bytes() for path in files if path.is_file()}


CONTROLS = "\x1b[2Jred\x9b31m\u202egnp\x07"
"""Clears the screen, changes the colour in two ways, turns the direction around, rings."""


def has_control(text: str) -> bool:
    return any(not c.isprintable() and c not in "\n\t" for c in text)


def test_control_characters_of_a_file_never_get_to_a_terminal(
    spoilt: Spoilt, cli: Callable[..., Ran]
) -> None:
    meta = spoilt.mission / "meta.json"
    document = json.loads(meta.read_bytes())
    meta.write_text(json.dumps({**document, "friendly_name": CONTROLS}), encoding="utf-8")
    package = spoilt.path(FILES["work package"])
    text = package.read_text("utf-8").replace("## Done", f"{CONTROLS}\n\n## Done")
    assert CONTROLS in text
    package.write_text(text, encoding="utf-8")
    mission = ("--mission", spoilt.lab.slug)
    resolve = ("agent", "context", "resolve", "--action", "implement", "--wp", "WP01", *mission)
    for words in (
        resolve,
        ("mission", "list"),
        ("mission", "show", *mission),
        ("status", *mission),
    ):
        plain = cli(spoilt.root, *words)
        assert not has_control(plain.stdout + plain.stderr), words
        as_json = cli(spoilt.root, *words, "--json")
        assert not has_control(as_json.stdout), words
    told = cli(spoilt.root, *resolve, "--json").document
    assert told["context"]["mission_title"] == CONTROLS, "the document means what was written"
    again = cli(spoilt.root, "next", "--agent", "claude", *mission, "--retry", "--json")
    prompt = (spoilt.root / again.document["prompt_file"]).read_text("utf-8")
    assert not has_control(prompt)
    assert r"\x1b[2Jred\x9b31m\u202egnp\x07" in prompt


NAMED = (
    ("next",),
    ("next", "--result", "success"),
    ("implement", "WP02"),
    ("agent", "action", "review", "WP02"),
    ("agent", "tasks", "move-task", "WP02", "--to", "blocked"),
    ("agent", "tasks", "mark-status", "WP01:T011", "--status", "done"),
    ("agent", "tasks", "add-history", "WP01", "--note", "Tests pass"),
    ("agent", "status", "emit", "WP02", "--to", "claimed"),
    ("agent", "context", "resolve", "--action", "plan"),
    ("accept",),
    ("tasks",),
)
"""Commands that say who acts."""


@pytest.mark.parametrize("agent", ["cl\naude", "\x1b[31mred", "--json", "x" * 4000])
def test_a_name_that_no_line_can_hold_is_refused_by_every_command_that_takes_one(
    agent: str, spoilt: Spoilt, ask: Callable[..., Answer]
) -> None:
    for words in NAMED:
        option = "--actor" if words[0] == "tasks" or "emit" in words else "--agent"
        answer = ask(*words, "--mission", spoilt.lab.slug, f"{option}={agent}")
        assert answer.document.get("error_code") == "INVALID_ACTOR", (words, answer)
        assert answer.status == 2
        assert len(answer.document["message"]) < 200


def test_texts_that_a_terminal_would_obey_are_refused_where_they_become_files(
    spoilt: Spoilt, ask: Callable[..., Answer]
) -> None:
    mission = ("--mission", spoilt.lab.slug)
    for words in (
        ("specify", f"Todo {CONTROLS}"),
        (
            "agent",
            "tasks",
            "add-history",
            "WP01",
            "--agent",
            "claude",
            "--note",
            CONTROLS,
            *mission,
        ),
        (*open_question(spoilt.lab.slug, "x")[:-1], CONTROLS),
    ):
        answer = ask(*words)
        assert (answer.status, "control" in answer.document["message"]) == (2, True), answer


def test_an_answer_to_a_closed_a_foreign_or_no_question_is_refused_with_what_holds(
    spoilt: Spoilt, ask: Callable[..., Answer]
) -> None:
    mission, guide = ("--mission", spoilt.lab.slug), ("--mission", spoilt.guide)
    [entry] = ask("agent", "decision", "list", *mission).document["decisions"]
    resolve = ("agent", "decision", "resolve", entry["decision_id"], "--final-answer")
    foreign = ask(*resolve, "a file", *guide)
    assert foreign.document["error_code"] == "DECISION_NOT_FOUND"
    assert spoilt.lab.slug in foreign.document["fix"]
    assert ask(*resolve, "a file", *mission).status == 0
    closed = ask(*resolve, "a database", *mission)
    assert closed.document["error_code"] == "DECISION_TERMINAL_CONFLICT"
    assert "'a file'" in closed.document["message"]
    answer = ("next", "--agent", "claude", *mission, "--answer", "x")
    for words in (answer, (*answer, "--decision-id", "input:region")):
        assert ask(*words).document["error_code"] == "NO_PENDING_DECISION"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x" * 10_000_000, "more than 1,000,000 bytes"),
        ("## What to do\n\nWalk.\x1b[2J\n", "survey.md line 3"),
        ("## What to do\n\nPay 5$ for it.\n", "survey.md line 3"),
        ("## What to do\n\nAsk $nobody.\n", "there is no $nobody"),
    ],
    ids=["ten megabytes", "a control character", "a stray dollar", "an unknown name"],
)
def test_a_prompt_template_that_no_prompt_can_be_made_of_is_named_before_anything_is_handed_out(
    text: str, said: str, spoilt: Spoilt, ask: Callable[..., Answer]
) -> None:
    spoilt.path("{guide}/survey.md").write_text(text, encoding="utf-8")
    advance = ("next", "--agent", "zoe", "--mission", spoilt.guide, "--result", "success")
    checks = (
        [advance]
        if "nobody" in said
        else [advance, ("mission-type", "validate", str(spoilt.path("{guide}")))]
    )
    for words in checks:
        answer = ask(*words)
        assert answer.document["error_code"] == "PROMPT_TEMPLATE_INVALID", answer
        assert said in answer.document["message"]


def test_a_work_package_of_ten_megabytes_is_refused_and_never_handed_out(
    spoilt: Spoilt, ask: Callable[..., Answer]
) -> None:
    path = spoilt.path(FILES["work package"])
    path.write_text(path.read_text("utf-8") + "x" * 10_000_000, encoding="utf-8")
    mission = ("--mission", spoilt.lab.slug)
    for words in (("next", *mission), ("next", "--agent", "claude", *mission, "--retry")):
        answer = ask(*words)
        assert answer.document["error_code"] == "INVALID_WORK_PACKAGE"
        assert "more than 1,000,000 bytes" in answer.document["message"]
