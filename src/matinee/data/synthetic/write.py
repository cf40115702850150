"""Write a simulated data set as MovieLens lays one out, stretch by stretch; it appears whole or not at all."""

from __future__ import annotations

import os
import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matinee.data.layout import SIMULATED_MARK
from matinee.data.synthetic.config import SyntheticConfig
from matinee.data.synthetic.people import CHUNK_ROWS, as_rows, in_chunks, profile_sizes, star_limits
from matinee.data.synthetic.world import World, build_world
from matinee.errors import DataError, EnvironmentFailure
from matinee.types import Progress, silent

STAGE = "simulating ratings"
EXPLANATION = """These ratings were made by a program, not by people, and the films do not exist.

Counts, popularity, lengths of histories and shares of stars resemble MovieLens; tastes are hidden mixtures.
Matinee calls the viewers of this folder simulated wherever it shows them, because this file is here.
"""


def synthesize(folder: Path, config: SyntheticConfig | None = None, progress: Progress = silent) -> list[Path]:
    """Simulate films, people and ratings into `folder`, and held-out people into a second folder beside it.

    Memory is bounded: the films' tables (about 60 KB a hundred films) and a few chunks of a million ratings.

    Args:
        folder: must not exist yet; gets movies.csv, ratings.csv and a file that marks the data as simulated.
        config: counts and seed.
        progress: told the ratings written.

    Returns:
        The folders written: `folder`, and `held_out_folder(folder)` where people are held out.

    Raises:
        DataError: if one of the folders exists already.
        EnvironmentFailure: if the disk refuses. Then, and after Ctrl-C, nothing is left behind.
    """
    config = config or SyntheticConfig()
    targets = [folder, held_out_folder(folder)][: 2 if config.held_out else 1]
    for target in targets:
        if target.exists():
            raise DataError(f"{target} exists already.", hint="Choose another folder, or remove this one.")
    world, sizes = build_world(config), profile_sizes(config)
    limits = star_limits(world, sizes[: config.n_users], config.seed)
    parts = [(0, sizes[: config.n_users]), (config.n_users, sizes[config.n_users :])]
    drafts = [target.with_name(f".{target.name}.writing") for target in targets]
    count = _Count(progress, int(sizes.sum()))
    try:
        for draft, (first, part) in zip(drafts, parts, strict=False):
            shutil.rmtree(draft, ignore_errors=True)
            draft.mkdir(parents=True)
            _write(draft, world, part, limits, config.seed, first, count)
        for draft, target in zip(drafts, targets, strict=True):
            draft.rename(target)
    except OSError as error:
        raise EnvironmentFailure(
            f"{folder} cannot be written: {error.strerror or error}.", hint="Free space on the disk, or choose another."
        ) from error
    finally:
        for draft in drafts:
            shutil.rmtree(draft, ignore_errors=True)
    return targets


def held_out_folder(folder: Path) -> Path:
    """Return where the held-out people of a simulation lie."""
    return folder.with_name(f"{folder.name}-held-out")


class _Count:
    """Adds up what was written for the progress bar."""

    def __init__(self, progress: Progress, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def add(self, n: int) -> None:
        self.done += n
        self.progress(STAGE, self.done, self.total)


def _write(
    folder: Path,
    world: World,
    sizes: NDArray[np.int64],
    limits: NDArray[np.float32],
    seed: int,
    first: int,
    count: _Count,
) -> None:
    (folder / SIMULATED_MARK).write_text(EXPLANATION, encoding="utf-8")
    world.movies().write_csv(folder / "movies.csv", quote_style="necessary")
    with (folder / "ratings.csv").open("wb") as file:
        file.write(b"userId,movieId,rating,timestamp\n")
        # polars and Python both answer one Ctrl-C; closing by name keeps the second from being lost in a destructor.
        with closing(in_chunks(world, sizes, seed, first, os.cpu_count() or 1, CHUNK_ROWS)) as chunks:
            for chunk in chunks:
                as_rows(chunk, world, limits).write_csv(file, include_header=False)
                count.add(len(chunk.movies))
        file.flush()
        os.fsync(file.fileno())
