"""Searching a grid: what is read, what is judged, what is remembered."""

from __future__ import annotations

import doctest
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import polars as pl
import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from matinee.cli import tune as command
from matinee.data.dataset import Catalogue, Dataset, from_columns
from matinee.engines import Engine
from matinee.errors import EnvironmentFailure, InputError, LeakError, SettingsError
from matinee.evaluation.protocols import Rating, RatingConfig, RatingSplit, Strong, StrongConfig
from matinee.training import grid as grid_module
from matinee.training.grid import combinations, parse_grid
from matinee.training.journal import Journal, key_of
from matinee.training.tune import tune
from matinee.types import FloatMatrix, Profiles, Progress


@dataclass(frozen=True, kw_only=True)
class ToyConfig:
    """Settings of every type a grid can hold, and one it cannot."""

    shift: float = 0.0
    times: int = 1
    bias: bool = True
    sign: Literal["plus", "minus"] = "plus"
    cap: int | None = None
    layers: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.times < 1:
            raise SettingsError(f"times must be at least 1; got {self.times}.")


class Toy(Engine):
    """Predicts the mean of each film plus `shift`, so that a shift of 0 must win."""

    name = "toy"
    config_class = ToyConfig
    predicts_stars = True
    fits: ClassVar[list[Dataset]] = []

    def _fit(self, dataset: Dataset, progress: Progress) -> dict[str, Any]:
        Toy.fits.append(dataset)
        if self.config.cap == 13:
            raise EnvironmentFailure("Out of luck.")
        n = np.bincount(dataset.movies, minlength=dataset.n_movies)
        total = np.bincount(dataset.movies, dataset.values, dataset.n_movies)
        means = (total + dataset.values.mean() * self.config.bias) / np.maximum(n + self.config.bias, 1)
        return {"means": (means + self.config.shift * self.config.times).astype(np.float32)}

    def _score(self, profiles: Profiles) -> FloatMatrix:
        return np.repeat(self.arrays["means"][None], len(profiles), axis=0)


class Order(Toy):
    """As Toy, but says nothing of stars."""

    name = "order"
    predicts_stars = False


@pytest.fixture(autouse=True)
def _forget_fits() -> None:
    Toy.fits.clear()


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """Return 60 people and 40 films of different quality, each person having rated about half."""
    rng = np.random.default_rng(7)
    users, movies = np.nonzero(rng.random((60, 40)) < 0.5)
    stars = np.clip(np.round(2 * rng.normal(np.linspace(2, 5, 40)[movies], 0.5)) / 2, 0.5, 5)
    catalogue = Catalogue.of(pl.DataFrame({"movie_id": np.arange(40), "title": [f"Film {i}" for i in range(40)]}))
    return from_columns(name="toy", catalogue=catalogue, user_ids=users, movie_ids=movies, values=stars)


RATING = Rating(RatingConfig(method="holdout"))
STRONG = Strong(StrongConfig(held_out_users=10))

# --- reading a grid --------------------------------------------------------------------------------------------------


