"""A release: trained engines and their catalogue, saved whole and opened without copying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from safetensors.numpy import save_file

from matinee import __version__
from matinee.data import Catalogue, Dataset
from matinee.engines import Arrays, Engine, engine_class
from matinee.errors import ReleaseError
from matinee.releases.format import (
    CATALOGUE,
    DataCard,
    Manifest,
    map_arrays,
    read_manifest,
    verify_files,
    write_folder,
)


@dataclass(frozen=True)
class Release:
    """Trained engines over one catalogue.

    Attributes:
        manifest: what it is and what was measured.
        catalogue: the movies the engines' columns stand for.
        engines: fitted engines by name.
    """

    manifest: Manifest
    catalogue: Catalogue
    engines: dict[str, Engine]

    @property
    def version(self) -> str:
        """The release's name."""
        return self.manifest.version


def assemble(
    dataset: Dataset,
    engines: Mapping[str, Engine],
    *,
    ranking: Mapping[str, Any],
    metrics: Mapping[str, Any] | None = None,
) -> Release:
    """Put fitted engines into an unsaved release of their data set."""
    now = datetime.now(UTC)
    manifest = Manifest(
        version=f"{now:%Y%m%d-%H%M%S}-{dataset.fingerprint[:6]}",
        created=now.isoformat(timespec="seconds"),
        matinee=__version__,
        data=DataCard(
            name=dataset.name,
            fingerprint=dataset.fingerprint,
            simulated=dataset.simulated,
            explicit=dataset.explicit,
            scale=dataset.scale,
            ratings=dataset.n_ratings,
            users=dataset.n_users,
            movies=dataset.n_movies,
        ),
        engines={name: engine.settings() for name, engine in engines.items()},
        ranking=dict(ranking),
        metrics=dict(metrics or {}),
    )
    return Release(manifest, dataset.catalogue, dict(engines))


def save(release: Release, releases: Path, *, gate: Mapping[str, Any] | None = None) -> Release:
    """Write a release into its own folder below `releases`, atomically; return it with its final manifest.

    Raises:
        EnvironmentFailure: if the disk refuses; nothing is left behind.
    """
    manifest = replace(release.manifest, version=_free_version(releases, release.version), gate=dict(gate or {}))
    writers = {CATALOGUE: release.catalogue.movies.write_parquet}
    writers |= {f"{name}.safetensors": partial(_save_arrays, engine.arrays) for name, engine in release.engines.items()}
    return replace(release, manifest=write_folder(releases / manifest.version, manifest, writers))


def load(folder: Path, *, verify: bool = True) -> Release:
    """Open a release; engine arrays are memory-mapped and shared between processes.

    Args:
        folder: what `save` wrote.
        verify: whether to compare every file with its checksum first (reads each once).

    Raises:
        ReleaseError: naming what is absent, damaged or unknown.
    """
    manifest = read_manifest(folder)
    if verify:
        verify_files(folder, manifest)
    try:
        catalogue = Catalogue(pl.read_parquet(folder / CATALOGUE))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ReleaseError(f"{CATALOGUE} of release {folder.name} cannot be read ({error}).") from error
    engines = {
        name: engine_class(name).restore(settings, map_arrays(folder / f"{name}.safetensors"), len(catalogue))
        for name, settings in manifest.engines.items()
    }
    return Release(manifest, catalogue, engines)


def _save_arrays(arrays: Arrays, path: Path) -> None:
    save_file({name: np.ascontiguousarray(array) for name, array in arrays.items()}, path)


def _free_version(releases: Path, version: str) -> str:
    """Append a counter when two releases fall into one second."""
    taken, counter = version, 1
    while (releases / taken).exists():
        counter += 1
        taken = f"{version}-{counter}"
    return taken
