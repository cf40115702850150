"""Every layout of MovieLens is recognised by its content and read to the same data set."""

from __future__ import annotations

import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from matinee.data import Dataset, read_catalogue, read_dataset
from matinee.data.recognise import FLAGS_100K
from matinee.types import UNKNOWN_TIME

MOVIES = {
    1: ("Toy Story (1995)", ["Animation", "Comedy"]),
    2: ("Misérables, Les (1995)", ["Drama"]),
    7: ("Seven (a.k.a. Se7en) (1995)", ["Crime"]),
    40: ("Nobody Knows", []),
}
# user, movie, stars, time: users out of order, times out of order, movie 40 never rated.
RATINGS = [(5, 7, 3, 300), (5, 1, 4, 100), (2, 2, 5, 50), (5, 2, 1, 200), (2, 1, 2, 60)]

Files = dict[str, bytes]


def csv_files(newline: str = "\n", mark: str = "") -> Files:
    movies = [f'{id_},"{title}",{"|".join(genres) or "(no genres listed)"}' for id_, (title, genres) in MOVIES.items()]
    ratings = [f"{user},{movie},{stars:.1f},{time}" for user, movie, stars, time in RATINGS]
    tables = {
        "movies.csv": ["movieId,title,genres", *movies],
        "ratings.csv": ["userId,movieId,rating,timestamp", *ratings],
        "links.csv": ["movieId,imdbId,tmdbId", "1,0114709,862", "2,0113828,", "7,0114369,807"],
        "tags.csv": ["userId,movieId,tag,timestamp", '5,7,"dark, rainy",301', "2,1,Pixar,61"],
    }
    return {name: (mark + newline.join(lines) + newline).encode() for name, lines in tables.items()}


def dat_files(encoding: str) -> Files:
    movies = [f"{id_}::{title}::{'|'.join(genres) or '(no genres listed)'}" for id_, (title, genres) in MOVIES.items()]
    ratings = [f"{user}::{movie}::{stars}::{time}" for user, movie, stars, time in RATINGS]
    return {
        "movies.dat": ("\n".join(movies) + "\n").encode(encoding),
        "ratings.dat": ("\n".join(ratings) + "\n").encode(),
        "users.dat": b"2::F::1::10::48067\n5::M::56::16::70072\n",
        "tags.dat": b"5::7::dark: rainy::301\n2::1::Pixar::61\n",
    }


def files_100k() -> Files:
    items = []
    for id_, (title, genres) in MOVIES.items():
        flags = "|".join("1" if flag in genres else "0" for flag in FLAGS_100K)
        items.append(f"{id_}|{title}|01-Jan-1995||http://example.org/{id_}|{flags}")
    line = "{}\t{}\t{}\t{}\n".format
    test = {fold: [rating for place, rating in enumerate(RATINGS) if place % 2 == fold - 1] for fold in (1, 2)}
    return {
        "u.item": ("\n".join(items) + "\n").encode("latin-1"),
        "u.data": "".join(line(*rating) for rating in RATINGS).encode(),
        "u.user": b"2|53|F|other|94043\n5|33|F|other|15213\n",
        "u.genre": b"unknown|0\nAction|1\n",
        **{f"u{fold}.test": "".join(line(*rating) for rating in test[fold]).encode() for fold in (1, 2)},
        **{f"u{fold}.base": "".join(line(*rating) for rating in test[3 - fold]).encode() for fold in (1, 2)},
        "ua.test": "".join(line(*rating) for rating in RATINGS[:2]).encode(),
    }


LAYOUTS: dict[str, tuple[Callable[[], Files], str]] = {
    "csv": (csv_files, "csv"),
    "csv with CRLF": (lambda: csv_files("\r\n"), "csv"),
    "csv with a byte order mark": (lambda: csv_files(mark="\ufeff"), "csv"),
    "dat in latin-1": (lambda: dat_files("latin-1"), "movielens-dat"),
    "dat in utf-8": (lambda: dat_files("utf-8"), "movielens-dat"),
    "100k": (files_100k, "movielens-100k"),
}


