"""The embedded sample: films whose facts hold together, viewers who can be learned from."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from matinee.data import Dataset
from matinee.data.sample import load_sample
from matinee.data.sample.diary import DAY, DiaryConfig
from matinee.data.sample.films import COLUMNS, FOLDER, GENRES, catalogue_of, read_films
from matinee.data.sample.taste import affinity, indicators
from matinee.data.sample.viewers import ViewersConfig, simulate
from matinee.errors import DataError

HEADER = "id,title,original_title,year,genres,director,cast,runtime,language,country,overview,fame"
FILES = sorted(FOLDER.glob("films_*.csv"))
END = int(datetime(2026, 9, 30, tzinfo=UTC).timestamp())

CONTINENTS = {
    "Africa": "Algeria, Botswana, Burkina Faso, Chad, Egypt, Ethiopia, Kenya, Mali, Mauritania, Morocco, Nigeria, Rwanda, "
    "Senegal, South Africa, Sudan, Tunisia, Zambia, Lesotho, Cameroon, Ivory Coast, Ghana, Democratic Republic of the Congo",
    "Asia": "Bhutan, Cambodia, China, Hong Kong, India, Indonesia, Iran, Israel, Japan, Jordan, Kazakhstan, Lebanon, "
    "Malaysia, Mongolia, Nepal, Pakistan, Palestine, Philippines, Qatar, Saudi Arabia, Singapore, South Korea, Syria, "
    "Taiwan, Thailand, Turkey, United Arab Emirates, Vietnam, Bangladesh, Georgia, Armenia, Afghanistan, Sri Lanka, "
    "Iraq, Macau, Myanmar, Laos",
    "Europe": "Austria, Belgium, Bosnia and Herzegovina, Bulgaria, Croatia, Cyprus, Czech Republic, Czechoslovakia, "
    "Denmark, Estonia, Finland, France, Germany, Greece, Hungary, Iceland, Ireland, Italy, Latvia, Lithuania, "
    "Luxembourg, Netherlands, North Macedonia, Norway, Poland, Portugal, Romania, Russia, Serbia, Slovakia, Slovenia, "
    "Soviet Union, Spain, Sweden, Switzerland, Ukraine, United Kingdom, Yugoslavia, Malta, Monaco, Kosovo, Montenegro",
    "North America": "Canada, Cuba, Guatemala, Jamaica, Mexico, United States, Costa Rica, Dominican Republic, Haiti, "
    "Bahamas, Panama",
    "Oceania": "Australia, New Zealand, Papua New Guinea, Samoa, Vanuatu",
    "South America": "Argentina, Bolivia, Brazil, Chile, Colombia, Ecuador, Paraguay, Peru, Uruguay, Venezuela",
}
CONTINENT_OF = {country.strip(): name for name, countries in CONTINENTS.items() for country in countries.split(",")}


@pytest.fixture(scope="module")
def films() -> pl.DataFrame:
    return read_films()


@pytest.fixture(scope="module")
def sample() -> Dataset:
    return load_sample()


# --- films ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_film_file_has_the_agreed_header(path: Path) -> None:
    assert path.read_text(encoding="utf-8").splitlines()[0] == HEADER
    assert list(COLUMNS) == HEADER.split(",")


def test_films_are_sorted_by_a_unique_id(films: pl.DataFrame) -> None:
    ids = films["id"].to_numpy()
    assert (ids[1:] > ids[:-1]).all()
    assert films.filter((pl.col("year") <= 1982) != (pl.col("id") < 5000))["title"].to_list() == []


def test_no_film_is_listed_twice(films: pl.DataFrame) -> None:
    names = films.select(pl.col("title").str.to_lowercase().str.replace_all(r"^the |[^\p{L}\d]", ""), "year")
    assert films.filter(names.is_duplicated())["title"].to_list() == []


@pytest.mark.skipif(int(read_films()["year"].max()) < 2020, reason="the later films are not all there yet")
def test_there_are_at_least_six_hundred_films_from_every_decade(films: pl.DataFrame) -> None:
    assert films.height >= 600
    assert films["year"].is_between(1920, 2026).all()
    decades = films.group_by(pl.col("year") // 10 * 10).len().sort("year")
    assert decades["year"].to_list() == list(range(1920, 2030, 10))
    assert decades["len"].min() >= 15


def test_every_inhabited_continent_has_films(films: pl.DataFrame) -> None:
    countries = films["country"].explode()
    assert sorted(set(countries.unique()) - set(CONTINENT_OF)) == []
    counts = countries.replace_strict(CONTINENT_OF).value_counts()
    seen = dict(counts.iter_rows())
    assert set(seen) == set(CONTINENTS)
    assert min(seen.values()) >= 10, seen


def test_facts_are_well_formed(films: pl.DataFrame) -> None:
    assert set(films["genres"].explode()) == set(GENRES)
    assert films["genres"].list.len().is_between(1, 5).all()
    assert films["director"].list.len().min() >= 1
    assert films["runtime"].is_between(10, 460).all()
    assert films["fame"].is_between(1, 5).all()
    assert films["language"].str.contains(r"^[a-z]{2}$").all()
    assert films.filter(pl.col("original_title") == pl.col("title"))["title"].to_list() == []
    assert films.drop("original_title").null_count().sum_horizontal().item() == 0
    for column in ("genres", "director", "cast", "country"):
        assert films.filter(pl.col(column).list.n_unique() != pl.col(column).list.len())["title"].to_list() == [], (
            column
        )


def test_texts_carry_no_stray_space_or_separator(films: pl.DataFrame) -> None:
    texts = [films[name].explode() for name in ("title", "original_title", "director", "cast", "country", "overview")]
    wrong = [text for column in texts for text in column.drop_nulls() if re.search(r"^\s|\s$|\s\s|[|~\t\n]", text)]
    assert wrong == []


def test_three_leads_are_named_where_there_are_players(films: pl.DataFrame) -> None:
    """Documentaries and animated films may have fewer: nobody, or hardly anybody, plays a part in them."""
    played = films.filter(~pl.col("genres").list.contains("Documentary") & ~pl.col("genres").list.contains("Animation"))
    assert played.filter(pl.col("cast").list.len() != 3)["title"].to_list() == []
    assert films["cast"].list.len().max() == 3


def test_descriptions_are_one_sentence_of_their_own(films: pl.DataFrame) -> None:
    words = films["overview"].str.split(" ").list.len()
    assert films.filter(~words.is_between(6, 25))["title"].to_list() == []
    assert films.filter(films["overview"].is_duplicated())["title"].to_list() == []
    assert films.filter(~pl.col("overview").str.contains(r"[.?!]$"))["title"].to_list() == []


def test_the_catalogue_keeps_the_facts(films: pl.DataFrame) -> None:
    movies = catalogue_of(films).movies
    assert movies["movie_id"].to_list() == films["id"].to_list()
    samurai = movies.row(by_predicate=pl.col("title") == "Seven Samurai", named=True)
    assert samurai["alternative_titles"] == ["Shichinin no samurai"]
    assert samurai["directors"] == ["Akira Kurosawa"]
    assert (samurai["year"], samurai["runtime"], samurai["language"]) == (1954, 207, "ja")
    algiers = movies.row(by_predicate=pl.col("title") == "The Battle of Algiers", named=True)
    assert algiers["country"] == "Algeria"
    kid = movies.row(by_predicate=pl.col("title") == "The Kid", named=True)
    assert kid["alternative_titles"] == []


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("id,title\n1,A\n", "must have the columns"),
        (HEADER + "\nx,A,,1950,Drama,B,C,90,en,France,Words.,3\n", "not a readable film file"),
        ("", "not a readable film file"),
    ],
)
def test_a_damaged_film_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "films_bad.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=said):
        read_films([path])


def test_an_installation_without_film_files_says_so() -> None:
    with pytest.raises(DataError, match="no film files"):
        read_films([])


# --- viewers -------------------------------------------------------------------------------------------------------


def test_two_builds_are_the_same(sample: Dataset) -> None:
    assert load_sample().fingerprint == sample.fingerprint


def test_another_seed_gives_other_viewers(films: pl.DataFrame) -> None:
    one, other = (simulate(films, ViewersConfig(seed=seed, n_viewers=50)) for seed in (1, 2))
    assert not np.array_equal(one.films[:200], other.films[:200])


def test_the_viewers_are_declared_simulated(sample: Dataset) -> None:
    assert sample.simulated
    assert sample.name == "sample"
    assert sample.explicit
    assert sample.ordered
    assert sample.times_known


def test_progress_ends_the_stage_it_began() -> None:
    heard: list[tuple[str, int, int]] = []
    load_sample(lambda *told: heard.append(told))
    assert heard == [("sample", 0, 2), ("sample", 1, 2), ("sample", 2, 2)]


def test_there_are_two_thousand_viewers_and_about_150_000_ratings(sample: Dataset) -> None:
    assert sample.n_users == 2000
    assert sample.user_ids.ids.tolist() == list(range(1, 2001))
    assert abs(sample.n_ratings - 150_000) <= 15_000
    lengths = sample.profiles().lengths()
    assert lengths.min() >= 15
    assert np.percentile(lengths, 95) > 3 * np.median(lengths), "activity has no long tail"
    assert len(np.unique(sample.users.astype(np.int64) * sample.n_movies + sample.movies)) == sample.n_ratings


def test_popularity_has_a_head_and_a_tail(sample: Dataset, films: pl.DataFrame) -> None:
    counts = np.bincount(sample.movies, minlength=sample.n_movies)
    falling = np.sort(counts)[::-1]
    head = falling[: len(falling) // 10].sum() / sample.n_ratings
    assert 0.25 < head < 0.6
    assert falling[-len(falling) // 10 :].mean() < 0.5 * np.median(counts)
    by_fame = [counts[films["fame"].to_numpy() == fame].mean() for fame in range(1, 6)]
    assert by_fame == sorted(by_fame)


def test_stars_look_like_stars(sample: Dataset) -> None:
    stars, counts = np.unique(sample.values, return_counts=True)
    share = dict(zip(stars.tolist(), (counts / sample.n_ratings).tolist(), strict=True))
    assert stars.tolist() == [step / 2 for step in range(1, 11)]
    assert 3.4 < sample.values.mean() < 3.65
    assert 0.95 < sample.values.std() < 1.15
    assert max(share, key=lambda star: share[star]) == 4.0
    assert share[3.0] > share[3.5] < share[4.0] > share[4.5], "whole stars are given more often than halves"
    assert 0.002 < share[0.5] < 0.03
    assert 0.10 < share[5.0] < 0.20


def test_people_watch_what_they_like(films: pl.DataFrame) -> None:
    """The stars a viewer gives rise with the same liking that made them choose: drama fans rate dramas higher."""
    config = ViewersConfig(n_viewers=400)
    ratings = simulate(films, config)
    liking = affinity(films, config.n_viewers, np.random.default_rng(config.seed))
    assert liking[ratings.viewers, ratings.films].mean() > 0.5
    assert np.corrcoef(liking[ratings.viewers, ratings.films], ratings.stars)[0, 1] > 0.3


def test_nothing_is_rated_before_its_year_or_after_the_end(sample: Dataset) -> None:
    assert sample.times.max() < END
    assert sample.times.min() >= END - DiaryConfig().n_days * DAY
    years = sample.catalogue.years
    earliest = np.array([datetime(int(year), 1, 1, tzinfo=UTC).timestamp() for year in years])
    assert (sample.times >= earliest[sample.movies]).all()


def test_ratings_come_in_evening_sessions(sample: Dataset) -> None:
    gaps = np.diff(sample.times)[np.diff(sample.users) == 0]
    assert 0.6 < (gaps < 1800).mean() < 0.95
    assert (gaps > DAY).mean() > 0.05
    hours = (sample.times % DAY) // 3600
    assert ((hours >= 17) & (hours <= 23)).mean() > 0.7


def test_a_few_films_trend_in_the_last_month(sample: Dataset) -> None:
    counts = np.bincount(sample.movies, minlength=sample.n_movies)
    late = np.bincount(sample.movies[sample.times >= END - 30 * DAY], minlength=sample.n_movies)
    share = late / np.maximum(counts, 1)
    assert (share > 0.4).sum() >= 5
    assert np.median(share) < 0.1


def test_sessions_follow_directors(sample: Dataset) -> None:
    """The next film is by the same director more often than in the same profile shuffled."""
    director = sample.catalogue.movies["directors"].list.first().rank("dense").to_numpy()[sample.movies]
    same_user = np.diff(sample.users) == 0
    shuffled = director[np.lexsort((np.random.default_rng(0).random(len(director)), sample.users))]
    by_session = (np.diff(director) == 0)[same_user].mean()
    by_chance = (np.diff(shuffled) == 0)[same_user].mean()
    assert by_session > 3 * by_chance


def test_a_tiny_catalogue_is_watched_within_bounds(films: pl.DataFrame) -> None:
    ratings = simulate(films.head(20), ViewersConfig(n_viewers=30))
    assert np.bincount(ratings.viewers).max() <= 12
    assert set(ratings.films.tolist()) <= set(range(20))


def test_indicators_mark_the_names_a_film_carries() -> None:
    assert indicators([["b"], [], ["a", "b"]]).tolist() == [[0, 1], [0, 0], [1, 1]]


# --- can it be learned? --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def held_out(sample: Dataset) -> np.ndarray:
    """True for the last fifth of every viewer's ratings."""
    place = np.arange(sample.n_ratings) - sample.indptr[sample.users]
    return place >= np.ceil(0.8 * np.diff(sample.indptr)[sample.users])


