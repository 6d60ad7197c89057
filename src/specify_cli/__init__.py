"""Drive AI coding agents through spec-driven missions in a git repository.

The command line is a thin layer: what `spec-kitty` can do, these modules can do.

- `specify_cli.mission_runtime`: find the project and the mission, assemble prompts.
- `specify_cli.missions`: create, plan, finalise, implement, review, accept, merge.
- `specify_cli.decisions`: questions of a mission's planning, on record.
- `specify_cli.next`: the loop an agent calls.
- `specify_cli.status`: the event log and everything derived from it.
- `specify_cli.orchestrator_api`: the same for other programs, as one versioned contract.
- `specify_cli.contract`: the schemas that everything conforms to.
"""

__version__ = "4.0.0.dev0"
