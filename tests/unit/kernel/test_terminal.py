"""What is printed holds no control of a terminal, and means what was written."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from specify_cli.kernel.terminal import first_control, harmless, harmless_json

TEXTS = st.text(st.characters(codec="utf-8"), max_size=40) | st.sampled_from(
    [
        "\x1b[2J",
        "\x9b31m",
        "a\u202eb",
        "\u2066x",
        "\x7f",
        "line\r",
        "ok\n\tok",
        "Ünïcode ✓ 日本 👩‍👩‍👧",
    ]
)


def dangerous(text: str) -> bool:
    return any((ord(c) < 32 and c not in "\n\t") or 127 <= ord(c) < 160 for c in text) or any(
        c in text for c in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
    )


@given(TEXTS)
def test_nothing_that_a_terminal_obeys_is_left_and_all_else_stays(text: str) -> None:
    shown = harmless(text)
    assert not dangerous(shown)
    assert dangerous(text) or shown == text
    assert (first_control(text) is not None) == dangerous(text)


@given(TEXTS)
def test_json_means_the_same_document(text: str) -> None:
    rendered = harmless_json(json.dumps({"text": text}, ensure_ascii=False))
    assert not dangerous(rendered)
    assert json.loads(rendered) == {"text": text}


def test_a_control_character_is_told_with_its_line() -> None:
    assert first_control("one\ntwo\x1b\nthree\x07") == (2, "\x1b")
    assert first_control("tabs\tand lines\n") is None
