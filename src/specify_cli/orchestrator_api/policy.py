"""The policy of an orchestrator: how it lets its agents work, recorded with every lane change it makes.

Required are the seven fields of the contract (`Policy` in the published schema of requests). Whatever
else it contains is looked at and not stored. Refused is a policy that

- weakens the sandbox by a banned flag, in `dangerous_flags` or inside any other text, alone or as
  `--flag=value`: `BANNED_FLAGS`;
- holds what looks like a secret, in any text at any depth:
  - one of the words token, secret, key, password, passphrase, credential (or their plurals) as a word
    of its own. `_`, `-`, digits, a change from small to capital letters and punctuation separate words,
    so `api_key=…`, `apiKey` and `my password` are refused, while `keyboard`, `monkey`, `keynote` and
    `tokenizer` are not;
  - the beginning of a well-known kind of token (`ghp_…`, `sk-…`, `AKIA…`, a JWT, a private key) or a
    password in an address (`https://user:password@host`);
  - an unbroken run of 32 or more letters and digits that has small letters, capital letters and
    digits and looks random. A hash, a UUID and a ULID are none;
- has a field whose name ends in such a word and whose value is a text: `{"api_key": "…"}`.

The message names the place and the kind of finding, never the text that was found.
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from specify_cli.kernel.errors import SpecKittyError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from specify_cli.kernel.json_types import JsonObject

FORM: Final = "Its fields: `Policy` in what `spec-kitty orchestrator-api openapi` prints."
"""Where the fields of a policy are told, on every machine that has this program."""
BANNED_FLAGS: Final = (
    "--full-auto",
    "--yolo",
    "--dangerously-bypass-approvals-and-sandbox",
    "--dangerously-skip-permissions",
)
"""Flags that switch an agent's approvals or sandbox off."""

_BANNED = re.compile(
    r"(?<![\w-])(?:" + "|".join(map(re.escape, BANNED_FLAGS)) + r")(?![\w-])", re.IGNORECASE
)
_WORDS = r"(?:token|secret|key|password|passphrase|credential)s?"
_SECRET_WORD = re.compile(rf"(?<![a-z]){_WORDS}(?![a-z])", re.IGNORECASE)
_SECRET_NAME = re.compile(rf"(?<![a-z]){_WORDS}[^a-z]*\Z", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_KNOWN_TOKEN = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk-[\w-]{16,}|gh[opsur]_\w{16,}|github_pat_\w{16,}|glpat-[\w-]{16,}|xox[a-z]-[\w-]{10,}"
    r"|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{30,}|ya29\.[\w-]{20,}|npm_\w{20,}|pypi-[\w-]{20,}"
    r"|hf_\w{20,}|eyJ[\w-]{8,}\.[\w-]{8,}|-----BEGIN )"
)
_IN_ADDRESS = re.compile(r"://[^/\s:@]+:[^/\s@]+@")
_RUN = re.compile(r"[A-Za-z0-9+=]{32,}")
_RANDOM = 0.42
"""Share of neighbours of different kinds (small, capital, digit) from which a run counts as random.

Random text has about 0.62, names such as `WorkspaceWriteWithNetworkAllowlist2` at most a third."""


class PolicyRequired(SpecKittyError):
    """The lane change needs a policy, and none was given."""

    code = "POLICY_METADATA_REQUIRED"


class PolicyInvalid(SpecKittyError):
    """The policy is not one, or holds what must not be recorded."""

    code = "POLICY_VALIDATION_FAILED"

    def __init__(self, problem: str, *, path: str) -> None:
        super().__init__(
            f"the policy is not usable: {problem}.",
            fix=f"Correct it. {FORM} Secrets belong into the environment of the agent, not into a "
            "policy.",
            details={"path": path},
        )


def required_policy(arguments: Mapping[str, object], command: str) -> JsonObject:
    """Return the policy to record.

    Raises:
        PolicyRequired: POLICY_METADATA_REQUIRED.
        PolicyInvalid: POLICY_VALIDATION_FAILED.
    """
    found = given_policy(arguments)
    if found is None:
        raise PolicyRequired(
            f"{command} needs the policy that the agent works under.",
            fix="Give it as a JSON object with --policy.",
        )
    return found


def given_policy(arguments: Mapping[str, object]) -> JsonObject | None:
    """Return the policy to record if one was given: the fields that the contract knows.

    Raises:
        PolicyInvalid: POLICY_VALIDATION_FAILED.
    """
    policy = arguments.get("policy")
    if not isinstance(policy, dict):
        return None
    for path, text, name in _texts(policy, "policy"):
        problem = _problem(text, name)
        if problem is not None:
            raise PolicyInvalid(f"{path} {problem}", path=path)
    from spec_kitty_contracts.wire.orchestrator_request import Policy

    return {name: policy[name] for name in Policy.__annotations__ if name in policy}


def _texts(value: object, path: str, name: str = "") -> Iterator[tuple[str, str, str | None]]:
    """Yield every text with its place and the name of its field; a name itself with None."""
    if isinstance(value, str):
        yield path, value, name
    elif isinstance(value, dict):
        for key, item in value.items():
            yield f"a name in {path}", str(key), None
            yield from _texts(item, f"{path}.{str(key)[:60]}", str(key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _texts(item, f"{path}[{number}]", name)


def _problem(text: str, name: str | None) -> str | None:
    banned = _BANNED.search(text)
    if banned is not None:
        return f"has the flag {banned[0].lower()}, which is banned"
    if _KNOWN_TOKEN.search(text) or _IN_ADDRESS.search(text):
        return "holds what looks like a secret"
    if any(_looks_random(run[0]) for run in _RUN.finditer(text)):
        return "holds what looks like a random secret"
    if name is None:
        return None
    if _SECRET_WORD.search(_CAMEL.sub(" ", text)) is not None:
        return "speaks of a secret"
    if _SECRET_NAME.search(_CAMEL.sub(" ", name)) is not None:
        return "is named like a secret"
    return None


def _looks_random(run: str) -> bool:
    kinds = ["0" if c.isdigit() else "A" if c.isupper() else "a" for c in run]
    changes = sum(left != right for left, right in pairwise(kinds))
    return len(set(kinds)) == 3 and changes >= _RANDOM * len(run)
