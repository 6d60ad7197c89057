"""Names that become paths and branches."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.kernel.names import MAX_SEGMENT, UnsafeName, safe_segment, slugify


@pytest.mark.parametrize("name", ["a", "todo-app", "WP01", "v1.2_x", "0", "a" * MAX_SEGMENT])
def test_a_plain_name_is_returned_unchanged(name: str) -> None:
    assert safe_segment(name, what="mission") == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "..",
        ".",
        "../x",
        "a/b",
        "a\\b",
        "a..b",
        "--json",
        "-x",
        ".hidden",
        "a ",
        " a",
        "a\n",
        "a\0b",
        "a:b",
        "ends.",
        "ends.lock",
        "ENDS.LOCK",
        "ü",
        "a" * (MAX_SEGMENT + 1),
        "con",
        "NUL",
        "com1",
        "aux.txt",
        "a@{b",
        "~",
    ],
)
def test_an_unsafe_name_is_refused_with_what_it_names(name: str) -> None:
    with pytest.raises(UnsafeName) as refused:
        safe_segment(name, what="mission")
    assert refused.value.code == "UNSAFE_NAME"
    assert refused.value.exit_code == 2
    assert "mission name" in refused.value.message


def test_a_very_long_name_is_not_repeated_whole() -> None:
    with pytest.raises(UnsafeName) as refused:
        safe_segment("a" * 5000, what="mission")
    assert len(refused.value.message) < 300
    assert len(str(refused.value.details["name"])) == 200


@settings(deadline=None)
@given(st.text(max_size=130))
def test_whatever_passes_is_one_path_segment(name: str) -> None:
    try:
        safe = safe_segment(name, what="mission")
    except UnsafeName:
        return
    assert safe == name
    assert safe.isascii()
    assert not set(safe) & set("/\\:*?\"<>| \n\t\0~^[]@{}$'`")
    assert safe not in (".", "..")


@pytest.mark.parametrize("name", ["a.b", "A_b-1", "x.LOCKS", "0.0"])
def test_whatever_passes_is_one_component_of_a_branch_name(name: str) -> None:
    done = subprocess.run(
        ["git", "check-ref-format", f"refs/heads/kitty/{safe_segment(name, what='branch')}"],
        check=False,
    )
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("words", "slug"),
    [
        ("Todo app", "todo-app"),
        ("  Über die  Brücke! ", "uber-die-brucke"),
        ("a/../b", "a-b"),
        ("--json", "json"),
        ("x" * 100, "x" * 60),
        ("a" * 59 + " b", "a" * 59),
    ],
)
def test_a_title_becomes_words_joined_by_hyphens(words: str, slug: str) -> None:
    assert slugify(words) == slug


@pytest.mark.parametrize("words", ["", "   ", "***", "日本"])
def test_a_title_without_usable_characters_is_refused(words: str) -> None:
    with pytest.raises(UnsafeName, match="no usable name"):
        slugify(words)


@settings(deadline=None)
@given(st.text())
def test_a_slug_is_always_a_safe_segment_or_refused(words: str) -> None:
    try:
        slug = slugify(words)
    except UnsafeName:
        return
    assert safe_segment(f"{slug}-01ARZ3ND", what="mission")
