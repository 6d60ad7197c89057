"""Every promise has tests that can fail: the changes to the source that make them fail, kept and run.

One module for each promise; `docs/promises.md` lists the tests, and each of them has a mutation here.
"""

from __future__ import annotations

from tests.crash.mutations import p1, p2, p3, p4, p5, p6, p8

MUTATIONS = (
    *p1.MUTATIONS,
    *p2.MUTATIONS,
    *p3.MUTATIONS,
    *p4.MUTATIONS,
    *p5.MUTATIONS,
    *p6.MUTATIONS,
    *p8.MUTATIONS,
)
