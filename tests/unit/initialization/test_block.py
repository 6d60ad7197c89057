"""The block between markers, and the user's text around it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.initialization.block import (
    BEGIN,
    END,
    MarkersDamaged,
    split,
    with_block,
    without_block,
)

LINES = st.lists(st.sampled_from(["", "# Title", "- a", "text with <!-- a comment -->", "\t x"]))


@settings(max_examples=60, deadline=None)
@given(LINES, LINES, st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_nothing_around_the_block_changes_however_often_it_is_renewed_and_taken_out(
    above: list[str], below: list[str], newline: str, ended: bool
) -> None:
    mine = newline.join(above) + (newline if above and ended else "")
    once = with_block(mine, "old\nwords\n")
    assert once.startswith(mine)
    assert with_block(once, "old\nwords\n") == once
    tail = newline.join(["", *below])
    renewed = with_block(once + tail, "new\n")
    found = split(renewed)
    assert found is not None
    assert found.inner == "new\n"
    assert found.after == tail
    whole = mine if not mine or mine.endswith("\n") else mine + ("\r\n" if "\r\n" in mine else "\n")
    assert without_block(once) == whole
    assert without_block(renewed).replace("\r\n", "\n").startswith(whole.replace("\r\n", "\n"))


def test_paragraphs_around_a_block_do_not_run_together_when_it_goes() -> None:
    text = f"above\n\n{BEGIN}\nx\n{END}\nbelow\n"
    assert without_block(text) == "above\n\nbelow\n"
    assert without_block(f"above\n\n{BEGIN}\nx\n{END}\n\nbelow\n") == "above\n\nbelow\n"


@pytest.mark.parametrize(
    "text",
    [
        f"{BEGIN}\nx\n", f"x\n{END}\n", f"{END}\nx\n{BEGIN}\n",
        f"{BEGIN}\na\n{END}\n{BEGIN}\nb\n{END}\n", f"{BEGIN}\n{BEGIN}\nb\n{END}\n",
    ],
)  # fmt: skip
def test_markers_that_are_no_pair_are_not_guessed_at(text: str) -> None:
    for change in (split, without_block, lambda text: with_block(text, "new\n")):
        with pytest.raises(MarkersDamaged):
            change(text)


def test_the_block_of_the_existing_cli_is_text_of_the_user() -> None:
    theirs = "<!-- spec-kitty:orientation -->\nwords\n<!-- /spec-kitty:orientation -->\n"
    assert split(theirs) is None
    both = with_block(theirs, "ours\n")
    assert both.startswith(theirs)
    assert without_block(both) == theirs
