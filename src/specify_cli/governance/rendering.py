"""Turns the document of an item into the text that an agent reads."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from specify_cli.kernel.json_types import JsonValue

    _Document = Mapping[str, JsonValue]


def rendered(kind: str, document: _Document) -> str:
    """Return the text of an item, in Markdown without headings.

    Args:
        kind: Name of the kind.
        document: A document that conforms to the kind's contract.
    """
    blocks = (block for block in _RENDERERS[kind](document) if block)
    return "\n\n".join(blocks)


def _directive(document: _Document) -> list[str]:
    return [
        _text(document, "intent"),
        _labelled("Where it holds", _text(document, "scope")),
        _numbered("How", _texts(document, "procedures")),
        _listed("It is kept when", _texts(document, "validation_criteria")),
        _listed("Never", _texts(document, "integrity_rules")),
        _listed("Allowed all the same", _texts(document, "explicit_allowances")),
    ]


def _tactic(document: _Document) -> list[str]:
    return [
        _text(document, "purpose"),
        _numbered("Steps", _steps(document)),
        _listed("How it goes wrong", _texts(document, "failure_modes")),
        _text(document, "notes"),
    ]


def _styleguide(document: _Document) -> list[str]:
    return [
        _labelled("For", _text(document, "scope")),
        _listed("Principles", _texts(document, "principles")),
        _listed("Do", [_example(entry) for entry in _entries(document, "patterns")]),
        _listed("Avoid", [_example(entry) for entry in _entries(document, "anti_patterns")]),
        _listed("Checked by", _texts(document, "tooling")),
        _labelled("The test", _text(document, "quality_test")),
    ]


def _procedure(document: _Document) -> list[str]:
    return [
        _text(document, "purpose"),
        _labelled("Begins when", _text(document, "entry_condition")),
        _numbered("Steps", _steps(document)),
        _labelled("Done when", _text(document, "exit_condition")),
        _listed("How it goes wrong", _texts(document, "anti_patterns")),
    ]


def _toolguide(document: _Document) -> list[str]:
    return [
        _text(document, "summary"),
        _listed(f"Commands of {_text(document, 'tool')}", _texts(document, "commands")),
        _labelled("More", _text(document, "guide_path")),
    ]


def _paradigm(document: _Document) -> list[str]:
    return [_text(document, "summary")]


def _profile(document: _Document) -> list[str]:
    special = document.get("specialization")
    focus: _Document = special if isinstance(special, dict) else {}
    together = document.get("collaboration")
    others: _Document = together if isinstance(together, dict) else {}
    return [
        _text(document, "purpose"),
        _labelled("Look at", _text(focus, "primary-focus")),
        _labelled("Leave alone", _text(focus, "avoidance-boundary")),
        _labelled("You have done well when", _text(focus, "success-definition")),
        _labelled("You hand over to", ", ".join(_texts(others, "handoff-to"))),
        _labelled("You leave behind", ", ".join(_texts(others, "output-artifacts"))),
        _text(document, "initialization-declaration"),
    ]


_RENDERERS: Mapping[str, Callable[[_Document], list[str]]] = {
    "directive": _directive,
    "tactic": _tactic,
    "styleguide": _styleguide,
    "procedure": _procedure,
    "toolguide": _toolguide,
    "paradigm": _paradigm,
    "agent_profile": _profile,
}


def _steps(document: _Document) -> list[str]:
    found = []
    for step in _entries(document, "steps"):
        actor = _text(step, "actor")
        text = f"{_text(step, 'title').rstrip('.')}."
        text += f" {_text(step, 'description')}" if "description" in step else ""
        text += f" ({actor})" if actor else ""
        for key, label in (("on_success", "If it works"), ("on_failure", "If not")):
            text += f" {label}: {_text(step, key)}" if key in step else ""
        examples = _texts(step, "examples")
        text += f" For example: {'; '.join(examples)}" if examples else ""
        found.append(text)
    return found


def _example(entry: _Document) -> str:
    said = ": ".join(filter(None, (_text(entry, "name"), _text(entry, "description"))))
    bad, good = _text(entry, "bad_example"), _text(entry, "good_example")
    shown = "; ".join(
        filter(None, (f"not `{bad}`" if bad else "", f"but `{good}`" if bad and good else ""))
    ) or (f"`{good}`" if good else "")
    return " ".join(filter(None, (said, shown)))


def _text(document: _Document, key: str) -> str:
    value = document.get(key)
    return " ".join(value.split()) if isinstance(value, str) else ""


def _texts(document: _Document, key: str) -> list[str]:
    value = document.get(key)
    return (
        [" ".join(entry.split()) for entry in value if isinstance(entry, str)]
        if isinstance(value, list)
        else []
    )


def _entries(document: _Document, key: str) -> list[_Document]:
    value = document.get(key)
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _labelled(label: str, text: str) -> str:
    return f"{label}: {text}" if text else ""


def _listed(label: str, texts: list[str]) -> str:
    return "\n".join([f"{label}:", *(f"- {text}" for text in texts)]) if texts else ""


def _numbered(label: str, texts: list[str]) -> str:
    steps = (f"{number}. {text}" for number, text in enumerate(texts, 1))
    return "\n".join([f"{label}:", *steps]) if texts else ""
