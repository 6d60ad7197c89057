"""The node id says that it is the same machine and user, and not which."""

from __future__ import annotations

import os
import re
import sys

import pytest

from specify_cli.identity.node import node_id

ONE, TWO = "ce797e51-c3a0-4bd5-a1e3-9a397a2ce2ce", "196008a3-47bf-40dd-8425-48a5ac4cf0f9"


def test_a_node_id_is_twelve_hexadecimal_digits_and_stable() -> None:
    assert re.fullmatch(r"[0-9a-f]{12}", node_id(ONE))
    assert node_id(ONE) == node_id(ONE)


def test_one_user_has_another_node_id_in_another_project() -> None:
    assert node_id(ONE) != node_id(TWO)


@pytest.mark.skipif(sys.platform == "win32", reason="names of POSIX calls")
def test_another_user_or_another_machine_is_another_node(monkeypatch: pytest.MonkeyPatch) -> None:
    mine = node_id(ONE)
    monkeypatch.setattr(os, "getuid", lambda: 54321)
    other_user = node_id(ONE)
    monkeypatch.undo()
    name = os.uname_result(("Linux", "elsewhere", "", "", ""))
    monkeypatch.setattr(os, "uname", lambda: name)
    assert len({mine, other_user, node_id(ONE)}) == 3
