"""Every page: what it says, that it says it honestly, and that it works without any script."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import pytest
from fastapi.testclient import TestClient
from tests.web.web_pages import cards, faults, read

from matinee.service import Cinema

Rate = Callable[[TestClient, int], None]

PAGES = [
    "/",
    "/movie/{film}",
    "/welcome",
    "/welcome?q=the",
    "/search",
    "/search?q=the",
    "/search?q=qqqqq",
    "/browse",
    "/browse?genre=Drama&sort=title",
    "/trending",
    "/my-ratings",
    "/watchlist",
    "/taste",
    "/tonight",
    "/tonight?ask=1&guest=Bo&loves=",
    "/help",
    "/nowhere",
    "/movie/0",
]


@pytest.mark.parametrize("known", [False, True], ids=["stranger", "known"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_sound(client: TestClient, films: list[int], rate: Rate, path: str, known: bool) -> None:
    if known:
        rate(client, 6)
    answer = client.get(path.format(film=films[1]))
    assert answer.status_code == (404 if path in ("/nowhere", "/movie/0") else 200)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    page = read(answer.text)
    assert faults(page) == []
    assert page.one("title").text.endswith("· Matinee")
    assert page.one("a", class_="skip").attributes["href"] == "#main"


@pytest.mark.parametrize("path", PAGES)
def test_nothing_comes_from_elsewhere_and_nothing_is_inline(client: TestClient, films: list[int], path: str) -> None:
    page = read(client.get(path.format(film=films[0])).text)
    assert not page.all("style")
    assert not [
        each for each in page.all() if any(name == "style" or name.startswith("on") for name in each.attributes)
    ]
    for script in page.all("script"):
        assert not script.text
    loaded = [each.attributes["src"] for each in page.all() if "src" in each.attributes]
    loaded += [each.attributes["href"] for each in page.all("link") + page.all("use")]
    assert loaded
    for url in loaded:
        assert url.startswith("/"), url
        assert not url.startswith("//"), url
        assert client.get(url).status_code == 200, url


def test_pages_carry_a_strict_content_policy(client: TestClient) -> None:
    policy = client.get("/").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy


def test_a_stranger_is_told_so(client: TestClient) -> None:
    page = read(client.get("/").text)
    assert "We do not know you yet." in page.text
    assert page.one("a", class_="main").attributes["href"] == "/welcome"
    shelves = page.all("section", class_="shelf")
    assert len(shelves) >= 3
    assert shelves[0].one("h2").text == "Popular with everybody"
    assert all(shelf.one("h2").text and shelf.one("div", class_="shelf-head").one("p").text for shelf in shelves)
    assert len(set(cards(page))) == len(cards(page))
    assert "simulated viewers" in page.one("main").text


def test_home_of_a_known_viewer(client: TestClient, films: list[int], rate: Rate) -> None:
    rate(client, 6)
    page = read(client.get("/").text)
    hero = page.one("section", class_="hero")
    assert "Top pick for you" in hero.text
    assert hero.one("p", class_="why").text
    shown = [*cards(page), int(hero.attributes["data-film"])]
    assert len(set(shown)) == len(shown)
    again = [card for shelf in page.all("section", data_shelf="again") for card in shelf.all("li", class_="card")]
    assert set(shown) & set(films[:6]) == {int(card.attributes["data-film"]) for card in again}
    assert all(shelf.one("h2").text for shelf in page.all("section", class_="shelf"))
    assert all(card.all("span", class_="card-why")[0].text for card in page.all("li", class_="card"))


def test_between_no_rating_and_five_the_page_says_how_many_are_missing(client: TestClient, rate: Rate) -> None:
    rate(client, 2)
    page = read(client.get("/").text)
    assert "2 of 5 ratings" in page.text
    assert "A safe bet while we get to know you" in page.text


def test_rating_by_form_changes_the_next_list_and_says_so(client: TestClient, rate: Rate) -> None:
    rate(client, 6)
    before = cards(read(client.get("/").text))
    answer = client.post(f"/movie/{before[0]}/rate", data={"stars": "4.5", "next": "/"}, follow_redirects=False)
    assert answer.status_code == 303
    page = read(client.get(answer.headers["location"]).text)
    assert before[0] not in cards(page)
    note = page.one("div", id="rated-note")
    assert "Changed because you just rated" in note.text
    assert "4.5 stars" in note.text
    # Undo: the film may come back.
    form = note.one("form")
    fields = {each.attributes["name"]: each.attributes["value"] for each in form.all("input")}
    client.post(form.attributes["action"], data=fields)
    assert cards(read(client.get("/").text)) == before


def test_undo_brings_the_stars_before(client: TestClient, films: list[int]) -> None:
    client.post(f"/movie/{films[0]}/rate", data={"stars": "2"})
    client.post(f"/movie/{films[0]}/rate", data={"stars": "5", "next": f"/movie/{films[0]}"})
    page = read(client.get(f"/movie/{films[0]}?rated={films[0]}&was=2.0").text)
    fields = {each.attributes["name"]: each.attributes["value"] for each in page.one(id="rated-note").all("input")}
    assert fields == {"next": f"/movie/{films[0]}", "stars": "2"}


def test_the_movie_page_tells_your_stars_the_prediction_and_the_average_apart(
    client: TestClient, cinema: Cinema, films: list[int], rate: Rate
) -> None:
    rate(client, 7)
    film = cinema.movie(films[2])
    page = read(client.get(f"/movie/{film.id}").text)
    assert page.one("h1").text == film.title
    yours, predicted, average = page.all("div", class_="gauge")
    assert yours.one("input", name="stars", checked="").attributes["value"] == "2.0"
    assert re.fullmatch(r"[0-5]\.\d of 5", predicted.one("p", class_="figure").text)
    assert average.one("p", class_="figure").text == f"{film.rating_mean:.1f} of 5"
    assert f"{film.rating_count:,} simulated viewers" in average.text
    assert len(cards(page)) >= 6
    assert film.id not in cards(page)


def test_the_prediction_does_not_know_the_rating_it_predicts(client: TestClient, films: list[int], rate: Rate) -> None:
    rate(client, 8)
    figures = []
    for stars in ("0.5", "5"):
        client.post(f"/movie/{films[0]}/rate", data={"stars": stars})
        page = read(client.get(f"/movie/{films[0]}").text)
        figures.append(page.all("div", class_="gauge")[1].one("p", class_="figure").text)
    assert figures[0] == figures[1]


def test_what_speaks_for_a_film_is_the_viewers_own(
    client: TestClient, cinema: Cinema, films: list[int], rate: Rate
) -> None:
    rate(client, 8)
    told = {cinema.movie(film).title for film in films[:8]}
    first = cards(read(client.get("/").text))[0]
    sums = read(client.get(f"/movie/{first}").text).one("table", class_="sums").one("tbody").all("tr")
    named = [row.one("a").text for row in sums if row.all("a")]
    assert named
    assert set(named) <= told
    amounts = [float(row.one("td").text) for row in sums]
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1], abs=0.0006 * len(amounts)), "the amounts add up to the score"


def test_a_stranger_gets_no_prediction(client: TestClient, films: list[int]) -> None:
    predicted = read(client.get(f"/movie/{films[0]}").text).all("div", class_="gauge")[1]
    assert "Not yet" in predicted.text
    assert "Rate 5 more" in predicted.text


@pytest.mark.parametrize("stars", ["0", "0.25", "5.5", "nan", "inf", "five", ""])
def test_impossible_stars_are_refused(client: TestClient, films: list[int], stars: str) -> None:
    answer = client.post(f"/movie/{films[0]}/rate", data={"stars": stars})
    assert answer.status_code == 422
    assert faults(read(answer.text)) == []
    assert "No film rated" in read(client.get("/my-ratings").text).text


def test_rating_an_unknown_film(client: TestClient) -> None:
    assert client.post("/movie/0/rate", data={"stars": "3"}).status_code == 404


def test_scripts_are_answered_in_json(client: TestClient, films: list[int]) -> None:
    accept = {"accept": "application/json"}
    first = client.post(f"/movie/{films[0]}/rate", data={"stars": "3.5"}, headers=accept).json()
    assert first == {"movie": films[0], "stars": 3.5, "before": None, "n_ratings": 1, "needed": 5}
    again = client.post(f"/movie/{films[0]}/rate", data={"clear": "1"}, headers=accept).json()
    assert again == {"movie": films[0], "stars": None, "before": 3.5, "n_ratings": 0, "needed": 5}
    wrong = client.post(f"/movie/{films[0]}/rate", data={"stars": "9"}, headers=accept)
    assert wrong.status_code == 422
    assert wrong.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "headers",
    [{"origin": "https://elsewhere.example"}, {"origin": "null"}, {"sec-fetch-site": "cross-site"}],
    ids=["origin", "null", "fetch-site"],
)
def test_forms_of_other_sites_are_refused(client: TestClient, films: list[int], headers: dict[str, str]) -> None:
    assert client.post(f"/movie/{films[0]}/rate", data={"stars": "1"}, headers=headers).status_code == 403
    assert "No film rated" in read(client.get("/my-ratings").text).text


@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:1"]
)
def test_a_form_never_leads_away(client: TestClient, films: list[int], target: str) -> None:
    for path, data in ((f"/movie/{films[0]}/rate", {"stars": "3"}), ("/theme", {"theme": "light"})):
        answer = client.post(path, data={**data, "next": target}, follow_redirects=False)
        assert urlsplit(answer.headers["location"]).netloc == ""
        assert urlsplit(answer.headers["location"]).path == "/"


def test_viewers_do_not_see_each_other(site, films: list[int]) -> None:
    with TestClient(site) as one, TestClient(site) as other:
        one.post(f"/movie/{films[0]}/rate", data={"stars": "5"})
        assert "1 film rated" in read(one.get("/my-ratings").text).text
        assert "No film rated" in read(other.get("/my-ratings").text).text
        assert "We do not know you yet." in read(other.get("/").text).text


def test_the_session_cookie_is_out_of_reach_for_scripts(client: TestClient, films: list[int]) -> None:
    answer = client.post(f"/movie/{films[0]}/rate", data={"stars": "5"}, follow_redirects=False)
    (cookie,) = answer.headers.get_list("set-cookie")
    assert "httponly" in cookie.lower()
    assert "samesite=lax" in cookie.lower()


def test_onboarding_without_scripts(client: TestClient) -> None:
    page = read(client.get("/welcome").text)
    assert page.one(id="progress").text == "5 more"
    asked = cards(page)
    assert len(asked) == 24
    groups = page.all("span", class_="stars")[:-1]
    assert all(
        [each.attributes["value"] for each in group.all("input")] == ["1", "2", "3", "4", "5"] for group in groups
    )
    client.post("/welcome", data={f"stars-{asked[0]}": "4", f"stars-{asked[1]}": "2", "action": "save"})
    assert read(client.get("/welcome").text).one(id="progress").text == "3 more"
    answer = client.post("/welcome", data={f"stars-{film}": "5" for film in asked[2:5]} | {"action": "save"})
    home = read(answer.text)
    assert answer.url.path == "/"
    assert "Top pick for you" in home.text
    assert not set(asked[:5]) & set(cards(home))


def test_searching_during_onboarding_keeps_what_was_given(client: TestClient, cinema: Cinema, films: list[int]) -> None:
    title = cinema.movie(films[9]).title
    answer = client.post("/welcome", data={f"stars-{films[0]}": "4", "q": title, "action": "search"})
    page = read(answer.text)
    assert answer.url.path == "/welcome"
    assert films[9] in cards(page)
    assert page.one(id="progress").text == "4 more"


def test_onboarding_keeps_half_stars_it_shows_rounded(client: TestClient, cinema: Cinema, films: list[int]) -> None:
    client.post(f"/movie/{films[0]}/rate", data={"stars": "3.5"})
    page = read(client.get("/welcome", params={"q": cinema.movie(films[0]).title}).text)
    shown = page.one("input", name=f"stars-{films[0]}", checked="").attributes["value"]
    assert shown == "4"
    client.post("/welcome", data={f"stars-{films[0]}": shown, "action": "save"})
    checked = read(client.get(f"/movie/{films[0]}").text).one("form", class_="rate-form", data_film=str(films[0]))
    assert checked.one("input", name="stars", checked="").attributes["value"] == "3.5"


def test_search_counts_filters_and_suggests(client: TestClient, cinema: Cinema) -> None:
    everything = read(client.get("/search?q=the").text)
    count = int(everything.one(id="count").text.split()[0])
    assert count == len(cards(everything)) > 5
    fewer = read(client.get("/search?q=the&genre=Comedy&from=1980&to=1999").text)
    assert 0 < len(cards(fewer)) < count
    for film in map(cinema.movie, cards(fewer)):
        assert "Comedy" in film.genres
        assert film.year is not None
        assert 1980 <= film.year <= 1999
    nothing = read(client.get("/search?q=qqqqq").text)
    assert nothing.one(id="count").text == "No film for “qqqqq”."
    assert nothing.one("ul", class_="chips").all("a")
    assert cards(nothing), "an empty result still offers films"


def test_search_by_filters_alone(client: TestClient, cinema: Cinema) -> None:
    found = [cinema.movie(film) for film in cards(read(client.get("/search?to=1930").text))]
    assert found
    assert all(film.year is not None and film.year <= 1930 for film in found)


def test_what_was_searched_is_escaped(client: TestClient) -> None:
    html = client.get("/search", params={"q": '"><script>alert(1)</script>'}).text
    assert "<script>alert" not in html


@pytest.mark.parametrize("sort", ["popular", "rating", "title", "newest"])
def test_browsing_shows_every_film_once(client: TestClient, cinema: Cinema, sort: str) -> None:
    url, seen = f"/browse?genre=Western&sort={sort}", []
    while url:
        page = read(client.get(url).text)
        seen += cards(page)
        more = page.one("p", id="more").all("a")
        url = more[0].attributes["href"] if more else ""
    assert len(seen) == len(set(seen)) == cinema.movies(genre="Western").total


def test_a_stale_cursor_starts_again(client: TestClient) -> None:
    answer = client.get("/browse?sort=title&cursor=nonsense")
    assert answer.status_code == 200
    assert parse_qs(answer.url.query.decode()) == {"sort": ["title"]}


def test_my_ratings_show_the_curve_and_let_go(client: TestClient, films: list[int], rate: Rate) -> None:
    rate(client, 4)
    page = read(client.get("/my-ratings").text)
    listed = [
        int(each.attributes["data-film"])
        for each in page.one("ul", class_="rated-list").children
        if not isinstance(each, str)
    ]
    assert listed == films[:4][::-1]
    assert "4 films rated, 3.8 stars on average." in page.text
    client.post(f"/movie/{films[0]}/rate", data={"clear": "1"})
    assert "3 films rated" in read(client.get("/my-ratings").text).text


def test_the_theme_is_kept(client: TestClient) -> None:
    assert read(client.get("/").text).one("link", id="light").attributes["media"] == "(prefers-color-scheme: light)"
    for theme, media in (("light", "all"), ("dark", "not all")):
        page = read(client.post("/theme", data={"theme": theme, "next": "/help"}).text)
        assert page.one("html").attributes["data-theme"] == theme
        assert page.one("link", id="light").attributes["media"] == media
        assert page.one("h1").text == "Keys and help"


def test_pictures_are_kept_while_they_are_right(client: TestClient, films: list[int]) -> None:
    url = read(client.get(f"/movie/{films[0]}").text).all("img", class_="poster")[0].attributes["src"]
    right = client.get(url)
    assert right.headers["content-type"] == "image/svg+xml"
    assert "immutable" in right.headers["cache-control"]
    old = client.get(f"/poster/{films[0]}.svg?v=00000000")
    assert old.headers["cache-control"] == "no-cache"
    assert old.text == right.text
    unchanged = client.get(f"/poster/{films[0]}.svg", headers={"if-none-match": right.headers["etag"]})
    assert unchanged.status_code == 304
    assert client.get("/poster/0.svg").status_code == 404


def test_a_failure_is_a_page_too(client: TestClient, cinema: Cinema, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("boom")

    monkeypatch.setattr(cinema, "home", fail)
    answer = client.get("/")
    assert answer.status_code == 500
    page = read(answer.text)
    assert faults(page) == []
    assert "boom" not in answer.text
    assert page.one("div", class_="empty").all("a"), "a way on"


def test_the_api_answers_beside_the_pages(client: TestClient, films: list[int]) -> None:
    assert client.get(f"/api/movies/{films[0]}").json()["id"] == films[0]
    missing = client.get("/api/movies/0")
    assert missing.status_code == 404
    assert missing.headers["content-type"] == "application/problem+json"
    assert client.get("/api/nowhere").headers["content-type"] == "application/problem+json"
    assert client.get("/healthz").status_code == 200


def test_a_rating_through_the_api_counts_on_the_pages(client: TestClient, films: list[int]) -> None:
    client.post(f"/movie/{films[0]}/rate", data={"stars": "4"})
    assert client.post("/api/rate", json={"movie_id": films[1], "value": 2.5}).status_code == 200
    assert "2 films rated" in read(client.get("/my-ratings").text).text
