from __future__ import annotations

import itertools
import re
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from specify_cli.missions.ownership import first_overlap, glob_problem, globs_intersect

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.mark.parametrize(
    ("a", "b", "overlap"),
    [
        ("src/foo", "src/foobar.py", False),
        ("src/foo", "src/foo/bar.py", True),
        ("src/foo/", "src/foo/bar/baz.py", True),
        ("src/**", "src/a/b/c.py", True),
        ("src/**", "tests/a.py", False),
        ("**", "anything/at/all", True),
        ("src/**/test_*.py", "src/a/b/test_x.py", True),
        ("src/**/test_*.py", "src/a/b/x_test.py", False),
        ("src/*.py", "src/a/b.py", False),
        ("src/*.py", "src/?.p?", True),
        ("src/a*c.py", "src/*b*.py", True),
        ("src/a*.py", "src/b*.py", False),
        ("src/[ab].py", "src/[bc].py", True),
        ("src/[ab].py", "src/[!ab].py", False),
        ("src/[a-m]x", "src/[n-z]x", False),
        ("src/[]]", "src/]", True),
        ("src/[x", "src/[x", True),
        ("./src//a.py", "src/a.py", True),
        ("src/**/x.py", "src/x.py", True),
        ("a/**/b/**/c.py", "a/x/b/y/z/c.py", True),
        ("a/**/b/**/c.py", "a/x/y/z/c.py", False),
        ("docs/*.md", "docs/*.txt", False),
        ("src/**/x.py", "src/y.py", False),
        (".github", ".github/workflows/ci.yml", True),
        ("v1.2/", "v1.2/notes.md", True),
    ],
)
def test_two_globs_overlap_only_when_some_path_matches_both(a: str, b: str, overlap: bool) -> None:
    assert globs_intersect(a, b) is overlap
    assert globs_intersect(b, a) is overlap


_SEGMENT = st.sampled_from(
    ["**", "*", "?", "a", "b", "a*", "*b", "a?", "[ab]", "[!a]", "*a*", "ab", "b*a", "[a-b]?"]
)
_GLOB = st.lists(_SEGMENT, min_size=1, max_size=3).map("/".join)
_NAMES = [
    "".join(letters) for size in (1, 2, 3) for letters in itertools.product("ab", repeat=size)
]
_PATHS = [
    "/".join(parts)
    for depth in (1, 2, 3, 4)
    for parts in itertools.product(_NAMES[:6], repeat=depth)
] + _NAMES


@settings(max_examples=150, deadline=None)
@given(_GLOB, _GLOB)
def test_the_answer_is_that_of_trying_every_short_path(a: str, b: str) -> None:
    first, second = _reference(a), _reference(b)
    common = any(first(path) and second(path) for path in _PATHS)
    if common:
        assert globs_intersect(a, b)
    elif _short(a, b):
        assert not globs_intersect(a, b)


@settings(max_examples=100, deadline=None)
@given(_GLOB, _GLOB)
def test_the_order_of_the_globs_does_not_matter(a: str, b: str) -> None:
    assert globs_intersect(a, b) == globs_intersect(b, a)


def _short(a: str, b: str) -> bool:
    # Only then is a common path certain to be among those that were tried.
    return len(a.split("/")) + len(b.split("/")) <= 4 and "b*a" not in a + b


def _reference(glob: str) -> Callable[[str], bool]:
    """An independent reading of the same language, as one regular expression."""
    parts = glob.split("/")
    if not any(character in parts[-1] for character in "*?[."):
        parts.append("**")
    pattern = ""
    for part in parts:
        if part == "**":
            pattern += "(?:/[^/]+)*"
        else:
            one = part.replace("*", "[^/]*").replace("?", "[^/]").replace("[!", "[^/")
            pattern += f"/(?=[^/]){one}"
    expression = re.compile(pattern)
    return lambda path: expression.fullmatch("/" + path) is not None


def test_the_first_overlapping_pair_is_told() -> None:
    assert first_overlap(["a/x.py", "b/**"], ["c", "b/y.py"]) == ("b/**", "b/y.py")
    assert first_overlap(["a"], ["b"]) is None


@pytest.mark.parametrize(
    "glob", ["/etc/passwd", "~/x", "../x", "a/../b", "src\\a.py", "C:/x", "src/{a,b}.py", "", "./"]
)
def test_a_glob_that_does_not_stay_in_the_project_is_refused(glob: str) -> None:
    assert glob_problem(glob) is not None


@pytest.mark.parametrize("glob", ["src/**", "Makefile", "src/a..b.py", "app/{id}/page.tsx"])
def test_an_ordinary_glob_is_accepted(glob: str) -> None:
    assert glob_problem(glob) is None
