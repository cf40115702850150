"""A release: trained engines and their catalogue, saved whole and opened without copying."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import Any

import polars as pl

from matinee import __version__
from matinee.data import Catalogue, Dataset
from matinee.engines import Engine, engine_class
from matinee.errors import InputError, ReleaseError
from matinee.releases.arrays import map_arrays, write_arrays
from matinee.releases.disk import HashingFile
from matinee.releases.format import CATALOGUE, Finish, Writer, read_manifest, verify_files, write_folder
from matinee.releases.manifest import DataCard, Manifest
from matinee.types import Progress, silent


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


def save(
    release: Release, releases: Path, *, gate: Mapping[str, Any] | None = None, finish: Finish | None = None
) -> Release:
    """Write a release into its own folder below `releases`, atomically; return it with its final manifest.

    Args:
        release: to write; its engines may be memory-mapped.
        releases: folder of the registry.
        gate: the verdict that goes with it.
        finish: as for `write_folder`.

    Raises:
        EnvironmentFailure: if the disk refuses; nothing is left behind.
    """
    manifest = replace(release.manifest, version=_free_version(releases, release.version), gate=dict(gate or {}))
    writers: dict[str, Writer] = {CATALOGUE: partial(_write_catalogue, release.catalogue)}
    for name, engine in release.engines.items():
        writers[f"{name}.safetensors"] = partial(write_arrays, engine.arrays)
    return replace(release, manifest=write_folder(releases / manifest.version, manifest, writers, finish=finish))


def load(folder: Path, *, verify: bool = True, progress: Progress = silent) -> Release:
    """Open a release; engine arrays are memory-mapped and shared between processes.

    Args:
        folder: what `save` wrote.
        verify: whether to compare every file with its checksum first; files that have not changed since they were last
            verified are not read again.
        progress: told about the verification.

    Raises:
        ReleaseError: naming what is absent, damaged or unknown.
    """
    manifest = read_manifest(folder)
    if verify:
        verify_files(folder, manifest, trust=True, progress=progress)
    try:
        # Columns that another version of the program knows in addition or does not know yet do no harm.
        catalogue = Catalogue.of(pl.read_parquet(folder / CATALOGUE))
    except (OSError, pl.exceptions.PolarsError) as error:
        raise ReleaseError(f"{CATALOGUE} of release {folder.name} cannot be read ({error}).") from error
    return Release(
        manifest, catalogue, {name: _open(folder, manifest, name, len(catalogue)) for name in manifest.engines}
    )


def _open(folder: Path, manifest: Manifest, name: str, n_movies: int) -> Engine:
    arrays = map_arrays(folder / f"{name}.safetensors")
    try:
        return engine_class(name).restore(manifest.engines[name], arrays, n_movies)
    except InputError as error:
        raise ReleaseError(
            f"Release {folder.name} was made by Matinee {manifest.matinee}, and this is {__version__}: {error.message}",
            hint="Use the version that made it, or train again.",
        ) from error


def _write_catalogue(catalogue: Catalogue, file: HashingFile) -> None:
    buffer = BytesIO()
    # Written down now, so that no server reads every title again.
    catalogue.with_franchises().movies.write_parquet(buffer)
    file.write(buffer.getbuffer())


def _free_version(releases: Path, version: str) -> str:
    """Append a counter when two releases fall into one second."""
    taken, counter = version, 1
    while (releases / taken).exists():
        counter += 1
        taken = f"{version}-{counter}"
    return taken
