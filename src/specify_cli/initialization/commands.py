"""The commands that an agent's user can type, one for each station of the work.

Most drive the command line and stay a few lines: `spec-kitty next` hands out a full prompt for every
step, so they cannot go stale against the program. The others say what a document must hold.
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
        drives: It only drives the command line, and stays a few lines.
    """

    name: str
    description: str
    text: str
    drives: bool = False


_LOOP = """Then work in this loop until the answer's `kind` is `terminal`:

1. Read the file that `prompt_file` names, all of it, and do what it says.
2. Run `spec-kitty next --agent {agent} --mission <slug> --result success --json`.

A refused step comes back with `guard_failures`: each says which file, what was looked for, what was
found and how to mend it. With `kind` `blocked`, tell the user the `reason`. Report honestly:
`--result failed` or `--result blocked` (with `--reason`) when you cannot finish a step.
"""

COMMANDS: tuple[Command, ...] = (
    Command(
        "charter",
        "Agree with the user on the rules that hold for agents in this project",
        """What the user said about it: {arguments}

Run `spec-kitty charter interview --json`: it names the topics. Ask the user about those that the
project itself does not answer, write the answers to a YAML file, and run
`spec-kitty charter interview --answers <file>`, then `spec-kitty charter generate`. Show the user
`spec-kitty charter show` and ask before you commit `.kittify/charter`.
""",
        drives=True,
    ),
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
        drives=True,
    ),
    Command(
        "research",
        "Find out what a plan needs to know, and write it down with its sources",
        """What to find out: {arguments}

Read `spec.md` in `kitty-specs/<slug>/` (`spec-kitty mission list` names the slugs). List the
questions that its requirements leave open and that would change the plan: a library, a limit, a
format, how the existing code does it. Answer each one from the code, from documentation that you
can read, or by trying it in a scratch folder.

Write `research.md` beside the specification, with one section for each question: the question, the
answer in one sentence, how you know (file and line, address, or the command and what it printed),
and what it means for the plan. Say plainly what you could not find out. Commit the file, and put
what the user has to decide as questions to the user.
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
        drives=True,
    ),
    Command(
        "tasks-outline",
        "Cut a planned mission into work packages, as an outline to agree on",
        """Mission, if one was named: {arguments}

Read `spec.md`, `plan.md` and `tasks/README.md` in `kitty-specs/<slug>/` (`spec-kitty mission list`
names the slugs). Write `tasks.md`: one section for each work package, with its id (`WP01`,
`WP02`, ...), a title, the requirements it meets, the work packages it waits for, and the files that
it alone changes. Every requirement is met by at least one; two that can run side by side share no
file. One agent should finish one in one sitting. Show the user the outline before anything else is
written, and commit `tasks.md`.
""",
    ),
    Command(
        "tasks-packages",
        "Write one file for each work package of the outline",
        """Mission, if one was named: {arguments}

Read `tasks.md` in `kitty-specs/<slug>/`, and `tasks/README.md` for what a work package file looks like. Write one file for
each work package in `tasks/`. Whoever implements it has read nothing else: give the goal, what to
do step by step, the names and formats that the plan fixes, the tests to write, and when it is done.
Keep `owned_files` as narrow as the outline says. Check with
`spec-kitty tasks --validate-only --json`, mend what it lists, and commit the files.
""",
    ),
    Command(
        "tasks-finalize",
        "Check the work packages and put them on the board",
        """Mission, if one was named: {arguments}

Run `spec-kitty tasks --agent {agent} --json` (with `--mission <slug>` when there are several
missions). It reports all problems at once, each with its file and a fix; mend them and run it again
until it succeeds.
""",
        drives=True,
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
        "analyze",
        "Compare specification, plan and work packages before anything is built",
        """Mission, if one was named: {arguments}

Change nothing but the report. Read `spec.md`, `plan.md`, `tasks.md` and all files in `tasks/` of
`kitty-specs/<slug>/` (`spec-kitty mission list` names the slugs), and look for:

- requirements that no work package meets, and work packages that meet none;
- statements that contradict each other, and words with two meanings;
- claims that nobody could test;
- dependencies that are missing, circular or unneeded; files that two work packages change at once;
- steps that the plan does not explain.

Write `analysis-report.md` beside them: a table of findings with severity (critical, high, medium,
low), place, problem and proposed change, then a verdict: ready, or what has to change first. Then run
`spec-kitty agent mission record-analysis --mission <slug> --agent {agent}`, which commits it, and tell
the user the critical and high findings.
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
        drives=True,
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
        drives=True,
    ),
    Command(
        "accept",
        "Accept a mission when all its work packages are approved",
        """Mission, if one was named: {arguments}

Run `spec-kitty accept --agent {agent} --json` (with `--mission <slug>` when there are several
missions). When it is refused, the answer lists what is still open; settle that first.
""",
        drives=True,
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
        drives=True,
    ),
    Command(
        "status",
        "Show where a mission stands",
        """Mission, if one was named: {arguments}

Run `spec-kitty agent tasks status` (with `--mission <slug>` when there are several missions) and
show the user the board as it is printed. It changes nothing.
""",
        drives=True,
    ),
    Command(
        "dashboard",
        "Show the board, and how to keep it in view",
        """Mission, if one was named: {arguments}

Run `spec-kitty status` (with `--mission <slug>` when there are several missions) and show the user
the board as it is printed. Tell the user that `spec-kitty status --watch` in a terminal of their own
keeps it up to date.
""",
        drives=True,
    ),
    Command(
        "next",
        "Go on with a mission step by step",
        """Mission, if one was named: {arguments}

Run `spec-kitty next --agent {agent} --result success --json` (with `--mission <slug>` when there
are several missions). """
        + _LOOP,
        drives=True,
    ),
)
"""In the order in which a mission uses them."""
