"""The charter interview: eleven questions whose answers become the project's charter."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from specify_cli.governance.charter_files import charter_lock, write_files
from specify_cli.governance.declarations import lines_of, parsed
from specify_cli.governance.places import ANSWERS_FILE, PROJECT
from specify_cli.governance.problems import Problem, refuse
from specify_cli.governance.sources import MAX_BYTES, SourceFile, read_file
from specify_cli.kernel.errors import SpecKittyError
from specify_cli.kernel.files import ReadFailed, read_text
from specify_cli.kernel.gate import check
from specify_cli.kernel.yaml import dump_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from spec_kitty_contracts.wire.charter_answers import CharterAnswersFile
    from specify_cli.kernel.json_types import JsonObject, JsonValue

SURFACE = "charter_answers"
_COMMAND = "spec-kitty charter interview"


class AnswersMissing(SpecKittyError):
    """There are no answers to read."""

    code = "CHARTER_ANSWERS_MISSING"


class Question(NamedTuple):
    """One question.

    Attributes:
        topic: Its key in the answers file.
        text: What is asked.
        hint: An answer that would do.
    """

    topic: str
    text: str
    hint: str


QUESTIONS = (
    Question("project_intent", "What is the project for, and for whom?", "A door counter for museums."),
    Question("languages_frameworks", "Which languages and frameworks?", "Python 3.12, FastAPI"),
    Question("testing_requirements", "What must be tested, and how?", "Every behaviour, with pytest; no network."),
    Question("quality_gates", "What must pass before work is handed over?", "make check and make test"),
    Question("review_policy", "How is work reviewed?", "By another agent; a person for anything in auth/."),
    Question("performance_targets", "Which budgets of time or memory?", "A request under 100 ms at the median."),
    Question("deployment_constraints", "Where does it run, and under which limits?", "One container, 256 MB."),
    Question("documentation_policy", "What is documented, and where?", "Every option in docs/, with an example."),
    Question("risk_boundaries", "What must an agent not do without asking?", "Change a migration that was released."),
    Question("amendment_process", "How is this charter changed?", "By a commit that two maintainers approve."),
    Question("exception_policy", "How is an exception made?", "With a decision record and an end date."),
)  # fmt: skip


class Interview(NamedTuple):
    """Answers that were taken.

    Attributes:
        document: The answers file.
        written: The answers file, if it is new or different.
    """

    document: CharterAnswersFile
    written: tuple[str, ...]

    @property
    def given(self) -> int:
        """How many questions have an answer."""
        answers = cast("Mapping[str, object]", self.document["answers"])
        return sum(1 for text in answers.values() if isinstance(text, str) and text.strip())


def take_answers(root: Path, file: Path, *, mission_type: str | None = None) -> Interview:
    """Take the answers of a file into the project.

    Args:
        root: The main checkout.
        file: A YAML file as in contracts/published/charter_answers.schema.json.
        mission_type: The mission type that it was held for, instead of the one in the file.

    Raises:
        AnswersMissing: CHARTER_ANSWERS_MISSING: there is no such file.
        GovernanceInvalid: GOVERNANCE_INVALID with line; nothing was written.
        ReadFailed: READ_FAILED.
        WriteFailed: WRITE_FAILED.
    """
    try:
        if file.stat().st_size > MAX_BYTES:
            refuse([Problem(file.name, None, f"it has more than {MAX_BYTES:,} bytes")])
        text = read_text(file)
    except FileNotFoundError as error:
        raise _missing(file.name) from error
    except OSError as error:
        raise ReadFailed(
            f"{file.name} cannot be read: {error.strerror}.",
            fix="Give the path of an answers file.",
            details={"file": file.name},
        ) from error
    document = _checked(SourceFile(PROJECT, file.name, text))
    return _keep(root, document | ({"mission_type": mission_type} if mission_type else {}))


def ask(
    root: Path, answer: Callable[[Question, str], str], *, mission_type: str | None = None
) -> Interview:
    """Hold the interview; answers of an earlier one are offered again.

    Args:
        root: The main checkout.
        answer: Gets a question and the earlier answer, returns the new one; empty keeps the earlier.
        mission_type: The mission type that it is held for, if it is for one.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID: the earlier answers cannot be read.
        WriteFailed: WRITE_FAILED.
    """
    problems: list[Problem] = []
    source = read_file(root, ANSWERS_FILE, problems)
    refuse(problems)
    earlier: JsonObject = _checked(source) if source else {}
    known = cast("Mapping[str, str]", earlier.get("answers") or {})
    given: JsonObject = dict(known)
    for question in QUESTIONS:
        before = known.get(question.topic, "")
        given[question.topic] = answer(question, before).strip() or before
    document: JsonObject = {"schema_version": "1.0", **earlier, "answers": given}
    if mission_type:
        document["mission_type"] = mission_type
    return _keep(root, document)


def kept_answers(root: Path) -> CharterAnswersFile:
    """Return the answers of the last interview.

    Raises:
        AnswersMissing: CHARTER_ANSWERS_MISSING: there was none.
        GovernanceInvalid: GOVERNANCE_INVALID with line.
    """
    problems: list[Problem] = []
    source = read_file(root, ANSWERS_FILE, problems)
    refuse(problems)
    if source is None:
        raise _missing(ANSWERS_FILE)
    return cast("CharterAnswersFile", _checked(source))


def no_terminal() -> AnswersMissing:
    """Return the error of an interview that nobody can be asked in."""
    return AnswersMissing(
        "there is no terminal to ask in.",
        fix=f"{_COMMAND} --answers FILE",
        details={"topics": [question.topic for question in QUESTIONS]},
    )


def _checked(source: SourceFile) -> JsonObject:
    from spec_kitty_contracts.gate import violations

    problems: list[Problem] = []
    document = parsed(source, problems)
    refuse(problems)
    line = lines_of(source.text)
    refuse(
        [
            Problem(
                source.file,
                line(found.path),
                f"{found.path.removeprefix('$.')}: {found.expected} is needed, found {found.found}",
            )
            for found in violations(SURFACE, document)
        ]
    )
    return document or {}


def _keep(root: Path, document: JsonObject) -> Interview:
    from specify_cli.events.free_text import (
        clean_document,
        surroundings,
        without_personal_data,
    )

    place = surroundings([root])
    answers = cast("Mapping[str, JsonValue]", document["answers"])
    # Topics are anybody's words; a document's keys can say that a value is no text of a person.
    public: JsonObject = {
        topic: without_personal_data(text, place) if isinstance(text, str) else text
        for topic, text in answers.items()
    }
    kept = cast("CharterAnswersFile", {**clean_document(document, place), "answers": public})
    check(SURFACE, kept)
    with charter_lock(root):
        written = write_files(root, {ANSWERS_FILE: dump_yaml(kept)})
    return Interview(kept, written)


def _missing(file: str) -> AnswersMissing:
    return AnswersMissing(
        f"there are no answers in {file}.",
        fix=f"{_COMMAND} (in a terminal), or {_COMMAND} --answers FILE",
        details={"file": file},
    )
