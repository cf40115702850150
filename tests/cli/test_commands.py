"""The command line as a person meets it."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl
import pytest

from matinee.store import Limits, Store
from matinee.training.train import DEFAULT_ENGINES


def test_help_names_every_verb(matinee) -> None:
    done = matinee("--help")
    assert done.returncode == 0
    for verb in (
        "up",
        "data",
        "train",
        "recommend",
        "similar",
        "releases",
        "serve",
        "evaluate",
        "tune",
        "replay",
        "offpolicy",
    ):
        assert f" {verb} " in done.stdout


@pytest.mark.parametrize(
    "verb", ["up", "train", "recommend", "similar", "releases", "serve", "evaluate", "tune", "data"]
)
def test_every_verb_explains_itself(matinee, verb: str) -> None:
    done = matinee(verb, "--help")
    assert done.returncode == 0
    assert "Usage" in done.stdout


def test_the_version_is_printed(matinee) -> None:
    assert matinee("--version").stdout.startswith("matinee ")


def test_train_says_what_it_measured(trained) -> None:
    listed = json.loads(trained("releases", "--json").stdout)["releases"]
    assert [each["live"] for each in listed] == [True]
    assert listed[0]["engines"] == list(DEFAULT_ENGINES)
    assert listed[0]["gate"]["passed"]
    assert "live, passed the gate" in trained("releases").stdout


def test_recommend_prints_unseen_films_only(trained, csv_folder: Path) -> None:
    ratings = pl.read_csv(csv_folder / "ratings.csv")
    for user in (100, 101, 250):
        answer = json.loads(trained("recommend", "--user", str(user), "--top", "15", "--json").stdout)
        assert answer.keys() == {"user", "ratings", "strategy", "because", "release", "data", "simulated", "items"}
        seen = set(ratings.filter(pl.col("userId") == user)["movieId"].to_list())
        shown = [item["movie_id"] for item in answer["items"]]
        assert len(shown) == 15
        assert not seen & set(shown)
        assert answer["ratings"] == len(seen)
        assert answer["items"][0].keys() == {"rank", "movie_id", "title", "year", "score", "reason"}


def test_recommend_asks_for_the_user(trained) -> None:
    done = trained("recommend", "--top", "3", text="101\n")
    assert done.returncode == 0
    assert "User id" in done.stdout
    assert "For viewer 101" in done.stdout
    assert "Reason" in done.stdout


def test_similar_takes_a_title_or_an_id(trained) -> None:
    by_title = json.loads(trained("similar", "film 3", "--json").stdout)
    by_id = json.loads(trained("similar", "3", "--json").stdout)
    assert by_title == by_id
    assert by_title["film"]["title"] == "Film 3"
    assert 3 not in [item["movie_id"] for item in by_title["items"]]


def test_inspect_counts(matinee, csv_folder: Path) -> None:
    ratings = pl.read_csv(csv_folder / "ratings.csv")
    described = json.loads(matinee("data", "inspect", csv_folder, "--json").stdout)
    assert described["counts"]["ratings"] == ratings.height
    assert described["counts"]["movies"] == 120
    assert f"{ratings.height:,}" in matinee("data", "inspect", csv_folder).stdout


def test_import_then_train_uses_what_the_home_holds(matinee, csv_folder: Path) -> None:
    imported = matinee("data", "import", csv_folder, "--json")
    assert imported.returncode == 0, imported.stderr
    done = matinee("train", "--engines", "popular", "--force", "a test", "--json")
    assert done.returncode == 0, done.stderr
    plain = json.loads(done.stdout)
    assert plain.keys() == {"release", "promoted", "data", "engines", "ranking", "gate", "metrics"}
    assert plain["data"]["ratings"] == json.loads(imported.stdout)["ratings"]
    assert matinee("recommend", "--user", "101").returncode == 0


def test_homes_are_independent(trained, matinee) -> None:
    assert trained("recommend", "--user", "101").returncode == 0
    done = matinee("recommend", "--user", "101")
    assert done.returncode == 1
    assert "no release yet" in done.stderr


def test_a_candidate_kept_back_ends_with_an_error_and_the_live_one_stays(matinee, csv_folder: Path) -> None:
    assert matinee("train", "--data", csv_folder).returncode == 0
    done = matinee("train", "--data", csv_folder, "--engines", "popular")
    assert done.returncode == 1
    assert "kept" in done.stderr
    assert "--force" in done.stderr
    states = {each["live"]: each["engines"] for each in json.loads(matinee("releases", "--json").stdout)["releases"]}
    assert states[True] == list(DEFAULT_ENGINES)
    assert states[False] == ["popular"]


def test_recommend_keeps_what_the_viewer_asked_for(trained, trained_home: Path) -> None:
    def listed() -> list[int]:
        done = trained("recommend", "--user", "101", "--top", "5", "--json")
        return [item["movie_id"] for item in json.loads(done.stdout)["items"]]

    first = listed()
    store = Store.open(f"sqlite:///{trained_home / 'matinee.db'}")
    try:
        store.set_feedback(101, first[0], "not_for_me", given=True)
        assert first[0] not in listed()
        store.set_limits(101, Limits(max_year=1900), None)
        assert listed() == []
        store.undo(101)
        store.undo(101)
        assert listed() == first
    finally:
        store.close()
