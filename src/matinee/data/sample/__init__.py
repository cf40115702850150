"""The embedded sample: several hundred real films and simulated viewers, so that everything works before any data arrive."""

from __future__ import annotations

from dataclasses import replace

from matinee.data.dataset import Dataset, from_columns
from matinee.data.sample.films import catalogue_of, read_films
from matinee.data.sample.viewers import ViewersConfig, simulate
from matinee.types import Progress, silent

SAMPLE_NAME = "sample"
"""What the data set calls itself, and what the command line accepts for it."""


def load_sample(progress: Progress = silent) -> Dataset:
    """Build the sample: the films shipped with the package, rated by simulated viewers.

    The same package on the same machine always gives the same data set. Viewer ids run from 1.

    Raises:
        DataError: if the film files of the installation are damaged.
    """
    progress("sample", 0, 2)
    films = read_films()
    progress("sample", 1, 2)
    ratings = simulate(films, ViewersConfig())
    sample = from_columns(
        name=SAMPLE_NAME,
        catalogue=catalogue_of(films),
        user_ids=ratings.viewers + 1,
        movie_ids=films["id"].to_numpy()[ratings.films],
        values=ratings.stars,
        times=ratings.times,
    )
    progress("sample", 2, 2)
    return replace(sample, simulated=True)


__all__ = ["SAMPLE_NAME", "load_sample"]
