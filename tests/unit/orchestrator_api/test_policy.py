"""What a policy may say: never a banned flag, never a secret, and any ordinary word."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from specify_cli.orchestrator_api import execute
from specify_cli.orchestrator_api.policy import BANNED_FLAGS, PolicyInvalid, given_policy
from tests.unit.orchestrator_api.calls import POLICY, judged

if TYPE_CHECKING:
    from pathlib import Path

RANDOM = base64.b64encode(hashlib.sha512(b"policy").digest()).decode().replace("/", "x")


def recorded(**changes: Any) -> Any:
    return given_policy({"policy": {**POLICY, **changes}})


def refusal(**changes: Any) -> PolicyInvalid:
    with pytest.raises(PolicyInvalid) as caught:
        recorded(**changes)
    return caught.value


def test_a_policy_is_stored_without_what_the_contract_does_not_know() -> None:
    assert recorded() == POLICY
    full = {**POLICY, "tool_restrictions": "no shell"}
    assert recorded(tool_restrictions="no shell", team="doors", more={"deep": ["x"]}) == full
    assert given_policy({}) is None


@pytest.mark.parametrize(
    "text",
    [
        *("keyboard", "monkey", "keynote", "tokenizer", "tokenize this", "turkey", "hockey stick"),
        *("secretary", "passwordless", "credentialed", "keyboard shortcuts", "mokey-donkey"),
        *("full_auto", "workspace_write", "--full-automatic", "--no-full-auto", "see --yolo-mode"),
        *("01KQ22DSA8G3W5V7T9Y1B3D5F7", "4643eafb-17aa-4715-ab16-915d1585c954"),
        *("4b2d9f" * 6 + "0a1b", hashlib.sha256(b"x").hexdigest()),
        *("claude-sonnet-4-20250514-preview", "WorkspaceWriteWithNetworkAllowlist2"),
        *("https://user@host.test/path:1", "risk-averse", "sk-1", "spec-kitty-orchestrator 0.1.2"),
        *("/Users/Ada/Projects/Door9/Worktrees/Lane-A", "", "ключ"),
    ],
)  # fmt: skip
def test_ordinary_text_is_let_through(text: str) -> None:
    assert recorded(tool_restrictions=text)["tool_restrictions"] == text
    assert recorded(notes={"deep": [text]}) == POLICY


@pytest.mark.parametrize(
    "text",
    [
        *("token", "TOKEN", "my secret", "the-key", "password: x", "credentials", "api_key=abc"),
        *("apiKey", "Bearer token abc", "use key 7", "passphrase", "secrets/x", "key2"),
        *("ghp_0123456789abcdefABCD", "sk-" + "a1B2" * 6, "AKIA0123456789ABCDEF"),
        *("github_pat_11AAAAAAA0123456789", "glpat-0123456789abcdefghij", "xoxb-1234567890-abcdef"),
        *("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.x", "-----BEGIN OPENSSH PRIVATE"),
        *("https://ada:hunter2@host.test/", RANDOM, f"x {RANDOM} y"),
    ],
)  # fmt: skip
def test_a_secret_is_refused_wherever_it_stands_and_never_repeated(text: str) -> None:
    for changes in (
        {"orchestrator_id": text},
        {"tool_restrictions": text},
        {"dangerous_flags": [text]},
        {"extra": {"deep": [{"deeper": text}]}},
    ):
        error = refusal(**changes)
        assert error.code == "POLICY_VALIDATION_FAILED"
        assert len(text) < 8 or text not in error.message + error.fix + str(error.details)


@pytest.mark.parametrize(
    "name", ["api_key", "apiKey", "TOKEN", "github-token", "client_secret", "keys"]
)
def test_a_text_that_is_named_like_a_secret_is_refused(name: str) -> None:
    assert refusal(**{name: "x"}).details["path"] == f"policy.{name}"
    assert refusal(extra={name: ["x"]}).details["path"] == f"policy.extra.{name}[0]"


def test_numbers_and_names_that_only_contain_such_a_word_are_let_through() -> None:
    more = {"max_tokens": 4096, "token_budget": "low", "keyboard": "de", "key_bindings": "vi"}
    assert recorded(**more) == POLICY


@pytest.mark.parametrize("flag", BANNED_FLAGS)
@pytest.mark.parametrize("form", ["{}", "{}=true", "codex exec {} --json", "({})", '"{}"'])
def test_a_banned_flag_is_refused_in_every_form(flag: str, form: str) -> None:
    text = form.format(flag)
    assert flag in refusal(dangerous_flags=["--fast", text]).message
    assert flag in refusal(dangerous_flags=[text.upper()]).message
    assert flag in refusal(tool_restrictions=text).message
    assert flag in refusal(extra={text: 1}).message


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"agent_family": None}, "policy.agent_family"),
        ({"agent_family": 7}, "policy.agent_family"),
        ({"agent_family": ""}, "policy.agent_family"),
        ({"dangerous_flags": "--x"}, "policy.dangerous_flags"),
        ({"dangerous_flags": [1]}, "policy.dangerous_flags[0]"),
        ({"tool_restrictions": ["x"]}, "policy.tool_restrictions"),
        ({"feature_slug": "x"}, "policy.feature_slug"),
    ],
)
def test_a_field_of_another_type_is_named(
    changes: dict[str, Any], told: str, tmp_path: Path
) -> None:
    asked = {"mission": "m", "wp": "WP01", "actor": "a", "policy": {**POLICY, **changes}}
    envelope = judged(execute("start-implementation", asked, start=tmp_path))
    assert envelope["error_code"] == "POLICY_VALIDATION_FAILED"
    assert told in envelope["data"]["message"]
    assert envelope["data"]["path"] == told


@pytest.mark.parametrize("name", list(POLICY))
def test_every_field_of_the_contract_is_needed(name: str, tmp_path: Path) -> None:
    policy = {key: value for key, value in POLICY.items() if key != name}
    asked = {"mission": "m", "wp": "WP01", "actor": "a", "policy": policy}
    envelope = judged(execute("start-review", asked, start=tmp_path))
    assert envelope["error_code"] == "POLICY_VALIDATION_FAILED"
    assert f"policy.{name}" in envelope["data"]["message"]


@pytest.mark.parametrize("policy", ["{", "not json", "[1]", '"text"', [1], 7])
def test_what_is_no_object_is_no_policy(policy: Any, tmp_path: Path) -> None:
    asked = {"mission": "m", "wp": "WP01", "actor": "a", "policy": policy}
    envelope = judged(execute("start-review", asked, start=tmp_path))
    assert envelope["error_code"] == "POLICY_VALIDATION_FAILED"


def test_a_wrong_call_is_told_before_a_wrong_policy(tmp_path: Path) -> None:
    asked = {"mission": "m", "wp": "WP01", "policy": {}}
    envelope = judged(execute("start-review", asked, start=tmp_path))
    assert envelope["error_code"] == "USAGE_ERROR"
    assert "actor" in envelope["data"]["message"]