def recall_at_10(scores: np.ndarray, seen: np.ndarray, wanted: np.ndarray) -> float:
    top = np.argsort(-np.where(seen > 0, -np.inf, scores), axis=1)[:, :10]
    hits = np.take_along_axis(wanted, top, axis=1).sum(axis=1)
    return float((hits / np.minimum(wanted.sum(axis=1), 10)).mean())


def test_item_and_factor_models_beat_popularity_clearly(sample: Dataset, held_out: np.ndarray) -> None:
    ones = np.ones(sample.n_ratings, np.float32)
    seen = sample.select(~held_out).matrix(ones[~held_out]).toarray()
    wanted = sample.select(held_out).matrix(ones[held_out]).toarray()
    gram = seen.T @ seen
    popular = recall_at_10(np.broadcast_to(seen.sum(axis=0), seen.shape), seen, wanted)
    inverse = np.linalg.inv(gram + 200.0 * np.eye(len(gram), dtype=np.float32))
    ridge = recall_at_10(seen @ (np.eye(len(gram)) - inverse / np.diag(inverse)), seen, wanted)
    vectors = np.linalg.eigh(gram)[1][:, -16:]
    factors = recall_at_10(seen @ vectors @ vectors.T, seen, wanted)
    chance = recall_at_10(np.random.default_rng(0).random(seen.shape), seen, wanted)
    assert popular > 3 * chance
    assert ridge > 1.4 * popular
    assert factors > 1.3 * popular


