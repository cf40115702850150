"""The release format: one folder, a manifest, arrays in safetensors that are memory-mapped when read.

A release is written into a hidden folder beside its final place, flushed to disk file by file, and renamed. Whatever
is interrupted leaves the hidden folder only, which nobody opens and the next writer clears away.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from matinee.engines import Arrays
from matinee.errors import EnvironmentFailure, ReleaseError

SCHEMA = 1
MANIFEST = "manifest.json"
CATALOGUE = "catalogue.parquet"
UNFINISHED = ".writing-"

_DTYPES: dict[str, type[np.generic]] = {
    "BOOL": np.bool_,
    "U8": np.uint8,
    "I8": np.int8,
    "U16": np.uint16,
    "I16": np.int16,
    "F16": np.float16,
    "U32": np.uint32,
    "I32": np.int32,
    "F32": np.float32,
    "U64": np.uint64,
    "I64": np.int64,
    "F64": np.float64,
}


@dataclass(frozen=True, kw_only=True)
class DataCard:
    """Which data a release learned from."""

    name: str
    fingerprint: str
    simulated: bool
    explicit: bool
    scale: tuple[float, float]
    ratings: int
    users: int
    movies: int


@dataclass(frozen=True, kw_only=True)
class FileCard:
    """Size and checksum of one file."""

    bytes: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a release is and what was measured of it; stored as `manifest.json`.

    Attributes:
        version: name of the release and of its folder.
        created: when it was written, ISO 8601, UTC.
        matinee: version of the program that wrote it.
        data: what it learned from.
        engines: settings of each engine, by name; its arrays lie in `<name>.safetensors`.
        ranking: settings of the blend.
        metrics: what the training measured, with its protocol.
        gate: the verdict that let it go live or kept it back.
        files: every other file of the folder.
        schema: version of this format.
    """

    version: str
    created: str
    matinee: str
    data: DataCard
    engines: dict[str, dict[str, Any]]
    ranking: dict[str, Any]
    metrics: dict[str, Any] = field(default_factory=dict)
    gate: dict[str, Any] = field(default_factory=dict)
    files: dict[str, FileCard] = field(default_factory=dict)
    schema: int = SCHEMA

    def to_json(self) -> str:
        """Return the text of `manifest.json`."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False, allow_nan=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Read the text of `manifest.json`.

        Raises:
            ReleaseError: if it is not a manifest, or one of a later format.
        """
        try:
            plain = json.loads(text)
            schema = int(plain["schema"])
        except (ValueError, KeyError, TypeError) as error:
            raise ReleaseError(f"{MANIFEST} is not a release manifest ({error}).") from error
        if schema > SCHEMA:
            raise ReleaseError(
                f"The release has format {schema}; this Matinee reads formats up to {SCHEMA}.",
                hint="Upgrade Matinee, or train again.",
            )
        try:
            plain["data"] = DataCard(**{**plain["data"], "scale": tuple(plain["data"]["scale"])})
            plain["files"] = {name: FileCard(**card) for name, card in plain["files"].items()}
            return cls(**plain)
        except (KeyError, TypeError, AttributeError) as error:
            raise ReleaseError(f"{MANIFEST} lacks a part of a release manifest ({error}).") from error


def write_folder(target: Path, manifest: Manifest, writers: Mapping[str, Callable[[Path], None]]) -> Manifest:
    """Write a release folder so that it appears whole or not at all.

    Args:
        target: final folder; must not exist.
        manifest: the manifest without its `files`.
        writers: for each file name, a function that writes the file at the path it is given.

    Returns:
        The manifest as written, with sizes and checksums.

    Raises:
        EnvironmentFailure: if the disk refuses, with nothing left behind.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    clear_unfinished(target.parent)
    folder = Path(tempfile.mkdtemp(prefix=f"{UNFINISHED}{os.getpid()}-", dir=target.parent))
    try:
        for name, write in writers.items():
            write(folder / name)
        cards = {
            name: FileCard(bytes=(folder / name).stat().st_size, sha256=checksum(folder / name)) for name in writers
        }
        whole = Manifest(**{**_shallow(manifest), "files": cards})
        (folder / MANIFEST).write_text(whole.to_json(), encoding="utf-8")
        for name in (*writers, MANIFEST):
            _flush(folder / name)
        _flush(folder)
        folder.chmod(0o755)
        folder.rename(target)
        _flush(target.parent)
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise EnvironmentFailure(
            f"The release could not be written to {target.parent}: {error.strerror or error}.",
            hint="Free some disk space and train again.",
        ) from error
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return whole


def read_manifest(folder: Path) -> Manifest:
    """Read and check a release folder's manifest, and that its files have the promised sizes.

    Raises:
        ReleaseError: naming the file that is absent, cut short or unreadable.
    """
    try:
        manifest = Manifest.from_json((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ReleaseError(
            f"Release {folder.name} has no readable {MANIFEST}; it is half written or broken."
        ) from error
    for name, card in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise ReleaseError(f"Release {folder.name} lacks its file {name}.")
        if path.stat().st_size != card.bytes:
            raise ReleaseError(
                f"{name} of release {folder.name} has {path.stat().st_size:,} bytes instead of {card.bytes:,}."
            )
    return manifest


def verify_files(folder: Path, manifest: Manifest) -> None:
    """Compare every file with its checksum.

    Raises:
        ReleaseError: naming the first file that differs.
    """
    for name, card in manifest.files.items():
        if checksum(folder / name) != card.sha256:
            raise ReleaseError(
                f"{name} of release {folder.name} is damaged: its checksum is not the one in {MANIFEST}."
            )


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def map_arrays(path: Path) -> Arrays:
    """Open a safetensors file as read-only arrays that the operating system pages in when touched.

    Raises:
        ReleaseError: if the header is not one.
    """
    try:
        with path.open("rb") as file:
            length = min(int.from_bytes(file.read(8), "little"), path.stat().st_size)
            header: dict[str, Any] = json.loads(file.read(length))
        whole = np.memmap(path, dtype=np.uint8, mode="r")
        return {name: _view(whole, 8 + length, entry) for name, entry in header.items() if name != "__metadata__"}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"{path.name} is not a safetensors file ({error}).") from error


def _view(whole: NDArray[np.uint8], start: int, entry: Mapping[str, Any]) -> NDArray[Any]:
    first, last = entry["data_offsets"]
    plain = whole[start + first : start + last].view(np.ndarray)
    return plain.view(_DTYPES[entry["dtype"]]).reshape(entry["shape"])


def clear_unfinished(parent: Path) -> list[str]:
    """Remove what writers that no longer run left behind; return the names removed."""
    removed = []
    for folder in parent.glob(f"{UNFINISHED}*"):
        writer = folder.name.removeprefix(UNFINISHED).split("-")[0]
        if writer.isdigit() and not _runs(int(writer)):
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder.name)
    return removed


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True


def _shallow(manifest: Manifest) -> dict[str, Any]:
    return {name: getattr(manifest, name) for name in manifest.__dataclass_fields__}


def _flush(path: Path) -> None:
    with suppress(IsADirectoryError, PermissionError):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
