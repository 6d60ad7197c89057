"""What callers say about a decision, checked before anything is looked up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast, get_args

from specify_cli.decisions.refusals import InvalidDecision, MissingStepOrSlot

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spec_kitty_contracts.wire.decision import OriginFlow

LONGEST_TEXT = 10_000
"""Characters of a question, an answer or a rationale."""
LONGEST_OPTION = 500
MOST_OPTIONS = 50
ACTOR_TYPES = ("human", "llm", "service")

_KEY = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,119}\Z"
_LAYOUT = "\n\t"


def checked_flow(flow: str) -> OriginFlow:
    """Return the name of a flow.

    Raises:
        InvalidDecision: INVALID_DECISION.
    """
    from spec_kitty_contracts.wire.decision import OriginFlow as Flows

    known = get_args(Flows)
    if flow not in known:
        raise InvalidDecision(
            f"{flow[:60]!r} is not a flow that asks.",
            fix=f"Use --flow {', '.join(known)}.",
            details={"flow": flow[:200], "known": list(known)},
        )
    return cast("OriginFlow", flow)


def checked_actor_type(kind: str) -> str:
    """Return a kind of actor.

    Raises:
        InvalidDecision: INVALID_DECISION.
    """
    if kind not in ACTOR_TYPES:
        raise InvalidDecision(
            f"{kind[:60]!r} is not a kind of actor.",
            fix=f"Use --actor-type {', '.join(ACTOR_TYPES)}.",
            details={"actor_type": kind[:200], "known": list(ACTOR_TYPES)},
        )
    return kind


def checked_place(step_id: str | None, slot_key: str | None) -> None:
    """Let exactly one of step and slot pass.

    Raises:
        MissingStepOrSlot: DECISION_MISSING_STEP_OR_SLOT.
        InvalidDecision: INVALID_DECISION: it is no key.
    """
    if (step_id is None) == (slot_key is None):
        problem = "neither a step nor a slot is" if step_id is None else "a step and a slot are"
        raise MissingStepOrSlot(
            f"{problem} named, so the question has no one place.",
            fix="Name one: --slot-key specify.storage, or --step-id plan",
        )
    for name, value in (("step_id", step_id), ("slot_key", slot_key)):
        if value is not None:
            checked_key(value, name)


def checked_key(key: str, name: str) -> str:
    """Return a key.

    Raises:
        InvalidDecision: INVALID_DECISION.
    """
    if re.match(_KEY, key) is None:
        option = f"--{name.replace('_', '-')}"
        raise InvalidDecision(
            f"{key[:60]!r} is not usable as {name}: letters, digits, '.', '_', ':' and '-' only, at "
            "most 120, and it starts with a letter or digit.",
            fix=f"Use a key such as {option} storage.format",
            details={"argument": name},
        )
    return key


def checked_text(text: str, name: str) -> str:
    """Return a text without the blanks around it.

    Raises:
        InvalidDecision: INVALID_DECISION: blank, too long, or it holds control characters.
    """
    said = text.replace("\r\n", "\n").strip()
    option = f"--{name.replace('_', '-')}"
    if not said:
        raise _unusable(f"the {_words(name)} is blank.", f'Say it: {option} "..."', name)
    if len(said) > LONGEST_TEXT:
        raise _unusable(
            f"the {_words(name)} has {len(said)} characters (at most {LONGEST_TEXT}).",
            "Say it shortly, and keep the rest in a document of the mission.",
            name,
        )
    odd = next(
        (c for c in said if not c.isprintable() and c not in _LAYOUT and not _joins(c)), None
    )
    if odd is not None:
        raise _unusable(
            f"the {_words(name)} holds the control character U+{ord(odd):04X}.",
            "Leave out what only a terminal understands; line breaks are fine.",
            name,
        )
    return said


def checked_options(options: Sequence[str]) -> tuple[str, ...]:
    """Return suggested answers, each on one line.

    Raises:
        InvalidDecision: INVALID_DECISION.
    """
    if len(options) > MOST_OPTIONS:
        raise _unusable(
            f"there are {len(options)} options (at most {MOST_OPTIONS}).",
            "Offer a few; an answer may always be another one.",
            "options",
        )
    found = []
    for option in options:
        said = " ".join(checked_text(option, "options").split())
        if len(said) > LONGEST_OPTION:
            raise _unusable(
                f"an option has {len(said)} characters (at most {LONGEST_OPTION}).",
                "Name it in a few words, and explain it in the question.",
                "options",
            )
        found.append(said)
    if len(set(found)) != len(found):
        raise _unusable("two options are the same.", "Name each option once.", "options")
    return tuple(found)


def parsed_options(text: str | None) -> tuple[str, ...]:
    """Parse the options of a command line: a JSON list of texts; nothing is an empty one.

    Raises:
        InvalidDecision: INVALID_DECISION.
    """
    if text is None:
        return ()
    import json

    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list) or not all(isinstance(option, str) for option in found):
        raise _unusable(
            "the options are not a JSON list of texts.",
            """Give them so: --options '["a file", "a database"]'""",
            "options",
        )
    return tuple(found)


def _joins(character: str) -> bool:
    # Blanks of other scripts, and what joins letters and emoji: no control characters. What turns the
    # direction of a text around, and lone surrogates, stay out.
    import unicodedata

    return character in "\u200c\u200d" or unicodedata.category(character) == "Zs"


def _words(name: str) -> str:
    return name.replace("_", " ")


def _unusable(problem: str, fix: str, name: str) -> InvalidDecision:
    return InvalidDecision(problem, fix=fix, details={"argument": name})
