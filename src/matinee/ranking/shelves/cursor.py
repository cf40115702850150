"""Where somebody stands in a row: what was shown so far travels with the cursor, so that nothing can be shown again.

A position alone would not do: a rating given on the way moves every film of a row, and what was at place 13 may now be
at place 9. Film indices are written as the gaps between them, seven bits a byte; a hundred films take about 200 letters.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from matinee.errors import InputError, StateError


class StalePageError(StateError):
    """A cursor of a page that another release made."""


@dataclass(frozen=True)
class ShelfCursor:
    """A place in one row of one page.

    Attributes:
        key: the row, as `Row.key` has it.
        seed: the day the page was made for.
        release: version of the release that made it.
        start: how many films of this row were shown.
        films: movie indices shown so far, those of the page's other rows included.
    """

    key: str
    seed: int
    release: str
    start: int
    films: frozenset[int]

    def text(self) -> str:
        """Return the cursor as it travels."""
        head = json.dumps([self.key, self.seed, self.release, self.start], separators=(",", ":")).encode()
        plain = len(head).to_bytes(2, "big") + head + _packed(self.films)
        return base64.urlsafe_b64encode(plain + zlib.crc32(plain).to_bytes(4, "big")).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str, n_movies: int) -> ShelfCursor:
        """Read what `text` returned.

        Args:
            text: the cursor as it came back.
            n_movies: size of the catalogue; a film beyond it makes the cursor unreadable.

        Raises:
            InputError: if it is anything else.
        """
        try:
            whole = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            plain, check = whole[:-4], whole[-4:]
            length = int.from_bytes(plain[:2], "big")
            key, seed, release, start = json.loads(plain[2 : 2 + length])
            films = _unpacked(plain[2 + length :])
            fitting = isinstance(key, str) and isinstance(release, str) and type(seed) is int and type(start) is int
            if (
                fitting
                and start >= 0
                and zlib.crc32(plain).to_bytes(4, "big") == check
                and max(films, default=-1) < n_movies
            ):
                return cls(key, seed, release, start, films)
        except (ValueError, TypeError, binascii.Error, RecursionError):
            pass
        raise InputError(
            "The cursor cannot be read.", hint="Give back `next_cursor` as it came, or load the page again."
        )

    def require(self, release: str) -> None:
        """Check that the cursor belongs to the live release.

        Raises:
            StalePageError: if another one is live.
        """
        if self.release != release:
            raise StalePageError(
                f"The page was made by release {self.release}; {release} is live now.", hint="Load the page again."
            )


def _packed(films: Iterable[int]) -> bytes:
    """Return ascending gaps in base 128, the highest bit saying that more follows."""
    written = bytearray()
    before = -1
    for film in sorted(films):
        gap = film - before - 1
        before = film
        while gap > 127:
            written.append(128 | gap & 127)
            gap >>= 7
        written.append(gap)
    return bytes(written)


def _unpacked(data: bytes) -> frozenset[int]:
    found = []
    film, gap, shift = -1, 0, 0
    for byte in data:
        gap |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            film += gap + 1
            found.append(film)
            gap, shift = 0, 0
    if shift:
        raise ValueError("the last number is cut off")
    return frozenset(found)
