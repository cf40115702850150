"""Columns that grow: room is made once, from a guess of the final length, because fresh memory is what costs time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

_ROOM = 1.03
"""Room made beyond the guess, as rows differ in length."""


class ColumnStore:
    """Collects pieces of several columns into one array each."""

    def __init__(self) -> None:
        self._arrays: dict[str, NDArray[Any]] = {}
        self._length = 0

    def append(self, piece: dict[str, NDArray[Any]], expected: float) -> None:
        """Add a piece.

        Args:
            piece: arrays of one length; every piece has the same names. A wider type widens the column.
            expected: how many times the pieces so far, this one included, the final length may be; a guess.
        """
        n = len(next(iter(piece.values())))
        end = self._length + n
        for name, part in piece.items():
            whole = self._arrays.get(name)
            kind = part.dtype if whole is None else np.promote_types(whole.dtype, part.dtype)
            if whole is None or len(whole) < end or whole.dtype != kind:
                # Where the guess was too low, half as much again keeps the copying rare.
                factor = expected * _ROOM if whole is None else max(expected * _ROOM, 1.5)
                grown = np.empty(max(end, int(end * factor)), kind)
                if whole is not None:
                    grown[: self._length] = whole[: self._length]
                self._arrays[name] = whole = grown
            whole[self._length : end] = part
        self._length = end

    def columns(self) -> dict[str, NDArray[Any]]:
        """Return the columns, without the room that was not needed."""
        return {name: whole[: self._length] for name, whole in self._arrays.items()}
