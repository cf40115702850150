"""The registry: which releases a home holds, which one is live, and which were before it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from matinee.errors import EnvironmentFailure, ReleaseError, UnknownIdError
from matinee.releases.format import Manifest, read_manifest
from matinee.releases.release import Release, load

LIVE = "live.json"


@dataclass(frozen=True)
class Promotion:
    """One entry of the live history.

    Attributes:
        version: the release that went live.
        at: when, ISO 8601, UTC.
        reason: why ("gate passed", or what somebody gave as the reason to force it).
    """

    version: str
    at: str
    reason: str


@dataclass(frozen=True)
class Listed:
    """One release folder as the registry sees it.

    Attributes:
        version: folder name.
        live: whether it is the one served.
        manifest: what it says of itself; None where it cannot be read.
        problem: why it cannot be read; None where it can.
    """

    version: str
    live: bool
    manifest: Manifest | None
    problem: str | None


class Registry:
    """The releases below one folder.

    Args:
        folder: `<home>/releases`; need not exist yet.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def versions(self) -> list[str]:
        """Return the names of all release folders, newest first."""
        if not self.folder.is_dir():
            return []
        names = [path.name for path in self.folder.iterdir() if path.is_dir() and not path.name.startswith(".")]
        return sorted(names, reverse=True)

    def survey(self) -> list[Listed]:
        """Return every release folder, newest first, the broken ones with their problem."""
        live = self.live_version()
        found = []
        for version in self.versions():
            try:
                found.append(Listed(version, version == live, read_manifest(self.folder / version), None))
            except ReleaseError as error:
                found.append(Listed(version, version == live, None, error.message))
        return found

    def history(self) -> list[Promotion]:
        """Return every promotion, latest first; empty where nothing was ever live.

        Raises:
            ReleaseError: if the record cannot be read.
        """
        path = self.folder / LIVE
        if not path.exists():
            return []
        try:
            return [Promotion(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]
        except (OSError, ValueError, TypeError) as error:
            raise ReleaseError(
                f"{path} cannot be read ({error}).",
                hint="Delete it, then name the release to serve with `matinee releases promote`.",
            ) from error

    def live_version(self) -> str | None:
        """Return the name of the live release, if any."""
        history = self.history()
        return history[0].version if history else None

    def promote(self, version: str, reason: str) -> None:
        """Make a release live, in one atomic step.

        Raises:
            UnknownIdError: if there is no such release.
            ReleaseError: if it is broken.
        """
        if version not in self.versions():
            raise UnknownIdError(
                f"There is no release {version!r}.", hint=f"Releases: {', '.join(self.versions()) or 'none yet'}."
            )
        read_manifest(self.folder / version)
        entry = Promotion(version, datetime.now(UTC).isoformat(timespec="seconds"), reason)
        text = json.dumps([asdict(each) for each in [entry, *self.history()]], indent=2)
        path = self.folder / LIVE
        draft = path.with_suffix(f".{os.getpid()}.tmp")
        try:
            with draft.open("w", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(path)
        except OSError as error:
            draft.unlink(missing_ok=True)
            raise EnvironmentFailure(f"{path} could not be written: {error.strerror or error}.") from error

    def open_live(self, complain: Callable[[str], None]) -> Release:
        """Open the live release, or, where it is broken, the last good one before it.

        Args:
            complain: told one sentence for every release that was refused.

        Raises:
            ReleaseError: if there is none that can be opened.
        """
        tried: set[str] = set()
        for promotion in self.history():
            if promotion.version in tried:
                continue
            tried.add(promotion.version)
            try:
                return load(self.folder / promotion.version)
            except ReleaseError as error:
                complain(f"{error.message} Looking for the release that was live before it.")
        if tried:
            raise ReleaseError("No release of this home can be opened.", hint="Train again: matinee train --data PATH.")
        raise ReleaseError(
            f"{self.folder.parent} has no release yet.",
            hint="Train one with `matinee train`, or let `matinee up` do everything.",
        )
