"""Names that become path segments, branch names or directory names."""

from __future__ import annotations

import re
import unicodedata

from specify_cli.kernel.errors import UsageError

MAX_SEGMENT = 120
_MAX_AGENT = 120
# What turns the direction of a text around makes it read otherwise than it is.
_SEGMENT = r"[A-Za-z0-9][A-Za-z0-9._-]*\Z"


# Windows opens a device for these, whatever their extension.
_DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{port}{n}" for port in ("com", "lpt") for n in range(1, 10)}
)


class UnsafeName(UsageError):
    """A name that must not be used as a path segment."""

    code = "UNSAFE_NAME"


class UnusableName(UsageError):
    """The name of an agent is empty, too long, or cannot stand on a command line."""

    code = "INVALID_ACTOR"


def safe_segment(text: str, *, what: str) -> str:
    """Return `text` if it is safe as one path segment and one git ref component.

    Args:
        text: The name as given.
        what: What it names, for the message ("mission", "branch").

    Raises:
        UnsafeName: UNSAFE_NAME: empty, too long, not ASCII, a path, an option, or a name that git
            or Windows reserves.
    """
    if not text:
        problem = "it is empty"
    elif len(text) > MAX_SEGMENT:
        problem = f"it has {len(text)} characters (at most {MAX_SEGMENT})"
    elif re.match(_SEGMENT, text) is None:
        problem = "only ASCII letters, digits, '.', '_' and '-' are allowed, and it starts with a letter or digit"
    elif ".." in text or text.lower().endswith((".", ".lock")):
        problem = "it contains '..' or ends in '.' or '.lock'"
    elif text.split(".")[0].lower() in _DEVICES:
        problem = "Windows reserves that name for a device"
    else:
        return text
    raise UnsafeName(
        f"{what} name {_shown(text)} is not usable: {problem}.",
        fix=f"Use a plain {what} name such as 'todo-app'.",
        details={"what": what, "name": text[:200]},
    )


def slugify(words: str) -> str:
    """Turn a title into lower-case words joined by '-', ASCII only, at most 60 characters.

    Raises:
        UnsafeName: UNSAFE_NAME: nothing usable is left.
    """
    folded = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode("ascii")
    slug = re.sub(r"[^a-z0-9]+", "-", folded.lower()).strip("-")[:60].strip("-")
    if not slug:
        raise UnsafeName(
            f"no usable name can be made from {_shown(words)}.",
            fix='Give a title with ASCII letters or digits, such as "Todo app".',
            details={"what": "title", "name": words[:200]},
        )
    return slug


def check_agent(agent: str) -> None:
    """Let an agent's name pass only if a command line and a log row can hold it.

    Raises:
        UnusableName: INVALID_ACTOR.
    """
    if agent.strip() and len(agent) <= _MAX_AGENT and agent.isprintable() and agent[0] != "-":
        return
    raise UnusableName(
        f"{agent[:40]!r} is not usable as an agent's name.",
        fix="Use a short name such as claude or codex.",
    )


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")
