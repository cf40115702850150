"""Pickup: a running server notices what was promoted or rolled back, and serves it without dropping a request.

One thread looks at the record of what is live once a second; at the start it has the release answer once. A new release is verified, opened and tried out beside the
one that is served; then one assignment replaces it, and requests in flight end on the release they began with. A release
that is broken is refused with one line, and what is served stays.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Self

from matinee.engines.memory import spare_collector
from matinee.errors import MatineeError
from matinee.releases import Registry, Release, load
from matinee.releases.format import verify_files
from matinee.releases.history import LIVE
from matinee.releases.stamps import stamp
from matinee.service.use_cases import Cinema


class Pickup:
    """Keeps a cinema on the live release.

    Args:
        registry: where releases are promoted.
        cinema: whose recommender is replaced.
        tell: told one line for every change and every refusal.
        interval: seconds between two looks.
        recheck_after: seconds after which the release served at the start is read and verified once more in the
            background, because opening it trusted files that had not changed since they were last verified.
    """

    def __init__(
        self,
        registry: Registry,
        cinema: Cinema,
        tell: Callable[[str], None],
        *,
        interval: float = 1.0,
        recheck_after: float = 15.0,
    ) -> None:
        self._registry, self._cinema, self._tell = registry, cinema, tell
        self._interval = interval
        self._looks_to_recheck = max(round(recheck_after / interval), 1)
        self._seen: list[int] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="pickup", daemon=True)

    def look(self) -> bool:
        """Serve what is live now, if that has changed since the last look; return whether anything was replaced."""
        record = self._record()
        if record == self._seen:
            return False
        self._seen = record
        try:
            version = self._registry.live_version()
            if version is None or version == self._serving:
                return False
            self._serve(load(self._registry.path(version)))
        except Exception as error:  # whatever a release does wrong, the one before it goes on serving
            self._refuse(error)
            return False
        return True

    def recheck(self) -> bool:
        """Verify every byte of what is served; return whether it was damaged and the release before it serves now."""
        folder = self._registry.folder / self._serving
        try:
            verify_files(folder, self._cinema.recommender.info)
        except MatineeError as error:
            self._tell(f"{error.message} Looking for the release that was live before it.")
        else:
            return False
        try:
            self._serve(self._registry.open_live(self._tell))
        except Exception as error:
            self._refuse(error)
            return False
        return True

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    @property
    def _serving(self) -> str:
        return self._cinema.recommender.info.version

    def _watch(self) -> None:
        self._rehearse()
        looks = 0
        while not self._stop.wait(self._interval):
            replaced = self.look()
            looks += 1
            if looks == self._looks_to_recheck:
                replaced |= self.recheck()
            if replaced:
                spare_collector()

    def _rehearse(self) -> None:
        """Build what the first visitors would wait for; the server is ready before that."""
        try:
            self._cinema.rehearse()
        except Exception as error:  # visitors are told of it as well
            self._tell(f"Release {self._serving} cannot answer: {_words(error)}")
        spare_collector()

    def _serve(self, release: Release) -> None:
        before = self._serving
        self._cinema.premiere(release)
        self._tell(f"Now serving release {release.version}; it was {before}.")

    def _refuse(self, error: Exception) -> None:
        self._tell(f"What went live cannot be served: {_words(error)} Release {self._serving} goes on.")

    def _record(self) -> list[int] | None:
        """Return what changes when somebody promotes or rolls back."""
        try:
            return stamp(self._registry.folder / LIVE)
        except OSError:
            return None


def _words(error: Exception) -> str:
    return error.message if isinstance(error, MatineeError) else f"{type(error).__name__}: {error}"
