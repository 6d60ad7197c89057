"""Try the mutations: `python -m tests.crash.mutations`, part of `make test-crash`.

With words, such as `python -m tests.crash.mutations P4 torn`, only those that have one of the words in
their promise, their mistake or the name of their test.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.crash.mutations import MUTATIONS
from tests.crash.mutations.mutation import MutationOutdated
from tests.crash.mutations.runner import check, chosen, copy_tree


def main(words: list[str]) -> int:
    """Try mutations; the exit status says whether all were noticed."""
    mutations = chosen(MUTATIONS, words)
    if not mutations:
        print(f"no mutation has {' or '.join(words)} in it", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        tree = copy_tree(Path(folder) / "tree")
        try:
            wrong = check(tree, mutations)
        except MutationOutdated as error:
            print(error, file=sys.stderr)
            return 1
    for problem in wrong:
        print(problem, file=sys.stderr)
    if not wrong:
        print(f"All {len(mutations)} mutations were noticed.")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
