"""Who may reach what: one row an endpoint, and no endpoint without a row."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from matinee.service import Cinema

Browser = Callable[[], TestClient]

COOKIE = "matinee_session"


@dataclass(frozen=True)
class Endpoint:
    """How an endpoint is asked rightly (`{me}` stands for the viewer's own id), and the status each caller gets."""

    method: str
    path: str
    ask: str
    guest: int
    viewer: int
    stranger: int
    operator: int
    forged: int
    json: dict[str, Any] | None = None


def public(path: str, ask: str, method: str = "GET", status: int = 200, json: dict[str, Any] | None = None) -> Endpoint:
    """Everybody may; a bearer token that opens nothing is a mistake all the same."""
    return Endpoint(method, path, ask, status, status, status, status, 401, json)


def own(path: str, ask: str, method: str = "GET", status: int = 200, json: dict[str, Any] | None = None) -> Endpoint:
    """A viewer may, for themselves: there is nobody else to name. The operator is no viewer."""
    return Endpoint(method, path, ask, 401, status, status, 403, 401, json)


ENDPOINTS = [
    Endpoint("GET", "/api/recommendations/{user_id}", "/api/recommendations/{me}?n=2", 401, 200, 403, 200, 401),
    public("/api/home", "/api/home?n=3&skip=100"),
    # A cursor of nobody's is a mistake, whoever sends it.
    public("/api/home/more", "/api/home/more?cursor=none", status=422),
    own("/api/home/opened", "/api/home/opened", "POST", json={"movie_id": 110}),
    own("/api/rate", "/api/rate", "POST", json={"movie_id": 110, "value": 3.5}),
    own("/api/ratings", "/api/ratings"),
    own("/api/recommend", "/api/recommend", "POST", json={"n": 2, "max_year": 2000, "exclude": [103]}),
    own("/api/history", "/api/history?n=2"),
    own("/api/preferences", "/api/preferences"),
    own("/api/feedback", "/api/feedback", "POST", json={"kind": "watchlist", "movie_id": 110, "value": True}),
    own("/api/feedback", "/api/feedback?kind=watchlist"),
    own("/api/undo", "/api/undo", "POST"),
    own("/api/taste", "/api/taste"),
    own("/api/taste", "/api/taste", "PUT", json={"sliders": [{"kind": "genre", "name": "War", "level": 1}]}),
    own("/api/settings", "/api/settings"),
    own("/api/settings", "/api/settings", "PUT", json={"max_age": 12, "available": [100, 101]}),
    own("/api/movies/{movie_id}/why-not", "/api/movies/110/why-not"),
    own("/api/movies/{movie_id}/explanation", "/api/movies/110/explanation"),
    # Somebody else has not rated that film.
    Endpoint("GET", "/api/movies/{movie_id}/without", "/api/movies/103/without?n=3", 401, 200, 404, 403, 401),
    own("/api/tonight", "/api/tonight?max_runtime=200"),
    own("/api/tonight", "/api/tonight", "POST", json={"guests": [{"name": "Bo", "loves": [103]}], "n": 1}),
    own("/api/session", "/api/session", "DELETE", 204),
    public("/api/onboard", "/api/onboard", "POST", 201, {"name": "Bo", "ratings": [{"movie_id": 103, "value": 5}]}),
    public("/api/onboarding", "/api/onboarding?n=2&exclude=100"),
    public("/api/movies", "/api/movies?limit=2&sort=rating"),
    public("/api/movies/{movie_id}", "/api/movies/103"),
    public("/api/movies/{movie_id}/similar", "/api/movies/103/similar?n=2"),
    public("/api/trending", "/api/trending?genre=Drama&n=2"),
    public("/api/search", "/api/search?query=lupino&n=2"),
    Endpoint("GET", "/healthz", "/healthz", 200, 200, 200, 200, 200),
    Endpoint("GET", "/readyz", "/readyz", 200, 200, 200, 200, 200),
]

every_endpoint = pytest.mark.parametrize("endpoint", ENDPOINTS, ids=lambda each: f"{each.method} {each.path}")


@dataclass(frozen=True)
class People:
    """Two viewers, with the tokens of their sessions."""

    me: int
    my_token: str
    stranger_token: str


@pytest.fixture
def people(cinema: Cinema) -> People:
    ratings = {101: 1.0, 102: 1.5, 103: 4.5, 109: 5.0, 115: 4.5, 104: 1.0, 121: 4.5}
    me, stranger = cinema.onboard("Me", ratings), cinema.onboard("Stranger")
    for viewer in (me, stranger):
        # Something to undo.
        cinema.say(viewer.viewer_id, 112, "watchlist")
    return People(me.viewer_id, me.token, stranger.token)


def send(client: TestClient, endpoint: Endpoint, me: int, token: str | None = None) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer: httpx.Response = client.request(
        endpoint.method, endpoint.ask.format(me=me), json=endpoint.json, headers=headers
    )
    return answer


def test_every_endpoint_has_a_row(app: FastAPI) -> None:
    routed = {(method, route.path) for route in routes(app) for method in route.methods}
    assert routed == {(each.method, each.path) for each in ENDPOINTS}
    described = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert described == routed


def routes(app: FastAPI) -> list[APIRoute]:
    """Every route, those of included routers too, however the framework keeps them."""
    found: list[APIRoute] = []
    pending = list(app.routes)
    while pending:
        route = pending.pop()
        if isinstance(route, APIRoute):
            found.append(route)
        else:
            pending += getattr(getattr(route, "original_router", None), "routes", [])
    return found


@every_endpoint
def test_guests(browser: Browser, endpoint: Endpoint, people: People) -> None:
    answer = send(browser(), endpoint, people.me)
    assert answer.status_code == endpoint.guest
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"] == "Bearer"


@every_endpoint
def test_viewers_by_bearer_token(browser: Browser, endpoint: Endpoint, people: People) -> None:
    assert send(browser(), endpoint, people.me, people.my_token).status_code == endpoint.viewer


@every_endpoint
def test_viewers_by_cookie(browser: Browser, endpoint: Endpoint, people: People) -> None:
    client = browser()
    client.cookies.set(COOKIE, people.my_token)
    assert send(client, endpoint, people.me).status_code == endpoint.viewer


@every_endpoint
def test_other_viewers(browser: Browser, endpoint: Endpoint, people: People) -> None:
    assert send(browser(), endpoint, people.me, people.stranger_token).status_code == endpoint.stranger


@every_endpoint
def test_the_operator(browser: Browser, endpoint: Endpoint, people: People, settings: Any) -> None:
    token = settings.operator_token.get_secret_value()
    assert send(browser(), endpoint, people.me, token).status_code == endpoint.operator


@every_endpoint
@pytest.mark.parametrize("token", ["", "forged", "a-long-operator-toke", "a-long-operator-token2", "\u00e9"])
def test_forged_tokens(browser: Browser, endpoint: Endpoint, people: People, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}".encode()}
    answer = browser().request(endpoint.method, endpoint.ask.format(me=people.me), json=endpoint.json, headers=headers)
    assert answer.status_code == endpoint.forged


@every_endpoint
def test_an_old_cookie_makes_a_guest(browser: Browser, cinema: Cinema, endpoint: Endpoint, people: People) -> None:
    client = browser()
    client.cookies.set(COOKIE, people.my_token)
    cinema.sign_out(people.my_token)
    assert send(client, endpoint, people.me).status_code == endpoint.guest


@every_endpoint
def test_other_schemes_are_no_proof(browser: Browser, endpoint: Endpoint, people: People) -> None:
    headers = {"Authorization": f"Basic {people.my_token}"}
    answer = browser().request(endpoint.method, endpoint.ask.format(me=people.me), json=endpoint.json, headers=headers)
    assert answer.status_code == endpoint.forged


def test_a_forged_bearer_token_is_not_saved_by_a_good_cookie(browser: Browser, people: People) -> None:
    client = browser()
    client.cookies.set(COOKIE, people.my_token)
    assert client.get("/api/ratings", headers={"Authorization": "Bearer forged"}).status_code == 401


def test_without_an_operator_token_nobody_is_the_operator(cinema: Cinema, people: People, tmp_path: Any) -> None:
    from matinee.config import Settings
    from matinee.service.app import create_api

    client = TestClient(create_api(cinema, Settings(home=tmp_path)), raise_server_exceptions=False)
    for token in ("", "None", "a-long-operator-token"):
        headers = {"Authorization": f"Bearer {token}"}
        assert client.get(f"/api/recommendations/{people.me}", headers=headers).status_code == 401


def test_who_exists_is_the_operators_to_know(client: TestClient, people: People, as_operator: dict[str, str]) -> None:
    mine = {"Authorization": f"Bearer {people.my_token}"}
    assert client.get("/api/recommendations/1", headers=mine).status_code == 403
    assert client.get("/api/recommendations/987654", headers=mine).status_code == 403
    assert client.get("/api/recommendations/1", headers=as_operator).status_code == 200
    assert client.get("/api/recommendations/987654", headers=as_operator).status_code == 404


def test_no_user_id_in_a_body_is_believed(client: TestClient, cinema: Cinema, people: People) -> None:
    headers = {"Authorization": f"Bearer {people.stranger_token}"}
    for key in ("user_id", "viewer_id"):
        body = {"movie_id": 110, "value": 0.5, key: people.me}
        answer = client.post("/api/rate", json=body, headers=headers)
        assert answer.status_code == 422
        assert answer.json()["errors"] == [{"where": f"body.{key}", "what": "Extra inputs are not permitted"}]
        assert client.post("/api/onboard", json={key: people.me}, headers=headers).status_code == 422
    assert cinema.movie(110, people.me).your_rating is None


def test_a_session_is_kept_by_the_browser_and_ends(browser: Browser, cinema: Cinema) -> None:
    client = browser()
    answer = client.post("/api/onboard", json={"name": "Ada", "ratings": [{"movie_id": 103, "value": 4.5}]})
    cookie = answer.headers["set-cookie"]
    assert answer.json()["token"] in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie
    assert [each["film"]["id"] for each in client.get("/api/ratings").json()["items"]] == [103]
    token = answer.json()["token"]
    ended = client.delete("/api/session")
    assert (ended.status_code, ended.content) == (204, b"")
    assert COOKIE not in client.cookies
    assert cinema.viewer_of(token) is None
    assert client.get("/api/ratings").status_code == 401


def test_a_second_onboarding_adds_to_the_same_viewer(browser: Browser) -> None:
    client = browser()
    first = client.post("/api/onboard", json={"name": "Ada", "ratings": [{"movie_id": 103, "value": 4.5}]}).json()
    again = client.post("/api/onboard", json={"ratings": [{"movie_id": 109, "value": 2}]}).json()
    assert (again["viewer_id"], again["name"]) == (first["viewer_id"], "Ada")
    assert [each["film"]["id"] for each in client.get("/api/ratings").json()["items"]] == [109, 103]


def test_cookies_are_secure_where_the_site_is(cinema: Cinema, tmp_path: Any) -> None:
    from matinee.config import Settings
    from matinee.service.app import create_api

    client = TestClient(create_api(cinema, Settings(home=tmp_path, secure_cookies=True)), base_url="https://films")
    answer = client.post("/api/onboard", json={})
    assert "Secure" in answer.headers["set-cookie"]
    assert answer.headers["strict-transport-security"] == "max-age=31536000"
