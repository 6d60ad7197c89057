"""Texts of people tell neither who they are nor where they sit (DESIGN.md P8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.events import free_text
from specify_cli.events.free_text import (
    Surroundings,
    clean_document,
    public_actor,
    public_name,
    surroundings,
    without_personal_data,
)

if TYPE_CHECKING:
    from pathlib import Path

PLACE = Surroundings(
    checkouts=("/work/todo", "/elsewhere/tree"),
    homes=("/home/nora",),
    host="nora-mbp.local",
    users=("norab",),
)
WINDOWS = Surroundings((r"C:\Work\Todo",), (r"D:\Homes\Nora B",), "BOX-7", ("NoraB",))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("in /work/todo it fails", "in . it fails"),
        ("ends in /work/todo.", "ends in ./."),
        ("/work/todo/src/app.py:3: error", "src/app.py:3: error"),
        ("/work/todo/.worktrees/todo-lane-a/x", ".worktrees/todo-lane-a/x"),
        ("/elsewhere/tree/src/app.py", "src/app.py"),
        ("file:///work/todo/src/app.py", "src/app.py"),
        ("vscode://file/home/nora/a.py:3", "~/a.py:3"),
        ("(/home/nora/notes)", "(~/notes)"),
        ("http://localhost:8888/tree/home/nora/x", "http://localhost:8888/tree/~/x"),
        ("/home/eve.adams/x and /Users/Eve.", "~/x and ~."),
        ("/home/nora:/home/eve", "~:~"),
        ("-I/home/eve/include", "-I~/include"),
        ("**/home/eve/x**", "**~/x**"),
        (r'"C:\\Users\\eve\\x"', '"~/x"'),
        (r"C:\Users\Eve Adams\AppData", "~/AppData"),
        ("c:/users/eve/x", "~/x"),
        ("/mnt/c/Users/eve/x", "~/x"),
        (r"\\server\c$\Users\eve\x", "~/x"),
        ("/var/pytest-of-norab/x", "/var/pytest-of-<user>/x"),
        ("ask nora@example.com, please", "ask <email>, please"),
        ("norab@nora-mbp:~$ ls", "<user>@<host>:~$ ls"),
        ("on NORA-MBP.local now", "on <host> now"),
    ],
)
def test_what_tells_where_somebody_sits_is_masked_readably(text: str, expected: str) -> None:
    assert without_personal_data(text, PLACE) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"c:\work\todo\src\app.py", r"src\app.py"),
        ("C:/WORK/Todo", "."),
        ("/c/work/todo/x", "x"),
        (r"\\?\C:\Work\Todo\x", "x"),
        (r"d:\homes\nora b\x", "~/x"),
        (r"E:\scratch\norab\x", r"E:\scratch\<user>\x"),
        ("on box-7", "on <host>"),
    ],
)
def test_windows_paths_count_in_either_case_and_with_either_separator(
    text: str, expected: str
) -> None:
    assert without_personal_data(text, WINDOWS) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Tests pass.",
        "kitty-specs/todo-app-01KQ22DS/tasks/WP01-store/review-cycle-1.md",
        "kitty/mission-todo-app-01KQ22DS-lane-a@85d88165a41b7b4d22f1aeb97f2b7bc627a82fcc",
        "tests/home/eve/x and src/**/home/x",
        "/work/todo-old/x, /etc/hosts and /tmp/x",
        "GET /users/42 and /api/items",
        "https://github.com/norab/todo/pull/3",
        "git@github.com:acme/todo.git",
        "react@18.0.0-rc.next and @types/node",
        "/Users/Shared/x, C:\\Users\\Public, /home/$USER/x, ~/x",
        "nora-mbps and my-nora-mbp-2",
    ],
)
def test_what_tells_nothing_stays_as_it_is(text: str) -> None:
    assert without_personal_data(text, PLACE) == text


SECRETS = ("/home/nora", "nora@example.com", "nora-mbp")
PIECES = st.sampled_from(
    [
        *SECRETS, "/work/todo", r"C:\Users\Nora", "/Users/x", "/home/eve", "norab", "norab@", ".local",
        "/", "//", "\\", ".", "..", "~", ":", " ", "\n", "-I", "**", "file://", "https:", "a", "@", "b.c",
        "<user>", "(", ")", "C:",
    ]
)  # fmt: skip


@settings(deadline=None, max_examples=400)
@given(st.lists(PIECES | st.text(max_size=4), max_size=9).map("".join))
def test_masking_again_changes_nothing_and_no_planted_home_or_address_is_left(text: str) -> None:
    clean = without_personal_data(text, PLACE)
    assert without_personal_data(clean, PLACE) == clean
    assert "nora@example.com" not in clean


@settings(deadline=None)
@given(
    st.text(max_size=20).filter(lambda text: not text or text[-1] in " \n('\"`="),
    st.sampled_from(SECRETS),
    st.sampled_from(["", " ", "/x y", ", then", "\n"]),
)
def test_a_planted_value_never_survives_as_a_word(before: str, secret: str, after: str) -> None:
    if secret != "/home/nora" and after.startswith("/"):
        after = ""
    assert secret not in without_personal_data(f"{before}{secret}{after}", PLACE)


@settings(deadline=None)
@given(st.text(st.characters(exclude_characters="/\\@"), max_size=60))
def test_a_text_without_path_address_and_host_is_returned_itself(text: str) -> None:
    assert without_personal_data(text, PLACE._replace(host="")) is text


@pytest.mark.parametrize("text", ["/" * 50_000, "a@" + "a" * 50_000, "C:/Users/ A" * 5_000])
def test_a_long_text_takes_time_in_proportion(text: str) -> None:
    import time

    start = time.perf_counter()
    without_personal_data(text, PLACE)
    assert time.perf_counter() - start < 2.0


def test_ids_branches_and_commits_of_a_row_stay_and_its_texts_do_not() -> None:
    place = PLACE._replace(host="todo")
    row: dict[str, Any] = {
        "mission_slug": "todo",
        "actor": {"tool": "eve@example.com", "role": "todo"},
        "reason": "on todo in /work/todo/x",
        "evidence": {"repos": [{"branch": "todo", "commit": "abc"}], "note": ["/home/nora/x"]},
        "delta": {"subtasks": {"T001": "done"}, "note": "todo"},
        "force": False,
    }
    clean = clean_document(row, place)
    assert clean["mission_slug"] == "todo"
    assert clean["evidence"] == {"repos": [{"branch": "todo", "commit": "abc"}], "note": ["~/x"]}
    assert clean["reason"] == "on <host> in x"
    assert clean["delta"] == {"subtasks": {"T001": "done"}, "note": "<host>"}
    assert row["reason"] == "on todo in /work/todo/x"


def test_addresses_as_names_stay_apart_and_one_keeps_its_name() -> None:
    eve, bob = public_name("eve@example.com"), public_name("bob@example.com")
    assert eve != bob
    assert eve == public_name("Eve@Example.com") == public_name(eve)
    assert eve.startswith("email-")
    assert public_name("claude") == "claude"
    assert public_actor({"tool": "eve@example.com", "model": None}) == {"tool": eve, "model": None}


def test_a_name_with_a_path_or_host_stands_on_a_command_line(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(free_text, "_host", lambda: "nora-mbp")
    monkeypatch.setenv("HOME", "/home/nora")
    assert public_name("claude on nora-mbp") == "claude on host"
    assert public_name("/home/nora/bin/claude") == "~/bin/claude"


def test_the_machine_is_asked_and_everyday_names_are_left_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(free_text, "_host", lambda: "localhost")
    for name, value in {"USER": "root", "LOGNAME": "norab", "HOME": "/home/nora"}.items():
        monkeypatch.setenv(name, value)
    main = tmp_path / "todo"
    (tmp_path / "link").symlink_to(tmp_path, target_is_directory=True)
    (main / "src").mkdir(parents=True)
    monkeypatch.setenv("PWD", str(tmp_path / "link" / "todo" / "src"))
    found = surroundings((main, main / ".worktrees" / "todo-lane-a"))
    assert found.host == ""
    assert set(found.users) == {"norab", "nora"}
    assert "/home/nora" in found.homes
    assert set(found.checkouts) == {str(main), str(tmp_path / "link" / "todo")}
