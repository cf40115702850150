"""The page for an evening together, by plain forms."""

from __future__ import annotations

from collections.abc import Callable

from fastapi.testclient import TestClient
from tests.web.web_pages import Element, faults, read

from matinee.service import Cinema

Rate = Callable[[TestClient, int], None]


def picks(page: Element) -> list[int]:
    return [
        int(each.attributes["data-film"])
        for each in page.one("ol", class_="picks").all("li")
        if "data-film" in each.attributes
    ]


def test_three_picks_with_a_sentence_for_everybody(
    client: TestClient, cinema: Cinema, films: list[int], rate: Rate
) -> None:
    rate(client, 8)
    loved = f"{cinema.movie(films[10]).title} ({cinema.movie(films[10]).year})"
    page = read(client.get("/tonight", params={"ask": "1", "guest": "Bo", "loves": loved, "max_runtime": "150"}).text)
    assert faults(page) == []
    shown = picks(page)
    assert len(set(shown)) == 3
    assert not set(shown) & {*films[:8], films[10]}
    assert all((cinema.movie(film).runtime or 999) <= 150 for film in shown)
    says = [each.text for each in page.all("ul", class_="says")]
    assert all("You " in text and "Bo " in text for text in says)
    again = read(client.get("/tonight", params={"veto": str(shown[0]), "guest": "Bo", "loves": loved}).text)
    assert shown[0] not in picks(again)


def test_mistakes_are_said_and_the_form_is_kept(client: TestClient, rate: Rate) -> None:
    rate(client, 6)
    for params, word in (
        ({"guest": "Bo", "loves": "Qqqqq Zzzzz"}, "No film is called"),
        ({"guest": "You", "loves": ""}, "called"),
        ({"max_runtime": "long"}, "whole number"),
    ):
        answer = client.get("/tonight", params={"ask": "1", **params})
        assert answer.status_code == 422
        page = read(answer.text)
        assert word in page.one("div", role="alert").text
        assert faults(page) == []
        if "loves" in params:
            assert page.one("input", id="loves-1").attributes["value"] == params["loves"]


def test_a_stranger_is_asked_to_rate_first(client: TestClient) -> None:
    page = read(client.get("/tonight?ask=1").text)
    assert "We need to know you first" in page.text
