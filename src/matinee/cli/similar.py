"""`matinee similar`: films like one film."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from matinee.cli.console import DEFAULT_HOME, AsJson, Home, out, print_json
from matinee.cli.films import film_row, label
from matinee.cli.home import recommender_of


def similar(
    film: Annotated[str, typer.Argument(metavar="TITLE-OR-ID", help='"The Matrix", "Solaris (1972)" or a movie id.')],
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="How many films.")] = 10,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Show the films most like one film."""
    recommender = recommender_of(home)
    movie = recommender.resolve(film)
    asked = film_row(recommender.catalogue, movie)
    items = recommender.similar(movie, top)
    rows = [
        {
            "rank": rank,
            **film_row(recommender.catalogue, item.movie),
            "score": round(item.score, 4),
            "reason": item.reason,
        }
        for rank, item in enumerate(items, start=1)
    ]
    if as_json:
        print_json(
            {
                "film": asked,
                "release": recommender.info.version,
                "data": recommender.info.data.name,
                "simulated": recommender.info.data.simulated,
                "items": rows,
            }
        )
        return
    table = Table(
        title=f"Like {asked['title']} ({asked['year'] or '?'}) · {label(recommender.info)}", title_justify="left"
    )
    table.add_column("#", justify="right")
    table.add_column("Title")
    table.add_column("Year", justify="right")
    table.add_column("Likeness", justify="right")
    for row in rows:
        table.add_row(str(row["rank"]), str(row["title"]), str(row["year"] or ""), f"{row['score']:.3f}")
    out.print(table)
