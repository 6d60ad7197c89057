"""`python -m benchmarks`: measure everything and write `docs/benchmarks/latest.*` (`make bench`)."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks import commands, existing_cli, fold
from benchmarks.gate import run as measure_gate
from benchmarks.report import Results, write
from tools.environments import ROOT


def main(arguments: list[str] | None = None) -> int:
    """Measure and write the report; a missed budget is shown, not an error."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks")
    parser.add_argument("--rounds", type=int, default=12, help="runs of each command")
    parser.add_argument("--events", type=int, default=fold.EVENTS, help="rows of the folded log")
    parser.add_argument(
        "--without-existing", action="store_true", help="leave the existing CLI out"
    )
    options = parser.parse_args(arguments)
    rounds = options.rounds
    few = max(2, rounds // 4)

    with tempfile.TemporaryDirectory(
        prefix="spec-kitty-bench-", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        _say("start-up and reading")
        ours = commands.measure_reads(folder / "reads", rounds=rounds)
        _say("advancing")
        ours += [
            *commands.measure_claims(folder / "claims", rounds=max(2, rounds // 2)),
            commands.measure_first_advance(folder / "first", rounds=few),
        ]
        existing, missing = [], "left out (--without-existing)"
        if not options.without_existing:
            _say("the existing CLI (installing it the first time)")
            command, missing = existing_cli.install()
            if command is not None:
                existing = commands.measure_existing_cli(folder / "existing", command, rounds=few)
        _say("the gate")
        numbers = measure_gate()
        _say("the fold")
        folded = fold.measure(folder, events=options.events, rounds=few)

    results = Results(ours, existing, missing, numbers, folded)
    print(results.page())
    for path in write(results, options.output):
        _say(f"wrote {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name}")
    return 0


def _say(words: str) -> None:
    print(f"benchmarks: {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
