"""A digest of the beginning of a file that can be continued when the file grows.

The digest is that of a chain over blocks of fixed size. To continue it, the block that was not full
has to be read again, and nothing before it: the work does not depend on the length of the file.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from specify_cli.status.checkpoint import Prefix

if TYPE_CHECKING:
    from typing import BinaryIO

BLOCK_BYTES = 262_144


class PrefixDigest:
    """Computes the digest of a file from its beginning, or from the last full block of a prefix.

    Args:
        start: Where to go on: the bytes to feed follow its last full block. None begins anew.
    """

    def __init__(self, start: Prefix | None = None) -> None:
        self._chain = bytes.fromhex(start.chain) if start is not None else b""
        self._full = start.size // BLOCK_BYTES * BLOCK_BYTES if start is not None else 0
        self._block = sha256()
        self._filled = 0

    def update(self, data: bytes) -> None:
        """Feed the next bytes."""
        view = memoryview(data)
        while view:
            part = view[: BLOCK_BYTES - self._filled]
            self._block.update(part)
            self._filled += len(part)
            view = view[len(part) :]
            if self._filled == BLOCK_BYTES:
                self._chain = sha256(self._chain + self._block.digest()).digest()
                self._full += BLOCK_BYTES
                self._block, self._filled = sha256(), 0

    def prefix(self) -> Prefix:
        """Return the prefix that was fed so far."""
        digest = sha256(self._chain + self._block.digest()).hexdigest()
        return Prefix(self._full + self._filled, self._chain.hex(), digest)


class DigestingStream:
    """A stream that feeds what is read from it to a digest, and counts.

    Attributes:
        digest: What it feeds.
        lines: Newlines read.
        whole: Whether what was read ends with a newline; so does nothing at all.
    """

    def __init__(self, stream: BinaryIO, digest: PrefixDigest) -> None:
        self.digest = digest
        self.lines = 0
        self.whole = True
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """Return up to so many bytes; none at the end."""
        return self._seen(self._stream.read(size))

    def readline(self) -> bytes:
        """Return the rest of the line, with its newline if it has one."""
        return self._seen(self._stream.readline())

    def _seen(self, data: bytes) -> bytes:
        if data:
            self.digest.update(data)
            self.lines += data.count(b"\n")
            self.whole = data.endswith(b"\n")
        return data


def is_unchanged(stream: BinaryIO, prefix: Prefix, digest: PrefixDigest) -> bool:
    """Tell whether a file still begins with a prefix; `digest` is fed with what was read.

    Afterwards the stream stands behind the prefix.
    """
    left = prefix.size
    while left and (data := stream.read(min(left, BLOCK_BYTES))):
        digest.update(data)
        left -= len(data)
    return digest.prefix() == prefix


def feed_tail(stream: BinaryIO, prefix: Prefix, digest: PrefixDigest, size: int) -> bool:
    """Go on from the last full block of a prefix up to `size` bytes of the file.

    Returns:
        Whether the file is as long as that, and the block that the prefix ends in is unchanged.
    """
    start = prefix.size // BLOCK_BYTES * BLOCK_BYTES
    stream.seek(start)
    digest.update(stream.read(prefix.size - start))
    if digest.prefix() != prefix:
        return False
    digest.update(stream.read(size - prefix.size))
    return digest.prefix().size == size
