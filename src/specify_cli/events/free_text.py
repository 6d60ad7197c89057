"""Texts that people and agents give, without what says who they are and where they sit (P8).

Notes, reasons, feedback and names land in files that are committed and pushed. What the sanitizer does
for keys, this does for texts. It is a rule of thumb for foreign paths and exact for one's own: this
machine's home folder, checkouts, host and user come from the machine itself.

- A path into a checkout of the project becomes relative: `.`, `src/app.py`, `.worktrees/...`.
- A path below a home folder, one's own or anybody's on any system, becomes `~/...`.
- The user's name inside an absolute path becomes `<user>`, an e-mail address `<email>`, the machine's name
  `<host>`, unless such a name is an everyday word.

Other absolute paths stay: `/etc/hosts` and the route `/api/items` look alike, and name nobody.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TypeVar, cast

from specify_cli.events.sanitizer import sanitize_event_for_log

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping

    from specify_cli.kernel.json_types import JsonObject, JsonValue

_Row = TypeVar("_Row", bound="Mapping[str, object]")

NAME_KEYS = frozenset({"actor", "reviewer"})
"""Keys whose value is a name, or an object of names: it stays one word and tells people apart."""

STRUCTURED_ENDINGS = (
    *("_id", "_uuid", "_slug", "_number", "_type", "_version", "_mode", "_at", "_source"),
    *("_lane", "_branch", "_commit"),
)
STRUCTURED_WORDS = frozenset(
    {"kind", "at", "timestamp", "repo", "branch", "commit", "verdict", "subtasks"}
)
"""What keys are, or end in, whose value is no text of a person."""

EVERYDAY = frozenset(
    {
        *(
            "localhost",
            "localdomain",
            "local",
            "host",
            "hostname",
            "user",
            "users",
            "email",
            "home",
        ),
        *("root", "admin", "administrator", "git", "guest", "nobody", "runner", "build", "builder"),
        *("ubuntu", "debian", "fedora", "alpine", "linux", "windows", "mac", "docker", "vagrant"),
        *("vscode", "codespace", "node", "app", "dev", "ci", "test", "tests", "tmp", "src", "main"),
        *("master", "server", "desktop", "laptop", "computer", "workspace", "jenkins", "claude"),
        *("codex", "planner", "reviewer", "implementer", "spec-kitty", "kitty-specs", "tasks"),
    }
)
"""Names of hosts and users that tell nothing, and whose removal would spoil ordinary texts."""

_LEAST_NAME = 3
_ROUNDS = 10
# Where a path may begin: not inside another one, nor behind a glob; `-I/path` is a flag with its path.
_BEGIN = r"(?:(?<![A-Za-z0-9_.~/\\])(?<!/\*)(?<!/\*\*)|(?<=\s-[A-Za-z])|(?<=^-[A-Za-z]))"
# `https://home/x` is no path; `file:///home/x` and what editors make of it are.
_SCHEME = r"(?:[A-Za-z][A-Za-z0-9+.-]{0,20}://file(?=/)|file:(?:/{2}(?:localhost)?)?(?=[/\\]))?"
# Separators are counted to the fourth, as JSON in JSON writes a backslash: the search stays linear.
_FIRST = r"(?:(?<!:)[\\/]{1,4}|[\\/])"
_NEXT = r"[\\/]{1,4}"
_END = r"(?![\w-]|\.\w)"
_INTO = r"(?P<into>[\\/]{1,4}(?=[\w.@\[({$#+~-]))?"
_PERSON = (
    r"(?!(?i:shared|public|default|all users)(?![\w.-]))"
    r"[^\\/\s\"'`<>|:;,*?()\[\]{}$%~]*[^\\/\s\"'`<>|:;,*?()\[\]{}$%~.]"
)
_DRIVE = (
    r"(?:[\\/]{2,4}\?[\\/]{1,4})?"
    r"(?:(?<![A-Za-z0-9])[a-z]:|/mnt/[a-z]|/cygdrive/[a-z]|/[a-z](?=/users)"
    r"|\\{2,4}[\w.-]{1,64}(?:\\{1,4}[a-z]\$)?)"
)
_PROFILES = (
    # Windows, also as WSL, git-bash and network shares see it; names there may hold spaces.
    (
        rf"(?i:{_DRIVE}{_NEXT}(?:users|documents and settings){_NEXT}){_PERSON}"
        r"(?:(?: [A-Z][\w.-]*){1,2}(?=[\\/]))?"
    ),
    rf"{_FIRST}(?:(?:var|export|usr){_NEXT})?(?:home|Users){_NEXT}{_PERSON}",
)
_EMAIL = r"[\w.%+'-]{1,64}@(?!v?\d+\.\d)(?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24}"


class Surroundings(NamedTuple):
    """What must not be told about where a text was written.

    Attributes:
        checkouts: Checkouts of the project, absolute; a worktree inside another one is left out.
        homes: The user's home folder, in each notation.
        host: The machine's name; empty when there is none to hide.
        users: The user's names.
    """

    checkouts: tuple[str, ...] = ()
    homes: tuple[str, ...] = ()
    host: str = ""
    users: tuple[str, ...] = ()


def surroundings(checkouts: Iterable[Path] = ()) -> Surroundings:
    """Ask the machine and the environment.

    Args:
        checkouts: The main checkout and its worktrees.
    """
    roots = {str(path) for path in checkouts}
    roots |= {logical for root in roots if (logical := _as_the_shell_says(root))}
    outermost = sorted(root for root in roots if _outermost(root, roots))
    home = _home()
    homes = {home, os.path.realpath(home)} if home else set()
    names = {os.environ.get(key, "") for key in ("USER", "LOGNAME", "USERNAME")}
    parts = _parts(home)
    if len(parts) > 1 and parts[-2].casefold() in ("home", "users"):
        names.add(parts[-1])
    return Surroundings(
        tuple(outermost),
        tuple(sorted(homes)),
        _telling(_host()),
        tuple(sorted(filter(None, map(_telling, names)))),
    )


def without_personal_data(text: str, place: Surroundings) -> str:
    """Return a text that may be committed; one that tells nothing comes back as it is.

    Doing it again changes nothing.

    Args:
        text: What somebody wrote, or a file.
        place: Where.
    """
    if not _is_suspicious(text, place):
        return text
    for _ in range(_ROUNDS):
        before = text
        for replace in _replacements(place):
            text = replace(text)
        if text == before:
            break
    return text


def public_name(name: str) -> str:
    """Return the name of an actor as it is recorded: whoever is compared with it goes through this too.

    An e-mail address becomes `email-` and six digits of its digest, so that two people stay two. What
    else would be masked in a text loses its brackets: a name has to stand on a command line.
    """
    if "@" in name:
        import re

        name = re.sub(_EMAIL, _pseudonym, name)
    masked = without_personal_data(name, surroundings())
    if masked == name:
        return name
    for word in ("host", "user", "email"):
        masked = masked.replace(f"<{word}>", word)
    return masked


def publishable(row: _Row, place: Surroundings) -> _Row:
    """Return a row or envelope as it may be committed: without personal keys, and in every text.

    Args:
        row: JSON-ready; stays as it is.
        place: Where it is written.
    """
    document = sanitize_event_for_log(cast("JsonObject", row))
    return cast("_Row", clean_document(document, place))


def public_actor(actor: str | Mapping[str, JsonValue]) -> str | Mapping[str, JsonValue]:
    """Return an actor, by name or in the structured form, as it is recorded."""
    if isinstance(actor, str):
        return public_name(actor)
    return {key: _named(value) for key, value in actor.items()}


def clean_document(document: Mapping[str, JsonValue], place: Surroundings) -> JsonObject:
    """Return a row or envelope whose texts may be committed; ids, branches and commits stay.

    Args:
        document: JSON-ready.
        place: Where it is written.
    """
    return {key: _clean(key, value, place) for key, value in document.items()}


def public_names(document: Mapping[str, JsonValue] | None) -> JsonObject | None:
    """Return evidence or a review result with its reviewers named as they are recorded.

    Args:
        document: As somebody gave it; None stays None.
    """
    if document is None:
        return None
    return {
        key: _named(value)
        if key in NAME_KEYS
        else public_names(value)
        if isinstance(value, dict)
        else value
        for key, value in document.items()
    }


def _clean(key: str, value: JsonValue, place: Surroundings) -> JsonValue:
    if key in STRUCTURED_WORDS or key.endswith(STRUCTURED_ENDINGS):
        return value
    if key in NAME_KEYS:
        return _named(value)
    if isinstance(value, str):
        return without_personal_data(value, place)
    if isinstance(value, dict):
        return clean_document(value, place)
    return [_clean("", item, place) for item in value] if isinstance(value, list) else value


def _named(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {key: _named(inner) for key, inner in value.items()}
    return public_name(value) if isinstance(value, str) else value


def _is_suspicious(text: str, place: Surroundings) -> bool:
    """Tell whether anything can have to be replaced, without a regular expression."""
    if "@" in text:
        return True
    small = text.casefold()
    if place.host and place.host.split(".")[0].casefold() in small:
        return True
    return ("/" in text or "\\" in text) and any(word in small for word in _alarming(place))


@cache
def _alarming(place: Surroundings) -> tuple[str, ...]:
    """Return words of which every path that must not be told holds one."""
    ends = (_parts(path)[-1:] for path in (*place.checkouts, *place.homes))
    words = {word for end in ends for word in end} | set(place.users)
    return ("home", "users", "documents and settings", *(word.casefold() for word in words))


@cache
def _replacements(place: Surroundings) -> tuple[Callable[[str], str], ...]:
    import re

    literals = [(root, True) for root in place.checkouts] + [(home, False) for home in place.homes]
    # The longest first: what lies inside another one is nearer.
    known = sorted(
        ((parts, inside) for path, inside in literals if (parts := _parts(path))),
        key=lambda item: (-len(item[0]), not item[1]),
    )
    branches = [
        rf"(?P<{'root' if inside else 'home'}{number}>(?i:{_pattern(parts)}){_END})"
        for number, (parts, inside) in enumerate(known)
    ]
    branches += [f"(?:{profile})" for profile in _PROFILES]
    paths = re.compile(f"{_BEGIN}{_SCHEME}(?:{'|'.join(branches)}){_INTO}")
    steps: list[Callable[[str], str]] = [lambda text: paths.sub(_shortened, text)]
    for parts, inside in known:
        # One's own home counts wherever it stands, such as in the address of a local server.
        if not inside and len([part for part in parts if not part.endswith(":")]) > 1:
            steps.append(_home_out([part for part in parts if not part.endswith(":")]))
    steps.append(_users_out(place.users))
    email = re.compile(_EMAIL)
    steps.append(lambda text: email.sub(_hidden_address, text) if "@" in text else text)
    if place.host:
        names = sorted({place.host, place.host.split(".")[0]}, key=len, reverse=True)
        known_host = re.compile(_whole_word(names, "_-"), re.I)
        steps.append(lambda text: known_host.sub("<host>", text))
    return tuple(steps)


def _shortened(found: re.Match[str]) -> str:
    into = found.group("into") is not None
    if any(said and name.startswith("root") for name, said in found.groupdict().items()):
        # A sentence that ends with the path must not end with the folder above.
        ends = found.string[found.end() : found.end() + 1] == "."
        return "" if into else "./" if ends else "."
    return "~/" if into else "~"


def _home_out(parts: Iterable[str]) -> Callable[[str], str]:
    """Return what hides one's own home folder wherever it stands."""
    import re

    folder = re.compile(r"[\\/]" + _NEXT.join(map(re.escape, parts)) + _END, re.I)
    return lambda text: folder.sub("/~", text)


