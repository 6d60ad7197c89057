"""The story: a fresh repository, a mission driven by two agents, the merged program, the accounts.

At its end a second, small mission asks somebody a question and waits for somebody's signature.
"""

from __future__ import annotations

import shutil
import time
import tomllib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from demo.accounts import AGENTS, check_accounts, check_leftovers
from demo.announcement import Announcement
from demo.cli_runner import DemoFailed, Terminal
from demo.scripted_agent import ScriptedAgent

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from demo.report import Report

    MakeAgent = Callable[[str, Path, Path, Terminal, Report], ScriptedAgent]

# More turns than any healthy mission of three work packages takes; a loop must not run for ever.
_TURNS = 60


@dataclass(slots=True)
class Story:
    """One run of the demonstration.

    Attributes:
        folder: An empty folder; the repository and the isolated home are made inside.
        example: What the mission is about (examples/fairshare).
        report: Where the story is told.
        make_agent: Makes an agent; both have the same abilities, and the log says who did what.
    """

    folder: Path
    example: Path
    report: Report
    make_agent: MakeAgent = ScriptedAgent
    terminal: Terminal = field(init=False)
    repository: Path = field(init=False)

    def __post_init__(self) -> None:
        self.repository = self.folder / self.example.name
        self.terminal = Terminal.isolated(self.folder / "home", self.report.detail)

    def tell(self) -> None:
        """Tell the whole story.

        Raises:
            DemoFailed: Something is off; the message says what.
        """
        started = time.perf_counter()
        self.make_repository()
        slug, ask_for_work = self.create_mission()
        self.drive(ask_for_work)
        self.merge(slug)
        self.run_the_program()
        check_accounts(self.terminal, self.repository, slug, self.report)
        announcement = self.example / "announcement"
        Announcement(self.terminal, self.repository, announcement, self.report).tell()
        check_leftovers(self.terminal, self.repository, self.report)
        self.report.section(f"All good, in {time.perf_counter() - started:.1f} s.")

    def make_repository(self) -> None:
        """Make a git repository with one commit and set spec-kitty up in it."""
        self.report.section("A fresh repository")
        shutil.copytree(self.example / "seed", self.repository)
        self.git("init", "--quiet", "--initial-branch", "main")
        self.git("config", "user.name", "Spec Kitty Demo")
        self.git("config", "user.email", "demo@example.org")
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Start the project")
        self.report.step("operator", "git init, first commit on main")
        self.terminal.chapter = "set-up"
        document = self.spec_kitty("init", "--ai", "claude,codex")
        self.terminal.chapter = "mission"
        created = _texts(document.get("created"))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Set up spec-kitty")
        self.report.step("operator", f"spec-kitty init: {len(created)} files, committed")

    def create_mission(self) -> tuple[str, str]:
        """Create the mission of the example; return its slug and the command that asks for work."""
        mission = tomllib.loads((self.example / "mission.toml").read_text(encoding="utf-8"))
        document = self.spec_kitty(
            *("agent", "mission", "create", mission["title"]),
            *("--purpose-tldr", mission["purpose"], "--purpose-context", mission["context"]),
        )
        slug, ask_for_work = document.get("mission_slug"), document.get("next_step")
        if not isinstance(slug, str) or not isinstance(ask_for_work, str):
            raise DemoFailed("`agent mission create` named no mission_slug or no next_step.")
        branch = self.git("branch", "--show-current").strip()
        self.report.step("operator", f"mission {slug}")
        self.report.step("", f"on branch {branch}")
        return slug, ask_for_work

    def drive(self, ask_for_work: str) -> None:
        """Let two agents work side by side until the mission is accepted.

        The second one joins when there is something to review. After that each goes on with its
        own step; one without a step asks again when the other has handed something on.
        """
        self.report.section("Two agents, side by side")
        claude, codex = (
            self.make_agent(name, self.repository, self.example, self.terminal, self.report)
            for name in AGENTS
        )
        called = {claude}
        for _ in range(_TURNS):
            for agent, other in ((claude, codex), (codex, claude)):
                if not agent.is_busy and agent not in called:
                    continue
                called.discard(agent)
                decision = agent.take_turn(ask_for_work)
                if decision.kind == "terminal":
                    return
                if decision.calls_for_others:
                    called.add(other)
            if not (called or claude.is_busy or codex.is_busy):
                raise DemoFailed(f"nobody has anything to do: {decision.explanation}")
        raise DemoFailed(f"the mission was not accepted after {_TURNS} turns.")

    def merge(self, slug: str) -> None:
        """Bring the accepted work onto main."""
        self.report.section("Merge")
        self.spec_kitty("merge", "--mission", slug, "--target", "main")
        self.report.step("operator", "spec-kitty merge --target main")

    def run_the_program(self) -> None:
        """Run the merged program and its own tests on main."""
        self.report.section("The merged program, on main")
        self.git("switch", "--quiet", "main")
        tests = self.terminal.python(["-m", "unittest", "discover", "tests"], self.repository)
        if tests.returncode != 0:
            raise DemoFailed(f"the merged program's tests fail:\n{tests.stderr}")
        self.report.step("tests", tests.stderr.strip().splitlines()[-3])
        sample = "samples/weekend.txt"
        run = self.terminal.python(["-m", "fairshare", sample], self.repository)
        if run.returncode != 0:
            raise DemoFailed(f"the merged program does not run:\n{run.stderr}")
        self.report.step("program", f"$ python -m fairshare {sample}")
        for line in run.stdout.splitlines():
            self.report.step("", line)

    def git(self, *arguments: str) -> str:
        """Run git in the repository as the operator."""
        return self.terminal.git(arguments, self.repository)

    def spec_kitty(self, *arguments: str) -> dict[str, object]:
        """Run `spec-kitty … --json` in the repository and return its document."""
        return self.terminal.spec_kitty([*arguments, "--json"], self.repository).document()


def _texts(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
