"""What governs one action: one value, shown as JSON and as text (seed 002, section 2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.governance.catalogue import load_catalogue
from specify_cli.governance.catalogue import token_budget as project_budget
from specify_cli.governance.selection import choose, fit, in_force, index_profile
from specify_cli.kernel.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from spec_kitty_contracts.wire.governance_context import (
        GovernanceContext as GovernanceDocument,
    )
    from specify_cli.governance.charter_summary import CharterSummary
    from specify_cli.governance.compiled import Compiled
    from specify_cli.governance.selection import Choice

SURFACE = "governance_context"
CHARACTERS_PER_TOKEN = 4
"""How tokens are estimated; models differ, and a prompt needs no exact count."""


class InvalidTokenBudget(UsageError):
    """The token budget is no usable number."""

    code = "INVALID_TOKEN_BUDGET"


class GovernanceItem(NamedTuple):
    """An item that applies.

    Attributes:
        id: Its id, such as `NO_SECRETS`.
        kind: Such as `directive`.
        title: A few words.
        text: What it says, in Markdown without headings.
        layer: `built-in`, `organisation:<pack>` or `project`.
        content_hash: `sha256:` and the hash of the text.
        mandatory: Whether it must be followed.
        why: What makes it apply.
    """

    id: str
    kind: str
    title: str
    text: str
    layer: str
    content_hash: str
    mandatory: bool
    why: str


class AgentProfile(NamedTuple):
    """The role that an agent takes on.

    Attributes:
        id: Its id, such as `implementer`.
        name: What it is called.
        roles: Roles it can take.
        text: What it says.
        layer: Where it comes from.
        content_hash: `sha256:` and the hash of the text.
        asked_for: The id that was asked for; None when the action index chose.
    """

    id: str
    name: str
    roles: tuple[str, ...]
    text: str
    layer: str
    content_hash: str
    asked_for: str | None


class DroppedItem(NamedTuple):
    """A suggestion that the token budget left out.

    Attributes:
        id: Its id.
        kind: Its kind.
        title: A few words.
        tokens: What it would have cost, with all that it requires.
        why: Why it was left out.
    """

    id: str
    kind: str
    title: str
    tokens: int
    why: str


class GovernanceContext(NamedTuple):
    """What governs one action.

    Attributes:
        mission_type: The mission type.
        action: The action, such as `implement`.
        items: What applies, mandatory items first.
        profile: The role, if there is one.
        dropped: Suggestions that the token budget left out.
        charter: The charter, if the project has one.
        token_budget: The budget; None without one.
        tokens: Estimate for the whole text.
        notices: What a reader should know about this selection.
    """

    mission_type: str
    action: str
    items: tuple[GovernanceItem, ...]
    profile: AgentProfile | None
    dropped: tuple[DroppedItem, ...]
    charter: CharterSummary | None
    token_budget: int | None
    tokens: int
    notices: tuple[str, ...]

    def to_json(self) -> GovernanceDocument:
        """Return the document (contracts/published/governance_context.schema.json).

        Raises:
            ContractViolation: CONTRACT_VIOLATION.
        """
        from specify_cli.governance.document import context_document
        from specify_cli.kernel.gate import check

        document = context_document(self)
        check(SURFACE, document)
        return document

    def to_markdown(self) -> str:
        """Return the same facts as text for a prompt; headings begin at the second level."""
        from specify_cli.governance.markdown import context_text

        return context_text(self)


def governance_for(
    root: Path,
    *,
    mission_type: str,
    action: str,
    profile: str | None = None,
    token_budget: int | None = None,
) -> GovernanceContext:
    """Return what governs an action of a mission.

    Without a charter, the mission type's items apply. The budget drops suggestions, the last ones
    first, and never a mandatory item, the profile or the charter.

    Args:
        root: The main checkout.
        mission_type: Such as `software-dev`; one without an action index gets the default index.
        action: Such as `implement`; one that the index does not know gets what holds for all.
        profile: Id or alias of the agent profile; without it the action index chooses. An unknown
            one is told in `notices`, and the index chooses too.
        token_budget: Tokens for the whole text, estimated; None takes what the project's configuration
            sets as `governance.token_budget`, and is no limit where it sets nothing.

    Raises:
        GovernanceInvalid: GOVERNANCE_INVALID: a file of the project or of a pack cannot be used.
        InvalidTokenBudget: INVALID_TOKEN_BUDGET.
        ReadFailed: READ_FAILED: the configuration is not UTF-8.
    """
    if token_budget is not None and token_budget < 0:
        raise InvalidTokenBudget(
            f"the token budget is {token_budget}, less than nothing.",
            fix="Give a number from 0 on, or leave it out for no limit.",
            details={"token_budget": token_budget},
        )
    if token_budget is None:
        token_budget = project_budget(root)
    governance = load_catalogue(root)
    notices: list[str] = []
    role = _profile(governance, mission_type, action, profile, notices)
    choices = choose(governance, mission_type, action, role.id if role else None)
    bare = GovernanceContext(
        mission_type, action, (), role, (), _charter(governance), token_budget, 0, ()
    )
    bare = bare._replace(notices=(*notices, *_about_charter(bare.charter)))
    return _fitted(governance, bare, choices)


def estimated_tokens(text: str) -> int:
    """Estimate how many tokens a text costs."""
    return -(-len(text) // CHARACTERS_PER_TOKEN)


def _fitted(
    governance: Compiled, bare: GovernanceContext, choices: tuple[Choice, ...]
) -> GovernanceContext:
    items = {choice.target: _item(governance, choice) for choice in choices}
    budget = bare.token_budget
    if budget is None:
        return _measured(bare._replace(items=tuple(items.values())))
    from specify_cli.governance.markdown import dropped_line, item_block

    must = tuple(item for item in items.values() if item.mandatory)
    spent = estimated_tokens(bare._replace(items=must).to_markdown())
    # A suggestion that is left out still costs the line that says so.
    suggested = [item for item in items.values() if not item.mandatory]
    lines = sum(estimated_tokens(dropped_line(_dropped(item, 0, budget))) for item in suggested)

    def cost(choice: Choice) -> int:
        return estimated_tokens(item_block(items[choice.target]))

    fitted, left = fit(governance, choices, cost, budget - spent)
    if left:
        fitted, left = fit(governance, choices, cost, budget - spent - lines)
    dropped = tuple(_dropped(items[choice.target], tokens, budget) for choice, tokens in left)
    kept = tuple(items[choice.target] for choice in fitted)
    found = _measured(bare._replace(items=kept, dropped=dropped))
    if found.tokens > budget:
        notice = (
            f"the mandatory part alone is larger than the token budget of {budget}; "
            "nothing of it was left out"
        )
        found = _measured(found._replace(notices=(*found.notices, notice)))
    return found


def _measured(context: GovernanceContext) -> GovernanceContext:
    return context._replace(tokens=estimated_tokens(context.to_markdown()))


def _item(governance: Compiled, choice: Choice) -> GovernanceItem:
    kind, _, identity = choice.target.partition(":")
    found = governance["items"][choice.target]
    return GovernanceItem(
        identity,
        kind,
        found["title"],
        found["text"],
        found["layer"],
        found["hash"],
        choice.mandatory,
        choice.why,
    )


def _dropped(item: GovernanceItem, tokens: int, budget: int) -> DroppedItem:
    why = f"it does not fit into the token budget of {budget}"
    return DroppedItem(item.id, item.kind, item.title, tokens, why)


def _profile(
    governance: Compiled, mission_type: str, action: str, asked: str | None, notices: list[str]
) -> AgentProfile | None:
    found = _profile_id(governance, asked) if asked else None
    default = index_profile(governance, mission_type, action) or None
    if asked and found is None:
        instead = f"{default} is used instead" if default else "none is used"
        notices.append(f"no layer declares the profile {asked[:80]!r}; {instead}")
    identity = found or (_profile_id(governance, default) if default else None)
    if identity is None:
        return None
    profile = governance["profiles"][identity]
    return AgentProfile(
        identity,
        profile["title"],
        tuple(profile["roles"]),
        profile["text"],
        profile["layer"],
        profile["hash"],
        asked,
    )


def _profile_id(governance: Compiled, asked: str) -> str | None:
    profiles = governance["profiles"]
    identity = asked.removeprefix("agent_profile:")
    if identity not in profiles:
        aliases = (name for name, known in profiles.items() if identity in known["aliases"])
        identity = next(aliases, "")
    replaced = in_force(governance, f"agent_profile:{identity}").partition(":")[2]
    return replaced if replaced in profiles else None


def _charter(governance: Compiled) -> CharterSummary | None:
    if governance["charter"] is None:
        return None
    from specify_cli.governance.charter_summary import summarised

    return summarised(governance["charter"])


def _about_charter(charter: CharterSummary | None) -> list[str]:
    if charter is None or not charter.unknown:
        return []
    return [f"the charter names items that no layer declares: {', '.join(charter.unknown)}"]
