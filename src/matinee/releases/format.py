"""The release format: one folder, a manifest with its own checksum, and arrays that are memory-mapped when read.

A release is written into a hidden folder beside its final place, flushed to disk file by file, and renamed. Whatever
is interrupted leaves the hidden folder only, which nobody opens and the next writer clears away.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from matinee.errors import ReleaseError
from matinee.releases import stamps
from matinee.releases.disk import HashingFile, checksum, new_folder, refusals
from matinee.releases.manifest import MANIFEST, FileCard, Manifest
from matinee.types import Progress, silent

CATALOGUE = "catalogue.parquet"
MANIFEST_SUM = f"{MANIFEST.removesuffix('.json')}.sha256"
"""Checksum of the manifest, as `sha256sum -c` reads it."""

Writer = Callable[[HashingFile], object]


Finish = Callable[[Path, Manifest], Manifest]
"""Given a folder that is complete but for its name, returns the manifest it shall have."""


def write_folder(
    target: Path, manifest: Manifest, writers: Mapping[str, Writer], *, finish: Finish | None = None
) -> Manifest:
    """Write a release folder so that it appears whole or not at all.

    Args:
        target: final folder; must not exist.
        manifest: the manifest without its `files`.
        writers: for each file name, a function that writes the content to the file it is given.
        finish: measures what was written, before anybody else sees it, and adds to the manifest; may refuse by raising.

    Returns:
        The manifest as written, with sizes and checksums.

    Raises:
        EnvironmentFailure: if the disk refuses, with nothing left behind.
    """
    what = f"The release could not be written to {target.parent}"
    with refusals(what, "Free some disk space, or name another home with --home; nothing was left behind."):
        target.parent.mkdir(parents=True, exist_ok=True)
        with new_folder(target) as folder:
            cards = {name: _write(folder / name, write) for name, write in writers.items()}
            whole = replace(manifest, files=cards)
            _write_manifest(folder, whole)
            if finish is not None:
                whole = finish(folder, whole)
                (folder / MANIFEST).unlink()
                (folder / MANIFEST_SUM).unlink()
                _write_manifest(folder, whole)
    return whole


def read_manifest(folder: Path) -> Manifest:
    """Read and check a release folder's manifest, and that its files have the promised sizes.

    Raises:
        ReleaseError: naming the file that is absent, damaged, cut short or unreadable.
    """
    try:
        content = (folder / MANIFEST).read_bytes()
        summed = _manifest_sum(folder)
        if summed is not None and not _agrees(summed, content):
            raise ReleaseError(
                f"{MANIFEST} of release {folder.name} is damaged, or {MANIFEST_SUM} is: the two do not agree."
            )
        manifest = Manifest.from_json(content.decode("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ReleaseError(
            f"Release {folder.name} has no readable {MANIFEST}; it is half written or broken."
        ) from error
    if summed is None and manifest.schema > 1:
        raise ReleaseError(f"Release {folder.name} lacks its file {MANIFEST_SUM}.")
    for name, card in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise ReleaseError(f"Release {folder.name} lacks its file {name}.")
        if path.stat().st_size != card.bytes:
            raise ReleaseError(
                f"{name} of release {folder.name} has {path.stat().st_size:,} bytes instead of {card.bytes:,}."
            )
    return manifest


def verify_files(folder: Path, manifest: Manifest, *, trust: bool = False, progress: Progress = silent) -> None:
    """Compare every file with its checksum, and note that it was right.

    Args:
        folder: of the release.
        manifest: of the release.
        trust: take a file that has not changed since it was last verified as right, without reading it.
        progress: told after each file, in MB.

    Raises:
        ReleaseError: naming the first file that differs.
    """
    known = stamps.remembered(folder) if trust else {}
    found: dict[str, Any] = {}
    done, total = 0, max(manifest.bytes // 1_000_000, 1)
    for name, card in manifest.files.items():
        try:
            seen = {"sha256": card.sha256, "stamp": stamps.stamp(folder / name)}
            right = known.get(name) == seen or checksum(folder / name) == card.sha256
        except OSError as error:
            raise ReleaseError(f"{name} of release {folder.name} cannot be read ({error.strerror}).") from error
        if not right:
            stamps.forget(folder)
            raise ReleaseError(
                f"{name} of release {folder.name} is damaged: its checksum is not the one in {MANIFEST}."
            )
        found[name] = seen
        done += card.bytes
        progress(f"verify {folder.name}", min(done // 1_000_000, total), total)
    progress(f"verify {folder.name}", total, total)
    stamps.remember(folder, found)


def _write_manifest(folder: Path, manifest: Manifest) -> None:
    text = manifest.to_json().encode()
    _write(folder / MANIFEST, lambda file: file.write(text))
    line = f"{hashlib.sha256(text).hexdigest()}  {MANIFEST}\n".encode()
    _write(folder / MANIFEST_SUM, lambda file: file.write(line))


def _write(path: Path, write: Writer) -> FileCard:
    with HashingFile(path) as file:
        write(file)
    return FileCard(bytes=file.bytes, sha256=file.sha256)


def _manifest_sum(folder: Path) -> bytes | None:
    path = folder / MANIFEST_SUM
    return path.read_bytes() if path.exists() else None


def _agrees(summed: bytes, content: bytes) -> bool:
    return summed == f"{hashlib.sha256(content).hexdigest()}  {MANIFEST}\n".encode()
