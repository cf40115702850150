"""What was verified before need not be read again: a note beside the releases of each verified file's stamp.

A stamp is size, time of change, time of the last change of the file's record, and inode. Whatever writes to a file changes
its stamp; what does not, such as a disk that forgets, is found by `matinee releases verify` and by the check that a server
makes of its release in the background. The note is a cache: without it, or where it cannot be written, files are read.
"""

from __future__ import annotations

import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

NOTE = ".verified.json"
_FRESH = 2.0
"""Seconds. A file changed so recently may change again within one tick of the file system's clock, so it is not noted."""

Stamp = list[int]


def stamp(path: Path) -> Stamp:
    """Return what changes when a file does."""
    about = path.stat()
    return [about.st_size, about.st_mtime_ns, about.st_ctime_ns, about.st_ino]


def remembered(folder: Path) -> dict[str, Any]:
    """Return checksum and stamp of a release's files as they were when last verified; empty where nobody knows."""
    found = _read(folder.parent / NOTE).get(folder.name, {})
    return found if isinstance(found, dict) else {}


def remember(folder: Path, found: dict[str, Any]) -> None:
    """Note checksum and stamp of a release's verified files; quietly not, where the folder cannot be written."""
    now = time.time_ns()
    settled = {name: entry for name, entry in found.items() if now - entry["stamp"][2] > _FRESH * 1e9}
    if settled != remembered(folder):
        _write(folder.parent, {**_read(folder.parent / NOTE), folder.name: settled})


def forget(folder: Path) -> None:
    """Have every file of a release read again."""
    notes = _read(folder.parent / NOTE)
    if notes.pop(folder.name, None) is not None:
        _write(folder.parent, notes)


def _read(path: Path) -> dict[str, Any]:
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return plain if isinstance(plain, dict) else {}


def _write(parent: Path, notes: dict[str, Any]) -> None:
    """Replace the note; two who do so at once lose one of the two, which is then read again."""
    notes = {name: entry for name, entry in notes.items() if (parent / name).is_dir()}
    draft = parent / f"{NOTE}.{os.getpid()}"
    with suppress(OSError):
        draft.write_text(json.dumps(notes), encoding="utf-8")
        draft.replace(parent / NOTE)
