"""The guards of documents that a mission type asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from specify_cli.missions.step_documents import (
    check_document,
    check_planned_documents,
    check_table,
)
from tests.unit.next.lab import Lab

if TYPE_CHECKING:
    from pathlib import Path

    from specify_cli.missions.guards import GuardFailure

SHAPE = "# Report\n\n## Answer\n\n[FILL IN: it]\n\n## Limits\n\n[FILL IN: them]\n"
WORDS = "These are plain and sufficient words about what was found out here. " * 4
COLUMNS = ["id", "title"]


@pytest.fixture
def lab(repository: Path) -> Lab:
    return Lab.create(repository)


def found(failures: tuple[GuardFailure, ...]) -> list[str]:
    return [failure.found for failure in failures]


def test_a_document_needs_every_section_of_its_shape_with_real_text(lab: Lab) -> None:
    def check() -> list[str]:
        return found(check_document(lab.mission, "report.md", shape=SHAPE))

    assert check() == ["no such file"]
    lab.write("report.md", SHAPE)
    assert check() == ["the untouched scaffold"]
    lab.write("report.md", SHAPE.replace("[FILL IN: it]", WORDS))
    assert any("only mark one" in problem for problem in check())
    lab.write("report.md", f"# Report\n\n## 1. Answer\n\n{WORDS}\n")
    assert check() == ["no heading that says so"]
    lab.write("report.md", f"# Report\n\n## Answer\n\n{WORDS}\n\n## Limits\n\nNone.\n")
    assert check()[0].startswith("1 below 'Limits'")
    whole = f"# Report\n\n## Answer\n\n{WORDS}\n\n## Limits\n\n{WORDS}\n"
    lab.write("report.md", whole, commit=False)
    assert check() == ["changes that are not committed"]
    lab.commit("report")
    assert check() == []


def test_the_scaffold_of_another_kind_of_mission_is_no_document(lab: Lab) -> None:
    assert found(check_document(lab.mission, "spec.md")) == ["the untouched scaffold"]


def test_a_table_needs_three_rows_and_every_cell_filled(lab: Lab) -> None:
    def check() -> list[str]:
        return found(check_table(lab.mission, "sources.csv", columns=COLUMNS))

    assert check() == ["no such file"]
    lab.write("sources.csv", "id,title\nS1,a\nS2,b\n")
    assert check() == ["2 complete of 2"]
    lab.write("sources.csv", "id,title\nS1,a\nS2,b\nS3,c\nS4,\n")
    assert check() == ["3 complete of 4"]
    lab.write("sources.csv", "id,name\nS1,a\nS2,b\nS3,c\n")
    assert check() == ["0 complete of 3"]
    lab.write("sources.csv", 'id,title\nS1,a\nS2,"b, and more"\nS3,TODO\n')
    assert check() == ["2 complete of 3"]
    lab.write("sources.csv", "id,title\nS1,a\nS2,b\nS3,c\n", commit=False)
    assert check() == ["a file that git does not know"] or check() == [
        "changes that are not committed"
    ]
    lab.commit("sources")
    assert check() == []


def test_every_page_that_the_plan_names_has_to_be_written(lab: Lab) -> None:
    def check() -> list[str]:
        return found(check_planned_documents(lab.mission))

    assert check() == ["none"]
    lab.write("plan.md", "Write `docs/a.md`, `docs/sub/b.md` and `docs/../../secret.md`.\n")
    assert check() == ["no such file", "no such file"]
    for name, text in (("a.md", WORDS), ("sub/b.md", "[FILL IN: it]")):
        path = lab.root / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert check() == ["1 gaps", "a file that git does not know", "a file that git does not know"]
    (lab.root / "docs" / "sub" / "b.md").write_text("Short.", encoding="utf-8")
    assert "1 words" in check()
