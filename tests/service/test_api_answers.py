"""What the API answers: lists, mistakes, and what surrounds both."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from matinee.config import Settings
from matinee.errors import StoreError
from matinee.service import Cinema
from matinee.service.app import create_api

Browser = Callable[[], TestClient]


@pytest.fixture
def me(client: TestClient) -> TestClient:
    """A client whose viewer loves horror."""
    ratings = {101: 1.0, 102: 1.5, 103: 4.5, 109: 5.0, 115: 4.5, 104: 1.0, 121: 4.5}
    body = {"ratings": [{"movie_id": movie, "value": value} for movie, value in ratings.items()]}
    assert client.post("/api/onboard", json=body).status_code == 201
    return client


@pytest.fixture
def my_list(me: TestClient) -> str:
    viewer = me.post("/api/onboard", json={}).json()["viewer_id"]
    return f"/api/recommendations/{viewer}"


def problem(answer: Any, status: int, kind: str) -> dict[str, Any]:
    """Check that an answer is a problem of the one shape, and return it."""
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert set(body) - {"hint", "errors"} == {"type", "title", "status", "detail", "instance", "request_id"}
    assert (body["type"], body["status"]) == (f"urn:matinee:problem:{kind}", status)
    assert body["instance"] == answer.request.url.path
    assert body["request_id"] == answer.headers["x-request-id"]
    assert body["detail"].endswith(".")
    assert "Traceback" not in answer.text
    return body


def test_a_rating_changes_the_next_list(me: TestClient, my_list: str) -> None:
    before = [card["film"]["id"] for card in me.get(my_list).json()["cards"]]
    rated = me.post("/api/rate", json={"movie_id": before[0], "value": 4})
    assert rated.json() == {"movie_id": before[0], "value": 4.0, "n_ratings": 8}
    after = me.get(my_list).json()
    assert after["n_ratings"] == 8
    assert before[0] not in [card["film"]["id"] for card in after["cards"]]
    assert me.get(f"/api/movies/{before[0]}").json()["your_rating"] == 4.0
    assert me.post("/api/rate", json={"movie_id": before[0], "value": None}).json()["n_ratings"] == 7
    assert [card["film"]["id"] for card in me.get(my_list).json()["cards"]] == before


def test_lists_have_the_length_and_strategy_asked_for(me: TestClient, my_list: str) -> None:
    answer = me.get(my_list, params={"n": 3, "strategy": "ease"}).json()
    assert len(answer["cards"]) == 3
    assert answer["strategy"] == "ease"
    assert problem(me.get(my_list, params={"strategy": "luck"}), 404, "unknown-id")["hint"].startswith("Strategies: ")


def test_following_the_cursors_shows_every_film_once(client: TestClient) -> None:
    seen, query = [], {"limit": 25, "sort": "title"}
    while True:
        page = client.get("/api/movies", params=query).json()
        seen += [film["id"] for film in page["films"]]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert len(seen) == len(set(seen)) == page["total"] == 61


def test_a_cursor_of_a_former_release_is_gone(client: TestClient, app: FastAPI, dataset: Any, build: Any) -> None:
    cursor = client.get("/api/movies", params={"sort": "rating"}).json()["next_cursor"]
    app.state.cinema.recommender = build(dataset.select(dataset.users > 60))
    body = problem(client.get("/api/movies", params={"sort": "rating", "cursor": cursor}), 410, "stale-cursor")
    assert body["hint"] == "Start again without a cursor."
    problem(client.get("/api/movies", params={"cursor": "luck"}), 422, "invalid-request")


def test_readiness_names_the_release(client: TestClient, recommender: Any) -> None:
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {
        "status": "ready",
        "release": recommender.info.version,
        "data": "planted (simulated viewers)",
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/api/nothing", 404, "not-found"),
        ("GET", "/api/movies/", 404, "not-found"),
        ("GET", "/docs", 404, "not-found"),
        ("GET", "/redoc", 404, "not-found"),
        ("GET", "/api/movies/7", 404, "unknown-id"),
        ("GET", "/api/movies/7/similar", 404, "unknown-id"),
        ("GET", "/api/trending?genre=Opera", 404, "unknown-id"),
        ("GET", "/api/movies?genre=Opera", 404, "unknown-id"),
        ("POST", "/api/movies", 405, "method-not-allowed"),
        ("DELETE", "/api/rate", 405, "method-not-allowed"),
        ("GET", "/api/movies/seven", 422, "invalid-request"),
        ("GET", "/api/movies/-1", 422, "invalid-request"),
        ("GET", f"/api/movies/{2**63}", 422, "invalid-request"),
        ("GET", f"/api/movies/{'9' * 5000}", 422, "invalid-request"),
        ("GET", f"/api/recommendations/{2**64}", 422, "invalid-request"),
        ("GET", "/api/movies?limit=0", 422, "invalid-request"),
        ("GET", "/api/movies?limit=101", 422, "invalid-request"),
        ("GET", "/api/movies?sort=luck", 422, "invalid-request"),
        ("GET", "/api/search", 422, "invalid-request"),
        ("GET", "/api/search?query=", 422, "invalid-request"),
        ("GET", f"/api/search?query={'a' * 201}", 422, "invalid-request"),
        ("GET", "/api/onboarding?exclude=x", 422, "invalid-request"),
    ],
)
def test_mistakes_have_one_shape(
    client: TestClient, as_operator: dict[str, str], method: str, path: str, status: int, kind: str
) -> None:
    answer = client.request(method, path, headers=as_operator)
    body = problem(answer, status, kind)
    assert bool(body.get("errors")) == (status == 422)
    if status == 405:
        assert answer.headers["allow"]


@pytest.mark.parametrize(
    "value",
    ["4.3", "0", "0.25", "5.5", "11", "-3", '"4"', "true", "[4]", "{}", "NaN", "Infinity", "-Infinity", "1e400"],
)
def test_only_stars_are_ratings(me: TestClient, cinema: Cinema, value: str) -> None:
    headers = {"Content-Type": "application/json"}
    before = cinema.store.counts()
    problem(
        me.post("/api/rate", content=f'{{"movie_id": 110, "value": {value}}}', headers=headers), 422, "invalid-request"
    )
    body = f'{{"ratings": [{{"movie_id": 110, "value": {value}}}]}}'
    problem(me.post("/api/onboard", content=body, headers=headers), 422, "invalid-request")
    assert cinema.store.counts() == before


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "null",
        "[]",
        "7",
        '"x"',
        "{}",
        '{"movie_id": 110}',
        '{"value": 3}',
        '{"movie_id": "110", "value": 3}',
        '{"movie_id": 110.0, "value": 3}',
        '{"movie_id": null, "value": 3}',
        '{"movie_id": 9223372036854775808, "value": 3}',
        '{"movie_id": 110, "value": 3, "\\ud800": 1}',
        "\ufeff{}",
        "{" * 10_000,
    ],
)
def test_bodies_that_are_no_rating(me: TestClient, body: str) -> None:
    answer = me.post("/api/rate", content=body.encode(), headers={"Content-Type": "application/json"})
    assert problem(answer, 422, "invalid-request")["errors"]


@pytest.mark.parametrize("content", [b'{"movie_id": \xff\xfe}', b"[" * 60_000], ids=["no text", "too deep"])
def test_bodies_that_nobody_can_read(me: TestClient, content: bytes) -> None:
    problem(me.post("/api/rate", content=content, headers={"Content-Type": "application/json"}), 400, "bad-request")


def test_an_unknown_film_cannot_be_rated(me: TestClient) -> None:
    problem(me.post("/api/rate", json={"movie_id": 7, "value": 3}), 404, "unknown-id")
    problem(me.post("/api/onboard", json={"ratings": [{"movie_id": 7, "value": 3}]}), 404, "unknown-id")
    problem(me.post("/api/onboard", json={"genres": ["Opera"]}), 404, "unknown-id")


@pytest.mark.parametrize("name", ["x" * 81, "a\x00b", "a\u202eb", "a\nb\x1b[31m"])
def test_names_are_short_and_visible(client: TestClient, name: str) -> None:
    problem(client.post("/api/onboard", json={"name": name}), 422, "invalid-request")


def test_secrets_are_not_repeated(client: TestClient) -> None:
    answer = client.get("/api/movies", params={"limit": "my-secret"})
    assert "my-secret" not in answer.text


def test_a_failure_shows_no_insides(
    client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def break_down(*_: Any, **__: Any) -> None:
        raise ZeroDivisionError("the secret recipe")

    monkeypatch.setattr(app.state.cinema, "movie", break_down)
    with caplog.at_level(logging.ERROR):
        answer = client.get("/api/movies/103", headers={"X-Request-ID": "find-me"})
    body = problem(answer, 500, "internal")
    assert "secret recipe" not in answer.text
    assert body["request_id"] == "find-me"
    assert "nosniff" in answer.headers["x-content-type-options"]
    assert "find-me" in caplog.text
    assert "the secret recipe" in caplog.text


def test_a_database_that_does_not_answer_is_told_as_such(
    client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down() -> None:
        raise StoreError("The database mysql://db.internal refused.", hint="Check the folder.")

    monkeypatch.setattr(app.state.cinema.store, "ping", break_down)
    answer = client.get("/readyz")
    problem(answer, 503, "unavailable")
    assert "internal" not in answer.text
    assert answer.headers["retry-after"] == "2"
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_has_a_largest_size(me: TestClient, chunked: bool) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(70):
            yield b" " * 1024

    content = pieces() if chunked else b" " * 70 * 1024
    problem(me.post("/api/rate", content=content), 413, "too-large")
    padded = json.dumps({"movie_id": 110, "value": 4}).encode() + b" " * 60_000
    answer = me.post("/api/rate", content=padded, headers={"Content-Type": "application/json"})
    assert answer.status_code == 200


def test_every_answer_carries_the_headers(client: TestClient) -> None:
    for path in ("/api/movies", "/api/nothing", "/openapi.json", "/healthz"):
        headers = client.get(path).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "same-origin"
        assert len(headers["x-request-id"]) == 16
        assert "strict-transport-security" not in headers
    assert client.get("/api/movies").headers["cache-control"] == "no-store"


def test_a_request_id_is_kept_if_it_is_one(client: TestClient) -> None:
    assert client.get("/healthz", headers={"X-Request-ID": "abc-1.2_3"}).headers["x-request-id"] == "abc-1.2_3"
    for bad in ("", "x" * 65, "a b", "<script>"):
        assert client.get("/healthz", headers={"X-Request-ID": bad}).headers["x-request-id"] != bad


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, True),
        ({"Origin": "http://testserver"}, True),
        ({"Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Origin": "http://elsewhere.example"}, False),
        ({"Origin": "http://testserver:8001"}, False),
        ({"Origin": "http://testserver.elsewhere.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": "http://testserver", "Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "same-site"}, False),
    ],
)
def test_other_sites_cannot_act_for_a_viewer(me: TestClient, headers: dict[str, str], allowed: bool) -> None:
    for method, path, body in (
        ("POST", "/api/rate", {"movie_id": 110, "value": 3}),
        ("POST", "/api/onboard", {}),
        ("DELETE", "/api/session", None),
    ):
        answer = me.request(method, path, json=body, headers=headers)
        if allowed:
            assert answer.status_code in (200, 201, 204)
        else:
            problem(answer, 403, "foreign-origin")
    assert me.get("/api/movies", headers=headers).status_code == 200


def test_a_bearer_token_is_good_from_anywhere(browser: Browser) -> None:
    token = browser().post("/api/onboard", json={}).json()["token"]
    headers = {"Authorization": f"Bearer {token}", "Origin": "http://elsewhere.example"}
    assert browser().post("/api/rate", json={"movie_id": 110, "value": 3}, headers=headers).status_code == 200


def test_no_foreign_page_may_read_unless_allowed(client: TestClient, cinema: Cinema, tmp_path: Path) -> None:
    origin = {"Origin": "https://films.example"}
    asks = origin | {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
    assert "access-control-allow-origin" not in client.get("/api/movies", headers=origin).headers
    assert client.options("/api/rate", headers=asks).status_code == 405
    friendly = TestClient(create_api(cinema, Settings(home=tmp_path, cors_origins=("https://films.example/",))))
    answer = friendly.get("/api/movies", headers=origin)
    assert answer.headers["access-control-allow-origin"] == "https://films.example"
    assert "access-control-allow-credentials" not in answer.headers
    preflight = friendly.options("/api/rate", headers=asks)
    assert preflight.status_code == 200
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    assert friendly.post("/api/onboard", json={}, headers=origin).status_code == 201
    other = {"Origin": "https://other.example"}
    assert "access-control-allow-origin" not in friendly.get("/api/movies", headers=other).headers
    assert friendly.post("/api/onboard", json={}, headers=other).status_code == 403


def test_the_description_is_complete(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    text = json.dumps(described)
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            assert operation["description"], f"{method} {path}"
            statuses = set(operation["responses"])
            assert {"500", "503"} <= statuses
            for status in statuses - {"200", "201", "204"}:
                assert list(operation["responses"][status]["content"]) == ["application/problem+json"], (path, status)
            for status in statuses & {"200", "201"}:
                assert operation["responses"][status]["content"]["application/json"]["example"], path
    for name in set(text.split("#/components/schemas/")[1:]):
        assert name.partition('"')[0] in described["components"]["schemas"]
    assert "HTTPValidationError" not in text
    assert set(described["components"]["securitySchemes"]) == {"bearer", "cookie"}


def test_linear_algebra_keeps_to_one_thread_while_serving(app: FastAPI) -> None:
    def blas_threads() -> dict[str, int]:
        # OpenMP, which training brings into this process, counts its threads for each calling thread apart.
        return {each["filepath"]: each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"}

    before = blas_threads()
    with TestClient(app):
        assert set(blas_threads().values()) == {1}
    assert blas_threads() == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.sampled_from(["movies", "search", "trending", "onboarding", "movies/103/similar", "movies/{}"]),
    names=st.sampled_from(["cursor", "limit", "n", "genre", "sort", "query", "exclude"]),
    text=st.text(max_size=30),
)
def test_nothing_in_an_address_breaks_the_service(client: TestClient, path: str, names: str, text: str) -> None:
    encoded = text.encode("utf-8", "replace").decode()
    answer = client.get(f"/api/{path}".replace("{}", "7"), params={names: encoded})
    assert answer.status_code in (200, 404, 422)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["movie_id", "value", "name", "ratings", "genres", "x"]), inner, max_size=3
            )
        ),
        max_leaves=8,
    )
)
def test_nothing_in_a_body_breaks_the_service(client: TestClient, body: Any) -> None:
    for path in ("/api/onboard", "/api/rate"):
        answer = client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
        assert answer.status_code in (200, 201, 401, 404, 422)