def put(folder: Path, files: Files) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def pack(path: Path, files: Files, inside: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(inside + name, content)
    return path


def as_rows(data: Dataset) -> list[tuple[int, int, float, int]]:
    """Return (user id, movie id, stars, time) in the data set's order."""
    users, movies = data.user_ids.ids[data.users], data.catalogue.ids.ids[data.movies]
    return list(zip(users.tolist(), movies.tolist(), data.values.tolist(), data.times.tolist(), strict=True))


CHRONOLOGICAL = [(2, 2, 5.0, 50), (2, 1, 2.0, 60), (5, 1, 4.0, 100), (5, 2, 1.0, 200), (5, 7, 3.0, 300)]


def check(data: Dataset) -> None:
    assert as_rows(data) == CHRONOLOGICAL
    assert [RATINGS[row][:2] for row in data.rows] == [row[:2] for row in CHRONOLOGICAL]
    assert data.catalogue.titles == ["Toy Story", "Les Misérables", "Seven", "Nobody Knows"]
    assert data.catalogue.years[:3].tolist() == [1995] * 3
    assert data.catalogue.movies["genres"].to_list() == [["Animation", "Comedy"], ["Drama"], ["Crime"], []]
    assert data.catalogue.movies["alternative_titles"].to_list() == [[], [], ["Se7en"], []]
    assert data.scale == (1.0, 5.0)
    assert data.explicit
    assert data.ordered


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("place", ["folder", "subfolder", "zip", "zip with a folder", "renamed"])
def test_layouts(tmp_path: Path, layout: str, place: str) -> None:
    make, family = LAYOUTS[layout]
    files = make()
    source = {
        "folder": lambda: put(tmp_path / "data", files),
        "subfolder": lambda: put(tmp_path / "data" / "ml", files).parent,
        "zip": lambda: pack(tmp_path / "data.zip", files),
        "zip with a folder": lambda: pack(tmp_path / "data.zip", files, "ml/"),
        "renamed": lambda: pack(tmp_path / "data", files, "ml/"),
    }[place]()
    reading = read_dataset(source)
    check(reading.dataset)
    assert reading.dataset.name == "data"
    assert reading.report.layout == family
    assert reading.report.n_bad == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_files_may_have_any_name(tmp_path: Path, layout: str) -> None:
    files = LAYOUTS[layout][0]()
    kept = {name: content for name, content in files.items() if name.split(".")[0] in ("u", "movies", "ratings")}
    put(tmp_path / "x", {f"{place}.bin": content for place, content in enumerate(kept.values())})
    check(read_dataset(tmp_path / "x").dataset)


@pytest.mark.parametrize("name", ["ratings.csv", "ratings.csv.gz"])
def test_a_file_of_ratings_finds_its_neighbours(tmp_path: Path, name: str) -> None:
    import gzip

    files = csv_files()
    content = files.pop("ratings.csv")
    put(tmp_path, {**files, name: gzip.compress(content) if name.endswith("gz") else content})
    check(read_dataset(tmp_path / name).dataset)


def test_a_file_of_ratings_alone(tmp_path: Path) -> None:
    put(tmp_path, {"mine.csv": csv_files()["ratings.csv"]})
    reading = read_dataset(tmp_path / "mine.csv")
    assert as_rows(reading.dataset) == CHRONOLOGICAL
    assert reading.dataset.name == "mine"
    assert reading.dataset.catalogue.titles == ["Movie 1", "Movie 2", "Movie 7"]
    assert any("titles are unknown" in note for note in reading.report.notes)


def test_links_and_tags(tmp_path: Path) -> None:
    data = read_dataset(put(tmp_path, csv_files())).dataset
    assert data.catalogue.movies["imdb_id"].to_list() == [114709, 113828, 114369, None]
    assert data.catalogue.movies["tmdb_id"].to_list() == [862, None, 807, None]
    assert data.tags.rows() == [(5, 7, "dark, rainy", 301), (2, 1, "Pixar", 61)]


def test_dates_instead_of_seconds(tmp_path: Path) -> None:
    files = csv_files()
    files["tags.csv"] = b'userId,movieId,tag,timestamp\n5,7,x,"1970-01-01 00:05:01"\n5,1,y,soon\n'
    files["ratings.csv"] = (
        b"userId,movieId,rating,timestamp\n5,7,3,1970-01-01T00:05:00\n5,1,3,1970-01-01 01:00:40+01:00\n"
    )
    data = read_dataset(put(tmp_path, files)).dataset
    assert data.tags["time"].to_list() == [301, None]
    assert data.times.tolist() == [40, 300]


def test_tags_of_10m(tmp_path: Path) -> None:
    data = read_dataset(put(tmp_path, dat_files("utf-8"))).dataset
    assert data.tags["tag"].to_list() == ["dark: rainy", "Pixar"]


def test_folds_of_100k(tmp_path: Path) -> None:
    data = read_dataset(put(tmp_path, files_100k())).dataset
    assert data.folds is not None
    assert data.folds.tolist() == [1 + row % 2 for row in data.rows]


def test_release_date_serves_where_the_title_has_no_year(tmp_path: Path) -> None:
    data = read_dataset(put(tmp_path, files_100k())).dataset
    assert data.catalogue.years.tolist() == [1995] * 4


def test_half_stars_widen_the_scale(tmp_path: Path) -> None:
    files = dat_files("utf-8")
    files["ratings.dat"] += b"2::7::3.5::70\n"
    assert read_dataset(put(tmp_path, files)).dataset.scale == (0.5, 5.0)


def parquet_folder(folder: Path, **extra: object) -> Path:
    users, movies, stars, times = zip(*RATINGS, strict=True)
    columns = {"userId": users, "movieId": movies, "rating": stars, "timestamp": times, **extra}
    put(folder, {"movies.dat": dat_files("latin-1")["movies.dat"]})
    pl.DataFrame(columns, strict=False).write_parquet(folder / "ratings.parquet")
    return folder


def test_parquet_beside_dat(tmp_path: Path) -> None:
    reading = read_dataset(parquet_folder(tmp_path))
    check(reading.dataset)
    assert reading.report.layout == "parquet"


def test_order_column_serves_where_times_are_missing(tmp_path: Path) -> None:
    # User 5 lacks a time, so the order column decides; user 2's times are known and win over it.
    source = parquet_folder(
        tmp_path, timestamp=[300, None, 50, 200, 60], sasrec_pos=[0, 2, 9, 1, 8], siren_fold=[1, 2, 3, 4, None]
    )
    data = read_dataset(source).dataset
    assert [row[:2] for row in as_rows(data)] == [(2, 2), (2, 1), (5, 7), (5, 2), (5, 1)]
    assert data.times.tolist() == [50, 60, 300, 200, UNKNOWN_TIME]
    assert data.folds is not None
    assert data.folds.tolist() == [3, 0, 1, 4, 2]
    assert data.ordered


def test_ratings_without_a_place_in_the_order_come_first(tmp_path: Path) -> None:
    source = parquet_folder(tmp_path, timestamp=[None] * 5, sasrec_pos=[0, 2, None, None, 8])
    reading = read_dataset(source)
    assert [row[:2] for row in as_rows(reading.dataset)] == [(2, 2), (2, 1), (5, 2), (5, 7), (5, 1)]
    assert any("2 ratings without a place" in note for note in reading.report.notes)


def test_order_unknown_without_times_and_order_column(tmp_path: Path) -> None:
    reading = read_dataset(parquet_folder(tmp_path, timestamp=[None, 100, 50, 200, 60]))
    assert not reading.dataset.ordered
    assert [row[:2] for row in as_rows(reading.dataset)] == [(2, 2), (2, 1), (5, 7), (5, 1), (5, 2)]
    assert any("1 of 5 ratings have no time" in note for note in reading.report.notes)


def test_parquet_times_may_be_dates(tmp_path: Path) -> None:
    times = [pl.lit(time) for *_, time in RATINGS]
    dates = pl.select(pl.concat_list(times).explode()).to_series().cast(pl.Int64) * 1000
    data = read_dataset(parquet_folder(tmp_path, timestamp=dates.cast(pl.Datetime("ms")))).dataset
    assert as_rows(data) == CHRONOLOGICAL


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("userId,movieId,rating,timestamp", "{0},{1},{2},{3}"),
        ('"userId","movieId","rating","timestamp"', '{0},{1},{2},"1970-01-01 00:{4}"'),
        ("user_id;item_id;rating;timestamp", "{0};{1};{2};{3}"),
        ("timestamp\tcomment\trating\tmovieId\tuserId", "{3}\tso, so\t{2}\t{1}\t{0}"),
        ("userId,movieId,rating,timestamp", "{0},{1},{2},{3}0000000000"),
        (None, "{0},{1},{2},{3}"),
        (None, "{0}\t{1}\t{2}\t{3}"),
    ],
)
def test_other_tables_of_ratings(tmp_path: Path, header: str | None, row: str) -> None:
    lines = [] if header is None else [header]
    for user, movie, stars, time in RATINGS:
        lines.append(row.format(user, movie, stars, time, f"{time // 60:02}:{time % 60:02}"))
    put(tmp_path, {"r.txt": "\n".join(lines).encode()})
    data = read_dataset(tmp_path / "r.txt").dataset
    factor = 10**7 if row.endswith("0") else 1
    assert as_rows(data) == [(user, movie, stars, time * factor) for user, movie, stars, time in CHRONOLOGICAL]


