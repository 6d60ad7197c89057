"""YAML files and YAML frontmatter, read strictly and edited without losing comments."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from specify_cli.kernel.errors import SpecKittyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from specify_cli.kernel.json_types import JsonValue

MAX_CHARACTERS = 1_000_000
MAX_NESTING = 200
_NO_MAPPING = "it is not a mapping of keys to values"
_FENCE = re.compile(r"\A---[ \t]*\n(.*?)(?:^|\n)---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)


class YamlError(SpecKittyError):
    """A YAML text that cannot be used."""

    code = "INVALID_YAML"


def load_yaml(text: str, *, source: str) -> object:
    """Parse YAML with plain types only; dates stay text, duplicate keys and aliases are refused.

    Args:
        text: The document.
        source: The file's name, for messages.

    Raises:
        YamlError: INVALID_YAML with the line.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.composer import Composer, ComposerError
    from ruamel.yaml.constructor import SafeConstructor
    from ruamel.yaml.error import MarkedYAMLError, YAMLError
    from ruamel.yaml.events import AliasEvent

    if len(text) > MAX_CHARACTERS:
        raise _refused(source, None, f"it has more than {MAX_CHARACTERS:,} characters")
    if _nesting(text) > MAX_NESTING:
        # The parser's time grows with the square of the depth.
        raise _refused(source, None, f"it is nested more than {MAX_NESTING} levels deep")

    class PlainComposer(Composer):
        """Refuses aliases: nested, a few bytes of them can expand into gigabytes."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.parser.check_event(AliasEvent):
                mark = self.parser.peek_event().start_mark
                raise ComposerError(None, None, "aliases (*name) are not supported", mark)
            return super().compose_node(parent, index)

    class PlainConstructor(SafeConstructor):
        """Keeps timestamps as the text that was written."""

    PlainConstructor.add_constructor(
        "tag:yaml.org,2002:timestamp", SafeConstructor.construct_yaml_str
    )
    parser = YAML(typ="safe", pure=True)
    parser.Constructor = PlainConstructor
    parser.Composer = PlainComposer
    try:
        return parser.load(text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise _refused(source, line, error.problem or "it is not valid YAML") from error
    except (YAMLError, ValueError, RecursionError) as error:
        raise _refused(source, None, _first_line(error)) from error


def dump_yaml(document: object) -> str:
    """Render plain data as block-style YAML in insertion order."""
    from ruamel.yaml import YAML

    emitter = YAML(typ="safe", pure=True)
    emitter.default_flow_style = False
    emitter.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # stubs: None only
    emitter.width = 4096
    stream = io.StringIO()
    emitter.dump(document, stream)
    return stream.getvalue()


def split_frontmatter(text: str, *, source: str) -> tuple[dict[str, JsonValue], str]:
    """Split a Markdown file into its frontmatter and its body.

    A file without frontmatter has an empty one.

    Raises:
        YamlError: INVALID_YAML: unclosed, not a mapping, or not YAML.
    """
    match = _FENCE.match(text)
    if match is None:
        if text.startswith("---\n"):
            raise _refused(source, 1, "the frontmatter's closing '---' is missing")
        return {}, text
    document = load_yaml(match.group(1), source=source)
    if document is None:
        return {}, text[match.end() :]
    if not isinstance(document, dict):
        raise _refused(source, 2, "the frontmatter is not a mapping of keys to values")
    return {str(key): value for key, value in document.items()}, text[match.end() :]


def edit_frontmatter(text: str, changes: Mapping[str, JsonValue], *, source: str) -> str:
    """Set frontmatter keys and keep everything else as it is written, comments included.

    Raises:
        YamlError: INVALID_YAML.
    """
    split_frontmatter(text, source=source)
    match = _FENCE.match(text)
    block = match.group(1) if match else ""
    body = text[match.end() :] if match else text
    return f"---\n{edit_mapping(block, changes, source=source)}---\n{body}"


def edit_mapping(
    text: str, changes: Mapping[str, JsonValue], *, source: str, deep: bool = False
) -> str:
    """Set top-level keys of a YAML mapping; comments, order and quoting of the rest stay.

    Args:
        text: The mapping as it is written; empty for a new one.
        changes: Keys to their new values.
        source: The file's name, for messages.
        deep: Merge a mapping into the one that is there, key by key, instead of replacing it.

    Raises:
        YamlError: INVALID_YAML.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap
    from ruamel.yaml.error import YAMLError

    editor = YAML(typ="rt", pure=True)
    editor.preserve_quotes = True
    editor.width = 4096
    try:
        document = editor.load(text)
    except YAMLError as error:
        raise _refused(source, None, _first_line(error)) from error
    head = ""
    if document is None:
        # Comments without a mapping to hang on to stay in front of the new one.
        comments = [line for line in text.splitlines() if line.lstrip().startswith("#")]
        head, document = "".join(f"{line}\n" for line in comments), CommentedMap()
    if not isinstance(document, CommentedMap):
        raise _refused(source, 1, _NO_MAPPING)
    for key, value in changes.items():
        present = document.get(key)
        if deep and isinstance(present, CommentedMap) and isinstance(value, dict):
            present.update(value)
        else:
            document[key] = value
    stream = io.StringIO()
    editor.dump(document, stream)
    return head + stream.getvalue()


def edit_list(
    text: str,
    section: str,
    key: str,
    *,
    add: Iterable[str] = (),
    remove: Iterable[str] = (),
    source: str,
) -> str:
    """Add items to a list of texts in a section, or take them out; the rest stays as it is written.

    Args:
        text: A document with the section and the list in it.
        section: A top-level key.
        key: The list's key in it.
        add: Items to append.
        remove: Items that go, wherever they stand.
        source: The file's name, for messages.

    Raises:
        YamlError: INVALID_YAML: it cannot be read, or has no such list.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.error import YAMLError

    editor = YAML(typ="rt", pure=True)
    editor.preserve_quotes = True
    editor.width = 4096
    try:
        document = editor.load(text)
    except YAMLError as error:
        raise _refused(source, None, _first_line(error)) from error
    inner = document.get(section) if isinstance(document, CommentedMap) else None
    items = inner.get(key) if isinstance(inner, CommentedMap) else None
    if not isinstance(items, CommentedSeq):
        raise _refused(source, None, f"{section}.{key} is not a list")
    gone = frozenset(remove)
    for at in reversed(range(len(items))):
        if items[at] in gone:
            del items[at]
    items.extend(add)
    stream = io.StringIO()
    editor.dump(document, stream)
    return stream.getvalue()


def _nesting(text: str) -> int:
    """Return how deep brackets are nested at most; those in quoted texts count too."""
    deepest = depth = 0
    if text.count("[") + text.count("{") > MAX_NESTING:
        for bracket in re.findall(r"[\[\]{}]", text):
            depth = depth + 1 if bracket in "[{" else max(depth - 1, 0)
            deepest = max(deepest, depth)
    return deepest


def _first_line(error: Exception) -> str:
    lines = str(error).splitlines()
    return lines[0] if lines else "it is not valid YAML"


def _refused(source: str, line: int | None, problem: str) -> YamlError:
    where = source if line is None else f"{source} line {line}"
    details: dict[str, JsonValue] = {"file": source, "line": line}
    return YamlError(
        f"{where}: {problem}.", fix=f"Correct the YAML in {source} and run again.", details=details
    )
