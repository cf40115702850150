"""What a home holds, opened for a command."""

from __future__ import annotations

from pathlib import Path

from matinee.cli.console import home_folder, note
from matinee.config import Settings
from matinee.errors import EnvironmentFailure
from matinee.ranking import Recommender
from matinee.releases import Registry
from matinee.store import Store


def registry_of(home: Path) -> Registry:
    """Return the releases of a home."""
    return Registry(home_folder(home) / "releases")


def store_of(home: Path) -> Store:
    """Open the database of a home; it is made where it does not exist."""
    settings = Settings(home=home_folder(home))
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise EnvironmentFailure(
            f"The home {settings.home} cannot be made: {error.strerror or error}.",
            hint="Name a folder with --home or MATINEE_HOME.",
        ) from error
    return Store.open(settings.database_url)


def recommender_of(home: Path) -> Recommender:
    """Open the live release of a home, or the last good one before it."""
    return Recommender(registry_of(home).open_live(note))