def test_biases_beat_a_constant_and_factors_beat_biases(sample: Dataset, held_out: np.ndarray) -> None:
    train, test = sample.select(~held_out), sample.select(held_out)
    mean = train.values.mean()
    viewer, film = np.zeros(sample.n_users), np.zeros(sample.n_movies)
    for _ in range(5):
        rest = train.values - mean - viewer[train.users]
        film = np.bincount(train.movies, rest, sample.n_movies) / (np.bincount(train.movies, minlength=len(film)) + 5)
        rest = train.values - mean - film[train.movies]
        viewer = np.bincount(train.users, rest, sample.n_users) / (np.bincount(train.users, minlength=len(viewer)) + 5)
    left = (train.values - mean - viewer[train.users] - film[train.movies]).astype(np.float32)
    residual = train.matrix(left).toarray()
    filled = np.zeros_like(residual)
    # Soft-impute (Mazumder et al. 2010): shrunk singular vectors of the residuals, unknown cells filled in by the model.
    for _ in range(8):
        known = np.where(residual != 0, residual, filled)
        squares, vectors = np.linalg.eigh(known.T @ known)
        sizes = np.sqrt(np.maximum(squares[-12:], 1e-9))
        filled = known @ (vectors[:, -12:] * np.maximum(1 - 9.0 / sizes, 0)) @ vectors[:, -12:].T
    base = mean + viewer[test.users] + film[test.movies]

    def rmse(predicted: np.ndarray | float) -> float:
        return float(np.sqrt(((test.values - predicted) ** 2).mean()))

    assert rmse(base) < 0.9 * rmse(mean)
    assert rmse(base + filled[test.users, test.movies]) < 0.98 * rmse(base)
