"""A project with a finalised mission for each test: two parallel work packages, one that builds on both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.missions.lane_missions import (
    MissionAtWork,
    copy_project,
    fresh_repository,
    make_project,
)
from tests.unit.orchestrator_api.calls import Caller

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def planned_mission(tmp_path_factory: pytest.TempPathFactory) -> MissionAtWork:
    """What the tests copy."""
    root = fresh_repository(tmp_path_factory.mktemp("orchestrated") / "project")
    return make_project(root, {1: (), 2: (), 3: (1, 2)})


@pytest.fixture
def work(planned_mission: MissionAtWork, tmp_path: Path) -> MissionAtWork:
    """A project of its own for each test."""
    return copy_project(planned_mission, tmp_path / "project")


@pytest.fixture
def call(work: MissionAtWork) -> Caller:
    """An orchestrator of that project's mission."""
    return Caller(work)
