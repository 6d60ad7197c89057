"""An agent without a model: it knows the example's contents and learns the rest from its prompts.

Where to work, which file to write, how to commit and how to report all come from the prompt file
that the decision names. What the prompt does not say, this agent does not know, and it stops.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from demo.cli_runner import DemoFailed
from demo.prompt_reader import Prompt, read_prompt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from demo.cli_runner import Call, Terminal
    from demo.report import Report

# A hand-over waits for a reviewer, a rejection for the implementer.
_HANDED_ON = (("in_progress", "for_review"), ("in_review", "in_progress"))
_CHECK_NAME = re.compile(r"\btest_[a-z0-9_]+")


@dataclass(frozen=True, slots=True)
class Decision:
    """What `spec-kitty next` answered; the keys that an agent acts on.

    Attributes:
        calls_for_others: The call handed something on that another agent has to take up.
    """

    kind: str
    action: str | None
    wp_id: str | None
    prompt_file: str | None
    reason: str | None
    guard_failures: tuple[str, ...]
    calls_for_others: bool

    @classmethod
    def of(cls, call: Call) -> Decision:
        """Read the decision that a call printed.

        Raises:
            DemoFailed: It printed something else.
        """
        document = call.document()
        if document.get("result") != "success":
            raise DemoFailed(f"`{call.typed}` was refused:\n{call.output()}")

        def text(key: str) -> str | None:
            value = document.get(key)
            return value if isinstance(value, str) else None

        failures, moves = document.get("guard_failures"), document.get("transitions")
        return cls(
            kind=text("kind") or "",
            action=text("action"),
            wp_id=text("wp_id"),
            prompt_file=text("prompt_file"),
            reason=text("reason"),
            guard_failures=tuple(
                f"{failure['file']}: looked for {failure['looked_for']}, found {failure['found']}"
                for failure in (failures if isinstance(failures, list) else [])
            ),
            calls_for_others=any(
                (move["from_lane"], move["to_lane"]) in _HANDED_ON
                for move in (moves if isinstance(moves, list) else [])
            ),
        )

    @property
    def task(self) -> str:
        """Return what to do, in words."""
        return " ".join(part for part in (self.action, self.wp_id) if part)

    @property
    def explanation(self) -> str:
        """Return why, for a message."""
        return "; ".join((self.reason or self.kind, *self.guard_failures))


@dataclass(slots=True, eq=False)
class ScriptedAgent:
    """An agent that can do every step of the example's mission.

    Attributes:
        name: How it is called on the command line and in the log.
        repository: Where it is started.
        example: What it knows: documents, code and checks.
        decision: The last answer it got; None before it joined.
    """

    name: str
    repository: Path
    example: Path
    terminal: Terminal
    report: Report
    decision: Decision | None = field(default=None, init=False)

    @property
    def is_busy(self) -> bool:
        """Whether it has a step in hand."""
        return self.decision is not None and self.decision.kind == "step"

    def take_turn(self, ask_for_work: str) -> Decision:
        """Do the step in hand and report it; without one, ask for work.

        Args:
            ask_for_work: The one command an agent is told from outside, as `agent mission create`
                prints it, with `<your-name>` for the agent's name.

        Raises:
            DemoFailed: A guard refused the work, or a prompt lacks a fact.
        """
        if self.decision is None or self.decision.kind != "step":
            # What an answer to this says is missing, nobody has been asked for yet.
            answer = self._tell(shlex.split(ask_for_work.replace("<your-name>", self.name)))
        else:
            answer = self.do(self.decision)
            if answer.guard_failures:
                raise DemoFailed(
                    f"the guard did not let {self.name}'s {answer.task} pass: {answer.explanation}."
                )
        self.decision = answer
        return answer

    def do(self, decision: Decision) -> Decision:
        """Do one step as its prompt says, report it, and return the next decision."""
        if decision.prompt_file is None:
            raise DemoFailed(f"the decision {decision.task!r} names no prompt file.")
        prompt = read_prompt(self.repository / decision.prompt_file)
        self.report.detail(f"{self.name} reads {prompt.path}")
        doers = {
            "discovery": self.discover,
            "specify": self.specify,
            "plan": self.plan,
            "tasks": self.cut_into_work_packages,
            "implement": self.implement,
            "review": self.review,
            "accept": self.accept,
        }
        action = prompt.fact("Action")
        if action not in doers:
            raise DemoFailed(
                f"the prompt {prompt.path.name} asks for an unknown action {action!r}."
            )
        return doers[action](prompt)

    def discover(self, prompt: Prompt) -> Decision:
        """Say what the mission is for, in the section the prompt names."""
        spec = self._document(prompt, "spec.md")
        purpose = _section(self._own("documents/spec.md"), "Purpose")
        text = spec.read_text(encoding="utf-8")
        old = _section(text, "Purpose")
        spec.write_text(text.replace(old, purpose), encoding="utf-8")
        self._commit(prompt)
        self.report.step(self.name, "discovery: wrote down what it is for")
        return self._success(prompt)

    def specify(self, prompt: Prompt) -> Decision:
        """Write the specification."""
        return self._write_document(prompt, "spec.md", "specify: wrote the specification")

    def plan(self, prompt: Prompt) -> Decision:
        """Write the plan."""
        return self._write_document(prompt, "plan.md", "plan: wrote the plan")

    def cut_into_work_packages(self, prompt: Prompt) -> Decision:
        """Write the work packages and put them on the board."""
        self._document(prompt, "tasks.md").write_text(self._own("documents/tasks.md"), "utf-8")
        folder = self._document(prompt, "tasks")
        work_packages = sorted((self.example / "documents" / "tasks").glob("WP*.md"))
        for source in work_packages:
            (folder / source.name).write_text(source.read_text(encoding="utf-8"), "utf-8")
        self._commit(prompt)
        self._run(prompt, "finalize-tasks")
        self.report.step(self.name, f"tasks: cut it into {len(work_packages)} work packages")
        return self._success(prompt)

    def implement(self, prompt: Prompt) -> Decision:
        """Write a work package's code and tests in its worktree, or rework them."""
        wp_id, workspace = prompt.fact("Work package"), Path(prompt.fact("Work in this folder"))
        source, what = self._work(prompt, wp_id)
        owned = set(re.findall(r"^\s*- `?([^`\n]+?)`?$", prompt.section("Files"), re.MULTILINE))
        written = []
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            relative = file.relative_to(source).as_posix()
            if relative not in owned:
                raise DemoFailed(
                    f"{wp_id} would write {relative}, but its prompt names only: "
                    f"{', '.join(sorted(owned)) or 'nothing'}."
                )
            target = workspace / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
            written.append(relative)
        tests = self.terminal.python(["-m", "unittest", "discover", "tests"], workspace)
        if tests.returncode != 0:
            raise DemoFailed(f"{wp_id}'s own tests fail:\n{tests.stderr}")
        self._commit(prompt, message=f"{wp_id}: {what}")
        self._tick(prompt)
        verb = "built" if source.name == "first" else "reworked"
        self.report.step(self.name, f"{wp_id} {verb}: {what}")
        self.report.step("", f"{len(written)} files in {workspace.name}, own tests pass")
        return self._success(prompt)

    def review(self, prompt: Prompt) -> Decision:
        """Run the reviewer's own check in the worktree and report what it finds."""
        wp_id, workspace = prompt.fact("Work package"), Path(prompt.fact("Work in this folder"))
        check = f"check_{wp_id.lower()}.py"
        folder = str(self.example / "review")
        result = self.terminal.python(
            ["-m", "unittest", "discover", "-s", folder, "-p", check], workspace
        )
        if result.returncode == 0:
            self.report.step(self.name, f"{wp_id} reviewed: approved")
            return self._tell(prompt.command("--verdict", "approved").argv)
        failing = sorted(set(_CHECK_NAME.findall(result.stderr)))
        command = prompt.command("--verdict", "changes_requested")
        feedback = Path(_value(command.argv, "--feedback-file"))
        feedback.parent.mkdir(parents=True, exist_ok=True)
        feedback.write_text(_feedback(wp_id, check, failing, result.stderr), encoding="utf-8")
        self.report.step(
            self.name, f"{wp_id} reviewed: changes requested, because these checks fail:"
        )
        for name in failing:
            self.report.step("", name)
        return self._tell(command.argv)

    def accept(self, prompt: Prompt) -> Decision:
        """Accept the mission."""
        self._run(prompt, "accept")
        self.report.step(self.name, "accept: accepted the mission")
        return self._success(prompt)

    def _write_document(self, prompt: Prompt, name: str, what: str) -> Decision:
        self._document(prompt, name).write_text(self._own(f"documents/{name}"), encoding="utf-8")
        self._commit(prompt)
        self.report.step(self.name, what)
        return self._success(prompt)

    def _work(self, prompt: Prompt, wp_id: str) -> tuple[Path, str]:
        """Choose what to write: the first version, or the fix for what the feedback names."""
        folder = self.example / "work" / wp_id
        named = set(_CHECK_NAME.findall(prompt.section("Review feedback")))
        if not named:
            return folder / "first", prompt.fact("Its title")
        for check in sorted(named):
            if (folder / "fixes" / check).is_dir():
                return folder / "fixes" / check, f"make {check} pass"
        raise DemoFailed(f"nobody knows how to fix {', '.join(sorted(named))} of {wp_id}.")

    def _own(self, name: str) -> str:
        return (self.example / name).read_text(encoding="utf-8")

    def _document(self, prompt: Prompt, name: str) -> Path:
        """Return where a document goes; the prompt must speak of it."""
        folder = Path(prompt.fact("Change files only below"))
        mentioned = any(f"/{name}" in body for body in prompt.sections.values())
        if not mentioned:
            raise DemoFailed(f"the prompt {prompt.path.name} does not say where {name} goes.")
        return folder / name

    def _commit(self, prompt: Prompt, message: str | None = None) -> None:
        """Commit with the command the prompt gives, in the folder it names."""
        line = prompt.command("git", "add").argv
        workspace = Path(prompt.fact("Work in this folder"))
        for words in and_then(line):
            is_commit = message is not None and "commit" in words
            argv = _with_value(words, "-m", message or "") if is_commit else words
            self.terminal.git(argv[1:], workspace, author=self.name)

    def _tick(self, prompt: Prompt) -> None:
        """Mark the work package's open subtasks as done; a prompt without any has no such line."""
        if "mark-status" in prompt.section("What to do"):
            self._run(prompt, "mark-status")

    def _run(self, prompt: Prompt, word: str) -> Call:
        """Run the `spec-kitty` command of the prompt that has a certain word."""
        return self._spec_kitty(prompt.command("spec-kitty", word, without="--dry-run").argv[1:])

    def _success(self, prompt: Prompt) -> Decision:
        return self._tell(prompt.command("next", "--result", "success").argv)

    def _tell(self, argv: Sequence[str]) -> Decision:
        return Decision.of(self._spec_kitty(argv[1:]))

    def _spec_kitty(self, arguments: Sequence[str]) -> Call:
        flags = () if "--json" in arguments else ("--json",)
        return self.terminal.spec_kitty([*arguments, *flags], self.repository, may_fail=True)


