"""Makes mistakes in a copy of the tree, one after the other, and demands that their tests fail.

The working tree is never touched. A piece of the source that is not there exactly once ends the run
with its name: then the source has moved on, and the mutation must follow it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tests.crash.mutations.mutation import mutate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.crash.mutations.mutation import Mutation

ROOT = Path(__file__).parents[3]
SECONDS = 240
"""For one run of one test; hanging counts as failing, since a test run would end there too."""

FAILED = 1
"""Exit status of pytest when tests ran and failed; 2 to 5 mean that none did."""

CONFTEST = """\
from hypothesis import Phase, settings

# The same examples each time, and the first that fails will do: making it small takes minutes.
settings.register_profile(
    "mutations", derandomize=True, database=None, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("mutations")
"""


class Outcome(NamedTuple):
    """What came of a run of tests.

    Attributes:
        status: The exit status of pytest.
        reason: The first line that it gives for a failure; empty when there is none.
    """

    status: int
    reason: str


def chosen(mutations: Sequence[Mutation], words: Sequence[str]) -> tuple[Mutation, ...]:
    """Return the mutations that have one of the words in promise, mistake or test; all without words."""
    return tuple(
        mutation
        for mutation in mutations
        if not words
        or any(word in f"{mutation.promise} {mutation.what} {mutation.test}" for word in words)
    )


def run_tests(tree: Path, *tests: str) -> Outcome:
    """Run tests of a tree against the source of that tree."""
    source = [str(tree / "src"), str(tree / "src" / "generated")]
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("SPEC_KITTY_")},
        "PYTHONPATH": os.pathsep.join(source),
        # Two versions of a file within a second must not share their compiled form.
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    try:
        done = subprocess.run(
            command,
            cwd=tree,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=SECONDS * len(tests),
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Outcome(FAILED, "it hangs")
    reasons = (line[1:].strip() for line in done.stdout.splitlines() if line.startswith("E  "))
    return Outcome(done.returncode, next(filter(None, reasons), ""))


def copy_tree(target: Path) -> Path:
    """Copy what tests need, without what was compiled."""
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in ("src", "tests", "contracts", "codegen"):
        shutil.copytree(ROOT / name, target / name, ignore=ignored)
    shutil.copy(ROOT / "pyproject.toml", target)
    (target / "conftest.py").write_text(CONFTEST, encoding="utf-8")
    return target


def check(tree: Path, mutations: Sequence[Mutation]) -> list[str]:
    """Try every mutation in a copy of the tree; return what is wrong.

    Raises:
        MutationOutdated: A mutation no longer fits; nothing was run.
    """
    source = tree / "src"
    for mutation in mutations:
        (source / mutation.file).write_text(mutate(source, mutation), encoding="utf-8")
    sound = run_tests(tree, *sorted({mutation.test for mutation in mutations}))
    if sound.status != 0:
        why = sound.reason or f"pytest ended with {sound.status}"
        return [
            f"the tests fail by themselves, without any mutation: run `make test` first ({why})"
        ]
    wrong = []
    for mutation in mutations:
        started = time.monotonic()
        before = mutate(source, mutation)
        outcome = run_tests(tree, mutation.test)
        (source / mutation.file).write_text(before, encoding="utf-8")
        noticed = outcome.status == FAILED
        verdict = "noticed" if noticed else f"SURVIVED ({outcome.status})"
        seconds = time.monotonic() - started
        print(f"  {mutation.promise} {verdict:<12} {seconds:5.1f} s  {mutation.what}")
        print(f"       {outcome.reason[:120]}", flush=True)
        if not noticed:
            wrong.append(f"{mutation.promise}, {mutation.what}: not noticed by {mutation.test}")
    return wrong
