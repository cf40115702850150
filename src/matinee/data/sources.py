"""Where files come from: a zip, a folder or a single file, read alike and never unpacked to disk.

Names inside an archive are only ever shown and compared, so that no entry can write outside its place.
"""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, cast

from matinee.errors import DataError

BLOCK_BYTES = 2 << 20
"""Text is parsed in stretches of about this size: they stay in the processor's cache, and memory does not grow."""

MAX_LINE_BYTES = 1 << 20
MAX_WHOLE_BYTES = 1 << 30
"""Largest file that is read in one piece (Parquet, movies, tags)."""
MAX_FILES = 500
MAX_DEPTH = 3

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_MAGIC = {
    b"%PDF": "a PDF document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"PK\x03\x04": "a zip archive",
    b"SQLite format 3": "an SQLite database",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a rar archive",
    b"PAR1": "a Parquet file",
    b"<!DOCTYPE": "a web page",
    b"<html": "a web page",
    b"{": "JSON",
}

_BROKEN = (OSError, EOFError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error, ValueError)
"""What the standard library raises on damaged, encrypted or vanished files; gzip's own error is an OSError."""


@dataclass(frozen=True)
class Entry:
    """One file of a source.

    Attributes:
        name: its name within the source, folders separated by "/".
        size: bytes once decompressed (of a gzip file: as it lies on the disk); for progress only.
    """

    name: str
    size: int
    _open: Callable[[], IO[bytes]]

    @property
    def folder(self) -> str:
        """Folder within the source, "." at its top."""
        return str(PurePosixPath(self.name).parent)

    @property
    def base(self) -> str:
        """File name without folders, in lower case and without ".gz"."""
        return PurePosixPath(self.name).name.lower().removesuffix(".gz")

    @property
    def stem(self) -> str:
        """`base` without its last extension."""
        return PurePosixPath(self.base).stem

    @property
    def shown(self) -> str:
        """The name for messages, without control characters."""
        return "".join(letter if letter.isprintable() else "�" for letter in self.name)

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open for reading, decompressing gzip.

        Raises:
            DataError: if the file is damaged, encrypted or gone; also from reads inside the `with` block.
        """
        try:
            with self._open() as raw:
                packed = raw.read(2) == _GZIP
            with self._open() as raw:
                if packed:
                    with gzip.GzipFile(fileobj=raw) as unpacked:
                        yield cast("IO[bytes]", unpacked)
                else:
                    yield raw
        except _BROKEN as error:
            raise DataError(
                f"{self.shown} cannot be read: {_reason(error)}.", hint="Fetch or copy the file again, then retry."
            ) from error

    def head(self, n_bytes: int = 1 << 16) -> bytes:
        """Return the first bytes."""
        with self.open() as file:
            return file.read(n_bytes)

    def read(self) -> bytes:
        """Return the whole content."""
        with self.open() as file:
            content = file.read(MAX_WHOLE_BYTES + 1)
        if len(content) > MAX_WHOLE_BYTES:
            raise DataError(f"{self.shown} holds more than {MAX_WHOLE_BYTES >> 30} GiB; such a file is not read whole.")
        return content

    def blocks(self, n_bytes: int = BLOCK_BYTES) -> Iterator[bytes]:
        """Yield the content in stretches of whole lines, each about `n_bytes` long; a byte order mark is dropped."""
        # One buffer for the whole file: fresh memory for every block would cost more than parsing it.
        buffer = bytearray(n_bytes + MAX_LINE_BYTES)
        view = memoryview(buffer)
        held = 0
        start = _BYTE_ORDER_MARK
        with self.open() as file:
            while got := file.readinto(view[held : held + n_bytes]):  # type: ignore[attr-defined]
                end = held + got
                cut = buffer.rfind(b"\n", 0, end) + 1
                if cut:
                    yield bytes(view[:cut]).removeprefix(start)
                    start = b""
                held = end - cut
                if held > MAX_LINE_BYTES:
                    raise DataError(
                        f"{self.shown} has a line of more than {MAX_LINE_BYTES:,} bytes; this is not a table of ratings."
                    )
                view[:held] = view[cut:end]
            if held:
                yield bytes(view[:held]).removeprefix(start)


@dataclass(frozen=True)
class Source:
    """A zip, a folder or a single file.

    Attributes:
        path: what was given.
        name: how people may call it: the name without extension.
        entries: the files in it, in order of their names.
        chosen: the entry that was named itself, where a single file was given (its neighbours are entries too).
    """

    path: Path
    name: str
    entries: list[Entry]
    chosen: Entry | None = None


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a zip, a folder or a file.

    Raises:
        DataError: if there is nothing at `path`, or the archive is damaged or encrypted.
    """
    path = Path(path)
    if path.is_dir():
        yield Source(path, path.resolve().name, list(_folder_entries(path)))
        return
    if not path.is_file():
        raise DataError(
            f"There is no file or folder {path}.", hint="Check the path, or fetch data with `matinee data get NAME`."
        )
    entry = _file_entry(path, path.parent)
    start = entry.head(4)
    if not start:
        raise DataError(f"{path} is empty.", hint="Fetch or copy the file again, then retry.")
    if start.startswith(b"PK") or path.suffix.lower() == ".zip":
        yield from _zip_source(path)
        return
    beside = [other for other in _folder_entries(path.parent, depth=0) if other.name != entry.name]
    yield Source(path, entry.stem, [entry, *beside], chosen=entry)