def _hidden_address(found: re.Match[str]) -> str:
    # The address of a repository, and nobody's.
    return found.group() if found.group().startswith("git@") else "<email>"


def _users_out(users: tuple[str, ...]) -> Callable[[str], str]:
    """Return what hides the user's names in absolute paths, and before the `@` of a login."""
    if not users:
        return lambda text: text
    import re

    word = _whole_word(users, "")
    login = re.compile(word + r"@(?=[\w<])", re.I)
    inside = re.compile(word, re.I)
    path = re.compile(rf"(?:{_BEGIN}(?:[A-Za-z]:)?[\\/](?![\\/])|~)[^\s\"'`|]*")

    def hide(text: str) -> str:
        small = text.casefold()
        if not any(user.casefold() in small for user in users):
            return text
        text = path.sub(lambda found: inside.sub("<user>", found.group()), text)
        return login.sub("<user>@", text)

    return hide


def _whole_word(words: Iterable[str], more: str) -> str:
    import re

    listed = "|".join(map(re.escape, words))
    return rf"(?<![A-Za-z0-9{more}])(?:{listed})(?![A-Za-z0-9{more}])"


def _pattern(parts: tuple[str, ...]) -> str:
    """Return the pattern of a folder with either kind of separator; a drive in each notation."""
    import re

    first, *rest = parts
    if first.endswith(":"):
        letter = re.escape(first[:-1])
        start = rf"(?:[\\/]{{2,4}}\?[\\/]{{1,4}})?(?:{letter}:|/{letter}|/mnt/{letter}|/cygdrive/{letter})"
        return start + "".join(_NEXT + re.escape(part) for part in rest)
    return _FIRST + _NEXT.join(map(re.escape, parts))


