"""`python -m benchmarks`: measure everything and write `docs/benchmarks/latest.*` (`make bench`)."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import commands, existing_cli, fold
from benchmarks.compared import QUICK_SIZES, SIZES, Size
from benchmarks.comparison import Plan, Runner
from benchmarks.cost import NO_LIMIT
from benchmarks.gate import run as measure_gate
from benchmarks.report import Results, write
from tools.environments import ROOT

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison

ROUNDS, QUICK_ROUNDS = 12, 4
LIMIT, QUICK_LIMIT = 30.0, 15.0


def main(arguments: list[str] | None = None) -> int:
    """Measure and write the report; a missed budget is shown, not an error."""
    options = _options(arguments)
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
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
        existing, command, missing = [], None, "left out (--without-existing)"
        if not options.without_existing:
            _say("the existing CLI (installing it the first time)")
            command, missing = existing_cli.install()
            if command is not None:
                existing = commands.measure_existing_cli(folder / "existing", command, rounds=few)
        compared = _compare(options, folder / "compared", rounds, command, missing)
        _say("the gate")
        numbers = measure_gate()
        _say("the fold")
        folded = fold.measure(folder, events=options.events, rounds=few)

    results = Results(ours, existing, missing, numbers, folded, compared)
    print(results.page())
    for path in write(results, options.output):
        _say(f"wrote {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path.name}")
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "docs" / "benchmarks")
    parser.add_argument("--rounds", type=int, help=f"runs of each command ({ROUNDS})")
    parser.add_argument("--events", type=int, default=fold.EVENTS, help="rows of the folded log")
    parser.add_argument(
        "--sizes",
        type=lambda text: [Size.parse(part) for part in text.split(",")],
        help="missions to compare on, as work packages x events: 3x15,99x10000",
    )
    parser.add_argument("--limit", type=float, help=f"seconds for the existing CLI ({LIMIT:.0f})")
    parser.add_argument(
        "--without-existing", action="store_true", help="leave the existing CLI out"
    )
    much = parser.add_mutually_exclusive_group()
    much.add_argument("--quick", action="store_true", help="three missions, few rounds")
    much.add_argument(
        "--full", action="store_true", help="wait for the existing CLI everywhere: an hour or more"
    )
    return parser.parse_args(arguments)


def _compare(
    options: argparse.Namespace, folder: Path, rounds: int, command: Path | None, missing: str
) -> Comparison:
    """Measure every command at every size."""
    if options.full:
        limit, existing_rounds = NO_LIMIT, (5, 3)
    elif options.quick:
        limit, existing_rounds = QUICK_LIMIT, (1, 1)
    else:
        limit, existing_rounds = LIMIT, (3, 1)
    plan = Plan(
        sizes=options.sizes or (QUICK_SIZES if options.quick else SIZES),
        rounds=max(2, rounds // 2),
        existing_rounds=existing_rounds,
        limit=options.limit or limit,
        full=options.full,
    )
    folder.mkdir()
    return Runner(plan, folder, commands.COMMAND, command, _say).run(missing)


def _say(words: str) -> None:
    print(f"benchmarks: {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
