"""Installations that the consumer tests share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.built_wheel import built_wheel
from tools.environments import Environment, find_uv, make_environment

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Environment:
    """An environment with nothing but our wheel and what it needs."""
    folder: Path = tmp_path_factory.mktemp("installed") / "environment"
    environment = make_environment(folder, uv=find_uv())
    environment.install(
        "--compile" if environment.uv is None else "--compile-bytecode",
        str(built_wheel(tmp_path_factory, worker_id)),
    )
    return environment
