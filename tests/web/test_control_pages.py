"""Steering by plain forms: what people say of films, sliders, limits, and taking steps back."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from tests.web.web_pages import Element, cards, faults, read

from matinee.service import Cinema

Rate = Callable[[TestClient, int], None]


def fields_of(form: Element) -> dict[str, str]:
    """Return what a browser would send of a form as it stands."""
    found = {}
    for each in form.all("input"):
        if each.attributes.get("type") in ("radio", "checkbox") and "checked" not in each.attributes:
            continue
        found[each.attributes["name"]] = each.attributes.get("value", "")
    for select in form.all("select"):
        chosen = [option for option in select.all("option") if "selected" in option.attributes]
        found[select.attributes["name"]] = (chosen or select.all("option"))[0].attributes["value"]
    return found


def taste_form(client: TestClient) -> dict[str, str]:
    return fields_of(read(client.get("/taste").text).one("form", id="taste"))


def test_saving_the_form_unchanged_changes_nothing(client: TestClient, rate: Rate) -> None:
    rate(client, 6)
    before = cards(read(client.get("/").text))
    form = taste_form(client)
    assert form["slider genre Drama"] == "0"
    answer = client.post("/taste", data=form)
    assert "Saved. Your lists follow at once." in read(answer.text).text
    assert taste_form(client) == form
    assert cards(read(client.get("/").text)) == before


def test_never_and_limits_rule_the_next_page(client: TestClient, cinema: Cinema, rate: Rate) -> None:
    rate(client, 6)
    client.post("/taste", data=taste_form(client) | {"slider genre Drama": "-2", "max_age": "13", "max_runtime": "120"})
    shown = [cinema.movie(film) for film in cards(read(client.get("/").text))]
    assert shown
    for film in shown:
        assert "Drama" not in film.genres
        assert film.age is not None
        assert film.age <= 13
        assert film.runtime is not None
        assert film.runtime <= 120
    held = taste_form(client)
    assert (held["slider genre Drama"], held["max_age"], held["max_runtime"]) == ("-2", "13", "120")


def test_a_person_can_be_added_and_the_change_taken_back(client: TestClient, rate: Rate) -> None:
    rate(client, 6)
    client.post("/taste", data=taste_form(client) | {"add": "  Akira   Kurosawa ", "add-kind": "person"})
    assert taste_form(client)["slider person Akira Kurosawa"] == "1"
    page = read(client.post("/undo", data={"next": "/taste"}).text)
    assert "Taken back." in page.text
    client.post("/undo", data={"next": "/taste"})
    assert taste_form(client).get("slider person Akira Kurosawa", "0") == "0"
    for _ in range(3):
        page = read(client.post("/undo", data={"next": "/taste"}).text)
    assert "nothing left to take back" in page.text


@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"slider genre Drama": "9"}, "slider"),
        ({"slider planet Mars": "1"}, "slider"),
        ({"slider decade 1985": "1"}, "decade"),
        ({"max_runtime": "two hours"}, "whole number"),
        ({"max_runtime": "0"}, "max_runtime"),
        ({"min_year": "2000", "max_year": "1990"}, "year"),
    ],
)
def test_impossible_wishes_are_refused_whole(client: TestClient, rate: Rate, wrong: dict[str, str], word: str) -> None:
    rate(client, 6)
    before = taste_form(client)
    answer = client.post("/taste", data=before | {"slider genre Comedy": "2"} | wrong)
    assert answer.status_code == 422
    assert word.lower() in read(answer.text).text.lower()
    assert faults(read(answer.text)) == []
    assert taste_form(client) == before


def test_not_for_me_takes_a_film_away_until_it_is_taken_back(client: TestClient, rate: Rate) -> None:
    rate(client, 6)
    film = cards(read(client.get("/").text))[0]
    answer = client.post(f"/movie/{film}/say", data={"kind": "not_for_me", "next": "/"})
    assert film not in cards(read(answer.text))
    page = read(client.get(f"/movie/{film}").text)
    assert "You said that it is not for you." in page.text
    (button,) = page.all("button", data_say="not_for_me", data_film=str(film))
    assert button.attributes["aria-pressed"] == "true"
    client.post(f"/movie/{film}/say", data={"kind": "not_for_me", "given": "0"})
    assert film in cards(read(client.get("/").text))


def test_the_watchlist_holds_what_was_put_aside(client: TestClient, films: list[int]) -> None:
    client.post(f"/movie/{films[3]}/say", data={"kind": "watchlist"})
    page = read(client.get("/watchlist").text)
    assert [
        item.attributes["data-film"] for item in page.one("ul", class_="rated-list").all("li", data_film=str(films[3]))
    ]
    assert faults(page) == []
    client.post(f"/movie/{films[3]}/say", data={"kind": "watchlist", "given": "0", "next": "/watchlist"})
    assert "Nothing here yet" in client.get("/watchlist").text


def test_unknown_sayings_and_films_are_refused(client: TestClient, films: list[int]) -> None:
    assert client.post(f"/movie/{films[0]}/say", data={"kind": "adore"}).status_code == 422
    assert client.post("/movie/0/say", data={"kind": "like"}).status_code == 404


def test_what_a_rating_does_to_the_list(client: TestClient, cinema: Cinema, films: list[int], rate: Rate) -> None:
    rate(client, 8)
    page = read(client.get(f"/movie/{films[0]}/without").text)
    assert faults(page) == []
    assert page.one("h1").text == f"Without {cinema.movie(films[0]).title}"
    assert client.get(f"/movie/{films[30]}/without").status_code == 404
    client.cookies.clear()
    assert client.get(f"/movie/{films[0]}/without").status_code == 404