def _section(text: str, title: str) -> str:
    """Return the body of a `## ` section."""
    match = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if match is None:
        raise DemoFailed(f"there is no section {title!r} to fill in.")
    return match.group(1)


def and_then(argv: Sequence[str]) -> list[list[str]]:
    """Split `a && b` into its commands."""
    parts: list[list[str]] = [[]]
    for word in argv:
        if word == "&&":
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _value(argv: Sequence[str], option: str) -> str:
    """Return the value a command line gives to an option."""
    if option not in argv[:-1]:
        raise DemoFailed(f"`{shlex.join(argv)}` gives no {option}.")
    return argv[argv.index(option) + 1]


def _with_value(argv: Sequence[str], option: str, value: str) -> list[str]:
    """Put a real value in place of the one a prompt shows for an option."""
    shown = _value(argv, option)
    return [value if word == shown else word for word in argv]


def _feedback(wp_id: str, check: str, failing: Sequence[str], output: str) -> str:
    listed = "\n".join(f"- `{name}`" for name in failing)
    shown = "\n".join(f"    {line}" for line in output.strip().splitlines())
    return (
        f"# {wp_id}: changes requested\n\n"
        f"I ran `{check}` against the worktree. These checks fail:\n\n{listed}\n\n"
        f"What it printed:\n\n{shown}\n\n"
        "Make them pass, and keep each as a test of this work package.\n"
    )
