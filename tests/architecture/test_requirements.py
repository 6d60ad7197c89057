"""`tests/requirements.toml` says the truth, in both directions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.requirements_check import (
    LIST,
    Claim,
    Entry,
    expected_ids,
    main,
    outcome_problems,
    read_list,
    scan_claims,
    static_problems,
    updated,
)
from tests.requirements_plugin import OutcomeRecorder

if TYPE_CHECKING:
    from pathlib import Path

TEST = "tests/unit/test_x.py::test_it"
SOUND = {"000 FR-001": Entry("a title", (TEST,), None)}
CLAIMED = {TEST: Claim(frozenset({"000 FR-001"}))}


def test_every_requirement_is_listed_with_its_tests_or_as_open() -> None:
    entries = read_list(LIST.read_text(encoding="utf-8"))
    assert static_problems(entries, scan_claims(), expected_ids()) == []


def test_the_seed_documents_have_115_ids() -> None:
    assert len(expected_ids()) == len(set(expected_ids())) == 115
    assert {"000 FR-020", "001 NFR-005", "002 D-10", "004 C-005"} <= set(expected_ids())


def test_a_sound_list_has_no_problems() -> None:
    assert static_problems(SOUND, CLAIMED, ["000 FR-001"]) == []


@pytest.mark.parametrize(
    ("entries", "claims", "words"),
    [
        ({}, {}, "000 FR-001: not in the list"),
        (SOUND | {"009 FR-001": Entry("t", (), "sync")}, CLAIMED, "no seed document has this id"),
        ({"000 FR-001": Entry(" ", (), "sync")}, {}, "no title"),
        ({"000 FR-001": Entry("t", (), None)}, {}, "neither tests nor open"),
        ({"000 FR-001": Entry("t", (), "somewhere")}, {}, "unknown domain 'somewhere'"),
        (SOUND, {}, f"{TEST} does not exist"),
        (SOUND, {TEST: Claim(frozenset())}, "does not claim it"),
        (
            SOUND,
            {TEST: Claim(frozenset({"000 FR-001"}), frozenset({"skip"}))},
            f"{TEST} is marked skip",
        ),
        (
            {"000 FR-001": Entry("t", (), "sync")},
            CLAIMED,
            "claims 000 FR-001, but the list does not name it",
        ),
        (
            SOUND,
            CLAIMED | {"tests/y.py::test_y": Claim(frozenset({"000 FR-099"}))},
            "claims 000 FR-099, which is not in the list",
        ),
    ],
)
def test_a_list_that_is_wrong_is_caught(
    entries: dict[str, Entry], claims: dict[str, Claim], words: str
) -> None:
    problems = static_problems(entries, claims, ["000 FR-001"])
    assert len(problems) == 1, problems
    assert words in problems[0]


def test_the_list_can_be_rewritten_from_what_the_tests_claim() -> None:
    entries = {
        "000 FR-001": Entry('a "title"', ("tests/gone.py::test_gone",), None),
        "000 FR-002": Entry("another", (), "sync"),
    }
    text = updated(entries, CLAIMED | {"tests/a.py::test_a": Claim(frozenset({"000 FR-001"}))})
    assert read_list(text) == {
        "000 FR-001": Entry('a "title"', ("tests/a.py::test_a", TEST), None),
        "000 FR-002": Entry("another", (), "sync"),
    }


def test_claims_are_read_from_functions_classes_modules_and_parameters(tmp_path: Path) -> None:
    source = """
import pytest
pytestmark = [pytest.mark.proves("A")]

@pytest.mark.proves("B", "C")
def test_one(): ...

@pytest.mark.parametrize("x", [pytest.param(1, marks=pytest.mark.proves("D"))])
@pytest.mark.skipif(True, reason="")
def test_two(x): ...

@pytest.mark.proves("E")
class TestGroup:
    @pytest.mark.proves("F")
    async def test_three(self): ...

def helper(): ...
"""
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_file.py").write_text(source, encoding="utf-8")
    assert scan_claims(tmp_path) == {
        "tests/test_file.py::test_one": Claim(frozenset({"A", "B", "C"})),
        "tests/test_file.py::test_two": Claim(frozenset({"A", "D"}), frozenset({"skipif"})),
        "tests/test_file.py::TestGroup::test_three": Claim(frozenset({"A", "E", "F"})),
    }


@pytest.mark.parametrize(
    ("outcomes", "words"),
    [
        ({}, "was not run"),
        ({TEST: "failed"}, "failed"),
        ({TEST: "skipped"}, "skipped"),
        ({f"{TEST}[a]": "passed", f"{TEST}[b]": "xfailed"}, "xfailed"),
    ],
)
def test_a_listed_test_that_did_not_pass_is_caught(outcomes: dict[str, str], words: str) -> None:
    problems = outcome_problems(SOUND, outcomes)
    assert len(problems) == 1
    assert problems[0].startswith(f"000 FR-001: {TEST}")
    assert words in problems[0]


def test_a_listed_test_passes_when_all_its_parameters_do() -> None:
    assert outcome_problems(SOUND, {f"{TEST}[a[0]]": "passed", f"{TEST}[b]": "passed"}) == []


def test_the_command_fails_when_listed_tests_were_not_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(tmp_path)]) == 1
    captured = capsys.readouterr()
    assert "was not run" in captured.err
    assert "requirements: 115 listed" in captured.out


def test_the_recorder_keeps_the_worst_outcome_of_a_test(tmp_path: Path) -> None:
    def report(node: str, when: str, outcome: str) -> pytest.TestReport:
        return pytest.TestReport(node, (node, 1, node), {}, outcome, None, when)  # type: ignore[arg-type]

    recorder = OutcomeRecorder(tmp_path / "outcomes")
    for when, outcome in (("setup", "passed"), ("call", "passed"), ("teardown", "failed")):
        recorder.pytest_runtest_logreport(report("a", when, outcome))
    recorder.pytest_runtest_logreport(report("b", "setup", "skipped"))
    expected_failure = report("c", "call", "skipped")
    expected_failure.wasxfail = "reason"
    recorder.pytest_runtest_logreport(expected_failure)
    recorder.pytest_sessionfinish()

    [path] = (tmp_path / "outcomes").iterdir()
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "a": "failed",
        "b": "skipped",
        "c": "xfailed",
    }
