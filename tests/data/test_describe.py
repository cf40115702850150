"""What `describe` says of a small data set, counted by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from matinee.data import Description, describe, read_dataset

KEYS = [
    "name", "layout", "simulated", "counts", "scale", "explicit", "mean", "first_time", "last_time", "times_known",
    "ordered", "density", "ratings_per_user", "histogram", "folds", "top_movies", "known", "bad_rows",
    "bad_row_examples", "duplicates", "notes", "fingerprint",
]  # fmt: skip


@pytest.fixture
def description(tmp_path: Path) -> Description:
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "movies.csv").write_text(
        "movieId,title,genres\n10,Ten (2010),Drama\n20,Twenty (2020),(no genres listed)\n30,Thirty,Drama\n"
    )
    (folder / "links.csv").write_text("movieId,imdbId,tmdbId\n10,0000010,\n20,0000020,7\n")
    (folder / "tags.csv").write_text("userId,movieId,tag,timestamp\n1,10,calm,5\n")
    (folder / "ratings.csv").write_text(
        "userId,movieId,rating,timestamp\n1,20,4.5,86400\n1,10,3,0\n2,20,4,5\n3,20,bad,5\n2,20,2,4\n"
    )
    return describe(read_dataset(folder))


def test_counts(description: Description) -> None:
    assert description.name == "small"
    assert description.layout == "csv"
    counts = description.counts
    assert (counts.ratings, counts.users, counts.movies, counts.rated_movies) == (3, 2, 3, 2)
    assert (counts.tags, counts.links) == (1, 2)
    assert description.density == pytest.approx(3 / (2 * 2))
    assert description.ratings_per_user == {"smallest": 1, "median": 1.5, "mean": 1.5, "largest": 2}


def test_values_and_times(description: Description) -> None:
    assert description.scale == (0.5, 5.0)
    assert description.mean == pytest.approx((4.5 + 3 + 4) / 3)
    assert description.histogram == {
        "0.5": 0, "1": 0, "1.5": 0, "2": 0, "2.5": 0, "3": 1, "3.5": 0, "4": 1, "4.5": 1, "5": 0
    }  # fmt: skip
    assert description.first_time == "1970-01-01T00:00:00+00:00"
    assert description.last_time == "1970-01-02T00:00:00+00:00"
    assert description.times_known == 1.0


def test_movies(description: Description) -> None:
    first, second = description.top_movies
    assert (first.movie_id, first.title, first.year, first.ratings, first.mean) == (20, "Twenty", 2020, 2, 4.25)
    assert (second.movie_id, second.ratings) == (10, 1)
    assert description.known["year"] == 2
    assert description.known["genres"] == 2
    assert description.known["tmdb_id"] == 1


def test_what_was_wrong(description: Description) -> None:
    assert description.bad_rows == {"type": 1}
    assert description.bad_row_examples == ["ratings.csv:5: rating 'bad'; expected a number of stars"]
    assert description.duplicates == 1


def test_keys_of_the_json_stay(description: Description) -> None:
    plain = json.loads(json.dumps(description.as_dict()))
    assert list(plain) == KEYS
    assert list(plain["counts"]) == ["ratings", "users", "movies", "rated_movies", "tags", "links"]
    assert list(plain["top_movies"][0]) == ["movie_id", "title", "year", "ratings", "mean"]
    assert len(plain["fingerprint"]) == 16


def test_whole_stars_without_times(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("userId,movieId,rating\n1,1,4\n1,2,5\n")
    description = describe(read_dataset(tmp_path / "r.csv"), n_top=1)
    assert description.histogram == {"1": 0, "2": 0, "3": 0, "4": 1, "5": 1}
    assert description.first_time is None
    assert description.times_known == 0.0
    assert not description.ordered
    assert [movie.movie_id for movie in description.top_movies] == [1]
    assert description.known["year"] == 0


def test_watched_only(tmp_path: Path) -> None:
    (tmp_path / "r.csv").write_text("userId,movieId\n1,1\n1,2\n")
    description = describe(read_dataset(tmp_path / "r.csv"))
    assert description.histogram == {}
    assert not description.explicit
