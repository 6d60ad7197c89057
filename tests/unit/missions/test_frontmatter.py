from __future__ import annotations

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from specify_cli.kernel.yaml import YamlError, load_yaml
from specify_cli.missions.frontmatter import parse_simple_mapping, read_frontmatter

_SCALARS = st.sampled_from(
    [
        "WP01", "src/**", "src/a.py", "a: b", "a:b", "a #b", "a#b", "true", "No", "null", "~", "1",
        "007", "1.5", "0x1f", "-1", "2026-11-21", '"a"', "'b c'", '"a\\n"', "'it''s'", "[a, b]", "[]",
        "[[a]]", "{a: b}", "{}", "&x", "*x", "|", ">-", "- a", "@a", "`a`", "%a", "", " ", "é", "a\tb",
        "a,b", "[a,b", "a]", "yes", "T001", "Store of the items", "x:", "'a", "=", "<<", "e1", "a\\",
        "Add, list and show", "the user's", 'say "x"', "f(x) [y] {z}", "a#b #c", "a:b: c", "/x", "x,",
        "[a b, c-d]", "['a', \"b\"]", "[a, ]", "[a,,b]", "[,]", "a ]", "C:\\x", "a\u00a0b", "n", "ab\u2028c",
        "[a: b]", "[1, x]", "[null]", "a &b *c", "a | b", "x - y", "y: [", "see http://x.y/z",
    ]
)  # fmt: skip
_LINES = st.one_of(
    st.builds(
        "{}: {}".format, st.sampled_from(["id", "title", "a-b", "1", "no", "x y", "<<"]), _SCALARS
    ),
    st.builds("{}:".format, st.sampled_from(["deps", "owned_files", "id"])),
    st.builds("{}- {}".format, st.sampled_from(["", "  ", "    "]), _SCALARS),
    st.sampled_from(["# note", "  # note", "", "  continued", "---", "...", "? a", "-", "\tx: y"]),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_LINES, max_size=6).map(lambda lines: "\n".join(lines) + "\n"))
@example("deps:\n- a\n\n  - b\n")
@example("title: a\n  b\n")
def test_what_is_read_without_the_yaml_library_is_what_the_library_reads(block: str) -> None:
    # What looks like an alias anywhere is refused by the library's front end on suspicion.
    assume(not ("*" in block and "&" in block))
    simple = parse_simple_mapping(block)
    if simple is not None:
        assert (load_yaml(block, source="x") or {}) == simple


def test_an_ordinary_work_package_file_needs_no_yaml_library() -> None:
    block = (
        'work_package_id: "WP01"\ntitle: Store, list and the user\'s items\n# why\ndependencies: []\n'
        "requirement_refs: [FR-001, FR-002]\nowned_files:\n  - src/app/**\n  - tests/test_*.py\n"
        "subtasks:\n- T001\n- T002\npriority: 3\nnote:\n"
    )
    assert parse_simple_mapping(block) == {
        "work_package_id": "WP01",
        "title": "Store, list and the user's items",
        "dependencies": [],
        "requirement_refs": ["FR-001", "FR-002"],
        "owned_files": ["src/app/**", "tests/test_*.py"],
        "subtasks": ["T001", "T002"],
        "priority": 3,
        "note": None,
    }


def test_frontmatter_and_body_are_split_at_the_second_fence() -> None:
    read, body = read_frontmatter("---\na: b\n---\n\ntext\n---\nmore\n", source="f")
    assert (read, body) == ({"a": "b"}, "\ntext\n---\nmore\n")


def test_both_ways_of_reading_agree_on_the_body() -> None:
    simple = read_frontmatter("---\na: b\n---\nbody\n", source="f")[1]
    parsed = read_frontmatter("---\na: {b: c}\n---\nbody\n", source="f")[1]
    assert simple == parsed == "body\n"


def test_a_file_without_frontmatter_is_all_body() -> None:
    assert read_frontmatter("# Title\n", source="f") == ({}, "# Title\n")


def test_malformed_yaml_is_reported_with_its_line_in_the_file() -> None:
    with pytest.raises(YamlError) as caught:
        read_frontmatter("---\ntitle: x\nlist: [a\nb: c\n---\n", source="tasks/WP01.md")
    assert caught.value.details == {"file": "tasks/WP01.md", "line": 4}


@pytest.mark.parametrize("text", ["---\na: b\n", "---\n- a\n- {}\n---\n"])
def test_frontmatter_that_is_unclosed_or_not_a_mapping_is_refused(text: str) -> None:
    with pytest.raises(YamlError):
        read_frontmatter(text, source="f")


def test_empty_frontmatter_reads_as_no_keys() -> None:
    assert read_frontmatter("---\n# only a note\n---\nx", source="f") == ({}, "x")
    assert read_frontmatter("---\n---\nx", source="f")[0] == {}
