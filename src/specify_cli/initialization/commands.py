"""The commands that an agent's user can type, as short texts that drive the command line.

They hold no method of their own: `spec-kitty next` hands out a full prompt for every step, so a text
here cannot go stale against the program.
"""

from __future__ import annotations

from dataclasses import dataclass

ARGUMENTS = "{arguments}"
AGENT = "{agent}"


@dataclass(frozen=True, slots=True)
class Command:
    """One command.

    Attributes:
        name: What comes after "spec-kitty.".
        description: One line for the agent's command list.
        text: What the agent reads; holds the markers ARGUMENTS and AGENT.
    """

    name: str
    description: str
    text: str


_LOOP = """Then work in this loop until the answer's `kind` is `terminal`:

1. Read the file that `prompt_file` names, all of it, and do what it says.
2. Run `spec-kitty next --agent {agent} --mission <slug> --result success --json`.

A refused step comes back with `guard_failures`: each says which file, what was looked for, what was
found and how to mend it. With `kind` `blocked`, tell the user the `reason`. Report honestly:
`--result failed` or `--result blocked` (with `--reason`) when you cannot finish a step.
"""

COMMANDS: tuple[Command, ...] = (
    Command(
        "specify",
        "Start a mission and write its specification from an idea",
        """The idea: {arguments}

Choose a short title for it and run `spec-kitty specify "<title>" --json`. The answer's
`mission_slug` is the mission's name in every later call. Then run
`spec-kitty next --agent {agent} --mission <slug> --result success --json`, read the file that
`prompt_file` names and follow it. Ask the user about anything that the idea leaves open and that
changes the result; do not invent it.
""",
    ),
    Command(
        "plan",
        "Plan a mission whose specification is finished",
        """Mission, if one was named: {arguments}

Run `spec-kitty plan --json` (with `--mission <slug>` when there are several missions). It writes a
plan to fill in, or says what the plan or the specification still lacks. Fill in every gap of the
file that `plan_file` names, commit it, and run the command again until `phase_complete` is true.
""",
    ),
    Command(
        "tasks",
        "Cut a planned mission into work packages and put them on the board",
        """Mission, if one was named: {arguments}

Read `kitty-specs/<slug>/tasks/README.md`: it says how a work package file looks. Write `tasks.md`
and one file for each work package from the specification and the plan. Keep `owned_files` narrow,
so that work packages can run side by side. Then run
`spec-kitty agent mission finalize-tasks --mission <slug> --json`; it reports all problems at once
and commits the files when there are none.
""",
    ),
    Command(
        "implement",
        "Implement a work package in its own worktree",
        """Work package: {arguments}

Run `spec-kitty agent action implement <WP id> --agent {agent} --json`. It claims the work package
for you and makes its worktree. Read the file that `prompt_file` names and follow it: work and
commit only in the worktree, and hand the work package over at the end as the prompt says.
Without a work package id, run `spec-kitty next --agent {agent} --result success --json` instead.
""",
    ),
    Command(
        "review",
        "Review a work package that was handed over",
        """Work package: {arguments}

Run `spec-kitty agent action review <WP id> --agent {agent} --json`, read the file that
`prompt_file` names and follow it. Judge the change itself: read the diff, run the tests. Approve
only what meets the work package's text; otherwise write down what has to change and send it back
as the prompt says.
""",
    ),
    Command(
        "accept",
        "Accept a mission when all its work packages are approved",
        """Mission, if one was named: {arguments}

Run `spec-kitty accept --agent {agent} --json` (with `--mission <slug>` when there are several
missions). When it is refused, the answer lists what is still open; settle that first.
""",
    ),
    Command(
        "merge",
        "Merge an accepted mission",
        """Mission and target, if named: {arguments}

Run `spec-kitty merge --dry-run --json` and tell the user what it would do, conflicts included.
When the user agrees, run `spec-kitty merge --json`, with `--target <branch>` if the work should
land on a branch such as main too. It never drops uncommitted files; when it refuses, the answer
says which files and what to do.
""",
    ),
    Command(
        "status",
        "Show where a mission stands",
        """Mission, if one was named: {arguments}

Run `spec-kitty agent tasks status` (with `--mission <slug>` when there are several missions) and
show the user the board as it is printed. It changes nothing.
""",
    ),
    Command(
        "next",
        "Go on with a mission step by step",
        """Mission, if one was named: {arguments}

Run `spec-kitty next --agent {agent} --result success --json` (with `--mission <slug>` when there
are several missions). """
        + _LOOP,
    ),
)
"""In the order in which a mission uses them."""
