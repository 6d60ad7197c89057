"""The benchmark command measures, says what is missing, and leaks nothing into its report."""

from __future__ import annotations

import getpass
import json
import platform
import re
from pathlib import Path

import pytest

from benchmarks import commands, fold
from benchmarks.__main__ import main
from benchmarks.commands import Measured
from benchmarks.cost import git_use
from benchmarks.processes import Case, CommandFailed, interleaved
from benchmarks.report import Results, write

RESULTS = Results(
    ours=[
        Measured("python + import cyclopts", (0.03, 0.04), 0.03),
        Measured("--version", (0.045, 0.06), 0.03, budget=1.3),
        Measured("next --json (query)", (0.05, 0.051), 0.03, budget=2.0),
    ],
    existing=[Measured("next --json (query)", (0.9, 1.0), 0.03)],
    existing_missing="",
    gate={"microseconds per event": 12.5},
    folded=fold.Folded(events=1000, log_bytes=400_000, seconds=0.01, memory_ratio=1.5),
)


def test_a_short_run_measures_everything_and_writes_no_name_or_path_of_the_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--rounds", "2", "--events", "2000", "--sizes", "3x15", "--without-existing"]
    assert main([*arguments, "--output", str(tmp_path)]) == 0
    page = (tmp_path / "latest.md").read_text(encoding="utf-8")
    document = json.loads((tmp_path / "latest.json").read_text(encoding="utf-8"))

    names = {command["name"] for command in document["commands"]}
    assert set(commands.BUDGETS) <= names
    assert document["fold"]["events"] == 2000
    assert document["gate"]
    assert "left out" in page
    assert capsys.readouterr().out.startswith("# Benchmarks")
    leaks = [platform.node(), str(Path.home()), str(Path.cwd()), str(tmp_path)]
    for text in (page, json.dumps(document)):
        assert [leak for leak in leaks if leak and leak in text] == []
        assert not re.search(r"(?<![\w.])/(?:home|Users|root|tmp|private)/", text)
        assert not re.search(rf"\b{re.escape(getpass.getuser())}@", text)


def test_the_report_shows_ratios_misses_and_the_existing_cli(tmp_path: Path) -> None:
    page, document = write(RESULTS, tmp_path)
    lines = page.read_text(encoding="utf-8").splitlines()
    [version] = [line for line in lines if line.startswith("| `--version`")]
    [query] = [line for line in lines if line.startswith("| `next --json")]
    assert "1.50 x | 1.3 x, **missed**" in version
    assert "1.67 x | 2.0 x | 900 (30.0 x its floor) | 18.0 x |" in query
    stored = json.loads(document.read_text(encoding="utf-8"))
    assert stored["existing_cli"]["commands"][0]["times_floor"] == 30.0
    assert stored["commands"][1]["budget"] == 1.3


def test_a_command_that_fails_is_no_measurement() -> None:
    with pytest.raises(CommandFailed, match="ended with 3"):
        interleaved([Case("bad", (*Case.bare().argv[:2], "raise SystemExit(3)"))], rounds=1)


def test_only_the_processes_that_a_command_started_itself_count_as_gits_time(
    tmp_path: Path,
) -> None:
    own = '{"event":"start","sid":"a","t_abs":0.01}\n{"event":"atexit","sid":"a","t_abs":0.25}\n'
    (tmp_path / "a").write_text(own, encoding="utf-8")
    child = '{"event":"atexit","sid":"a/b","t_abs":0.2}\n'
    (tmp_path / "b").write_text(child, encoding="utf-8")
    assert git_use(tmp_path) == (1, 0.25)


def test_the_log_that_is_folded_has_the_rows_it_says(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    fold.write_log(path, 500)
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert len({row["event_id"] for row in rows}) == len(rows) == 500
    assert [row["at"] for row in rows] == sorted(row["at"] for row in rows)