def test_watched_without_stars(tmp_path: Path) -> None:
    lines = ["userId,movieId,timestamp", *(f"{user},{movie},{time}" for user, movie, _, time in RATINGS)]
    data = read_dataset(put(tmp_path, {"watched.csv": "\n".join(lines).encode()})).dataset
    assert not data.explicit
    assert data.values.tolist() == [1.0] * 5


def test_large_ids(tmp_path: Path) -> None:
    lines = ["userId,movieId,rating", f"{10**12},{2**40},4", f"{10**12 + 1},{2**40},3"]
    data = read_dataset(put(tmp_path, {"r.csv": "\n".join(lines).encode()})).dataset
    assert data.user_ids.ids.tolist() == [10**12, 10**12 + 1]
    assert data.catalogue.ids.ids.tolist() == [2**40]
    assert not data.ordered


def test_catalogue_alone(tmp_path: Path) -> None:
    files = csv_files()
    del files["ratings.csv"]
    catalogue = read_catalogue(put(tmp_path, files))
    assert catalogue.titles == ["Toy Story", "Les Misérables", "Seven", "Nobody Knows"]
    assert catalogue.movies["tmdb_id"].to_list() == [862, None, 807, None]


def test_reading_twice_gives_the_same_fingerprint(tmp_path: Path) -> None:
    folder = put(tmp_path, csv_files())
    first, second = (read_dataset(folder).dataset for _ in range(2))
    assert first.fingerprint == second.fingerprint
    np.testing.assert_array_equal(first.indptr, [0, 2, 5])
