"""Makes the charter from the answers of the interview, without touching what people have added."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple, cast

from specify_cli.governance.catalogue import load_catalogue
from specify_cli.governance.charter_files import charter_lock, read_charter, write_files
from specify_cli.governance.compiled import content_hash
from specify_cli.governance.interview import QUESTIONS, kept_answers
from specify_cli.governance.kinds import KINDS, PROFILE, target
from specify_cli.governance.places import CHARTER_FILE, CHARTER_TEXT
from specify_cli.governance.problems import refuse
from specify_cli.governance.sources import read_file
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.gate import check
from specify_cli.kernel.yaml import edit_mapping, load_yaml

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from spec_kitty_contracts.wire.charter_answers import CharterAnswersFile
    from specify_cli.governance.compiled import Compiled
    from specify_cli.governance.problems import Problem
    from specify_cli.kernel.json_types import JsonObject, JsonValue

SCHEMA_VERSION = "2.0.0"
_GENERATED = "generated"


class CharterEdited(SpecKittyError):
    """The charter was changed by hand since it was generated."""

    code = "CHARTER_EDITED"


class GeneratedCharter(NamedTuple):
    """What `charter generate` did.

    Attributes:
        written: Files that are new or different.
        activated: Items that the charter activates now.
        deactivated: Items that it takes away, each with its reason.
    """

    written: tuple[str, ...]
    activated: tuple[str, ...]
    deactivated: tuple[tuple[str, str], ...]


def generate_charter(root: Path, *, force: bool = False) -> GeneratedCharter:
    """Make `charter.yaml` and `charter.md` from the answers of the interview.

    What is activated or taken away already stays so; comments and further keys stay as they are
    written. Items that are about a language of the project are activated.

    Args:
        root: The main checkout.
        force: Replace policies and prose that were changed by hand.

    Raises:
        AnswersMissing: CHARTER_ANSWERS_MISSING.
        CharterEdited: CHARTER_EDITED: nothing was written.
        GovernanceInvalid: GOVERNANCE_INVALID.
        WriteFailed: WRITE_FAILED.
    """
    answers = kept_answers(root)
    with charter_lock(root):
        governance = load_catalogue(root)
        text, document = read_charter(root)
        policies = _policies(answers)
        prose = charter_prose(policies)
        if not force:
            _refuse_edited(root, document, policies, prose)
        changes: JsonObject = {}
        if "schema_version" not in document:
            changes["schema_version"] = SCHEMA_VERSION
        changes.update(_activations(governance, answers, document))
        changes["policies"] = policies
        metadata = document.get("metadata")
        changes["metadata"] = {
            **(metadata if isinstance(metadata, dict) else {}),
            _GENERATED: {"policies": _policies_hash(policies), "charter_md": content_hash(prose)},
        }
        edited = edit_mapping(text, changes, source=CHARTER_FILE)
        check("charter", load_yaml(edited, source=CHARTER_FILE))
        written = write_files(root, {CHARTER_FILE: edited, CHARTER_TEXT: prose})
    charter = load_catalogue(root)["charter"]
    if charter is None:
        return GeneratedCharter(written, (), ())
    gone = tuple((entry["item"], entry["reason"]) for entry in charter["deactivated"])
    return GeneratedCharter(written, tuple(charter["activated"]), gone)


def charter_prose(policies: Sequence[JsonValue]) -> str:
    """Return the text of `charter.md`."""
    lines = [
        "# Charter",
        "",
        "Made by `spec-kitty charter generate` from the interview's answers.",
        "",
    ]
    questions = {question.topic: question.text for question in QUESTIONS}
    for policy in cast("Sequence[Mapping[str, str]]", policies):
        title = policy["topic"].replace("_", " ").capitalize()
        asked = questions.get(policy["topic"])
        lines += [f"## {title}", ""]
        lines += [f"*{asked}*", ""] if asked else []
        # A heading in an answer would end the section.
        lines += [re.sub(r"^(#+ )", r"\\\1", policy["text"], flags=re.MULTILINE), ""]
    return "\n".join(lines)


def _policies(answers: CharterAnswersFile) -> list[JsonValue]:
    given = cast("Mapping[str, str]", answers["answers"])
    topics = [question.topic for question in QUESTIONS]
    topics += [topic for topic in given if topic not in topics]
    return [
        {"topic": topic, "text": given[topic].strip()}
        for topic in topics
        if isinstance(given.get(topic), str) and given[topic].strip()
    ]


def _activations(
    governance: Compiled, answers: CharterAnswersFile, document: JsonObject
) -> JsonObject:
    gone = {
        str(entry.get("item"))
        for entry in cast("list[JsonObject]", document.get("deactivated") or [])
    }
    words = set(re.findall(r"[a-z+#]+", answers["answers"].get("languages_frameworks", "").lower()))
    found: JsonObject = {}
    for kind in KINDS.values():
        key = f"activated_{kind.plural}"
        before = cast("list[str]", document.get(key) or [])
        asked = cast("Mapping[str, list[str]]", answers).get(f"selected_{kind.plural}") or []
        spoken = (
            []
            if kind == PROFILE
            else [
                name.partition(":")[2]
                for name, item in governance["items"].items()
                if name.startswith(f"{kind.name}:") and words & set(item["languages"])
            ]
        )
        more = [name for name in (*asked, *spoken) if target(kind.name, name) not in gone]
        both = list(dict.fromkeys([*before, *more]))
        if both != before:
            found[key] = cast("JsonValue", both)
    return found


def _refuse_edited(root: Path, document: JsonObject, policies: list[JsonValue], prose: str) -> None:
    metadata = document.get("metadata")
    kept = metadata.get(_GENERATED) if isinstance(metadata, dict) else None
    ours = kept if isinstance(kept, dict) else {}
    problems: list[Problem] = []
    text = read_file(root, CHARTER_TEXT, problems)
    refuse(problems)
    edited = []
    present = cast("list[JsonValue]", document.get("policies") or [])
    if present and present != policies and _policies_hash(present) != ours.get("policies"):
        edited.append(f"the policies in {CHARTER_FILE}")
    if text and text.text != prose and content_hash(text.text) != ours.get("charter_md"):
        edited.append(CHARTER_TEXT)
    if edited:
        raise CharterEdited(
            f"{' and '.join(edited)} would be replaced, and hold changes made by hand.",
            fix="Take the changes into the answers with `spec-kitty charter interview`, or replace them with: spec-kitty charter generate --force",
            details={"edited": [*edited]},
        )


def _policies_hash(policies: list[JsonValue]) -> str:
    listed = cast("list[Mapping[str, str]]", policies)
    return content_hash("\n".join(f"{entry['topic']}: {entry['text']}" for entry in listed))