def test_values_get_the_types_of_the_configuration() -> None:
    text = ["shift=0,-1.5, 1e-3", "times=8,16,8", "bias=true,off", "sign=minus", "cap=none,3"]
    assert parse_grid(ToyConfig, text, owner="toy") == {
        "shift": [0.0, -1.5, 0.001],
        "times": [8, 16],
        "bias": [True, False],
        "sign": ["minus"],
        "cap": [None, 3],
    }
    assert all(type(value) is float for value in parse_grid(ToyConfig, ["shift=1,2"], owner="toy")["shift"])


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (["rank=8"], "(?s)toy has no setting 'rank'.*shift, times, bias, sign, cap, layers"),
        (["shift"], "(?s)NAME=VALUE.*'shift'.*toy has: shift"),
        (["shift="], "NAME=VALUE"),
        (["shift=1", "shift=2"], "'shift' is given twice"),
        (["times=1.5"], "(?s)times cannot be '1.5'.*a whole number"),
        (["bias=maybe"], "true or false"),
        (["sign=none"], "(?s)'none'.*plus or minus"),
        (["cap=x"], "a whole number or none"),
        (["layers=1"], "a grid cannot hold"),
    ],
)
def test_a_bad_grid_is_refused_by_name(entries: list[str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        parse_grid(ToyConfig, entries, owner="toy")


def test_every_combination_once_the_last_fastest() -> None:
    assert combinations({"a": [1, 2], "b": ["x", "y"]}) == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]


# --- the search ------------------------------------------------------------------------------------------------------


def test_the_best_comes_first_and_its_figure_is_right(dataset: Dataset) -> None:
    found = tune(dataset, RATING, Toy, {"shift": [1.0, 0.0, -0.25], "times": [1, 2]})
    assert (found.engine, found.protocol, found.metric) == ("toy", "rating", "rmse")
    assert [trial.settings["shift"] for trial in found.trials] == [0.0, 0.0, -0.25, -0.25, 1.0, 1.0]
    values = [trial.measures["rmse"] for trial in found.trials]
    assert values == sorted(values)
    assert found.best.settings == {"shift": 0.0, "times": 1}, "equal trials stay in grid order"
    (split,) = RATING.splits(dataset, "validation")
    gaps = np.clip(Toy(ToyConfig()).fit(split.train).arrays["means"][split.movies], 0.5, 5) - split.stars
    assert found.best.measures["rmse"] == pytest.approx(np.sqrt(np.mean(gaps**2)), abs=1e-6)
    assert 0 < found.best.errors["rmse"] < 0.1
    assert found.counts[0] == dict(split.counts)


def test_ranking_metrics_put_the_highest_first(dataset: Dataset) -> None:
    found = tune(dataset, STRONG, Toy, {"sign": ["minus", "plus"], "shift": [0.0, 5.0]}, metric="ndcg@100")
    values = [trial.measures["ndcg@100"] for trial in found.trials]
    assert values == sorted(values, reverse=True)
    assert set(found.best.measures) == set(STRONG.measures)


def test_folds_are_put_together(dataset: Dataset) -> None:
    protocol = Rating(RatingConfig(method="folds", n_folds=3))
    found = tune(dataset, protocol, Toy, {"shift": [0.0]})
    squares, n = 0.0, 0
    for split in protocol.splits(dataset, "validation"):
        predicted = Toy(ToyConfig()).fit(split.train).arrays["means"][split.movies]
        squares += float(np.sum((np.clip(predicted, 0.5, 5) - split.stars) ** 2))
        n += len(split.stars)
    assert len(found.counts) == 3
    assert found.best.measures["rmse"] == pytest.approx(np.sqrt(squares / n), abs=1e-6)


@pytest.mark.parametrize("protocol", [RATING, STRONG], ids=["rating", "strong"])
def test_test_ratings_stay_hidden(dataset: Dataset, protocol: Any) -> None:
    tune(dataset, protocol, Toy, {"shift": [0.0]})
    (test,) = protocol.splits(dataset, "test")
    people, movies = (test.rows, test.movies) if isinstance(test, RatingSplit) else test.truth.nonzero()
    hidden = set(zip(test.users[people].tolist(), movies.tolist(), strict=True))
    assert hidden
    for seen in Toy.fits:
        assert hidden.isdisjoint(zip(seen.users.tolist(), seen.movies.tolist(), strict=True))


def test_only_the_validation_part_is_asked_for(dataset: Dataset) -> None:
    class Spy(Rating):
        asked: ClassVar[list[str]] = []

        def splits(self, dataset: Dataset, part: Any = "test") -> Iterator[RatingSplit]:
            self.asked.append(part)
            return super().splits(dataset, part)

    tune(dataset, Spy(), Toy, {"shift": [0.0, 1.0]})
    assert Spy.asked == ["validation"]


def test_progress_counts_the_trials(dataset: Dataset) -> None:
    told: list[tuple[str, int, int]] = []
    tune(dataset, RATING, Toy, {"shift": [0.0, 1.0]}, progress=lambda *step: told.append(step))
    assert told == [("tune toy", 0, 2), ("tune toy", 1, 2), ("tune toy", 2, 2)]


def test_what_cannot_work_is_said_before_anything_runs(dataset: Dataset) -> None:
    with pytest.raises(SettingsError, match="toy has no setting 'rank'"):
        tune(dataset, RATING, Toy, {"rank": [1]})
    with pytest.raises(SettingsError, match="times must be at least 1; got 0"):
        tune(dataset, RATING, Toy, {"times": [1, 0]})
    with pytest.raises(SettingsError, match=r"(?s)by 'ndcg@10'.*rmse, mae"):
        tune(dataset, RATING, Toy, {"times": [1]}, metric="ndcg@10")
    with pytest.raises(SettingsError, match=r"(?s)nothing to search.*toy has: shift, times"):
        tune(dataset, RATING, Toy, {})
    assert not Toy.fits


def test_a_failing_trial_comes_last_and_is_not_remembered(dataset: Dataset, tmp_path: Path) -> None:
    found = tune(dataset, RATING, Toy, {"cap": [13, 1]}, journal=tmp_path / "j")
    assert [trial.failed for trial in found.trials] == [None, "Out of luck."]
    assert len(Journal(tmp_path / "j").read()) == 1
    with pytest.raises(SettingsError, match=r"every setting of the grid.*Out of luck"):
        tune(dataset, RATING, Toy, {"cap": [13]})
    with pytest.raises(SettingsError, match="order predicts no stars"):
        tune(dataset, RATING, Order, {"shift": [0.0]})


def test_nan_scores_fail_the_trial(dataset: Dataset) -> None:
    found = tune(dataset, STRONG, Toy, {"shift": [np.nan, 0.0]})
    assert "not finite" in (found.trials[-1].failed or "")
    assert found.best.settings == {"shift": 0.0}


def test_an_engine_that_writes_on_the_training_data_ends_the_search(dataset: Dataset) -> None:
    class Vandal(Toy):
        def _fit(self, dataset: Dataset, progress: Progress) -> dict[str, Any]:
            learned = super()._fit(dataset, progress)
            dataset.values[:] = 1
            return learned

    with pytest.raises(LeakError, match="changed the training data"):
        tune(replace(dataset, values=dataset.values.copy()), RATING, Vandal, {"shift": [0.0]})


# --- the journal -----------------------------------------------------------------------------------------------------


def test_a_finished_trial_is_not_run_again(dataset: Dataset, tmp_path: Path) -> None:
    journal = tmp_path / "deep" / "toy.jsonl"
    first = tune(dataset, RATING, Toy, {"shift": [0.0, 1.0]}, journal=journal)
    assert len(Toy.fits) == 2
    again = tune(dataset, RATING, Toy, {"shift": [1.0, 0.0, 2.0]}, journal=journal)
    assert len(Toy.fits) == 3, "only the new value was fitted"
    assert [trial.resumed for trial in again.trials] == [True, True, False]
    assert [dict(trial.measures) for trial in again.trials[:2]] == [dict(trial.measures) for trial in first.trials]
    tune(dataset, RATING, Toy, {"shift": [0.0]}, journal=journal, fresh=True)
    assert len(Toy.fits) == 4


def test_a_stopped_search_goes_on_where_it_was(dataset: Dataset, tmp_path: Path) -> None:
    journal = tmp_path / "toy.jsonl"

    def stop(stage: str, done: int, total: int) -> None:
        if done == 2:
            raise KeyboardInterrupt

    shifts = {"shift": [0.0, 1.0, 2.0, 3.0]}
    with pytest.raises(KeyboardInterrupt):
        tune(dataset, RATING, Toy, shifts, journal=journal, progress=stop)
    assert len(Journal(journal).read()) == 2
    Toy.fits.clear()
    resumed = tune(dataset, RATING, Toy, shifts, journal=journal)
    assert len(Toy.fits) == 2
    unbroken = tune(dataset, RATING, Toy, shifts)
    assert [t.measures for t in resumed.trials] == [t.measures for t in unbroken.trials]


def test_other_data_protocol_or_settings_are_other_trials(dataset: Dataset, tmp_path: Path) -> None:
    journal = tmp_path / "toy.jsonl"

    def runs(data: Dataset, protocol: Any, grid: dict[str, list[Any]]) -> int:
        Toy.fits.clear()
        tune(data, protocol, Toy, grid, journal=journal)
        return len(Toy.fits)

    assert runs(dataset, RATING, {"shift": [0.0]}) == 1
    assert runs(dataset, RATING, {"shift": [0.0], "times": [1]}) == 0, "a default spelt out is the same setting"
    values = dataset.values.copy()
    values[0] = 5.5 - values[0]
    described = dataset.catalogue.movies.with_columns(overview=pl.lit("A plot."))
    assert runs(replace(dataset, values=values), RATING, {"shift": [0.0]}) == 1
    assert runs(replace(dataset, catalogue=Catalogue(described)), RATING, {"shift": [0.0]}) == 1
    assert runs(dataset, Rating(RatingConfig(method="holdout", seed=1)), {"shift": [0.0]}) == 1
    assert runs(dataset, STRONG, {"shift": [0.0]}) == 1
    assert runs(dataset, RATING, {"shift": [0.0], "times": [2]}) == 1
    assert runs(dataset, RATING, {"shift": [0.0]}) == 0, "the first is still there"


def test_a_torn_or_foreign_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    journal = Journal(path)
    journal.add("a", {"n": 1})
    journal.add("b", {"n": 2})
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    assert Journal(path).read() == {"a": {"key": "a", "n": 1}}
    Journal(path).add("c", {"n": 3})
    with path.open("ab") as file:
        file.write(b'[1]\n{"n": 5}\n\xff\xfe\n')
    Journal(path).add("a", {"n": 4})
    assert {key: entry["n"] for key, entry in Journal(path).read().items()} == {"a": 4, "c": 3}
    assert all(json.loads(line) for line in whole.splitlines())


def test_no_journal_is_kept_where_none_is_named(tmp_path: Path) -> None:
    Journal(None).add("a", {"n": 1})
    assert Journal(None).read() == {}
    assert Journal(tmp_path / "absent").read() == {}


def test_a_journal_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(EnvironmentFailure, match="--journal"):
        Journal(tmp_path / "file" / "journal").add("a", {})


def test_keys_do_not_depend_on_the_order_of_facts() -> None:
    assert key_of({"a": 1, "b": 2.0}) == key_of({"b": 2.0, "a": 1})
    assert key_of({"a": 1}) != key_of({"a": 2})


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def run(dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return a function that runs `matinee tune` on the data set as files, with toy engines, in a home of its own."""
    folder = tmp_path / "films"
    folder.mkdir()
    pl.DataFrame(
        {"movieId": np.arange(40), "title": [f"Film {i} (1999)" for i in range(40)], "genres": ["Drama"] * 40}
    ).write_csv(folder / "movies.csv")
    pl.DataFrame(
        {"userId": dataset.users, "movieId": dataset.movies, "rating": dataset.values, "timestamp": dataset.rows}
    ).write_csv(folder / "ratings.csv")
    monkeypatch.setattr(command, "engine_class", {"toy": Toy, "order": Order}.__getitem__)
    monkeypatch.setenv("COLUMNS", "200")
    app = typer.Typer()
    app.command()(command.tune)

    def invoke(*words: str) -> Result:
        # Only standard output: what a pipe would get.
        return CliRunner().invoke(app, ["--data", str(folder), "--home", str(tmp_path / "home"), *words])

    return invoke


def test_the_command_prints_a_table_sorted_by_the_metric(run: Callable[..., Result], tmp_path: Path) -> None:
    words = ("--engine", "toy", "--protocol", "rating", "--grid", "shift=1,0", "--grid", "bias=true,false")
    result = run(*words)
    assert result.exit_code == 0, result.output
    rows = [line.split("│") for line in result.stdout.splitlines() if "│" in line]
    assert [row[1].strip() for row in rows] == ["0", "0", "1", "1"]
    assert {row[2].strip() for row in rows} == {"true", "false"}
    heading = next(line for line in result.stdout.splitlines() if "shift" in line and "┃" in line)
    assert [cell.strip() for cell in heading.split("┃")[1:-1]] == ["shift", "bias", "rmse", "mae", "seconds"]
    assert "validation" in result.stdout
    assert len(Toy.fits) == 4
    run(*words)
    assert len(Toy.fits) == 4, "the journal in the home was not used"
    run(*words, "--fresh")
    assert len(Toy.fits) == 8
    assert len(Journal(tmp_path / "home" / "tuning" / "toy.jsonl").read()) == 4


def test_the_command_prints_json_with_stable_keys(run: Callable[..., Result], tmp_path: Path) -> None:
    result = run(
        *("--engine", "order", "--protocol", "strong", "--protocol-setting", "held_out_users=10"),
        *("--grid", "shift=0", "--grid", "cap=13,none", "--json", "--journal", str(tmp_path / "j")),
    )
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert list(found) == ["engine", "data", "protocol", "counts", "metric", "best", "trials", "journal"]
    assert found["protocol"]["part"] == "validation"
    assert found["protocol"]["settings"]["held_out_users"] == 10
    assert found["best"]["settings"] == {"shift": 0.0, "cap": None}
    assert list(found["best"]) == ["settings", "measures", "errors", "seconds", "failed", "resumed"]
    assert found["trials"][1]["failed"] == "Out of luck."
    assert (tmp_path / "j").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--protocol", "rating", "--grid", "rank=8"), "(?s)'rank'.*shift, times"),
        (("--protocol", "guess", "--grid", "shift=0"), "(?s)no protocol 'guess'.*temporal, strong"),
        (("--protocol", "rating", "--grid", "shift=0", "--protocol-setting", "n=1"), "(?s)rating has no.*n_folds"),
        (("--protocol", "rating", "--grid", "shift=0", "--protocol-setting", "seed=1,2"), "takes one seed; got 1, 2"),
        (("--protocol", "rating", "--grid", "shift=0", "--metric", "hr"), "(?s)'hr'.*rmse, mae"),
    ],
)
def test_the_command_refuses_by_name(run: Callable[..., Result], words: tuple[str, ...], message: str) -> None:
    result = run("--engine", "toy", *words)
    assert result.exit_code != 0
    assert isinstance(result.exception, InputError)
    assert re.search(message, str(result.exception)), result.exception
    assert not Toy.fits


def test_examples_in_the_docstrings() -> None:
    assert doctest.testmod(grid_module) == (0, 2)
