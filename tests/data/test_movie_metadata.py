"""Metadata joined by id, from whatever table they come in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from matinee.data import Reading, read_catalogue, read_dataset
from matinee.data.cells import id_of, names_in, value_of
from matinee.errors import DataError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "ratings.csv").write_text("userId,movieId,rating\n1,1,4\n1,2,5\n1,3,3\n")
    (folder / "movies.csv").write_text("movieId,title,genres\n1,One (2001),Drama\n2,Two,\n3,Three (2003),\n")
    (folder / "links.csv").write_text("movieId,imdbId,tmdbId\n1,0000011,21\n2,0000012,22\n3,0000013,\n")
    return folder


RICH = {
    "movieId": [1, 2, 99],
    "overview": ["First.", None, "Nobody's."],
    "director": ["Ann Lee|Bo Ek", "Cy Day", "X"],
    "actor_1": ["Di", "Ed", "X"],
    "actor_2": ["Flo", None, "X"],
    "tmdb_keywords": ["sea|ship", "war", "x"],
    "imdb_plot_keywords": ["ship|storm", None, "x"],
    "original_language": ["en", "cn", "xx"],
    "runtime": [99.6, 0.0, 1.0],
    "popularity": [7.5, None, 1.0],
    "poster_path": ["/one.jpg", "", "x"],
    "release_date": ["1999-05-05", "2002-03-01", "1900-01-01"],
    "genres": ["Comedy", "War|Drama", "x"],
}


def movies_of(reading: Reading) -> list[dict[str, Any]]:
    return reading.dataset.catalogue.movies.to_dicts()


def check_rich(reading: Reading) -> None:
    one, two, three = movies_of(reading)
    assert one["overview"] == "First."
    assert one["directors"] == ["Ann Lee", "Bo Ek"]
    assert one["cast"] == ["Di", "Flo"]
    assert one["keywords"] == ["sea", "ship", "storm"]
    assert (one["language"], two["language"]) == ("en", "zh")
    assert (one["runtime"], two["runtime"]) == (100, None)
    assert one["popularity"] == 7.5
    assert (one["poster_path"], two["poster_path"]) == ("/one.jpg", None)
    # What the catalogue knows stays; what it does not know is filled.
    assert (one["year"], two["year"]) == (2001, 2002)
    assert (one["genres"], two["genres"]) == (["Drama"], ["War", "Drama"])
    assert three["overview"] is None
    assert three["directors"] == []
    assert any("Metadata for 2 of 3 movies" in note for note in reading.report.notes)


@pytest.mark.parametrize("kind", ["parquet", "csv"])
def test_found_beside_the_ratings(folder: Path, kind: str) -> None:
    frame = pl.DataFrame(RICH)
    frame.write_parquet(folder / "metadata.parquet") if kind == "parquet" else frame.write_csv(folder / "metadata.csv")
    reading = read_dataset(folder)
    check_rich(reading)
    assert f"metadata.{kind}" in [file.file for file in reading.report.files]


def test_given_by_path(folder: Path, tmp_path: Path) -> None:
    pl.DataFrame(RICH).write_parquet(tmp_path / "other.parquet")
    check_rich(read_dataset(folder, metadata=tmp_path / "other.parquet"))
    catalogue = read_catalogue(folder, metadata=tmp_path / "other.parquet")
    assert catalogue.movies["overview"].to_list() == ["First.", None, None]


def test_given_metadata_win_over_found(folder: Path, tmp_path: Path) -> None:
    pl.DataFrame({"movieId": [1], "overview": ["Found."]}).write_csv(folder / "metadata.csv")
    pl.DataFrame({"movieId": [1], "overview": ["Given."]}).write_csv(tmp_path / "given.csv")
    assert movies_of(read_dataset(folder, metadata=tmp_path / "given.csv"))[0]["overview"] == "Given."


@pytest.mark.parametrize(
    "ids",
    [{"tmdbId": ["22", "21"]}, {"imdb_id": ["tt0000012", "tt0000011"]}, {"imdbId": [12, 11]}, {"movieId": ["2", "1"]}],
)
def test_joined_by_any_id(folder: Path, tmp_path: Path, ids: dict[str, list[Any]]) -> None:
    pl.DataFrame({**ids, "overview": ["Second.", "First."]}).write_csv(tmp_path / "m.csv")
    movies = movies_of(read_dataset(folder, metadata=tmp_path / "m.csv"))
    assert [movie["overview"] for movie in movies] == ["First.", "Second.", None]


def test_lists_may_be_lists(folder: Path, tmp_path: Path) -> None:
    frame = pl.DataFrame({"movieId": [1], "cast": [["Di", "Flo"]], "keywords": [[{"id": 1, "name": "sea"}]]})
    frame.write_parquet(tmp_path / "m.parquet")
    one = movies_of(read_dataset(folder, metadata=tmp_path / "m.parquet"))[0]
    assert one["cast"] == ["Di", "Flo"]
    assert one["keywords"] == ["sea"]


def test_text_over_several_lines(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text('movieId,overview\n1,"First line\nsecond, line"\n2,Two\n')
    assert movies_of(read_dataset(folder, metadata=tmp_path / "m.csv"))[0]["overview"] == "First line\nsecond, line"


def test_a_repeated_id_counts_once(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_text("movieId,overview\n1,a\n1,b\n,c\nx,d\n")
    reading = read_dataset(folder, metadata=tmp_path / "m.csv")
    assert movies_of(reading)[0]["overview"] == "a"
    assert any("1 rows of m.csv repeat an id" in note for note in reading.report.notes)
    assert any("2 rows of m.csv have no usable id" in note for note in reading.report.notes)
    assert any(file.file == "m.csv" and (file.read, file.kept) == (4, 1) for file in reading.report.files)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"title,overview\nOne,First\n", "which movie a row is about"),
        (b"movieId,weather\n1,rain\n", "none of the columns that describe a movie"),
        (b"tmdbId\n1\n", "none of the columns that describe a movie"),
        (b"%PDF-1.7 ...", "is a PDF document"),
        (b"", "is empty"),
        (b"PAR1 nonsense", "damaged or cut-off Parquet"),
    ],
)
def test_unusable_metadata(folder: Path, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "m.csv").write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_dataset(folder, metadata=tmp_path / "m.csv")


def test_absent_metadata(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no file"):
        read_dataset(folder, metadata=tmp_path / "absent.csv")


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        (None, []),
        ("", []),
        ("Ann Lee", ["Ann Lee"]),
        ("Ann Lee|Bo Ek", ["Ann Lee", "Bo Ek"]),
        ("Ann Lee, Bo Ek", ["Ann Lee", "Bo Ek"]),
        (json.dumps([{"id": 1, "name": "Sci-Fi, really"}, {"name": "War"}]), ["Sci-Fi, really", "War"]),
        ("[{'id': 1, 'name': 'Drama'}]", ["Drama"]),
        ('["a, b", "c"]', ["a, b", "c"]),
        ("[broken", ["[broken"]),
        (["a", None, "b, c"], ["a", "b, c"]),
    ],
)
def test_names_in_a_cell(cell: Any, names: list[str]) -> None:
    assert names_in(cell) == names


@pytest.mark.parametrize(
    ("column", "cells", "value"),
    [
        ("language", ("English",), "en"),
        ("language", ("EN",), "en"),
        ("language", ("Klingon",), None),
        ("language", (None, "fr"), "fr"),
        ("country", ("USA|UK",), "USA"),
        ("year", ("1999-05-05",), 1999),
        ("year", (1999.0,), 1999),
        ("year", ("soon",), None),
        ("runtime", ("87",), 87),
        ("runtime", ("long",), None),
        ("popularity", ("nan",), None),
        ("age", ("PG-13",), 13),
        ("age", ("Rated R",), 17),
        ("age", ("FSK 16",), 16),
        ("age", ("18+",), 18),
        ("age", ("12.0",), 12),
        ("age", (6,), 6),
        ("age", ("U",), 0),
        ("age", ("Not Rated", "TV-14"), 14),
        ("age", ("Approved",), None),
        ("age", ("99",), None),
        ("age", ("-3",), None),
        ("franchise", ("Alien Collection",), "Alien"),
        ("franchise", ("{'id': 8091, 'name': 'Alien Collection'}",), "Alien"),
        ("franchise", ({"name": "The Good, the Bad (Collection)"},), "The Good, the Bad"),
        ("franchise", ("The Good, the Bad and the Ugly",), "The Good, the Bad and the Ugly"),
        ("franchise", ("{broken", ""), None),
        ("overview", ("  ", " Text. "), "Text."),
        ("cast", ("A|B", "B", None), ["A", "B"]),
        ("cast", (None,), None),
    ],
)
def test_values(column: str, cells: tuple[Any, ...], value: Any) -> None:
    assert value_of(column, cells) == value


def test_ages_and_franchises_are_joined_and_strange_marks_counted(folder: Path) -> None:
    table = "movieId,certification,belongs_to_collection\n1,PG-13,One Collection\n2,Zebra,\n3,NR,One Collection\n"
    (folder / "metadata.csv").write_text(table)
    reading = read_dataset(folder)
    assert [(film["age"], film["franchise"]) for film in movies_of(reading)] == [
        (13, "One"),
        (None, None),
        (None, "One"),
    ]
    catalogue = reading.dataset.catalogue
    assert catalogue.ages.tolist() == [13, -1, -1]
    assert (catalogue.franchises.tolist(), catalogue.franchise_names) == ([0, -1, 0], ["One"])
    assert any("1 marks of age in" in note and "'Zebra'" in note for note in reading.report.notes)


@pytest.mark.parametrize(
    ("text", "number"), [("0114709", 114709), ("tt0114709", 114709), ("862.0", 862), ("", None), ("x", None)]
)
def test_ids(text: str, number: int | None) -> None:
    assert id_of(text) == number
