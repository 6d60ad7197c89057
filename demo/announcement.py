"""The end of the story: somebody is asked, and somebody signs.

A second, small mission of a type that the project brings along. It cannot begin before a person has said
whom it is for, and it cannot end before its owner has approved: an agent that tries is refused.
"""

from __future__ import annotations

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from demo.accounts import AGENTS
from demo.cli_runner import DemoFailed
from demo.prompt_reader import read_prompt
from demo.scripted_agent import and_then

if TYPE_CHECKING:
    from demo.cli_runner import Terminal
    from demo.report import Report

MAX_CALLS = 10
"""From `config set` to `merge`; the calls of the first mission have a budget of their own."""
OWNER = "nora"
AUDIENCE = "friends who go away together for a weekend"
_AGENT = AGENTS[0]


@dataclass(slots=True)
class Announcement:
    """The second mission of the demonstration.

    Attributes:
        example: What the project and the agent bring along (examples/fairshare/announcement).
    """

    terminal: Terminal
    repository: Path
    example: Path
    report: Report

    def tell(self) -> None:
        """Tell it.

        Raises:
            DemoFailed: Something is off; the message says what.
        """
        self.report.section("A question, and a signature")
        self.terminal.chapter = "decisions"
        slug = self.prepare()
        self.ask_and_answer()
        self.write()
        self.sign_off()
        self.end(slug)
        self.check(slug)

    def prepare(self) -> str:
        """Bring the mission type into the project, name the owner, begin; return the slug."""
        folder = self.repository / ".kittify" / "missions" / "announcement"
        shutil.copytree(self.example / "mission-type", folder)
        self.spec_kitty("config", "set", "mission.owner", OWNER)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "Announcements are signed off by their owner")
        self.report.step("operator", f"a mission type of the project's own; its owner is {OWNER}")
        title = "Announce fairshare"
        made = self.spec_kitty("specify", title, "--mission-type", "announcement")
        slug = made.get("mission_slug")
        if not isinstance(slug, str):
            raise DemoFailed("`specify` named no mission_slug.")
        self.report.step("operator", f"mission {slug}")
        return slug

    def ask_and_answer(self) -> None:
        """Let the agent run into the question of the first step, and a person answer it."""
        asked = self.next(_AGENT, "--result", "success")
        self.expect(asked, "kind", "decision_required")
        self.expect(asked, "decision_id", "input:audience")
        self.report.step(_AGENT, f"is asked: {asked['question']}")
        answered = self.next(OWNER, "--actor-type", "human", "--answer", AUDIENCE)
        self.expect(answered, "answered", "input:audience")
        self.report.step(OWNER, f"answers: {AUDIENCE}")

    def write(self) -> None:
        """Do what the prompt says; it carries the answer. Reporting it reaches the audit."""
        step = self.next(_AGENT, "--result", "success")
        self.expect(step, "kind", "step")
        prompt = read_prompt(Path(str(step["prompt_file"])))
        if AUDIENCE not in prompt.section("What this is about"):
            raise DemoFailed("the prompt does not say whom the announcement is for.")
        document = Path(prompt.fact("Change files only below")) / "announcement.md"
        shutil.copyfile(self.example / "announcement.md", document)
        for words in and_then(prompt.command("git", "add").argv):
            self.terminal.git(words[1:], self.repository, author=_AGENT)
        self.report.step(_AGENT, "write: wrote the announcement for them")
        gate = self.terminal.spec_kitty(
            [*prompt.command("next", "--result", "success").argv[1:], "--json"], self.repository
        ).document()
        self.expect(gate, "decision_id", "audit:sign-off")
        self.report.step(_AGENT, f"stops at the audit: {gate['question']}")

    def sign_off(self) -> None:
        """See the agent refused at the gate, and the owner pass it."""
        refused = self.next(_AGENT, "--answer", "approve", may_fail=True)
        self.expect(refused, "error_code", "AUTHORITY_DENIED")
        self.report.step(_AGENT, "tries to approve it: AUTHORITY_DENIED")
        passed = self.next(OWNER, "--actor-type", "human", "--answer", "approve")
        self.expect(passed, "answer", "approve")
        self.expect(passed, "preview_step", "done")
        self.report.step(OWNER, "approves; every step is complete")

    def end(self, slug: str) -> None:
        """Accept the mission and bring its document onto main, as the answers say."""
        accepted = self.spec_kitty("accept", "--mission", slug, "--agent", OWNER)
        self.spec_kitty(*shlex.split(str(accepted["next_step"]))[1:])
        self.git("switch", "--quiet", "main")
        if not (self.repository / "kitty-specs" / slug / "announcement.md").is_file():
            raise DemoFailed("the announcement is not on main.")
        self.report.step("operator", "accepted and merged: the announcement is on main")

    def check(self, slug: str) -> None:
        """Hold the calls against their budget, and see that both answers are on record."""
        calls = [call for call in self.terminal.calls if call.chapter == "decisions"]
        self.terminal.chapter = "check"
        journals = self.repository.glob(".kittify/runtime/runs/*/run.events.jsonl")
        texts = [journal.read_text(encoding="utf-8") for journal in journals]
        told = "".join(text for text in texts if slug in text)
        for event in ("DecisionInputAnswered", "DecisionAuthorityDenied", "MissionRunCompleted"):
            if event not in told:
                raise DemoFailed(f"the run's journal tells of no {event}.")
        self.report.table(
            [
                (
                    "spec-kitty calls for question and signature",
                    str(len(calls)),
                    f"at most {MAX_CALLS}",
                )
            ]
        )
        if len(calls) > MAX_CALLS:
            raise DemoFailed(
                f"question and signature took {len(calls)} calls instead of {MAX_CALLS}."
            )

    def next(self, who: str, *report: str, may_fail: bool = False) -> dict[str, object]:
        """Run `spec-kitty next` as somebody and return its document."""
        words = ["next", "--agent", who, *report, "--json"]
        return self.terminal.spec_kitty(words, self.repository, may_fail=may_fail).document()

    def expect(self, document: dict[str, object], key: str, value: str) -> None:
        """Stop when an answer is not what it has to be."""
        if document.get(key) != value:
            raise DemoFailed(f"expected {key} {value!r}, got {document.get(key)!r}.")

    def git(self, *arguments: str) -> str:
        """Run git in the repository as the operator."""
        return self.terminal.git(arguments, self.repository)

    def spec_kitty(self, *arguments: str) -> dict[str, object]:
        """Run `spec-kitty … --json` in the repository and return its document."""
        return self.terminal.spec_kitty([*arguments, "--json"], self.repository).document()