def _parts(path: str) -> tuple[str, ...]:
    """Return the names in a path; none for the top folder of a file system, which is no secret."""
    parts = tuple(part for part in path.replace("\\", "/").split("/") if part not in ("", ".", "?"))
    return () if len(parts) == 1 and parts[0].endswith(":") else parts


def _outermost(root: str, roots: Iterable[str]) -> bool:
    own = _parts(root)
    return not any(
        own != other and own[: len(other)] == other for other in map(_parts, roots) if other
    )


def _as_the_shell_says(root: str) -> str | None:
    """Return a checkout as the shell writes it, which may lead through a link to the same place."""
    shell = os.environ.get("PWD", "")
    if not Path(shell).is_absolute():
        return None
    below = os.path.relpath(os.path.realpath(shell), root)
    if below == ".":
        return shell
    tail = os.sep + below
    return shell.removesuffix(tail) if shell.endswith(tail) else None


def _home() -> str:
    try:
        home = Path.home()
    except RuntimeError:  # nobody's, as in some containers
        return ""
    return str(home) if home.is_absolute() else ""


def _host() -> str:
    if sys.platform == "win32":
        return os.environ.get("COMPUTERNAME", "")
    return os.uname().nodename


def _telling(name: str) -> str:
    """Return a name if it tells somebody anything; else nothing."""
    short = name.split(".")[0].casefold()
    plain = short.isdecimal() or len(short) < _LEAST_NAME or short in EVERYDAY
    return "" if plain else name


def _pseudonym(found: re.Match[str]) -> str:
    import hashlib

    return f"email-{hashlib.sha256(found.group().casefold().encode()).hexdigest()[:6]}"