def open_file(path: Path) -> Entry:
    """Return one file as an entry.

    Raises:
        DataError: if there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(f"There is no file {path}.", hint="Check the path.")
    return _file_entry(path, path.parent)


def looks_like(head: bytes) -> str:
    """Say what a file that is no table seems to be."""
    if not head:
        return "empty"
    for magic, name in _MAGIC.items():
        if head.startswith(magic):
            return name
    return "binary data" if b"\0" in head else "text of an unknown layout"


def _file_entry(path: Path, root: Path) -> Entry:
    return Entry(path.relative_to(root).as_posix(), path.stat().st_size, lambda: path.open("rb"))


def _folder_entries(root: Path, depth: int = MAX_DEPTH) -> Iterator[Entry]:
    """Yield the visible files under a folder, at most `MAX_FILES` of them."""
    found = 0
    waiting = [(root, 0)]
    while waiting:
        folder, level = waiting.pop(0)
        try:
            inside = sorted(folder.iterdir())
        except OSError as error:
            raise DataError(f"The folder {folder} cannot be read: {_reason(error)}.") from error
        for path in inside:
            if path.name.startswith("."):
                continue
            if path.is_dir() and level < depth:
                waiting.append((path, level + 1))
            elif path.is_file():
                yield _file_entry(path, root)
                found += 1
                if found == MAX_FILES:
                    return


def _zip_source(path: Path) -> Iterator[Source]:
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise DataError(
            f"{path} is not a whole zip archive: {_reason(error)}.", hint="Fetch the archive again, then retry."
        ) from error
    with archive:
        infos = [info for info in archive.infolist() if not info.is_dir() and "__MACOSX" not in info.filename]
        locked = [info.filename for info in infos if info.flag_bits & 1]
        if locked:
            raise DataError(
                f"{path} is encrypted ({locked[0]} and {len(locked) - 1} more)."
                if len(locked) > 1
                else f"{path} is encrypted ({locked[0]}).",
                hint="Unpack it with its password, then name the folder.",
            )
        yield Source(path, path.stem, [_zip_entry(archive, info) for info in infos[:MAX_FILES]])


def _zip_entry(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Entry:
    return Entry(info.filename, info.file_size, lambda: archive.open(info))


def _reason(error: BaseException) -> str:
    text = str(error).strip().rstrip(".")
    return text[:1].lower() + text[1:] if text else type(error).__name__
