"""Random people with random wishes over the sample: nothing seen, hidden or barred is in any list of any endpoint.

What must not be shown is worked out here, film by film, from what was sent and the columns of the catalogue.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from matinee.config import Settings
from matinee.data.sample import load_sample
from matinee.ranking import Hybrid, HybridConfig, Recommender
from matinee.ranking.taste import Slider
from matinee.releases import assemble
from matinee.service import Cinema
from matinee.service.app import create_api
from matinee.store import Limits, Store

with warnings.catch_warnings():
    # Starlette's client prefers a successor of httpx and says so on import.
    warnings.simplefilter("ignore")
    from fastapi.testclient import TestClient

PEOPLE = 120
OVER_HTTP = 25

WORDS = ("the", "love", "comedy", "1990", "night")


@dataclass
class Wishes:
    """What one person told us, as it was sent."""

    ratings: dict[int, float] = field(default_factory=dict)
    feedback: dict[int, set[str]] = field(default_factory=dict)
    sliders: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def cinema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cinema]:
    sample = load_sample()
    some = sample.select(sample.users < 250)
    hybrid = Hybrid.unfitted(HybridConfig(weights={"ease": 0.7, "popular": 0.3})).fit(some)
    store = Store.open(tmp_path_factory.mktemp("barred") / "matinee.db")
    store.import_dataset(some.select(some.users < 5))
    yield Cinema(Recommender(assemble(some, hybrid.engines, ranking=hybrid.config.settings())), store)
    store.close()


@pytest.fixture(scope="module")
def films(cinema: Cinema) -> dict[int, dict[str, Any]]:
    catalogue = cinema.recommender.catalogue
    rows = {row["movie_id"]: row for row in catalogue.movies.iter_rows(named=True)}
    assert sum(row["age"] is not None for row in rows.values()) > 500
    assert sum(row["franchise"] is not None for row in rows.values()) > 50
    return rows


def draw(chance: random.Random, films: dict[int, dict[str, Any]]) -> Wishes:
    """Make up one person; most leave most things alone, some say a lot."""
    ids = sorted(films)
    wishes = Wishes()
    for movie_id in chance.sample(ids, chance.choice([0, 2, 8, 40])):
        wishes.ratings[movie_id] = chance.randrange(1, 11) / 2
    kinds = ("like", "dislike", "not_for_me", "hidden", "dont_learn", "watchlist", "watched")
    pool = chance.sample(ids, 6) + chance.sample(sorted(wishes.ratings), min(len(wishes.ratings), 3))
    for movie_id in pool:
        wishes.feedback.setdefault(movie_id, set()).add(chance.choice(kinds))
    if chance.random() < 0.6:
        film = films[chance.choice(ids)]
        names = [("genre", name) for name in film["genres"]] + [("person", name) for name in film["directors"]]
        names += [("decade", f"{film['year'] // 10 * 10}s")]
        series = [row["franchise"] for row in films.values() if row["franchise"] is not None]
        names += [("franchise", chance.choice(series))]
        wishes.sliders = [
            {"kind": kind, "name": chance.choice([name, name.upper(), name.lower()]) if kind != "decade" else name,
             "level": chance.choice([-2, -2, -1, 1, 2])}
            for kind, name in names
        ]  # fmt: skip
    if chance.random() < 0.6:
        wishes.settings = {
            "max_age": chance.choice([None, 0, 6, 12, 16]),
            "max_runtime": chance.choice([None, 90, 120]),
            "min_year": chance.choice([None, 1950, 1990]),
            "max_year": chance.choice([None, 2000]),
            "languages": chance.choice([None, ["en"], ["en", "fr", "ja"]]),
            "only_available": chance.random() < 0.4,
            "available": chance.sample(ids, 400),
        }
    return wishes


def beyond_limits(film: dict[str, Any], settings: dict[str, Any]) -> bool:
    if not settings:
        return False
    age, longest, first, last = (settings[name] for name in ("max_age", "max_runtime", "min_year", "max_year"))
    return (
        (age is not None and (film["age"] is None or film["age"] > age))
        or (longest is not None and (film["runtime"] is None or film["runtime"] > longest))
        or (first is not None and (film["year"] is None or film["year"] < first))
        or (last is not None and (film["year"] is None or film["year"] > last))
        or (settings["languages"] is not None and film["language"] not in settings["languages"])
        or (settings["only_available"] and film["movie_id"] not in settings["available"])
    )


def must_not_be_shown(film: dict[str, Any], wishes: Wishes) -> bool:
    said = wishes.feedback.get(film["movie_id"], set())
    if film["movie_id"] in wishes.ratings or said & {"like", "dislike", "not_for_me", "hidden", "watched"}:
        return True
    bears = {("genre", name.lower()) for name in film["genres"]}
    bears |= {("person", name.lower()) for name in [*film["directors"], *film["cast"]]}
    bears |= {("decade", f"{film['year'] // 10 * 10}s")} if film["year"] else set()
    bears |= {("franchise", film["franchise"].lower())} if film["franchise"] else set()
    never = {(each["kind"], each["name"].lower()) for each in wishes.sliders if each["level"] == -2}
    return bool(bears & never) or beyond_limits(film, wishes.settings)


def check(listed: list[int], films: dict[int, dict[str, Any]], wishes: Wishes, where: str) -> None:
    assert len(set(listed)) == len(listed), where
    wrong = [films[movie_id]["title"] for movie_id in listed if must_not_be_shown(films[movie_id], wishes)]
    assert not wrong, (where, wrong)


class Person:
    """Tells a site everything over HTTP and asks for every list there is."""

    def __init__(self, client: TestClient, wishes: Wishes) -> None:
        self.client = client
        # The cookie of the person before would make this one the same viewer.
        client.cookies.clear()
        ratings = [{"movie_id": movie_id, "value": value} for movie_id, value in wishes.ratings.items()]
        answer = client.post("/api/onboard", json={"ratings": ratings})
        self.id = answer.json()["viewer_id"]
        client.cookies.clear()
        self.headers = {"Authorization": f"Bearer {answer.json()['token']}"}
        for movie_id, kinds in wishes.feedback.items():
            for kind in kinds:
                self.ask("POST", "/api/feedback", {"movie_id": movie_id, "kind": kind, "value": True})
        if wishes.sliders:
            self.ask("PUT", "/api/taste", {"sliders": wishes.sliders})
        if wishes.settings:
            self.ask("PUT", "/api/settings", wishes.settings)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        answer = self.client.request(method, path, json=body, headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def ids(self, method: str, path: str, body: Any = None) -> list[int]:
        found = self.ask(method, path, body)
        items = next(found[key] for key in ("cards", "items", "films") if key in found)
        return [each["film"]["id"] if "film" in each else each["id"] for each in items]


def test_over_http(cinema: Cinema, films: dict[int, dict[str, Any]], tmp_path: Path) -> None:
    client = TestClient(create_api(cinema, Settings(home=tmp_path)), raise_server_exceptions=False)
    for seed in range(OVER_HTTP):
        chance = random.Random(seed)
        wishes = draw(chance, films)
        person = Person(client, wishes)
        film = chance.choice(sorted(films))
        for method, path, body in (
            ("GET", f"/api/recommendations/{person.id}?n=50", None),
            ("POST", "/api/recommend", {"n": 50, "discovery": chance.choice([None, 0, 1.0])}),
            ("GET", f"/api/movies/{film}/similar?n=50", None),
            ("GET", "/api/trending?n=50", None),
            ("GET", f"/api/trending?n=20&genre={chance.choice(films[film]['genres'])}", None),
            ("GET", f"/api/search?n=50&query={chance.choice(WORDS)}", None),
            ("GET", "/api/onboarding?n=50", None),
        ):
            check(person.ids(method, path, body), films, wishes, f"{seed} {path}")
        home = person.ask("GET", "/api/home?n=8")
        on_page = [card["film"]["id"] for shelf in home["shelves"] for card in shelf["cards"]]
        assert len(set(on_page)) == len(on_page), seed
        for shelf in home["shelves"]:
            part: Any = shelf
            seen = set(on_page) - {card["film"]["id"] for card in shelf["cards"]}
            for _ in range(3 if seed % 5 == 0 else 1):  # the row on the page, and of some twice more
                listed = [card["film"]["id"] for card in part["cards"]]
                assert not seen & set(listed), (seed, shelf["key"])
                seen |= set(listed)
                if not shelf["key"].startswith("again"):
                    check(listed, films, wishes, f"{seed} {shelf['key']}")
                if part["next_cursor"] is None:
                    break
                part = person.ask("GET", f"/api/home/more?n=8&cursor={part['next_cursor']}")["shelf"]
                if part is None:
                    break
        if home["question"] is not None:
            check([home["question"]["film"]["id"]], films, wishes, f"{seed} question")
        for path in (f"/api/search?n=50&seen=true&query={chance.choice(WORDS)}", "/api/movies?limit=50"):
            beyond = [each for each in person.ids("GET", path) if beyond_limits(films[each], wishes.settings)]
            assert not beyond, (seed, path)
        narrowed = person.ids("POST", "/api/recommend", {"n": 50, "max_runtime": 100, "exclude": [film]})
        check(narrowed, films, wishes, f"{seed} narrowed")
        assert film not in narrowed
        assert all(films[each]["runtime"] <= 100 for each in narrowed)
        audit = person.ask("GET", f"/api/movies/{film}/why-not")
        assert audit["shown"] == (not must_not_be_shown(films[film], wishes))
        assert audit["shown"] == (audit["place"] is not None) == (audit["bars"] == [])
        allowed = sum(not must_not_be_shown(each, wishes) for each in films.values())
        assert audit["n_allowed"] == allowed


def told(cinema: Cinema, wishes: Wishes) -> int:
    viewer = cinema.onboard(ratings=wishes.ratings).viewer_id
    for movie_id, kinds in wishes.feedback.items():
        for kind in kinds:
            cinema.say(viewer, movie_id, kind)
    if wishes.sliders:
        cinema.set_taste(viewer, [Slider(**each) for each in wishes.sliders])
    if wishes.settings:
        plain = dict(wishes.settings)
        available, languages = plain.pop("available"), plain.pop("languages")
        limits = Limits(**plain, languages=None if languages is None else tuple(languages))
        cinema.set_settings(viewer, limits, available)
    return viewer


def test_over_every_use_case(cinema: Cinema, films: dict[int, dict[str, Any]]) -> None:
    strategies = [
        name for name in ("hybrid", "popular", "ease", "statistical") if name in cinema.recommender.hybrid.strategies()
    ]
    for seed in range(1000, 1000 + PEOPLE):
        chance = random.Random(seed)
        wishes = draw(chance, films)
        viewer = told(cinema, wishes)
        film = chance.choice(sorted(films))
        for where, cards in (
            ("recommendations", cinema.recommendations(viewer, 60, chance.choice(strategies)).cards),
            ("similar", cinema.similar(film, 60, viewer)),
            ("trending", cinema.trending(60, None, viewer)),
        ):
            check([card.film.id for card in cards], films, wishes, f"{seed} {where}")
        for where, found in (
            ("search", cinema.search(chance.choice(WORDS), 60, viewer)),
            ("onboarding", cinema.onboarding(viewer, [film], 60)),
        ):
            check([each.id for each in found], films, wishes, f"{seed} {where}")
        home = cinema.home(viewer)
        for shelf in home.shelves:
            listed = [card.film.id for card in shelf.cards]
            if shelf.kind != "again":
                check(listed, films, wishes, f"{seed} {shelf.key}")
                continue
            # A row of films to see once more says so; but for that, everything holds there too.
            for movie_id in listed:
                said = wishes.feedback.get(movie_id, set())
                assert movie_id in wishes.ratings or "like" in said
                assert not said & {"dislike", "not_for_me", "hidden", "dont_learn"}
                assert not must_not_be_shown(films[movie_id], Wishes(sliders=wishes.sliders, settings=wishes.settings))
        shown = [card.film.id for shelf in home.shelves for card in shelf.cards]
        assert len(set(shown)) == len(shown)
