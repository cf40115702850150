"""A journal of finished trials: one JSON document a line, only ever appended to.

A line is written in one piece and forced to the disk, so a search that is stopped loses at most the trial it was in. A
line torn by a crash is skipped when the journal is read.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matinee.errors import EnvironmentFailure


def key_of(facts: Mapping[str, Any]) -> str:
    """Return thirty-two hexadecimal digits that change whenever any of the facts does."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:32]


class Journal:
    """Finished trials by key.

    Args:
        path: of the file; made, with its folder, at the first `add`. None keeps nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path

    def read(self) -> dict[str, dict[str, Any]]:
        """Return what was written, by key; the last entry of a key counts."""
        if self.path is None or not self.path.exists():
            return {}
        found: dict[str, dict[str, Any]] = {}
        for line in self.path.read_bytes().splitlines():
            try:
                entry = json.loads(line)
                found[entry["key"]] = entry
            except (ValueError, KeyError, TypeError):
                continue
        return found

    def add(self, key: str, entry: Mapping[str, Any]) -> None:
        """Append one finished trial.

        Raises:
            EnvironmentFailure: if the file cannot be written.
        """
        if self.path is None:
            return
        line = json.dumps({"key": key, **entry}, ensure_ascii=False).encode() + b"\n"
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab+") as file:
                file.seek(max(0, file.tell() - 1))
                # After a torn line a new one begins.
                file.write(b"\n" + line if file.read() not in (b"", b"\n") else line)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise EnvironmentFailure(
                f"The journal {self.path} cannot be written: {error.strerror}.", hint="Choose another with --journal."
            ) from error
