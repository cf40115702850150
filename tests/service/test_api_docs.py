"""docs/api.md and the OpenAPI examples say what the API does."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from matinee.config import Settings
from matinee.ranking.shelves import ShelfCursor
from matinee.service import examples
from matinee.service.problems import KINDS

PAGE = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^### `([^`]+)`$(.*?)(?=^##|\Z)", PAGE, flags=re.MULTILINE | re.DOTALL))


def operations(app: FastAPI) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def example_of(operation: dict[str, Any]) -> Any:
    for status in ("200", "201"):
        if status in operation["responses"]:
            return operation["responses"][status]["content"]["application/json"]["example"]
    return None


def test_every_endpoint_has_a_section_and_no_section_is_about_nothing(app: FastAPI) -> None:
    assert set(SECTIONS) == {name for name, _ in operations(app)}


def test_every_section_shows_how_to_ask_and_what_comes_back(app: FastAPI) -> None:
    for name, operation in operations(app):
        text = SECTIONS[name]
        assert "curl " in text, name
        shown = re.findall(r"```json\n(.*?)```", text, flags=re.DOTALL)
        example = example_of(operation)
        assert [json.loads(each) for each in shown] == ([] if example is None else [example]), name


def test_every_parameter_is_described(app: FastAPI) -> None:
    for name, operation in operations(app):
        for parameter in operation.get("parameters", []):
            if parameter["in"] == "query":
                assert f"| `{parameter['name']}` |" in SECTIONS[name], (name, parameter["name"])


def test_every_problem_and_setting_is_listed() -> None:
    for status, kind in KINDS.items():
        assert f"| {status} | `{kind}` |" in PAGE
    for kind in ("unknown-id", "foreign-origin"):
        assert f"`{kind}`" in PAGE
    for field in Settings.model_fields:
        assert f"`MATINEE_{field.upper()}`" in PAGE


def shape(value: Any) -> Any:
    """The keys of a JSON value at every depth; lists by their first element."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return None


def test_examples_look_like_the_answers(client: TestClient) -> None:
    ratings = {101: 1.0, 102: 1.5, 103: 4.5, 109: 5.0, 115: 4.5, 104: 1.0}
    body = {"name": "Ada", "ratings": [{"movie_id": movie, "value": value} for movie, value in ratings.items()]}
    session = client.post("/api/onboard", json=body).json()
    assert shape(session) == shape(examples.SESSION)
    asked = {
        f"/api/recommendations/{session['viewer_id']}?n=1": examples.PERSONAL_LIST,
        "/api/ratings": examples.OWN_RATINGS,
        "/api/movies?limit=1": examples.FILM_PAGE,
        "/api/movies/100": examples.FILM,
        "/api/movies/100/similar?n=1": examples.SIMILAR,
        "/api/trending?n=1": examples.TRENDING,
        "/api/search?query=comedy&n=1": examples.FILMS,
        "/api/onboarding?n=1": examples.FILMS,
        "/healthz": examples.HEALTH,
        "/readyz": examples.READINESS,
        "/api/movies/7": examples.PROBLEM,
    }
    for path, example in asked.items():
        # Lists of names are as empty as the film's data; what they are of is the same.
        got = json.loads(json.dumps(client.get(path).json()))
        assert without_names(shape(got)) == without_names(shape(example)), path
    rated = client.post("/api/rate", json={"movie_id": 110, "value": 3}).json()
    assert shape(rated) == shape(examples.RATED)


def test_examples_of_control_look_like_the_answers(client: TestClient) -> None:
    given = {101: 1.0, 102: 1.5, 103: 4.5, 109: 5.0, 115: 4.5, 104: 1.0, 121: 4.5}
    ratings = [{"movie_id": movie, "value": value} for movie, value in given.items()]
    client.post("/api/onboard", json={"name": "Ada", "ratings": ratings})
    cursor = client.get("/api/home?n=5").json()["shelves"][0]["next_cursor"]
    further = client.get("/api/home/more", params={"cursor": cursor, "n": 1})
    assert without_names(shape(further.json())) == without_names(shape(examples.MORE_OF_ROW))
    settings = {"max_age": 12, "languages": ["de"], "available": [100, 101]}
    asked: list[tuple[str, str, dict[str, Any] | None, Any]] = [
        ("POST", "/api/recommend", {"n": 1}, examples.PERSONAL_LIST),
        ("POST", "/api/tonight", {"guests": [{"name": "Bo", "loves": [103]}], "n": 1}, examples.EVENING),
        ("POST", "/api/feedback", {"kind": "watchlist", "movie_id": 110}, examples.SAID),
        ("GET", "/api/feedback", None, examples.OWN_FEEDBACK),
        ("GET", "/api/home?n=5", None, examples.HOME),
        ("POST", "/api/home/opened", {"movie_id": 110}, examples.OPENED),
        ("POST", "/api/undo", None, examples.TAKEN_BACK),
        ("PUT", "/api/taste", {"sliders": [{"kind": "genre", "name": "War", "level": -1}]}, examples.TASTE),
        ("GET", "/api/taste", None, examples.TASTE),
        ("PUT", "/api/settings", settings, examples.SETTINGS),
        ("GET", "/api/settings", None, examples.SETTINGS),
        ("GET", "/api/movies/103/why-not", None, examples.AUDIT),
        ("GET", "/api/history?n=1", None, examples.HISTORY),
        ("GET", "/api/movies/110/explanation", None, examples.INSIGHT),
    ]
    for method, path, body, example in asked:
        answer = client.request(method, path, json=body)
        assert answer.status_code == 200, (path, answer.text)
        assert without_names(shape(answer.json())) == without_names(shape(example)), path
    change = client.get("/api/movies/103/without").json()
    assert change.keys() == examples.LIST_CHANGE.keys()
    assert without_names(shape(change["film"])) == without_names(shape(examples.FILM))
    said = client.get("/api/preferences").json()
    assert said.keys() == examples.PREFERENCES.keys()
    assert shape(said["genres"]) == shape(examples.PREFERENCES["genres"])


def without_names(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_names(inner) for key, inner in value.items()}
    return [] if value == [None] else [without_names(each) for each in value] if isinstance(value, list) else value


def test_the_row_cursor_of_the_example_can_be_read() -> None:
    cursor = ShelfCursor.parse(examples.HOME["shelves"][0]["next_cursor"], 894)
    assert (cursor.key, cursor.seed, cursor.start) == ("for-you", examples.HOME["day"], 1)
    assert cursor.release == examples.PERSONAL_LIST["release"]


@pytest.mark.parametrize("name", ["FILM_PAGE"])
def test_the_cursor_of_the_example_can_be_read(name: str) -> None:
    from matinee.service.paging import Cursor

    assert Cursor.parse(getattr(examples, name)["next_cursor"]).sort == "popular"
