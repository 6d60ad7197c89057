"""`spec-kitty agent …`: the groups that agents call."""

from __future__ import annotations

from specify_cli.cli.declaring import App

app = App(name="agent", help="Commands that agents call: missions, tasks, actions, status.")
app.command("specify_cli.cli.mission:agent_app", name="mission", help="Create and plan missions.")
app.command("specify_cli.cli.tasks:app", name="tasks", help="Work packages and their subtasks.")
app.command("specify_cli.cli.action:app", name="action", help="Implement or review a work package.")
app.command(
    "specify_cli.cli.context:app", name="context", help="What an agent is told about a step."
)
app.command(
    "specify_cli.cli.status:app",
    name="status",
    help="Change, check, repair and read the event log.",
)
app.command(
    "specify_cli.cli.decision:app",
    name="decision",
    help="Questions of a mission's planning: ask, answer, put off, check.",
)
app.command(
    "specify_cli.cli.agent_config:app",
    name="config",
    help="Add, remove, list and update the agents that work here.",
)
