"""`spec-kitty charter …`: how a project works, and what governs a step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from specify_cli.cli.declaring import App, Parameter
from specify_cli.cli.options import JsonOption
from specify_cli.cli.outcome import Outcome, finding
from specify_cli.cli.selection import select_initialized_project

if TYPE_CHECKING:
    from specify_cli.governance.interview import Question

app = App(name="charter", help="How this project works: the charter, and what governs each step.")


@app.command
def interview(
    *,
    answers: Annotated[
        Path | None, Parameter(help="YAML file with the answers; without it you are asked.")
    ] = None,
    mission_type: Annotated[
        str | None, Parameter(help="Mission type that the interview is held for.")
    ] = None,
    json: JsonOption = False,
) -> Outcome:
    """Answer eleven questions about the project; `charter generate` makes the charter of them.

    Every question may be left empty; an earlier answer stays then. Writes
    `.kittify/charter/interview/answers.yaml` and commits nothing.

    For example:

    ```sh
    spec-kitty charter interview
    spec-kitty charter interview --answers answers.yaml --json
    ```
    """
    from specify_cli.governance.interview import ask, take_answers
    from specify_cli.governance.reports import interview_document

    root = select_initialized_project().root
    if answers is not None:
        held = take_answers(root, answers, mission_type=mission_type)
    else:
        held = ask(root, _terminal(json=json), mission_type=mission_type)
    text = f"{'Kept' if held.written else 'Nothing new'}: {held.given} answers.\nNext: spec-kitty charter generate"
    return Outcome(interview_document(held), text)


@app.command
def generate(
    *,
    force: Annotated[
        bool, Parameter(negative="", help="Replace policies and prose changed by hand.")
    ] = False,
    json: JsonOption = False,
) -> Outcome:
    """Make the charter from the answers of the interview.

    Writes `.kittify/charter/charter.yaml` and `charter.md`, keeps what is activated and every key
    of yours, and commits nothing.

    For example:

    ```sh
    spec-kitty charter generate
    spec-kitty charter generate --force --json
    ```
    """
    from specify_cli.governance.generation import generate_charter
    from specify_cli.governance.reports import generation_document

    made = generate_charter(select_initialized_project().root, force=force)
    lines = [f"Wrote {name}" for name in made.written] or ["The charter is up to date."]
    lines += [f"Activated {name}" for name in made.activated]
    return Outcome(generation_document(made), "\n".join(lines))


@app.command
def show(*, json: JsonOption = False) -> Outcome:
    """Show the charter, and every item of all layers with what the charter makes of it.

    For example:

    ```sh
    spec-kitty charter show
    spec-kitty charter show --json
    ```
    """
    from specify_cli.governance.listing import list_governance
    from specify_cli.governance.reports import listing_document, listing_text

    listing = list_governance(select_initialized_project().root)
    return Outcome(listing_document(listing), listing_text(listing))


@app.command
def activate(item: str, /, *, json: JsonOption = False) -> Outcome:
    """Let an item apply in this project, besides those of the mission type.

    For example:

    ```sh
    spec-kitty charter activate styleguide:python
    spec-kitty charter activate premortem --json
    ```
    """
    from specify_cli.governance.activation import activate as activate_item
    from specify_cli.governance.reports import change_document

    changed = activate_item(select_initialized_project().root, item)
    text = f"{changed.target} {'applies now' if changed.written else 'applied already'}."
    return Outcome(change_document("activate", changed), text)


@app.command
def deactivate(
    item: str,
    /,
    *,
    reason: Annotated[
        str, Parameter(help="Why; needed where the item is mandatory, and shown in prompts.")
    ] = "",
    json: JsonOption = False,
) -> Outcome:
    """Take an item away from this project, wherever it would apply.

    For example:

    ```sh
    spec-kitty charter deactivate tactic:premortem
    spec-kitty charter deactivate FOCUSED_COMMITS --reason "We squash"
    ```
    """
    from specify_cli.governance.activation import deactivate as deactivate_item
    from specify_cli.governance.reports import change_document

    changed = deactivate_item(select_initialized_project().root, item, reason=reason)
    text = f"{changed.target} {'applies no more' if changed.written else 'did not apply'}."
    return Outcome(change_document("deactivate", changed), text)


@app.command
def lint(*, json: JsonOption = False) -> Outcome:
    """Check every governance file: errors with file and line, overrides, items that never apply.

    Exit status 1 when there are errors.

    For example:

    ```sh
    spec-kitty charter lint
    spec-kitty charter lint --json
    ```
    """
    from specify_cli.governance.lint import lint_governance
    from specify_cli.governance.problems import GovernanceInvalid
    from specify_cli.governance.reports import lint_document, lint_text

    report = lint_governance(select_initialized_project().root)
    if report.errors:
        return finding(GovernanceInvalid(report.problems), lint_text(report))
    return Outcome(lint_document(report), lint_text(report))


@app.command
def context(
    *,
    action: Annotated[str, Parameter(help="The action, such as specify, plan or implement.")],
    mission_type: Annotated[str, Parameter(help="The mission type.")] = "software-dev",
    profile: Annotated[
        str | None, Parameter(help="Agent profile; by default the one of the action.")
    ] = None,
    token_budget: Annotated[
        int | None,
        Parameter(
            help="Leave out suggestions that do not fit into so many tokens, instead of what "
            "governance.token_budget of the configuration says."
        ),
    ] = None,
    json: JsonOption = False,
) -> Outcome:
    """Show what governs an action: the role, the charter, mandatory items and suggestions.

    For example:

    ```sh
    spec-kitty charter context --action implement
    spec-kitty charter context --action review --token-budget 2000 --json
    ```
    """
    from specify_cli.governance.context import governance_for
    from specify_cli.governance.reports import context_report

    found = governance_for(
        select_initialized_project().root,
        mission_type=mission_type,
        action=action,
        profile=profile,
        token_budget=token_budget,
    )
    return Outcome(context_report(found), found.to_markdown().rstrip("\n"))


class _Terminal:
    """Asks on the terminal; what is asked goes to standard error, which is not the answer."""

    def __call__(self, question: Question, before: str) -> str:
        """Ask one question."""
        import sys

        from specify_cli.cli.outcome import note

        note(f"\n{question.text}")
        note(f"  now: {before}" if before else f"  such as: {question.hint}")
        print("> ", end="", file=sys.stderr, flush=True)
        return sys.stdin.readline()


def _terminal(*, json: bool) -> _Terminal:
    import sys

    from specify_cli.governance.interview import no_terminal

    if json or sys.stdin is None or not sys.stdin.isatty():
        raise no_terminal()
    return _Terminal()
