"""Every built-in mission type that writes documents, driven to its end by an agent that only reads.

The agent knows nothing of the tool: it takes the file, its shape, the commands to commit and the
command to report with out of the prompt, and fills the gaps of the shape with words.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import git

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Ran

WORDS = "This says in plain and sufficient words what was really found out and why it matters here."


class Agent:
    """Does what a prompt says, with a shell."""

    def __init__(self, root: Path, cli: Callable[..., Ran]) -> None:
        self.root = root
        self.cli = cli
        self.said: list[dict[str, Any]] = []

    def call(self, *words: str, status: int = 0) -> dict[str, Any]:
        ran = self.cli(self.root, *words, "--json")
        assert ran.status == status, (words, ran.stdout, ran.stderr)
        document: dict[str, Any] = json.loads(ran.stdout)
        self.said.append(document)
        return document

    def do(self, prompt: str) -> None:
        """Write every file that the prompt shows or names, and run its line that commits."""
        for name, shape in re.findall(
            r"`(kitty-specs/\S+?\.md)` \(absolute: [^)]*\):\s+~~~~markdown\n(.*?)\n~~~~",
            prompt,
            re.DOTALL,
        ):
            self.write(name, self.filled(name, shape))
        table = re.search(
            r"`(kitty-specs/\S+?\.csv)`.*?~~~~markdown\n(.*?)\n~~~~", prompt, re.DOTALL
        )
        if table is not None and "A CSV file" in prompt:
            columns = table.group(2).count(",") + 1
            rows = [",".join(f"row {n} cell {c}" for c in range(columns)) for n in range(3)]
            self.write(table.group(1), "\n".join([table.group(2), *rows]) + "\n")
        if "Write every file that the plan names" in prompt:
            plan = (self.root / re.findall(r"`([^`]*plan\.md)`", prompt)[0]).read_text("utf-8")
            for page in re.findall(r"`(docs/\S+?\.md)`", plan):
                self.write(page, f"# Page\n\n{WORDS}\n\n{WORDS}\n\n{WORDS}\n")
        (commit,) = re.findall(r"^ +(git add .* && git commit .*)$", prompt, re.MULTILINE)
        for line in commit.split(" && "):
            subprocess.run(shlex.split(line), cwd=self.root, check=True, capture_output=True)

    def filled(self, name: str, shape: str) -> str:
        words = (
            f"{WORDS} See `docs/start.md` and `docs/more.md`."
            if name.endswith("plan.md")
            else WORDS
        )
        return re.sub(r"\[FILL IN:[^\]]*\]", f"{words} {words}", shape)

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


@pytest.fixture
def agent(repository: Path, cli: Callable[..., Ran]) -> Agent:
    found = Agent(repository, cli)
    found.call("init", "--ai", "claude", "--yes")
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "Set up")
    return found


def journal(agent: Agent) -> list[str]:
    (path,) = (agent.root / ".kittify" / "runtime" / "runs").glob("*/run.events.jsonl")
    return [json.loads(line)["event_type"] for line in path.read_text("utf-8").splitlines()]


@pytest.mark.parametrize(
    ("mission_type", "steps"),
    [
        ("research", ["scoping", "methodology", "gathering", "synthesis", "output"]),
        ("documentation", ["discover", "audit", "design", "generate", "validate", "publish"]),
        ("plan", ["specify", "research", "plan", "review"]),
    ],
)
def test_an_agent_that_only_does_what_the_prompts_say_gets_to_the_end(
    agent: Agent, mission_type: str, steps: list[str]
) -> None:
    made = agent.call("specify", "Which pump", "--mission-type", mission_type)
    assert made["spec_file"] in made["files"]
    slug = made["mission_slug"]
    report = ("next", "--agent", "claude", "--result", "success")
    found = agent.call(*report)
    done = []
    while found["kind"] != "terminal":
        if found["kind"] == "decision_required":
            found = decided(agent, found)
            continue
        assert found["kind"] == "step", found
        done.append(found["action"])
        prompt = Path(found["prompt_file"]).read_text(encoding="utf-8")
        assert "$" not in re.sub(r"~~~~.*?~~~~", "", prompt, flags=re.DOTALL)
        (below,) = re.findall(r"^- Change files only below: (.+)$", prompt, re.MULTILINE)
        pages = found["action"] in ("generate", "validate", "publish")
        assert Path(below) == (agent.root if pages else agent.root / "kitty-specs" / slug)
        again = agent.call(*report)
        assert (again["kind"], again["action"]) == ("step", found["action"])
        assert again["guard_failures"], "nothing was done yet, so the step must not pass"
        agent.do(prompt)
        line = re.findall(r"^ +(spec-kitty next .*--result success)$", prompt, re.MULTILINE)[0]
        found = agent.call(*shlex.split(line)[1:])
        assert found["guard_failures"] == []
    assert done == steps
    asked = agent.call("next")
    assert asked["preview_step"] == "done"
    assert journal(agent).count("MissionRunCompleted") == 1
    assert git(agent.root, "status", "--porcelain") == ""
    ended(agent, asked, slug)


def ended(agent: Agent, asked: dict[str, Any], slug: str) -> None:
    """Follow what the end of the loop says: accept, then merge, until the documents are on main."""
    accepted = agent.call(*shlex.split(asked["fix"])[1:])
    assert accepted["completed_steps"]
    assert accepted["approved_wps"] == []
    told = agent.call("next")
    assert "is accepted, and not merged yet" in told["reason"]
    assert agent.call("merge", "--dry-run")["ready"]
    merged = agent.call(*shlex.split(accepted["next_step"])[1:])
    assert (merged["merged"], merged["mission_number"], merged["warnings"]) == (True, 1, [])
    assert merged["landing"]["branch"] == "main"
    on_main = git(agent.root, "ls-tree", "-r", "--name-only", "main").splitlines()
    assert f"kitty-specs/{slug}/spec.md" in on_main
    again = agent.call(*shlex.split(accepted["next_step"])[1:])
    assert again["no_op"]
    assert "is merged" in agent.call("next")["reason"]


def decided(agent: Agent, asked: dict[str, Any]) -> dict[str, Any]:
    """Answer what a mission asks, after the wrong person has tried."""
    if asked["decision_id"] == "input:audience":
        assert "--answer" in asked["fix"]
        found = agent.call("next", "--agent", "claude", "--answer", "people who run pumps")
        assert (found["answered"], found["answer"]) == ("input:audience", "people who run pumps")
        told = Path(found["prompt_file"]).read_text(encoding="utf-8")
        assert "It is for: people who run pumps." in told
        return found
    assert asked["decision_id"] == "audit:publication"
    assert asked["options"] == ["approve", "reject"]
    assert asked["answerable_by"] == ["human"]
    assert asked["decision_due_at"] > asked["timestamp"]
    nobody = ("next", "--agent", "ada", "--actor-type", "human", "--answer", "approve")
    refused = agent.call(*nobody, status=1)
    assert refused["error_code"] == "AUTHORITY_DENIED"
    setting = shlex.split(refused["fix"].partition(",")[0].replace("<name>", "ada"))
    agent.call(*setting[1:])
    git(agent.root, "commit", "-q", "-am", "Name the owner")
    denied = agent.call("next", "--agent", "claude", "--answer", "approve", status=1)
    assert denied["error_code"] == "AUTHORITY_DENIED"
    words = shlex.split(denied["fix"].partition("spec-kitty ")[2].replace("<answer>", "reject"))
    assert agent.call(*words)["answer"] == "reject"
    stopped = agent.call("next", "--agent", "claude", "--result", "success", status=1)
    assert stopped["kind"] == "blocked"
    retried = agent.call(*shlex.split(stopped["fix"])[1:])
    assert retried["decision_id"] == "audit:publication"
    agent.call("next", "--agent", "claude", "--result", "success")
    approved = agent.call(*nobody)
    assert approved["kind"] == "query"
    assert approved["preview_step"] == "done"
    assert "MissionRunCompleted" in journal(agent), "the answer ended the run"
    assert journal(agent).count("DecisionAuthorityDenied") == 2
    return agent.call("next", "--agent", "claude", "--result", "success")
