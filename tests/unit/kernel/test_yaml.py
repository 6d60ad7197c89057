"""YAML is read strictly and edited without losing a comment."""

from __future__ import annotations

import pytest

from specify_cli.kernel.yaml import (
    MAX_CHARACTERS,
    YamlError,
    dump_yaml,
    edit_frontmatter,
    edit_mapping,
    load_yaml,
    split_frontmatter,
)


def test_plain_values_are_read_and_dates_stay_text() -> None:
    text = "a: 1\nb: [x, y]\nc: 2026-11-21\nd: 2026-11-21T07:13:00Z\ne: no\n"
    assert load_yaml(text, source="f") == {
        "a": 1,
        "b": ["x", "y"],
        "c": "2026-11-21",
        "d": "2026-11-21T07:13:00Z",
        "e": "no",
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: 1\na: 2\n", 2),
        ("a: [1\n", None),
        ("a: !!python/object:os.system x\n", 1),
        ("a: 1\n b: 2\n", 2),
        ("--- a\n--- b\n", 2),
    ],
)
def test_what_is_not_plain_yaml_is_refused_with_file_and_line(text: str, line: int | None) -> None:
    with pytest.raises(YamlError) as refused:
        load_yaml(text, source="config.yaml")
    assert refused.value.code == "INVALID_YAML"
    assert refused.value.message.startswith("config.yaml")
    if line is not None:
        assert refused.value.details["line"] == line


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1]\nb: *x\n",
        "a: &a [x]\nb: &b [*a, *a]\nc: [*b,*b]\n",
        "base: &base {a: 1}\nb:\n  <<: *base\n",
    ],
)
def test_aliases_are_refused_before_they_are_expanded(text: str) -> None:
    with pytest.raises(YamlError, match="aliases"):
        load_yaml(text, source="f")


@pytest.mark.parametrize(
    "text", ["a: 'R&D *x*'\n", "files: ['*.py', 'a & b']\n", "a: '**b** & c'\n"]
)
def test_asterisks_and_ampersands_in_text_are_no_aliases(text: str) -> None:
    assert isinstance(load_yaml(text, source="f"), dict)


def test_an_enormous_or_very_deep_document_is_refused() -> None:
    with pytest.raises(YamlError, match="more than"):
        load_yaml("a" * (MAX_CHARACTERS + 1), source="f")
    with pytest.raises(YamlError):
        load_yaml("[" * 5000, source="f")


def test_control_characters_are_refused() -> None:
    with pytest.raises(YamlError):
        load_yaml("a: \x00\n", source="f")


def test_data_is_rendered_in_its_own_order_and_read_back() -> None:
    data = {"b": 1, "a": {"y": ["x"], "x": "2026-11-21"}, "c": "yes", "d": "ä: #"}
    text = dump_yaml(data)
    assert text.index("b:") < text.index("a:")
    assert load_yaml(text, source="f") == data


def test_a_file_without_frontmatter_has_an_empty_one() -> None:
    assert split_frontmatter("# Title\n", source="f") == ({}, "# Title\n")
    assert split_frontmatter("---\n---\nbody", source="f") == ({}, "body")


def test_frontmatter_and_body_are_split() -> None:
    text = "---\na: 1\n---\n# Title\n\n---\nnot frontmatter\n"
    assert split_frontmatter(text, source="f") == ({"a": 1}, "# Title\n\n---\nnot frontmatter\n")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("---\na: 1\n", "closing"),
        ("---\n- a\n---\n", "not a mapping"),
        ("---\na: [\n---\n", "f.md"),
    ],
)
def test_broken_frontmatter_is_refused(text: str, problem: str) -> None:
    with pytest.raises(YamlError, match=problem):
        split_frontmatter(text, source="f.md")


def test_editing_frontmatter_keeps_comments_order_quotes_and_body() -> None:
    text = "---\n# who\nb: 'x'  # why\na: [1, 2]\n---\nBody\n"
    edited = edit_frontmatter(text, {"a": [3], "new": "v"}, source="f")
    assert edited == "---\n# who\nb: 'x'  # why\na:\n- 3\nnew: v\n---\nBody\n"


def test_frontmatter_is_added_to_a_file_that_has_none() -> None:
    assert edit_frontmatter("Body\n", {"a": 1}, source="f") == "---\na: 1\n---\nBody\n"


def test_a_mapping_is_replaced_or_merged_as_asked() -> None:
    text = "project:\n  slug: x  # the name\n"
    assert edit_mapping(text, {"project": {"uuid": "u"}}, source="f") == "project:\n  uuid: u\n"
    merged = edit_mapping(text, {"project": {"uuid": "u"}}, source="f", deep=True)
    assert merged == "project:\n  slug: x  # the name\n  uuid: u\n"


@pytest.mark.parametrize("text", ["", "# only a comment\n", "# only a comment"])
def test_a_mapping_can_be_started_in_an_empty_file(text: str) -> None:
    edited = edit_mapping(text, {"a": 1}, source="f")
    assert load_yaml(edited, source="f") == {"a": 1}
    assert edited.startswith(text.strip())


@pytest.mark.parametrize("text", ["- a\n", "text\n", "a: 1\na: 2\n", "a: ["])
def test_what_is_no_mapping_cannot_be_edited(text: str) -> None:
    with pytest.raises(YamlError):
        edit_mapping(text, {"a": 1}, source="f")
