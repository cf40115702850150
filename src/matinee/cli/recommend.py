"""`matinee recommend`: unseen films for one viewer, with scores and reasons."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from matinee.cli.console import DEFAULT_HOME, AsJson, Home, note, out, print_json
from matinee.cli.films import film_row, label
from matinee.cli.home import recommender_of, store_of
from matinee.service.person import person_of


def recommend(
    user: Annotated[
        int | None, typer.Option("--user", help="Id of the viewer; asked for when absent.", show_default=False)
    ] = None,
    top: Annotated[int, typer.Option("--top", min=1, max=1000, help="How many films.")] = 10,
    strategy: Annotated[
        str, typer.Option("--strategy", help="hybrid, a preset such as flixflow, or one engine's name.")
    ] = "hybrid",
    discovery: Annotated[
        float | None,
        typer.Option(
            "--discovery",
            min=0,
            max=1,
            help="From relevance (0) to discovery (1).",
            show_default="where the viewer set it",
        ),
    ] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Recommend films that may be shown to a viewer, best first: rank, title, year, score and reason."""
    recommender = recommender_of(home)
    store = store_of(home)
    viewer = int(typer.prompt("User id", type=int)) if user is None else user
    person = person_of(store.account(viewer), recommender.catalogue, recommender.info.data)
    answer = recommender.recommend(
        person.profile,
        top,
        strategy=strategy,
        policy=person.policy,
        taste=person.taste,
        discovery=person.dial if discovery is None else discovery,
    )
    rows = [
        {
            "rank": rank,
            **film_row(recommender.catalogue, item.movie),
            "score": round(item.score, 4),
            "reason": item.reason,
        }
        for rank, item in enumerate(answer.items, start=1)
    ]
    if as_json:
        print_json(
            {
                "user": viewer,
                "ratings": len(person.profile),
                "strategy": answer.strategy,
                "because": answer.because,
                "release": recommender.info.version,
                "data": recommender.info.data.name,
                "simulated": recommender.info.data.simulated,
                "items": rows,
            }
        )
        return
    table = Table(title=f"For viewer {viewer} · {label(recommender.info)}", title_justify="left")
    for heading, justify in (
        ("#", "right"),
        ("Title", "left"),
        ("Year", "right"),
        ("Score", "right"),
        ("Reason", "left"),
    ):
        table.add_column(heading, justify="right" if justify == "right" else "left")
    for row in rows:
        table.add_row(
            str(row["rank"]), str(row["title"]), str(row["year"] or ""), f"{row['score']:.3f}", str(row["reason"])
        )
    out.print(table)
    note(answer.because)
