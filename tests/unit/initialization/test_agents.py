"""The table of agents, the texts that derive from it, and the words of the shell's completion."""

from __future__ import annotations

import re
import shlex
from typing import get_args

import pytest

from specify_cli.cli.app import build_app
from specify_cli.initialization.agents import (
    AGENT_KEYS,
    AGENTS,
    AgentKey,
    UnknownAgent,
    check_agents,
    split_agents,
)
from specify_cli.initialization.commands import COMMANDS
from specify_cli.initialization.formats import (
    ORIENTATION,
    command_files,
    command_text,
    instruction_files,
)
from tests.unit.cli.test_app import LEAVES

# Keys of domain.md section 7.
SIXTEEN = {
    *("copilot", "claude", "gemini", "cursor", "qwen", "opencode", "codex", "windsurf", "kilocode"),
    *("auggie", "q", "kiro", "antigravity", "vibe", "pi", "letta"),
}


def test_the_table_has_one_row_for_each_of_the_sixteen_agents() -> None:
    assert {agent.key for agent in AGENTS} == SIXTEEN
    assert tuple(agent.key for agent in AGENTS) == AGENT_KEYS == get_args(AgentKey)


def test_every_path_of_the_table_stays_inside_its_folder_and_names_the_command() -> None:
    for agent in AGENTS:
        for pattern in filter(None, (agent.commands, agent.home_commands)):
            assert "{name}" in pattern
            assert not pattern.startswith(("/", "~"))
            assert ".." not in pattern.split("/")
        assert "{name}" in agent.invoke


def test_no_alias_belongs_to_two_agents_or_is_a_key() -> None:
    aliases = [alias for agent in AGENTS for alias in agent.aliases]
    assert len(set(aliases)) == len(aliases)
    assert not set(aliases) & set(AGENT_KEYS)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("cluade", "claude"), ("codx", "codex"), ("Claude", "claude"), ("claude code", "claude"),
        ("github-copilot", "copilot"), ("amazon_q", "q"), ("augment", "auggie"), ("kilo", "kilocode"),
        ("Gemini CLI", "gemini"), ("mistral", "vibe"), ("opencod", "opencode"), ("antigravty", "antigravity"),
    ],
)  # fmt: skip
def test_a_mistyped_agent_is_refused_with_the_one_that_was_meant(typed: str, meant: str) -> None:
    with pytest.raises(UnknownAgent, match=f"Did you mean {meant}") as caught:
        check_agents(["gemini", typed])
    assert caught.value.fix.startswith(f"Use '{meant}'.")
    assert caught.value.details["did_you_mean"] == [meant]


@pytest.mark.parametrize("name", ["roo", "", "x" * 5000, "a\nb", "--json", "\x1b[2J", "名前"])
def test_a_name_that_resembles_none_is_refused_in_one_line_with_all_that_exist(name: str) -> None:
    with pytest.raises(UnknownAgent) as caught:
        check_agents([name])
    error = caught.value
    assert "Did you mean" not in error.message
    assert error.message.isprintable()
    assert len(error.message) < 100
    assert all(key in error.fix for key in AGENT_KEYS)


def test_a_list_of_agents_is_split_at_commas_and_says_each_once() -> None:
    assert check_agents(split_agents(" claude, codex ,,claude")) == ("claude", "codex")
    assert split_agents("a\nb") == ("a\nb",)


def test_the_texts_name_only_commands_and_options_that_exist() -> None:
    app = build_app(listing=False)
    texts = [command_text(agent, command) for agent in AGENTS for command in COMMANDS]
    found = {
        " ".join(call.split())
        for text in (*texts, ORIENTATION)
        for call in re.findall(r"`(spec-kitty\s[^`]+)`", text)
    }
    assert len(found) > 10
    for call in found:
        _, *words = shlex.split(call)
        path = next((tuple(words[:n]) for n in (3, 2, 1) if tuple(words[:n]) in LEAVES), None)
        assert path is not None, call
        leaf = app
        for word in path:
            leaf = leaf[word]
        known = {name for one in leaf.assemble_argument_collection() for name in one.names}
        assert {word for word in words if word.startswith("--")} <= known, call


def test_there_is_a_command_for_every_station_of_the_work() -> None:
    names = [command.name for command in COMMANDS]
    assert len(set(names)) == len(names)
    assert {
        *("specify", "research", "plan", "tasks", "tasks-outline", "tasks-packages"),
        *("tasks-finalize", "analyze", "implement", "review", "accept", "merge", "status"),
        *("dashboard", "next", "charter"),
    } == set(names)


def test_what_only_drives_the_command_line_stays_a_few_lines() -> None:
    for command in COMMANDS:
        if command.drives:
            assert command.text.count("\n") <= 11, command.name
            assert len(command.text) < 700, command.name
    driving = {command.name for command in COMMANDS if command.drives}
    assert {"implement", "review", "accept", "merge", "status", "tasks-finalize"} <= driving


def test_an_agent_without_a_place_below_the_home_folder_has_no_files_there() -> None:
    homeless = [agent.key for agent in AGENTS if agent.home_commands is None]
    assert homeless == ["copilot"]
    assert command_files([agent for agent in AGENTS if agent.key == "copilot"], home=True) == {}


def test_agents_that_read_one_instruction_file_are_told_the_same() -> None:
    files = instruction_files(AGENTS)
    assert {"AGENTS.md", "CLAUDE.md", "GEMINI.md", "QWEN.md"} <= files.keys()
    assert {wanted.text for wanted in files.values() if wanted.block} == {ORIENTATION}
    assert not files[".agent/rules/spec-kitty.md"].block
    assert files[".agent/rules/spec-kitty.md"].text.startswith("---\ntrigger: always_on\n---\n")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shells_complete_the_names_of_the_agents(shell: str) -> None:
    script = build_app().generate_completion(shell=shell)  # type: ignore[arg-type]
    words = set(re.findall(r"[\w-]+", script))
    assert set(AGENT_KEYS) <= words
    lists = [line for line in script.splitlines() if "antigravity" in line]
    # `init --ai`, `agent config add`, `agent config remove`.
    assert len(lists) >= (3 if shell != "fish" else 1)
