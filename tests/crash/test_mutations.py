"""The runner that checks that tests can fail: it can fail itself."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from tests.crash.mutations import MUTATIONS
from tests.crash.mutations.__main__ import main
from tests.crash.mutations.mutation import Mutation, MutationOutdated, mutate
from tests.crash.mutations.runner import FAILED, ROOT, check, chosen, run_tests

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = "def double(number: int) -> int:\n    return number * 2\n"
TEST = """from specify_toy import double

def test_two_doubles_to_four():
    assert double(2) == 4

def test_three_doubles_to_six():
    assert double(3) == 6
"""


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "specify_toy.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "test_toy.py").write_text(TEST, encoding="utf-8")
    # As in pyproject.toml: loading that plugin takes longer than these tests.
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -p no:schemathesis\n")
    return tmp_path


def a_mutation(old: str, new: str, test: str) -> Mutation:
    return Mutation("P0", "a mistake", "specify_toy.py", old, new, f"test_toy.py::{test}")


def test_a_mistake_that_is_noticed_is_told_with_its_reason_and_the_source_is_put_back(
    tree: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mutation = a_mutation("number * 2", "number * number", "test_three_doubles_to_six")
    assert check(tree, (mutation,)) == []
    assert "assert 9 == 6" in capsys.readouterr().out
    assert (tree / "src" / "specify_toy.py").read_text(encoding="utf-8") == SOURCE


def test_a_mistake_that_nobody_notices_is_named_with_its_test(tree: Path) -> None:
    mutation = a_mutation("number * 2", "number * number", "test_two_doubles_to_four")
    assert check(tree, (mutation,)) == [
        "P0, a mistake: not noticed by test_toy.py::test_two_doubles_to_four"
    ]


def test_a_test_that_is_not_there_notices_nothing(tree: Path) -> None:
    assert run_tests(tree, "test_toy.py::test_gone").status not in (0, FAILED)
    (wrong,) = check(tree, (a_mutation("number * 2", "number * 3", "test_gone"),))
    assert wrong.startswith("the tests fail by themselves, without any mutation: run `make test`")


@pytest.mark.parametrize(("old", "count"), [("gone", 0), ("number", 2)])
def test_a_mutation_that_does_not_fit_any_more_says_so(tree: Path, old: str, count: int) -> None:
    with pytest.raises(MutationOutdated) as outdated:
        mutate(tree / "src", a_mutation(old, "x", "test_two_doubles_to_four"))
    assert f"src/specify_toy.py has this {count} times" in str(outdated.value)
    assert "tests/crash/mutations/p0.py must follow it" in str(outdated.value)


def test_words_choose_mutations_by_promise_mistake_and_test() -> None:
    def names(*words: str) -> list[str]:
        return [mutation.test for mutation in chosen(mutations, words)]

    mutations = (
        a_mutation("a", "b", "test_of_a_torn_tail"),
        a_mutation("a", "b", "test_of_a_lock"),
    )
    torn, lock = names()
    assert names("torn") == [torn]
    assert names("P0") == names("torn", "lock") == names("a mistake") == [torn, lock]
    assert names("P1") == []
    assert main(["nothing that is anywhere"]) == 2


def test_every_mutation_fits_the_source_and_every_promise_has_one() -> None:
    for mutation in MUTATIONS:
        text = (ROOT / "src" / mutation.file).read_text(encoding="utf-8")
        assert text.count(mutation.old) == 1, f"{mutation.what}: {mutation.old!r}"
        assert mutation.new != mutation.old
        ast.parse(text.replace(mutation.old, mutation.new))
    assert {mutation.promise for mutation in MUTATIONS} >= {
        "P1",
        "P2",
        "P3",
        "P4",
        "P5",
        "P6",
        "P8",
    }
