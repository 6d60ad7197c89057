"""Writes docs/orchestrator-api.md from the published schemas: `python -m tools.orchestrator_reference`.

Commands, arguments, answers and error codes come from `contracts/published/orchestrator_request` and
`orchestrator_api`, the options of the command line from its own help. With `--check` nothing is
written, and the exit status says whether the page still follows from them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from specify_cli.cli.app import build_app
from specify_cli.orchestrator_api import OPERATIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from specify_cli.orchestrator_api import Operation

_ROOT = Path(__file__).resolve().parent.parent
PAGE = _ROOT / "docs" / "orchestrator-api.md"
COMMAND = "python -m tools.orchestrator_reference"
_IDENTITY = ("mission_slug", "mission_number", "mission_type", "mission_id")
_INTRODUCTION = """\
# Orchestrator API

An external program drives missions with these commands, each answered with one JSON envelope. From
[An example](#an-example) on, this page is made from the published schemas by
`{command}`; a test and `make check` compare.

```sh
spec-kitty orchestrator-api <command> [options]
```

```python
from specify_cli.orchestrator_api import execute

envelope = execute("mission-state", {{"mission": "todo-app"}})
```

Both are the same: the command line makes arguments from its options and prints what `execute`
returns. [orchestrator-api.openapi.json](orchestrator-api.openapi.json) describes the same as HTTP.

- Standard output is always exactly one JSON object, success or failure, whatever was wrong with the
  call; there is no `--json`. A call that comes to no command has the command
  `orchestrator-api.unknown`. Only `--help` prints prose.
- Exit status: 0 done, 1 refused or failed, 2 wrong usage (`USAGE_ERROR`). When nothing but `evidence` or
  `review_result` cannot be used, the `USAGE_ERROR` has the cause `INVALID_DOCUMENT` and the status is 1.
- The project is found from the working directory, or is the one that `SPECIFY_REPO_ROOT` names.
- Asking again for what the same actor has done already succeeds with `no_op` and records nothing.
- Each command that changes something makes one commit, and a refused one changes nothing. Reading
  commands write nothing. There are two exceptions: the first change in a project whose
  `.kittify/config.yaml` lacks an identity completes and commits that file first
  ([0009](decisions/0009-missions-that-other-programs-made.md)), and `merge-mission` makes the merge
  commits as well.
- A mission comes about by [planning it](#planning-a-mission), or by files that another program commits
  as the next point says.
- A blocked answer is never a success: what cannot go on has `success` false and a code that says why.
- Work packages without events are planned: a project of `.kittify/`, `meta.json` and `tasks/` is
  enough.
- `blocked` work that is taken up again stays with the one who had it, whoever calls: `claimed_by` of the
  answer names the holder.
- `--force` goes past edges, guards and claims. It needs a `--note`, or the `--review-ref`
  that asks for it; the log says so, with that as the reason.
- `--subtasks-complete` records the open subtasks as done in the same change.
  `--implementation-evidence-present` is checked: the branch must have a commit of its own, and the
  worktree nothing uncommitted.
- `list-ready` names of several work packages that share a worktree only one at a time. It also names
  what is claimed or in progress, with its holder in `claimed_by`: a client that was killed finds its
  work again there, and gets it back by starting it as the same actor (`no_op`). For everybody else only
  what has `claimed_by` null can be started.
- `merge-mission` refuses a mission with work packages that are not approved, with commits that are newer
  than the last review of their lane, or with nothing but canceled work packages (`MISSION_NOT_READY`),
  and uncommitted files in a worktree (`PREFLIGHT_FAILED`). Merge commits of a lane are no such commits:
  they resolve conflicts. Acceptance is not asked for: `accepted` and `warnings` say when it never
  happened. `accept-mission` refuses for all of these reasons, and for uncommitted files or open questions
  in the mission's documents.
- A mission whose type makes documents and no work packages (research, documentation, plan) is accepted and
  merged when the steps of its type are complete; `guard_failures` names those that are not.
- A canceled work package counts as an end when the log has a reason for it. The API's caller is the
  operator's program, so its `note` is the operator's reason. Without one the mission is not ready;
  canceling it once more with `force` and a `note` says why.
- A call that is stopped (SIGINT, SIGTERM) answers, too. Before it has begun to write it is a
  `USAGE_ERROR` with the cause `INTERRUPTED`, and nothing was recorded; from then on it goes on to its
  end, and its answer is what was done.
- The prompts of `start-implementation` and `start-review` tell the agent to commit and stop, or to say
  its verdict; the orchestrator records the result.

## Planning a mission

The contract has these commands since 1.4.0, and `planning_commit` since 1.5.0. The commands make, check
and commit; what the documents say is the agents' work.

| Step | Command | Done when | Asked again |
|---|---|---|---|
| 1 | `specify` with a title as `mission` | The mission's folder is committed, with a scaffold of spec.md. | The unfinished mission of the same words and type is the answer, with `no_op`. |
| 2 | an agent writes and commits spec.md | `plan` no longer refuses it. | |
| 3 | `plan` | plan.md is there, as a scaffold at first. | `no_op`; what is there is left alone. |
| 4 | an agent writes and commits plan.md | `plan` says `phase_complete`, and `check-prerequisites` succeeds. | |
| 5 | an agent writes tasks.md and `tasks/WP01-….md` | `tasks` finds no problem. | |
| 6 | `tasks` | The work packages have lanes and are on the board, in one commit. | `no_op`; what was written since is added. |
| 7 | `record-analysis`, if somebody analysed | analysis-report.md is committed. | `no_op` for the same report; another one is a new commit. |

- What the documents have to say is asked by the guards that `spec-kitty next` asks.
  `check-prerequisites` asks those of all steps up to the plan, in the mission's own type, and those of the
  tasks with `include_tasks`: one call that succeeds or tells everything that is missing.
- `plan` succeeds when there is a plan to work on, and only `phase_complete` says that it is finished.
  An unfinished specification is `PLAN_SETUP_FAILED`, tasks with problems are `TASKS_FINALIZE_FAILED`, and
  an unfinished planning is `CHECK_PREREQUISITES_FAILED`; nothing is written then.
- `specify` compares words, not spelling, as two missions of the same words would share their short
  handle. A merged mission stands in nobody's way. An unfinished one of another type, or on a branch that is
  not checked out, is `MISSION_ALREADY_EXISTS`. Of several who ask at once all get the same mission.
- On a protected branch, and on a branch of another mission, `specify` makes and checks out a branch.
  Commands that change the other mission then answer `SAFE_COMMIT_HEAD_MISMATCH` until its branch is
  checked out again. On any other branch the mission lives there, beside others.
- `planning_commit` of `tasks` names the commit of the mission's branch that holds tasks.md, the work
  packages and lanes.json as they are; `action` says whether this call made it. A note in a work package's
  activity log is a newer such commit.
- `record-analysis` takes the text as `report`, on the command line also from a file
  (`--input-file`), and without either the analysis-report.md in the mission's folder. It commits that
  file and nothing else that may be uncommitted. Other uncommitted changes of that very file are
  `DIRTY_WORKTREE`. A report of a few words, or one that only marks gaps, is `RECORD_ANALYSIS_EMPTY_BODY`.
- Questions that come up meanwhile: `open-decision` and its kin; `design-status` tells what comes next.

For people and their agents the same is `spec-kitty specify`, `plan` and `tasks`, and
`spec-kitty agent mission check-prerequisites` and `record-analysis`.

## Policy

`start-implementation` and `start-review` need a policy, and so does `transition` to claimed,
in_progress, for_review, in_review and approved; elsewhere `transition` checks one that is given. So do
`specify`, `plan`, `tasks`, `record-analysis` and the commands about decisions. It is
checked before the mission is looked up. Its fields are stored with every lane change, those of `tasks`
included; whatever else it holds is checked and not stored.

{policy}

For example:

{policy_example}

Refused are:

- banned flags in any text, alone or as `--flag=value`: {banned};
- what looks like a secret, in any text at any depth:
  - the words token, secret, key, password, passphrase, credential and their plurals as words of their
    own. `_`, `-`, digits, a change from small to capital letters and punctuation separate words:
    `api_key`, `apiKey` and `my password` are refused, `keyboard`, `monkey`, `keynote` and `tokenizer`
    are not;
  - the beginning of a well-known kind of token (`ghp_…`, `sk-…`, `AKIA…`, a JWT, a private key), or a
    password in an address;
  - an unbroken run of 32 or more letters and digits that has small and capital letters and digits and
    looks random. A hash, a UUID and a ULID are none;
- a text in a field whose name ends in such a word: `{{"api_key": "…"}}`.

## Review result and evidence

`transition` takes them as JSON objects (`--review-result-json`, `--evidence-json`; over HTTP
`review_result`, `evidence`). A review that was started with `start-review` needs neither to end in
approved, or to send the work back with a `note` or a `review_ref`. From in_review to done, blocked or
canceled it needs a `review_result`.

A review result ends a review that another program held, or one that ends elsewhere than in a verdict:

{result}

{result_example}

Evidence says what approved and done rest on. With a `review_result` alone it is made from that.

{evidence}

{evidence_example}
"""


def orchestrator_reference() -> str:
    """Return the page."""
    from specify_cli.orchestrator_api.examples import EVIDENCE, POLICY, REVIEW_RESULT
    from specify_cli.orchestrator_api.policy import BANNED_FLAGS

    api, request = _published("orchestrator_api"), _published("orchestrator_request")
    introduction = _INTRODUCTION.format(
        command=COMMAND,
        policy=_table(request, request["$defs"]["Policy"], "Field"),
        policy_example=_shown(POLICY),
        result=_table(request, request["$defs"]["ReviewResult"], "Field"),
        result_example=_shown(REVIEW_RESULT),
        evidence=_evidence(request),
        evidence_example=_shown(EVIDENCE),
        banned=", ".join(f"`{flag}`" for flag in BANNED_FLAGS),
    )
    parts = [introduction, *_example(api), *_envelope(api)]
    for operation in OPERATIONS.values():
        parts += _section(api, request, operation)
    return "\n".join(parts)


def _shown(example: Mapping[str, object]) -> str:
    return f"```json\n{json.dumps(dict(example), indent=2)}\n```"


def _evidence(request: Any) -> str:
    """Describe the evidence and the objects that it consists of."""
    definitions = request["$defs"]
    parts = [_table(request, definitions["RowEvidence"], "Field")]
    for name, text in (
        ("RowReview", "`review`"),
        ("RowRepoEvidence", "Each of `repos`"),
        ("RowVerification", "Each of `verification`"),
    ):
        parts.append(f"{text}:\n\n{_table(request, definitions[name], 'Field')}")
    return "\n\n".join(parts)


def _published(name: str) -> Any:
    path = _ROOT / "contracts" / "published" / f"{name}.schema.json"
    return json.loads(path.read_text(encoding="utf-8"))


def _example(api: Any) -> Iterator[str]:
    yield "## An example\n"
    yield f"```json\n{json.dumps(api['examples'][0], indent=2)}\n```\n"


def _envelope(api: Any) -> Iterator[str]:
    yield "## The envelope\n"
    yield f"{api['description']}\n"
    yield _table(api, {"properties": api["properties"]}, "Key", required=False)
    yield "\nThe data of a failure has always a message and a fix, and the keys that name the mission"
    yield "once it is known. The others depend on the code. Further keys are possible: they repeat as"
    yield "data what `message` says, and a client can pass over them.\n"
    yield _table(api, api["$defs"]["FailureData"], "Key")
    yield "\nA mission is named by the same four keys in every answer about one:\n"
    state = api["$defs"]["MissionStateData"]
    known = {name: state["properties"][name] for name in _IDENTITY}
    yield _table(api, {"properties": known}, "Key", required=False)


def _section(api: Any, request: Any, operation: Operation) -> Iterator[str]:
    arguments, answer = request["$defs"][operation.request], api["$defs"][operation.answer]
    yield f"\n## {operation.command}\n"
    reads = "Reads only." if operation.method == "GET" else "Changes the mission, in one commit."
    yield f"{arguments['description']} {reads}\n"
    yield _table(request, arguments, "Argument", options=_options(operation.command))
    yield "\nAnswers with:\n"
    own = {name: p for name, p in answer["properties"].items() if name not in _IDENTITY}
    if len(own) < len(answer["properties"]):
        yield "the mission's four keys, and\n"
    yield _table(api, {**answer, "properties": own}, "Key", required=False)
    yield from _parts(api, own)
    yield "\n| Error code | When |\n|---|---|"
    yield from (f"| `{code}` | {when} |" for code, when in _codes(api, operation.command))


def _parts(api: Any, properties: Mapping[str, Any]) -> Iterator[str]:
    """Describe the objects that lists of an answer hold."""
    for name, schema in properties.items():
        item = _resolved(api, schema.get("items", {}))
        if "properties" in item:
            yield f"\nEach of `{name}`:\n"
            yield _table(api, item, "Key", required=False)


def _options(command: str) -> dict[str, str]:
    """Return the option of the command line for each argument."""
    found = {}
    for argument in build_app(listing=False)["orchestrator-api"][
        command
    ].assemble_argument_collection():
        names = [name for name in argument.names if name.startswith("--")]
        key = names[0].removeprefix("--").removesuffix("-json").replace("-", "_")
        found[key] = ", ".join(f"`{name}`" for name in names)
    return found


def _table(
    document: Any,
    schema: Any,
    head: str,
    *,
    required: bool = True,
    options: Mapping[str, str] | None = None,
) -> str:
    needed = schema.get("required", ())
    lines = [f"| {head} |{' Option |' if options else ''} Type | Meaning |"]
    lines.append("|---|---|---|---|" if options else "|---|---|---|")
    for name, part in schema["properties"].items():
        told = part.get("description") or _resolved(document, part).get("description", "")
        if required and name in needed:
            told += " Required."
        option = f" {options[name]} |" if options else ""
        lines.append(f"| `{name}` |{option} {_type(document, part)} | {told} |")
    return "\n".join(lines)


def _type(document: Any, schema: Any) -> str:
    """Say in a word or two what a value is."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_type(document, part) for part in schema["anyOf"]))
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return {"BoardLane": "lane", "ErrorCode": "text", "Policy": "policy"}.get(
            name, _type(document, _resolved(document, schema))
        )
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return " or ".join(f"`{json.dumps(value)}`" for value in schema["enum"])
    kind = str(schema.get("type", "object"))
    if kind == "array":
        return f"list of {_type(document, schema['items'])}"
    return {"string": "text", "boolean": "true or false", "integer": "number"}.get(kind, kind)


def _codes(api: Any, command: str) -> Iterator[tuple[str, str]]:
    """Yield the error codes of a command with their descriptions."""
    for rule in api["allOf"]:
        asked = rule["if"]["properties"]
        named = asked.get("command", {}).get("const") == f"orchestrator-api.{command}"
        if named and asked["success"]["const"] is False:
            yield from _constants(api, rule["then"]["properties"]["error_code"])


def _constants(api: Any, schema: Any) -> Iterator[tuple[str, str]]:
    schema = _resolved(api, schema)
    if "const" in schema:
        yield schema["const"], schema["description"]
    for part in schema.get("anyOf", ()):
        yield from _constants(api, part)


def _resolved(document: Any, schema: Any) -> Any:
    if "$ref" not in schema:
        return schema
    return document["$defs"][schema["$ref"].rpartition("/")[2]]


def is_current(page: Path = PAGE) -> bool:
    """Tell whether a page is what the schemas say."""
    return page.is_file() and page.read_text(encoding="utf-8") == orchestrator_reference() + "\n"


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` only compare it; return the exit status."""
    if arguments == ["--check"]:
        if is_current():
            return 0
        print(f"docs/{PAGE.name}: out of date; run: {COMMAND}", file=sys.stderr)
        return 1
    PAGE.write_text(orchestrator_reference() + "\n", encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
