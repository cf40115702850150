"""The registry: which releases a home holds, which one is live, and which were before it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from matinee.errors import ReleaseError, SettingsError, UnknownIdError
from matinee.releases import history
from matinee.releases.disk import clear, clear_unfinished, delete_folder, exclusive, refusals
from matinee.releases.format import read_manifest, verify_files
from matinee.releases.history import LIVE, Promotion
from matinee.releases.manifest import Manifest
from matinee.releases.release import Release, load
from matinee.types import Progress, silent


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

    def path(self, version: str | None = None) -> Path:
        """Return the folder of a release, by default of the live one.

        Raises:
            UnknownIdError: if there is no such release.
            ReleaseError: if none is live.
        """
        wanted = self.live_version() if version is None else version
        if wanted is None:
            raise self._nothing_live()
        if wanted not in self.versions():
            raise UnknownIdError(
                f"There is no release {wanted!r}.", hint=f"Releases: {', '.join(self.versions()) or 'none yet'}."
            )
        return self.folder / wanted

    def survey(self) -> list[Listed]:
        """Return every release folder, newest first, the broken ones with their problem.

        Where the record of what is live is damaged, none is shown as live; `history` says why.
        """
        try:
            live = self.live_version()
        except ReleaseError:
            live = None
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
        return history.read(self.folder / LIVE)

    def live_version(self) -> str | None:
        """Return the name of the live release, if any."""
        entries = self.history()
        return entries[0].version if entries else None

    def standing(self) -> list[str]:
        """Return the live release and those a rollback would return to, in turn, as far as they are still here."""
        here = set(self.versions())
        return [version for version in history.standing(self.history()) if version in here]

    def rollback_target(self) -> str | None:
        """Return the release a rollback would make live, if any."""
        live = self.live_version()
        return next((version for version in self.standing() if version != live), None)

    def promote(self, version: str, reason: str, *, progress: Progress = silent) -> None:
        """Verify a release and make it live, in one atomic step.

        Raises:
            UnknownIdError: if there is no such release.
            ReleaseError: if it is broken.
            EnvironmentFailure: if the disk refuses; the release before stays live.
        """
        self._verify(self.path(version), progress)
        with self._changing():
            self.path(version)  # verifying took its time, and somebody may have pruned meanwhile
            try:
                before = self.history()
            except ReleaseError:
                history.set_aside(self.folder / LIVE)
                before = []
            history.write(self.folder / LIVE, [Promotion.now(version, reason), *before])

    def rollback(self, reason: str = "", *, progress: Progress = silent) -> str:
        """Make the release live again that was live before; a second rollback goes one further back.

        Returns:
            Its name.

        Raises:
            ReleaseError: if there is none, or it is broken.
        """
        target = self.rollback_target()
        if target is None:
            raise ReleaseError(
                "There is no release before the live one to go back to.",
                hint="Name one of `matinee releases list`: matinee releases promote VERSION.",
            )
        self._verify(self.folder / target, progress)
        with self._changing():
            before = self.history()
            told = f"rolled back from {before[0].version}" + (f": {reason}" if reason else "")
            history.write(self.folder / LIVE, [Promotion.now(target, told, "rollback"), *before])
        return target

    def prunable(self, keep: int) -> list[str]:
        """Return the releases that `prune` would delete: all but the live one, its rollback target and the newest `keep`.

        Raises:
            SettingsError: if `keep` is negative.
        """
        if keep < 0:
            raise SettingsError(f"The number of releases to keep must not be negative; got {keep}.")
        versions = self.versions()
        kept = {*versions[:keep], self.live_version(), self.rollback_target()}
        return [version for version in versions if version not in kept]

    def prune(self, keep: int, *, progress: Progress = silent) -> list[str]:
        """Delete what `prunable` names, oldest first, each whole or not at all, and what killed processes left behind.

        Raises:
            EnvironmentFailure: if the disk refuses.
        """
        if not self.folder.is_dir():
            return []
        with self._changing():
            clear(self.folder)
            doomed = self.prunable(keep)[::-1]
            for done, version in enumerate(doomed, start=1):
                delete_folder(self.folder / version)
                progress("prune", done, len(doomed))
        return doomed

    def clear_unfinished(self) -> list[str]:
        """Remove what killed processes left behind; return the names removed."""
        return clear_unfinished(self.folder)

    def open_live(self, complain: Callable[[str], None]) -> Release:
        """Open the live release, or, where it is broken, the last good one before it.

        Args:
            complain: told one sentence for every release that was refused.

        Raises:
            ReleaseError: if there is none that can be opened.
        """
        tried = history.standing(self.history())
        for version in tried:
            try:
                return load(self.folder / version)
            except ReleaseError as error:
                complain(f"{error.message} Looking for the release that was live before it.")
        if tried:
            raise ReleaseError("No release of this home can be opened.", hint="Train again: matinee train --data PATH.")
        raise self._nothing_live()

    def _nothing_live(self) -> ReleaseError:
        return ReleaseError(
            f"{self.folder.parent} has no release yet."
            if not self.versions()
            else f"None of the {len(self.versions())} releases of {self.folder.parent} is live.",
            hint="Train one with `matinee train`, or let `matinee up` do everything."
            if not self.versions()
            else "See `matinee releases list`, then name one: matinee releases promote VERSION.",
        )

    def _verify(self, folder: Path, progress: Progress) -> None:
        verify_files(folder, read_manifest(folder), progress=progress)

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with (
            refusals(f"The releases in {self.folder} could not be changed", "What was live before is live still."),
            exclusive(self.folder),
        ):
            yield
