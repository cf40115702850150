"""Cursors: a place in an order that is bound to that very order, so that paging never repeats a film."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass

from matinee.errors import InputError, StateError


class StaleCursorError(StateError):
    """A cursor into an order that exists no more, since another release is live."""


@dataclass(frozen=True)
class Cursor:
    """A place in one list.

    Attributes:
        sort: the order of the list.
        genre: the genre it is narrowed to, or None.
        mark: digest of the order.
        start: how many films came before.
    """

    sort: str
    genre: str | None
    mark: str
    start: int

    def text(self) -> str:
        """Return the cursor as it travels."""
        plain = json.dumps([self.sort, self.genre, self.mark, self.start], separators=(",", ":"))
        return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Read what `text` returned.

        Raises:
            InputError: if it is anything else.
        """
        try:
            plain = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            sort, genre, mark, start = json.loads(plain)
            whole = isinstance(sort, str) and isinstance(genre, str | None) and isinstance(mark, str)
            if whole and type(start) is int and start >= 0:
                return cls(sort, genre, mark, start)
        except (ValueError, TypeError, binascii.Error):
            pass
        raise InputError("The cursor cannot be read.", hint="Give back `next_cursor` as it came, or none to start.")

    def require(self, sort: str, genre: str | None, mark: str) -> None:
        """Check that the cursor belongs to a list.

        Raises:
            InputError: if it was made for another order or genre.
            StaleCursorError: if the order has changed since.
        """
        if (self.sort, self.genre) != (sort, genre):
            raise InputError(
                "The cursor belongs to another order or genre.", hint="Change neither on the way, or start without one."
            )
        if self.mark != mark:
            raise StaleCursorError(
                "Another release is live and the order of the films has changed.", hint="Start again without a cursor."
            )
