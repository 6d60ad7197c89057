from __future__ import annotations

from pathlib import Path, PurePosixPath

import pytest

from specify_cli.mission_runtime.placement import (
    PLACEMENTS,
    ArtefactKind,
    Home,
    kind_of,
    place,
)

NAMES = {
    "slug": "todo-app-01KQ22DS",
    "wp_file": "WP01-store",
    "wp_id": "WP01",
    "cycle": "2",
    "lane_id": "lane-ab",
    "prompt": "implement-WP01-claude",
    "run_id": "01KQ22DT0000000000000000A1",
    "digest": "ab" * 32,
}


def test_every_kind_has_exactly_one_place() -> None:
    assert set(PLACEMENTS) == set(ArtefactKind)
    assert len({spot.pattern for spot in PLACEMENTS.values()}) == len(PLACEMENTS)


@pytest.mark.parametrize("kind", ArtefactKind)
def test_a_path_tells_its_kind_and_a_kind_its_path(kind: ArtefactKind) -> None:
    root = Path("/project")
    path = place(kind, root, **NAMES)
    assert kind_of(PurePosixPath(path.relative_to(root).as_posix())) is kind


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "kitty-specs/todo-app-01KQ22DS/notes.md",
        "kitty-specs/todo-app-01KQ22DS/tasks/notes.md",
        "kitty-specs/todo-app-01KQ22DS/tasks/WP01-store/review-cycle-x.md",
        "src/kitty-specs/todo-app-01KQ22DS/spec.md",
        ".worktrees/somebody-elses",
    ],
)
def test_other_files_are_nothing_of_a_missions(path: str) -> None:
    assert kind_of(PurePosixPath(path)) is None


def test_what_git_ignores_can_be_made_again_or_belongs_to_one_checkout() -> None:
    for kind, spot in PLACEMENTS.items():
        local = spot.pattern.startswith(".kittify/runtime/")
        assert (spot.home is Home.LOCAL) is local, kind
        assert not spot.pattern.startswith("/"), kind


def test_a_missing_name_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(KeyError):
        place(ArtefactKind.SPEC, Path("/project"))
