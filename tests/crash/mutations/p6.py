"""Mistakes against P6: nothing leaves the process without the gate."""

from __future__ import annotations

from tests.crash.mutations.mutation import Mutation

_STATUS = "specify_cli/status/mission_status.py"

MUTATIONS = (
    Mutation(
        "P6",
        "a row is written without the gate",
        _STATUS,
        '        row = publishable(row, self.surroundings)\n        check("status_row", row)\n',
        "        row = publishable(row, self.surroundings)\n",
        "tests/unit/status/test_mission_status.py::test_a_row_that_breaks_its_contract_is_never_written",
    ),
    Mutation(
        "P6",
        "an event goes out with a lane that does not exist, past the gate",
        "specify_cli/events/envelope.py",
        '        "payload": dict(payload),\n    }\n    check("envelope", envelope)\n',
        '        "payload": {**payload, "from_lane": "nowhere"},\n    }\n',
        "tests/unit/status/test_wire_conformance.py::"
        "test_every_edge_is_an_event_that_the_upstream_package_accepts",
    ),
    Mutation(
        "P6",
        "the gate does not look at the logical clock",
        "generated/spec_kitty_contracts/gate/envelope.py",
        'v.get("lamport_clock", MISSING)',
        "0",
        "tests/conformance/test_gate_agrees.py::"
        "test_every_single_mutation_of_a_whole_envelope_is_judged_as_by_both_oracles",
    ),
)
