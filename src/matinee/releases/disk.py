"""Durable changes to a folder: what appears, appears whole by a rename; what the disk refuses is one message.

Names that begin with `.writing-` or `.deleting-` are work in progress. Who writes a folder holds a lock of the operating
system on it, which ends with the process, however it ends; so leavings are told from work without trusting process numbers,
which mean nothing across containers that share a disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from matinee.errors import EnvironmentFailure

UNFINISHED = ".writing-"
DELETING = ".deleting-"
_STEP = 1 << 24
"""Bytes hashed and written at once."""


class HashingFile:
    """A new binary file that knows its size and SHA-256 while it is written, and is on the disk once it is left.

    Attributes:
        bytes: written so far.
    """

    def __init__(self, path: Path) -> None:
        self._file = path.open("xb")
        self._digest = hashlib.sha256()
        self.bytes = 0

    def write(self, content: Any) -> int:
        """Append the bytes of anything with a buffer."""
        whole = memoryview(content).cast("B")
        for start in range(0, len(whole), _STEP):
            step = whole[start : start + _STEP]
            self._digest.update(step)
            self._file.write(step)
        self.bytes += len(whole)
        return len(whole)

    @property
    def sha256(self) -> str:
        """Checksum of what was written so far, in hexadecimal."""
        return self._digest.hexdigest()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._file:
            if kind is None:
                self._file.flush()
                os.fsync(self._file.fileno())


@contextmanager
def exclusive(folder: Path) -> Iterator[None]:
    """Let one process at a time change what a folder lists; others wait. Not to be nested.

    The kernel ends the lock with the process, so a killed one stops nobody.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Yield a hidden folder that becomes `target` when the block ends well, and is removed when it does not."""
    parent = target.parent
    with exclusive(parent):
        clear(parent)
        folder = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=parent))
        handle = os.open(folder, os.O_RDONLY)
        fcntl.flock(handle, fcntl.LOCK_EX)
    try:
        yield folder
        folder.chmod(0o755)
        os.fsync(handle)
        folder.rename(target)
        flush(parent)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    finally:
        os.close(handle)


def replace_text(path: Path, text: str) -> None:
    """Put a text in the place of a file in one step; call it with the folder held `exclusive`."""
    draft = path.with_name(UNFINISHED + path.name)
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    flush(path.parent)


def delete_folder(folder: Path) -> None:
    """Remove a folder so that it is there whole or not at all; call it with its parent held `exclusive`."""
    hidden = folder.with_name(DELETING + folder.name)
    folder.rename(hidden)
    flush(folder.parent)
    shutil.rmtree(hidden)


def clear(parent: Path) -> list[str]:
    """Remove what killed processes left in a folder held `exclusive`; return the names removed."""
    removed = []
    for path in sorted([*parent.glob(f"{UNFINISHED}*"), *parent.glob(f"{DELETING}*")]):
        if path.is_dir():
            if _is_held(path):
                continue
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
        removed.append(path.name)
    return removed


def clear_unfinished(parent: Path) -> list[str]:
    """Remove what writers and deleters that no longer run left behind; return the names removed."""
    if not parent.is_dir():
        return []
    with exclusive(parent):
        return clear(parent)


@contextmanager
def refusals(what: str, hint: str) -> Iterator[None]:
    """Turn what the disk refuses (full, read-only, not ours) into one message.

    Args:
        what: the sentence before the reason, such as "The release could not be written to /films".
        hint: what to do next.

    Raises:
        EnvironmentFailure: in place of an `OSError`.
    """
    try:
        yield
    except OSError as error:
        raise EnvironmentFailure(f"{what}: {error.strerror or error}.", hint=hint) from error


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal, read in small parts so that no memory grows."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def flush(path: Path) -> None:
    """Have a folder's entries on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _is_held(folder: Path) -> bool:
    """Whether somebody who still runs writes this folder."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:  # it has just got its final name
        return True
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False
