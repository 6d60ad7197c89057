"""What users are told about files that were left alone, and about agents that could not be set up."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from specify_cli.git.process import try_git

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from spec_kitty_contracts.wire.agent_setup import NoticeReason, SetupNotice

_TAKE = "`spec-kitty agent config sync --take {path}` replaces it and keeps a copy of yours"
_WORDS: Mapping[NoticeReason, str] = {
    "edited": "you changed it, so it stays",
    "foreign": "it was there before and is not spec-kitty's; " + _TAKE,
    "read_only": "it is write-protected; make it writable and run this again",
    "outside": "a link leads out of the folder, so it is not followed",
    "not_text": "it is not UTF-8 text, so it stays as it is",
    "markers": "the markers around spec-kitty's block are damaged; make them one pair again, or delete "
    "them and what is between them",
    "block_removed": "you took spec-kitty's block out; "
    "`spec-kitty agent config sync --take {path}` brings it back",
    "ignored": "git ignores it",
    "no_home": "there is no folder for it below the home folder; leave out --global",
    "unknown_agent": "no agent of that name is known here; it stays in the configuration",
}
_NEWER = "you changed it, so it stays; there is a newer one: " + _TAKE


class Notice(NamedTuple):
    """One thing to know.

    Attributes:
        path: The file; empty when it is about none.
        reason: Why it is told.
        newer: There is a text that differs from the one written last.
        message: The same for people.
    """

    path: str
    reason: NoticeReason
    newer: bool
    message: str

    def to_wire(self) -> SetupNotice:
        """Return it as a part of the `--json` document."""
        return {
            "path": self.path,
            "reason": self.reason,
            "newer": self.newer,
            "message": self.message,
        }


def told(path: str, reason: NoticeReason, *, newer: bool = False) -> Notice:
    """Return what is told about a file."""
    words = _NEWER if reason == "edited" and newer else _WORDS[reason]
    return Notice(path, reason, newer, words.replace("{path}", path))


def ignored_by_git(root: Path, paths: Collection[str]) -> list[Notice]:
    """Return one notice for every rule by which git ignores some of these files; tracked ones count not.

    Whoever clones the repository will not have them.
    """
    if not paths:
        return []
    asked = "\0".join(paths)
    # Status 1 says that none is ignored, more that git cannot tell.
    answer = try_git(root, "check-ignore", "-z", "-v", "--stdin", stdin=asked)
    if answer.code != 0:
        return []
    fields = answer.stdout.split("\0")
    rules: dict[tuple[str, str, str], list[str]] = {}
    for at in range(0, len(fields) - 3, 4):
        source, line, pattern, path = fields[at : at + 4]
        if not pattern.startswith("!"):  # such a rule says that git does track it
            rules.setdefault((source, line, pattern), []).append(path)
    notices = []
    for (source, line, pattern), found in rules.items():
        files = "file" if len(found) == 1 else "files"
        message = (
            f"git ignores {len(found)} {files} here ({source} line {line}: {pattern}), so a clone lacks "
            "them until somebody runs `spec-kitty agent config sync` there"
        )
        notices.append(Notice(found[0], "ignored", newer=False, message=message))
    return notices
