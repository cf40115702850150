"""Readers of the published files that two protocols are defined by."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from matinee.data import Catalogue, Dataset, from_columns
from matinee.errors import DataError
from matinee.types import UNKNOWN_TIME, IntVector, LongVector


@dataclass(frozen=True)
class NcfFiles:
    """The NCF files, ready to be judged on.

    Attributes:
        dataset: every rating as 1.0, users and movies in the files' own numbering, each user's ratings in file order
            with the held-out one last.
        times: (n_ratings,) int64 Unix seconds or `UNKNOWN_TIME`; apart from `dataset`, whose order is the file's.
        held_out: (n_users,) int32 the test movie of each user.
        negatives: (n_users, 99) int32 the published negatives.
    """

    dataset: Dataset
    times: LongVector
    held_out: IntVector
    negatives: NDArray[np.int32]


def is_ncf(path: Path) -> bool:
    """Whether a path holds the NCF files."""
    return bool(_members(path, "test.negative"))


def is_sequence(path: Path) -> bool:
    """Whether a path holds SASRec's file: lines of user and item, oldest first."""
    return bool(_members(path, "ml-1m.txt"))


def read_ncf(path: Path, movies: Catalogue | None = None) -> NcfFiles:
    """Read a zip or folder with test.rating, test.negative, the training ratings and the map to MovieLens ids.

    Args:
        path: a zip or a folder.
        movies: where to take titles and genres from, by MovieLens id; movies get a number for a title without it.

    Raises:
        DataError: if a file is missing or does not hold what its name says.
    """
    read = _opener(path)
    train = _training(read, path)
    test = pl.read_csv(
        read("test.rating"), separator="\t", has_header=False, new_columns=["user", "item", "rating", "timestamp"]
    ).cast(pl.Int64)
    negatives = pl.read_csv(read("test.negative"), separator="\t", has_header=False)
    counts = test["user"].to_numpy()
    if negatives.height != test.height or not (counts == np.arange(len(counts))).all():
        raise DataError(
            f"{path} holds {test.height} test ratings and {negatives.height} lines of negatives; each user needs one of both, in order."
        )
    all_rows = pl.concat([train, test.select(train.columns)])
    ids = pl.read_csv(read("item_map.csv"))
    catalogue = _catalogue(ids.sort("item")["movieId"].to_numpy(), movies)
    items = all_rows["item"].to_numpy()
    dataset = replace(
        from_columns(
            name="ncf-ml-1m",
            catalogue=catalogue,
            user_ids=all_rows["user"].to_numpy(),
            movie_ids=catalogue.ids.ids[items],
            values=np.ones(len(items), np.float32),
        ),
        explicit=False,
    )
    times = all_rows["timestamp"].fill_null(UNKNOWN_TIME).to_numpy()[dataset.rows]
    listed = negatives[:, 1:].to_numpy().astype(np.int32)
    return NcfFiles(dataset, times, test["item"].to_numpy().astype(np.int32), listed)


def read_sequences(path: Path, movies: Catalogue | None = None) -> Dataset:
    """Read SASRec's ml-1m.txt, "user item" a line, and the map of its items to MovieLens ids where there is one.

    Raises:
        DataError: if the file is missing or is not two numbers a line.
    """
    read = _opener(path)
    frame = pl.read_csv(read("ml-1m.txt"), separator=" ", has_header=False, new_columns=["user", "item"])
    items = frame["item"].to_numpy()
    numbers = np.unique(items)
    original = numbers
    if _members(path, "sas_to_original_items.txt"):
        known = pl.read_csv(
            read("sas_to_original_items.txt"), separator=" ", has_header=False, new_columns=["item", "movieId"]
        ).sort("item")
        if not np.array_equal(known["item"].to_numpy(), numbers):
            raise DataError(f"The map of items in {path} does not list the {len(numbers)} items of its sequences.")
        original = known["movieId"].to_numpy()
    dataset = from_columns(
        name="sasrec-ml-1m",
        catalogue=_catalogue(original, movies),
        user_ids=frame["user"].to_numpy(),
        movie_ids=original[np.searchsorted(numbers, items)],
        values=np.ones(len(items), np.float32),
    )
    return replace(dataset, explicit=False, ordered=True)


def _training(read: Callable[[str], io.BytesIO], path: Path) -> pl.DataFrame:
    columns = ["user", "item", "timestamp"]
    if _members(path, "train_pairs.parquet"):
        return pl.read_parquet(read("train_pairs.parquet")).select(columns).cast(pl.Int64)
    names = ["user", "item", "rating", "timestamp"]
    frame = pl.read_csv(read("train.rating"), separator="\t", has_header=False, new_columns=names)
    return frame.select(columns).cast(pl.Int64)


def _catalogue(ids: LongVector, movies: Catalogue | None) -> Catalogue:
    """Return a catalogue of these ids in this order, with what `movies` knows of them."""
    wanted = pl.DataFrame({"movie_id": ids})
    if movies is None:
        return Catalogue.of(wanted.with_columns(title=pl.format("Movie {}", "movie_id")))
    joined = wanted.join(movies.movies, on="movie_id", how="left", maintain_order="left")
    return Catalogue.of(joined.with_columns(pl.col("title").fill_null(pl.format("Movie {}", "movie_id"))))


def _members(path: Path, ending: str) -> list[str]:
    """Return the names inside a zip or folder that end so; none where it is neither."""
    if path.is_dir():
        return sorted(str(file.relative_to(path)) for file in path.rglob(f"*{ending}"))
    if not zipfile.is_zipfile(path):
        return []
    with zipfile.ZipFile(path) as archive:
        return sorted(name for name in archive.namelist() if name.endswith(ending))


def _opener(path: Path) -> Callable[[str], io.BytesIO]:
    """Return a function that reads the one file with a given ending."""

    def read(ending: str) -> io.BytesIO:
        names = _members(path, ending)
        if not names:
            raise DataError(
                f"{path} holds no file that ends in {ending}.", hint="Give the zip or folder of the published files."
            )
        if path.is_dir():
            return io.BytesIO((path / names[0]).read_bytes())
        with zipfile.ZipFile(path) as archive:
            return io.BytesIO(archive.read(names[0]))

    return read
