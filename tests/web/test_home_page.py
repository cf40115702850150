"""The first page: its question, more of its rows without scripts, what is remembered of it, and the dial."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from tests.web.test_control_pages import taste_form
from tests.web.web_pages import cards, faults, read

from matinee.ranking import Recommender
from matinee.service import Cinema

Rate = Callable[[TestClient, int], None]


def viewer_of(client: TestClient, cinema: Cinema) -> int:
    viewer = cinema.viewer_of(client.cookies["matinee_session"])
    assert viewer is not None
    return viewer


def test_the_question_can_be_answered_where_it_is_asked(client: TestClient, cinema: Cinema) -> None:
    page = read(client.get("/").text)
    asked = page.one("section", class_="question")
    form = asked.one("form", class_="rate-form")
    fields = {each.attributes["name"]: each.attributes["value"] for each in form.all("input", type="hidden")}
    answer = client.post(form.attributes["action"], data=fields | {"stars": "4"})
    assert answer.status_code == 200
    after = read(answer.text)
    film = int(asked.attributes["data-film"])
    assert [own.film.id for own in cinema.ratings(viewer_of(client, cinema))] == [film]
    assert int(after.one("section", class_="question").attributes["data-film"]) != film
    assert film not in cards(after)


def test_a_question_can_be_skipped_without_a_session(client: TestClient) -> None:
    asked, url = [], "/"
    for _ in range(4):
        question = read(client.get(url).text).one("section", class_="question")
        asked.append(question.attributes["data-film"])
        url = question.one("a", class_="skip-question").attributes["href"]
    assert len(set(asked)) == 4
    assert "matinee_session" not in client.cookies


def test_people_we_know_are_asked_nothing(client: TestClient, rate: Rate) -> None:
    rate(client, 6)
    page = read(client.get("/").text)
    assert not page.all("section", class_="question")
    assert len(page.all("section", class_="shelf")) >= 6


@pytest.mark.parametrize("known", [False, True], ids=["stranger", "known"])
def test_more_of_a_row_without_scripts_repeats_nothing(client: TestClient, rate: Rate, known: bool) -> None:
    if known:
        rate(client, 8)
    home = read(client.get("/").text)
    seen = cards(home)
    row = home.all("section", class_="shelf")[0]
    url = row.one("a", class_="shelf-end").attributes["href"]
    for _ in range(3):
        page = read(client.get(url).text)
        assert faults(page) == []
        assert page.one("h1").text == row.one("h2").text
        further = cards(page)
        assert len(further) == 24
        assert not set(further) & set(seen)
        seen += further
        url = page.one("a", data_next="").attributes["href"]


def test_a_cursor_that_is_none_is_explained(client: TestClient) -> None:
    for path in ("/row", "/row?cursor=nonsense"):
        answer = client.get(path)
        assert answer.status_code == 422
        assert "cursor cannot be read" in read(answer.text).text


def test_a_cursor_of_another_release_is_explained(client: TestClient, cinema: Cinema) -> None:
    url = read(client.get("/").text).all("a", class_="shelf-end")[0].attributes["href"]
    release = cinema.recommender.release
    later = replace(release.manifest, version="20990101-000000-000000")
    cinema.recommender = Recommender(replace(release, manifest=later))
    answer = client.get(url)
    assert answer.status_code == 410
    assert read(answer.text).one("h1").text == "The page has changed"
    assert "20990101-000000-000000 is live now" in answer.text
    as_data = client.get("/api/home/more", params={"cursor": url.partition("cursor=")[2]})
    assert (as_data.status_code, as_data.json()["type"]) == (410, "urn:matinee:problem:stale-cursor")
    assert as_data.json()["hint"] == "Load the page again."


def test_what_was_shown_and_opened_is_remembered(client: TestClient, cinema: Cinema, rate: Rate) -> None:
    rate(client, 8)
    page = read(client.get("/").text)
    viewer, today = viewer_of(client, cinema), cinema.home().day
    tomorrow = cinema.store.memory(viewer, today + 1)
    hero = int(page.one("section", class_="hero").attributes["data-film"])
    assert {*cards(page), hero} <= set(tomorrow.in_vain)
    first, second = cards(page)[:2]
    client.get(f"/movie/{first}", headers={"referer": "http://testserver/?rated=1"})
    client.get(f"/movie/{second}", headers={"referer": "http://testserver/search?q=the"})
    in_vain = cinema.store.memory(viewer, today + 1).in_vain
    assert first not in in_vain
    assert second in in_vain, "somebody who searched for a film was not led to it by the page"
    row = page.all("section", class_="shelf")[0].one("a", class_="shelf-end").attributes["href"]
    more = cards(read(client.get(row).text))
    assert set(more) <= cinema.store.memory(viewer, today + 1).in_vain.keys()


def test_one_film_is_there_to_learn_from_and_says_so(client: TestClient, cinema: Cinema, rate: Rate) -> None:
    rate(client, 8)
    page = read(client.get("/").text)
    (marked,) = page.all("span", class_="tried")
    assert marked.text == "Worth a try"
    (row,) = page.all("section", data_shelf="different")
    first = row.all("li", class_="card")[0]
    assert first.all("span", class_="tried")
    slot = cinema.store.memory(viewer_of(client, cinema), cinema.home().day).slot
    assert slot is not None
    assert slot.strategy in ("collaborative", "content", "statistical", "next")
    assert 0 < slot.propensity <= 1


def test_every_suggestion_can_be_sent_away(client: TestClient, cinema: Cinema, rate: Rate) -> None:
    rate(client, 8)
    page = read(client.get("/").text)
    for card in page.all("li", class_="card"):
        film = cinema.movie(int(card.attributes["data-film"]))
        seen = card.attributes["data-film"] in {
            each.attributes["data-film"]
            for row in page.all("section", data_shelf="again")
            for each in row.all("li", class_="card")
        }
        buttons = card.all("button", data_say="not_for_me")
        assert len(buttons) == (0 if seen else 1)
        assert all(button.attributes["aria-label"] == f"{film.title} is not for me" for button in buttons)
    form = page.all("form", class_="card-no")[0]
    fields = {each.attributes["name"]: each.attributes["value"] for each in form.all("input")}
    film_id = int(form.attributes["action"].split("/")[2])
    after = read(client.post(form.attributes["action"], data=fields).text)
    assert after.one("h1").text == page.one("h1").text, "back on the page it was sent from"
    assert film_id not in cards(after)


def test_the_dial_is_kept_and_as_usual_means_no_setting(client: TestClient, cinema: Cinema, rate: Rate) -> None:
    rate(client, 8)
    before = cards(read(client.get("/").text))
    form = taste_form(client)
    assert form["discovery"] == "0.2"
    client.post("/taste", data=form)
    assert cinema.settings(viewer_of(client, cinema)).discovery is None
    client.post("/taste", data=form | {"discovery": "1"})
    assert cinema.settings(viewer_of(client, cinema)).discovery == 1.0
    assert taste_form(client)["discovery"] == "1.0"
    assert cards(read(client.get("/").text)) != before
    for wrong in ("far", "2", "nan"):
        assert client.post("/taste", data=form | {"discovery": wrong}).status_code == 422
    assert taste_form(client)["discovery"] == "1.0"
    client.post("/undo", data={"next": "/taste"})
    assert cards(read(client.get("/").text)) == before
