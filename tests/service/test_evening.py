"""An evening together: guests count, limits hold, vetoes are kept, and nothing of a guest stays."""

from __future__ import annotations

import pytest

from matinee.errors import InputError, UnknownIdError
from matinee.ranking import Policy
from matinee.service import Cinema
from matinee.service.evening import GUESTS, Guest


@pytest.fixture
def fan(cinema: Cinema) -> int:
    given = {101: 1.0, 102: 1.5, 103: 4.5, 109: 5.0, 115: 4.5, 104: 1.0, 121: 4.5}
    return cinema.onboard(name="Ada", ratings=given).viewer_id


def test_everybody_is_heard_in_every_pick(cinema: Cinema, fan: int) -> None:
    before = cinema.store.account(fan)
    evening = cinema.tonight(fan, [Guest(name="Bo", ratings={100: None, 106: 5.0}), Guest(name="Cy")])
    assert len(evening.picks) == 3
    assert set(evening.satisfaction) == {"You", "Bo", "Cy"}
    for pick in evening.picks:
        assert [one.name for one in pick.says] == ["You", "Bo", "Cy"]
        assert all(one.reason and 1 <= one.place <= evening.n_candidates for one in pick.says)
    shown = {pick.film.id for pick in evening.picks}
    assert len(shown) == 3
    assert not shown & {101, 102, 103, 109, 115, 104, 121, 100, 106}
    assert cinema.store.account(fan) == before


def test_vetoes_and_the_limits_of_anybody_hold(cinema: Cinema, fan: int) -> None:
    first = cinema.tonight(fan).picks[0].film
    again = cinema.tonight(fan, vetoes=[first.id])
    assert first.id not in {pick.film.id for pick in again.picks}
    genre = first.genres[0]
    without = cinema.tonight(fan, [Guest(name="Bo", hidden_genres=[genre.upper()])], n=10)
    assert all(genre not in pick.film.genres for pick in without.picks)
    short = cinema.tonight(fan, narrowed=Policy(seen=False, max_runtime=1))
    assert (short.picks, short.n_candidates) == ((), 0)
    assert "No film passes" in short.because


def test_mistakes_are_refused(cinema: Cinema, fan: int) -> None:
    with pytest.raises(InputError, match="called 'You'"):
        cinema.tonight(fan, [Guest(name="You")])
    with pytest.raises(InputError, match=f"up to {GUESTS} guests"):
        cinema.tonight(fan, [Guest(name=f"G{place}") for place in range(GUESTS + 1)])
    with pytest.raises(InputError, match="1 to 10 picks"):
        cinema.tonight(fan, n=0)
    with pytest.raises(InputError, match="A rating must be"):
        cinema.tonight(fan, [Guest(name="Bo", ratings={100: 7.25})])
    for guest in (Guest(name="Bo", ratings={999_999: None}), Guest(name="Bo", hidden_genres=["Tragicomedy"])):
        with pytest.raises(UnknownIdError):
            cinema.tonight(fan, [guest])
    with pytest.raises(UnknownIdError):
        cinema.tonight(fan, vetoes=[999_999])


def test_a_guest_who_names_one_film_is_heard(cinema: Cinema, fan: int) -> None:
    places = {}
    for loved in (100, 106):
        evening = cinema.tonight(fan, [Guest(name="Bo", ratings={loved: None})], n=10)
        places[loved] = [(pick.film.id, pick.says[1].place) for pick in evening.picks]
    assert places[100] != places[106]
