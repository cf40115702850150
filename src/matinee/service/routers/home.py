"""The first page as data: titled rows, more of each, and what was opened of them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, BackgroundTasks, Query

from matinee.service.access import LARGEST_ID, Anyone, TheCinema, ViewerId
from matinee.service.answers import Home
from matinee.service.bodies import MoreOfRow, Opened, OpenedBody, answers
from matinee.service.home import LONGEST_ROW, SHELF

router = APIRouter(prefix="/api", tags=["home"])

RowLength = Annotated[int, Query(ge=1, le=LONGEST_ROW, description="How many films in a row, at most.")]
Ids = list[Annotated[int, Query(ge=0, le=LARGEST_ID)]] | None


@router.get("/home", responses=answers("HOME", 401, 422))
def show_home(
    cinema: TheCinema,
    caller: Anyone,
    after: BackgroundTasks,
    n: RowLength = SHELF,
    skip: Annotated[Ids, Query(max_length=50, description="Ids of films not to ask about; may be repeated.")] = None,
) -> Home:
    """Show the caller's first page of the day; that it was shown is remembered after the answer."""
    home = cinema.home(caller.viewer_id, n, skipped=skip or ())
    after.add_task(cinema.remember_page, caller.viewer_id, home)
    return home


@router.get("/home/more", responses=answers("MORE_OF_ROW", 401, 410, 422))
def show_more(
    cinema: TheCinema,
    caller: Anyone,
    after: BackgroundTasks,
    cursor: Annotated[str, Query(max_length=20_000, description="`next_cursor` of the row.")],
    n: RowLength = SHELF,
    exclude: Annotated[
        Ids, Query(max_length=500, description="Ids of films that joined other rows meanwhile; may be repeated.")
    ] = None,
) -> MoreOfRow:
    """Show the next films of a row; following its cursors repeats no film of the page or of the row."""
    shelf = cinema.more(cursor, n, caller.viewer_id, exclude=exclude or ())
    after.add_task(cinema.remember_row, caller.viewer_id, shelf)
    return MoreOfRow(shelf=shelf)


@router.post("/home/opened", responses=answers("OPENED", 401, 403, 413, 422))
def mark_opened(cinema: TheCinema, viewer_id: ViewerId, body: OpenedBody) -> Opened:
    """Say that the caller opened a film from their page of today or yesterday: it was not shown in vain."""
    return Opened(movie_id=body.movie_id, shown=cinema.opened(viewer_id, body.movie_id))
