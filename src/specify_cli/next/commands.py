"""Command lines that are told to users: complete, and safe to paste into a shell."""

from __future__ import annotations


def next_line(
    mission_slug: str, agent: str | None, report: str, *, wp_id: str | None = None
) -> str:
    """Return a `spec-kitty next` command line.

    Args:
        mission_slug: The mission.
        agent: Who runs it; None shows where the name goes.
        report: The options that say what is reported, such as "--result success".
        wp_id: The work package it is about.
    """
    # A name in angle brackets stands for one to be filled in and stays as it is.
    who = "<your-name>" if agent is None else agent
    quoted = who if who.startswith("<") else _quoted(who)
    line = f"spec-kitty next --agent {quoted} --mission {mission_slug} {report}"
    return f"{line} --wp {wp_id}" if wp_id else line


def answer_line(mission_slug: str, agent: str | None) -> str:
    """Return the command line that answers the question a mission waits for."""
    return next_line(mission_slug, agent, "--answer '<your answer>'")


def audit_line(mission_slug: str, owner: str | None, options: tuple[str, ...]) -> str:
    """Return the command line with which a person decides at an audit."""
    report = f"--actor-type human --answer '{'|'.join(options)}'"
    return next_line(mission_slug, owner or "<the owner>", report)


def adopt_line(mission_slug: str, agent: str | None) -> str:
    """Return the command line that lets a run follow its changed description."""
    return next_line(mission_slug, agent, "--adopt-template")


def finalize_line(mission_slug: str) -> str:
    """Return the command line that puts work packages on the board."""
    return f"spec-kitty agent mission finalize-tasks --mission {mission_slug}"


def mark_line(mission_slug: str, agent: str, wp_id: str, subtasks: tuple[str, ...]) -> str:
    """Return the command line that ticks all subtasks of a work package off."""
    # Qualified, since two work packages may number their subtasks alike.
    listed = " ".join(f"{wp_id}:{task}" for task in subtasks)
    return (
        f"spec-kitty agent tasks mark-status {listed} --status done "
        f"--agent {_quoted(agent)} --mission {mission_slug}"
    )


def merge_line(mission_slug: str) -> str:
    """Return the command line that merges a mission's work."""
    return f"spec-kitty merge --mission {mission_slug}"


def accept_line(mission_slug: str, agent: str | None = None) -> str:
    """Return the command line that accepts a mission."""
    line = f"spec-kitty accept --mission {mission_slug}"
    return line if agent is None else f"{line} --agent {_quoted(agent)}"


def _quoted(text: str) -> str:
    # Nearly every name is a plain word; shlex is not loaded for those.
    if text.isidentifier() and text.isascii():
        return text
    import shlex

    return shlex.quote(text)
