"""The charter: answered, generated, changed, and never over what somebody wrote by hand."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from specify_cli.governance.activation import ReasonRequired, activate, deactivate
from specify_cli.governance.catalogue import load_catalogue
from specify_cli.governance.generation import CharterEdited, generate_charter
from specify_cli.governance.interview import QUESTIONS, AnswersMissing, Question, ask, take_answers
from specify_cli.governance.places import ANSWERS_FILE, CHARTER_FILE, CHARTER_TEXT
from specify_cli.governance.problems import GovernanceInvalid, UnknownGovernanceItem
from specify_cli.kernel.yaml import load_yaml
from tests.unit.governance.governed import write

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = """\
answers:
  project_intent: A door counter
  languages_frameworks: "TypeScript, Python 3.12"
  testing_requirements: ""
  house_rules: Be kind.
selected_tactics: [premortem]
"""


def answered(root: Path, text: str = ANSWERS) -> Path:
    take_answers(root, write(root, {"answers.yaml": text}) / "answers.yaml")
    return root


def test_an_interview_asks_everything_once_and_offers_earlier_answers(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    def answer(question: Question, before: str) -> str:
        asked.append((question.topic, before))
        return "" if before else f"About {question.topic}\n"

    first = ask(tmp_path, answer)
    assert first.written == (ANSWERS_FILE,)
    assert first.given == len(QUESTIONS)
    second = ask(tmp_path, answer, mission_type="research")
    assert asked[len(QUESTIONS) :] == [(q.topic, f"About {q.topic}") for q in QUESTIONS]
    assert second.document["mission_type"] == "research"
    assert ask(tmp_path, answer).written == ()


def test_an_interview_that_is_stopped_writes_nothing(tmp_path: Path) -> None:
    def answer(question: Question, before: str) -> str:
        if question.topic == "review_policy":
            raise KeyboardInterrupt
        return "something"

    with pytest.raises(KeyboardInterrupt):
        ask(tmp_path, answer)
    assert not (tmp_path / ANSWERS_FILE).exists()


def test_answers_lose_what_tells_who_and_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/zoltan")
    text = (
        f"answers:\n  project_intent: See {tmp_path}/src and ask zoe@example.org\n"
        "  our_source: /home/zoltan/notes\navailable_tools: [/home/zoltan/bin/x]\n"
    )
    answered(tmp_path, text)
    kept = (tmp_path / ANSWERS_FILE).read_text(encoding="utf-8")
    assert str(tmp_path) not in kept
    assert "zoe@" not in kept
    assert "zoltan" not in kept
    assert "~/bin/x" in kept


def test_generate_makes_the_charter_from_the_answers(tmp_path: Path) -> None:
    made = generate_charter(answered(tmp_path))
    assert made.written == (CHARTER_FILE, CHARTER_TEXT)
    assert set(made.activated) == {
        *("tactic:premortem", "styleguide:python", "styleguide:typescript", "toolguide:pytest")
    }
    charter = load_catalogue(tmp_path)["charter"]
    assert charter is not None
    topics = [policy["topic"] for policy in charter["policies"]]
    assert topics == ["project_intent", "languages_frameworks", "house_rules"]
    prose = (tmp_path / CHARTER_TEXT).read_text(encoding="utf-8")
    assert "## House rules\n\nBe kind.\n" in prose
    assert generate_charter(tmp_path).written == ()


def test_generate_needs_answers(tmp_path: Path) -> None:
    with pytest.raises(AnswersMissing) as caught:
        generate_charter(tmp_path)
    assert "charter interview" in caught.value.fix


def test_generate_keeps_comments_further_keys_and_what_was_taken_away(tmp_path: Path) -> None:
    before = "# ours\nschema_version: 2\nextra: {a: 1}  # kept\ndeactivated:\n  - item: tactic:premortem\n"
    root = write(tmp_path, {CHARTER_FILE: before})
    made = generate_charter(answered(root))
    text = (root / CHARTER_FILE).read_text(encoding="utf-8")
    assert "# ours" in text
    assert "extra: {a: 1}  # kept" in text
    assert "tactic:premortem" not in made.activated
    assert made.deactivated == (("tactic:premortem", ""),)


def test_generate_replaces_its_own_words_and_nobody_elses(tmp_path: Path) -> None:
    root = answered(tmp_path)
    generate_charter(root)
    answered(root, "answers: {project_intent: Another}\n")
    assert generate_charter(root).written == (CHARTER_FILE, CHARTER_TEXT)
    prose = root / CHARTER_TEXT
    prose.write_text(prose.read_text(encoding="utf-8") + "\nBy hand.\n", encoding="utf-8")
    generate_charter_refused(root, [CHARTER_TEXT])
    policies = root / CHARTER_FILE
    policies.write_text(
        policies.read_text(encoding="utf-8").replace("text: Another", "text: By hand"), "utf-8"
    )
    generate_charter_refused(root, [f"the policies in {CHARTER_FILE}", CHARTER_TEXT])
    assert generate_charter(root, force=True).written == (CHARTER_FILE, CHARTER_TEXT)
    assert "By hand" not in prose.read_text(encoding="utf-8")


def generate_charter_refused(root: Path, edited: list[str]) -> None:
    before = [(root / name).read_bytes() for name in (CHARTER_FILE, CHARTER_TEXT)]
    with pytest.raises(CharterEdited) as caught:
        generate_charter(root)
    assert caught.value.details["edited"] == edited
    assert [(root / name).read_bytes() for name in (CHARTER_FILE, CHARTER_TEXT)] == before


def test_activate_and_deactivate_undo_each_other(tmp_path: Path) -> None:
    assert activate(tmp_path, "premortem").activated == ("tactic:premortem",)
    assert activate(tmp_path, "tactic:premortem").written == ()
    gone = deactivate(tmp_path, "tactic:premortem", reason="  We know\n already ")
    assert (gone.activated, gone.deactivated) == ((), (("tactic:premortem", "We know already"),))
    assert deactivate(tmp_path, "premortem", reason="We know already").written == ()
    back = activate(tmp_path, "premortem")
    assert (back.activated, back.deactivated) == (("tactic:premortem",), ())


def test_taking_away_a_mandatory_item_needs_a_reason(tmp_path: Path) -> None:
    # Mandatory because SPEC_FIDELITY requires it, too.
    for name in ("NO_SECRETS", "ASK_WHEN_UNCLEAR"):
        with pytest.raises(ReasonRequired):
            deactivate(tmp_path, name)
    assert not (tmp_path / CHARTER_FILE).exists()
    assert deactivate(tmp_path, "NO_SECRETS", reason="None here").written == (CHARTER_FILE,)


@pytest.mark.parametrize(
    ("item", "fix"),
    [
        ("premotem", "tactic:premortem"),
        ("directive:NO_SECRET", "directive:NO_SECRETS"),
        ("\x1b[31m", "charter show"),
        ("agent_profile:reviewer", "agent_profile"),
        ("reviewer", "agent_profile"),
    ],
)
def test_an_unknown_item_is_told_with_what_may_be_meant(
    tmp_path: Path, item: str, fix: str
) -> None:
    with pytest.raises(UnknownGovernanceItem) as caught:
        activate(tmp_path, item)
    assert fix in caught.value.fix
    assert "\x1b" not in caught.value.message


def test_changes_at_once_are_all_there(tmp_path: Path) -> None:
    names = [name for name in load_catalogue(tmp_path)["items"] if name.startswith("tactic:")][:8]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: activate(tmp_path, name), names))
    document = load_yaml((tmp_path / CHARTER_FILE).read_text(encoding="utf-8"), source="charter")
    assert isinstance(document, dict)
    assert {f"tactic:{name}" for name in document["activated_tactics"]} == set(names)


def test_nothing_is_written_through_a_link_out_of_the_project(tmp_path: Path) -> None:
    root, outside = tmp_path / "project", tmp_path / "outside"
    outside.mkdir()
    (root / ".kittify").mkdir(parents=True)
    (root / ".kittify" / "charter").symlink_to(outside)
    with pytest.raises(GovernanceInvalid, match="out of the project"):
        activate(root, "premortem")
    with pytest.raises(GovernanceInvalid, match="out of the project"):
        answered(root)
    assert list(outside.iterdir()) == []


def test_answers_that_do_not_conform_are_told_with_their_line(tmp_path: Path) -> None:
    with pytest.raises(GovernanceInvalid) as caught:
        answered(tmp_path, "answers:\n  project_intent: 3\n")
    [problem] = caught.value.problems
    assert (problem.file, problem.line) == ("answers.yaml", 2)
    with pytest.raises(AnswersMissing):
        take_answers(tmp_path, tmp_path / "gone.yaml")
