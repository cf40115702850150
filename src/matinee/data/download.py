"""Fetch MovieLens releases from GroupLens, checked against the checksums it publishes.

A file appears under its name only when it is whole and its checksum is right. What came before a cut connection stays
beside it as `NAME.zip.part`, and the next attempt goes on from there where the server allows it.
"""

from __future__ import annotations

import hashlib
import http
import http.client
import re
import urllib.error
import urllib.request
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from matinee.errors import DataError, EnvironmentFailure, UnknownIdError
from matinee.types import Progress, silent

BASE_URL = "https://files.grouplens.org/datasets/movielens/"
_TIMEOUT_SECONDS = 30.0
_CHUNK_BYTES = 1 << 18
_MD5_LENGTH = 32


@dataclass(frozen=True)
class Release:
    """One release of MovieLens.

    Attributes:
        ratings: roughly how many ratings, for people choosing.
        checksum: MD5 or SHA-256 of the zip in hexadecimal; None where the server is asked for it.
    """

    ratings: str
    checksum: str | None = None


RELEASES: dict[str, Release] = {
    "ml-latest-small": Release("100,836 ratings", "696d65a3dfceac7c45750ad32df2c259311949efec81f0f144fdfb91ebc9e436"),
    "ml-latest": Release("about 33 million ratings"),
    "ml-100k": Release("100,000 ratings", "0e33842e24a9c977be4e0107933c0723"),
    "ml-1m": Release("1,000,209 ratings", "c4d9eecfca2ab87c1945afe126590906"),
    "ml-10m": Release("10,000,054 ratings", "ce571fd55effeba0271552578f2648bd"),
    "ml-20m": Release("20,000,263 ratings", "cd245b17a1ae2cc31bb14903e1204af3"),
    "ml-25m": Release("25,000,095 ratings", "6b51fb2759a8657d3bfcbfc42b592ada"),
    "ml-32m": Release("32,000,204 ratings"),
}
"""Releases by name. Where no checksum is known here, the one that lies beside the file on the server decides."""


def download(name: str, folder: Path, progress: Progress = silent, *, base_url: str = BASE_URL) -> Path:
    """Fetch a release into a folder and return the path of its zip; a zip that is there already is kept.

    Args:
        name: a key of `RELEASES`.
        folder: made if it is not there.
        progress: told the bytes fetched.
        base_url: where the files lie; ends with "/".

    Raises:
        UnknownIdError: if there is no such release.
        EnvironmentFailure: if the server cannot be reached, the connection is cut, or the disk refuses.
        DataError: if the file that came has another checksum or is no whole zip.
    """
    if name not in RELEASES:
        raise UnknownIdError(f"There is no release {name!r}.", hint=f"Known are: {', '.join(RELEASES)}.")
    target = Path(folder) / f"{name}.zip"
    checksum = RELEASES[name].checksum
    if target.exists() and _is_right(target, checksum):
        return target
    url = f"{base_url}{name}.zip"
    part = target.with_name(f"{target.name}.part")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        checksum = checksum or _published_checksum(url)
        _fetch(url, part, progress)
        _verify(part, url, checksum)
        part.replace(target)
    except (http.client.HTTPException, OSError) as error:
        raise _failure(url, error) from error
    return target


def _open(url: str, headers: dict[str, str] | None = None) -> http.client.HTTPResponse:
    # The address is made of a base address and a name from RELEASES.
    request = urllib.request.Request(url, headers={"User-Agent": "matinee", **(headers or {})})  # noqa: S310
    response: http.client.HTTPResponse = urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS)  # noqa: S310
    return response


def _published_checksum(url: str) -> str | None:
    """Return the MD5 that lies beside the file as `NAME.zip.md5`; None where there is none."""
    try:
        with _open(f"{url}.md5") as response:
            found = re.search(r"\b[0-9a-f]{32}\b", response.read(4096).decode("latin-1").lower())
    except urllib.error.HTTPError as error:
        with error:
            if error.code != http.HTTPStatus.NOT_FOUND:
                raise
        return None
    return found[0] if found else None


def _fetch(url: str, part: Path, progress: Progress) -> None:
    """Fetch into `part`, going on behind what it holds already where the server allows that."""
    held = part.stat().st_size if part.exists() else 0
    try:
        response = _open(url, {"Range": f"bytes={held}-"} if held else {})
    except urllib.error.HTTPError as error:
        with error:
            if error.code != http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise
        held, response = 0, _open(url)
    with response:
        held = held if response.status == http.HTTPStatus.PARTIAL_CONTENT else 0
        length = response.headers.get("Content-Length")
        total = held + int(length) if length else 0
        done = held
        with part.open("ab" if held else "wb") as file:
            while chunk := response.read(_CHUNK_BYTES):
                file.write(chunk)
                done += len(chunk)
                progress("downloading", min(done, total) if total else done, max(total, done))
    if done < total:
        raise ConnectionError(f"the connection ended after {done:,} of {total:,} bytes")


def _verify(part: Path, url: str, checksum: str | None) -> None:
    """Raise, and remove the file, where it is not what was published."""
    if _is_right(part, checksum):
        return
    found = _digest(part, checksum) if checksum else ""
    part.unlink()
    raise DataError(
        f"What came from {url} is not what was published: checksum {found}, expected {checksum}."
        if checksum
        else f"What came from {url} is no whole zip archive.",
        hint="Try again; should it come the same again, the file on the server has changed: fetch it with a browser, "
        "look at it, then `matinee train --data PATH`.",
    )


def _is_right(path: Path, checksum: str | None) -> bool:
    """Compare with the checksum; without one, check the sums inside the zip."""
    if checksum is not None:
        return _digest(path, checksum) == checksum
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.testzip() is None
    except (zipfile.BadZipFile, zlib.error, EOFError):
        return False


def _digest(path: Path, like: str) -> str:
    """Return the checksum of a file, of the kind that `like` is."""
    kind = "md5" if len(like) == _MD5_LENGTH else "sha256"
    digest = hashlib.new(kind, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _failure(url: str, error: Exception) -> EnvironmentFailure:
    reason = str(getattr(error, "reason", error)) or type(error).__name__
    if isinstance(error, urllib.error.HTTPError):
        reason = f"the server answered {error.code} {error.reason}"
    return EnvironmentFailure(
        f"{url} could not be fetched: {reason}.",
        hint="Fetch the zip on another machine or later, then `matinee train --data PATH`; "
        "or use the built-in sample, which needs no network: `matinee up`.",
    )
