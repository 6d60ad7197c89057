from __future__ import annotations

import pytest

from specify_cli.missions.markdown import placeholders, sections, without_code, word_count
from specify_cli.missions.requirements import declared_requirements, is_requirement_id


@pytest.mark.parametrize(
    "text",
    [
        "TBD",
        "The limit is TBC.",
        "TODO: say more",
        "- TODO",
        "| FR-001 | TODO |",
        "[TODO describe it]",
        "FIXME later",
        "[NEEDS CLARIFICATION: which one?]",
        "[NEEDS DETAIL]",
        "<describe the users here>",
        "<...>",
        "...",
        "Lorem ipsum dolor",
        "what then???",
        "[FILL IN: the purpose]",
    ],
)
def test_text_that_marks_a_gap_is_found(text: str) -> None:
    found = placeholders(f"Real text.\n\n{text}\n")
    assert [gap.line for gap in found] == [3]


@pytest.mark.parametrize(
    "text",
    [
        "A TODO list keeps todos; each TODO has a title.",
        "Add a todo.",
        "`TODO: x` stays as it is",
        "```\nTODO: x\n<your name here>\n```",
        "<!-- TODO: a note to ourselves -->",
        "Press <br> or <kbd>x</kbd>.",
        '<a href="x">text of the link</a>',
        "if a < b and c > d",
        "See <https://example.invalid/a b>.",
        "Wait ... and then go on.",
        "It needs clarification from nobody.",
        "[NEEDS CLARIFICATION: which one?] <!-- decision_id: 01KQ22DSA8G3W5V7T9Y1B3D5F7 -->",
    ],
)
def test_ordinary_text_is_not_taken_for_a_gap(text: str) -> None:
    assert placeholders(f"Real text.\n\n{text}\n") == ()


def test_a_gap_of_our_scaffold_inside_a_code_block_still_counts() -> None:
    assert [gap.line for gap in placeholders("```text\n[FILL IN]\n```\n")] == [2]


def test_an_unclosed_fence_hides_nothing() -> None:
    assert placeholders("```\nTBD\n") != ()


def test_line_numbers_survive_the_removal_of_code_and_comments() -> None:
    text = "a\n<!-- b\nc -->\n```\nd\n```\n`e\nf` g\n"
    assert without_code(text).count("\n") == text.count("\n")
    assert without_code(text).split() == ["a", "g"]


def test_sections_hold_their_subsections_and_ignore_headings_in_code() -> None:
    text = "# Top\nintro\n## One\nx\n### Deep\ny\n## Two ##\n```\n# not one\n```\n"
    assert [(part.title, part.line) for part in sections(text)] == [
        ("Top", 1), ("One", 3), ("Deep", 5), ("Two", 7),
    ]  # fmt: skip
    assert sections(text)[1].text == "x\n### Deep\ny"


def test_headings_comments_and_gaps_are_no_words() -> None:
    assert word_count("# Title here\n\nOne two <!-- three --> [FILL IN: four]\n") == 2
    assert word_count("日本語です") == 5


def test_requirements_are_read_from_tables_lists_and_headings() -> None:
    text = (
        "| FR-001 | The program stores items |\n"
        "- **FR-002**: The program lists items\n"
        "### NFR-001 Fast enough for everybody\n"
        "1. C-001: only the standard library\n"
        "| `FR-003` | TBD |\n"
        "```\n| FR-004 | in code |\n```\n"
        "Text about FR-001 in passing.\n"
    )
    found = declared_requirements(text)
    assert [(row.id, row.line, row.has_substance) for row in found] == [
        ("FR-001", 1, True), ("FR-002", 2, True), ("NFR-001", 3, True), ("C-001", 4, True),
        ("FR-003", 5, False),
    ]  # fmt: skip
    assert [row.is_functional for row in found] == [True, True, False, False, True]


def test_the_form_of_a_requirement_id() -> None:
    assert is_requirement_id("FR-001")
    assert not is_requirement_id("FR-1")
    assert not is_requirement_id("xFR-001")
