"""`matinee data`: get, inspect and import data sets."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from matinee.cli.console import DEFAULT_HOME, AsJson, Home, home_folder, note, out, print_json, progress_bars
from matinee.cli.home import store_of
from matinee.cli.sources import BadRows, MetadataPath, OnBadRow, read
from matinee.data.download import download
from matinee.data.inspect import Description, describe
from matinee.data.read import read_dataset
from matinee.data.synthetic.config import N_RATINGS
from matinee.errors import SettingsError

app = typer.Typer(help="Get, inspect and import data sets.", no_args_is_help=True)

Source = Annotated[Path, typer.Argument(help="A MovieLens zip or folder, or CSV/Parquet files with the same columns.")]


@app.command("get")
def get(
    name: Annotated[
        str, typer.Argument(help="ml-latest-small, ml-latest, ml-100k, ml-1m, ml-10m, ml-20m, ml-25m or ml-32m.")
    ],
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Download a MovieLens release from GroupLens, check it, and keep it in the home."""
    with progress_bars() as progress:
        path = download(name, home_folder(home) / "downloads", progress)
    if as_json:
        print_json({"name": name, "path": str(path)})
    else:
        out.print(f"{path}", soft_wrap=True)
        note(f"Next: matinee train --data {path}")


@app.command("inspect")
def inspect(
    path: Source, metadata: MetadataPath = None, bad_rows: BadRows = OnBadRow.skip, as_json: AsJson = False
) -> None:
    """Say what a data set holds, and what is wrong with it, without importing anything."""
    with progress_bars() as progress:
        reading = read_dataset(path, on_bad_row=bad_rows.value, metadata=metadata, progress=progress)
    description = describe(reading)
    if as_json:
        print_json(asdict(description))
        return
    table = Table(title=f"{description.name} ({description.layout})", show_header=False, title_justify="left")
    table.add_column(style="bold")
    table.add_column(justify="right")
    for key, value in _facts(description):
        table.add_row(key, value)
    out.print(table)
    for line in reading.report.lines():
        note(line)


@app.command("synthesize")
def synthesize_command(
    folder: Annotated[Path, typer.Argument(help="Where the data set is written; must not exist yet.")],
    ratings: Annotated[
        str, typer.Option("--ratings", help="How many, such as 1M or 250k; default: as many as MovieLens 32M has.")
    ] = f"{N_RATINGS}",
    users: Annotated[int | None, typer.Option("--users", help="People; default: one for 159 ratings.")] = None,
    movies: Annotated[
        int | None, typer.Option("--movies", help="Films; default: 87,585 or, for fewer ratings, fewer.")
    ] = None,
    held_out: Annotated[
        int, typer.Option("--held-out", help="Further people of the same world, written into FOLDER-held-out.")
    ] = 0,
    seed: Annotated[int, typer.Option("--seed", help="The same seed and counts give the same files.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Write simulated ratings in the shape of MovieLens 32M, for measuring how costs grow; marked as simulated."""
    from matinee.data.synthetic import SyntheticConfig, synthesize

    config = SyntheticConfig(ratings=_count(ratings), users=users, movies=movies, held_out=held_out, seed=seed)
    with progress_bars() as progress:
        written = synthesize(folder.expanduser(), config, progress)
    if as_json:
        counts = {"ratings": config.ratings, "users": config.n_users, "movies": config.n_movies, "held_out": held_out}
        print_json({"folders": [str(path) for path in written], **counts, "seed": seed})
        return
    out.print(
        f"Simulated {config.ratings:,} ratings of {config.n_movies:,} films by {config.n_users:,} people: {written[0]}",
        soft_wrap=True,
    )
    if held_out:
        out.print(f"Held out: {held_out:,} further people: {written[1]}", soft_wrap=True)
    note(f"Next: matinee train --data {written[0]}")


def _count(text: str) -> int:
    """Read a count such as 32M, 250k or 1000000."""
    plain = text.strip().replace(",", "").replace("_", "").lower()
    factor = {"k": 1_000, "m": 1_000_000}.get(plain[-1:], 1)
    try:
        return round(float(plain.removesuffix("k").removesuffix("m")) * factor)
    except (ValueError, OverflowError) as error:
        raise SettingsError(f"--ratings must be a number such as 1000000, 250k or 32M; got {text!r}.") from error


@app.command("import")
def import_(
    path: Source,
    metadata: MetadataPath = None,
    bad_rows: BadRows = OnBadRow.skip,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace other data, and what site viewers said of them.")
    ] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Put a data set's movies, viewers and ratings into the home's database."""
    with progress_bars() as progress:
        dataset = read(path, metadata, bad_rows, progress)
        store_of(home).import_dataset(dataset, progress, replace=replace)
    counts = {
        "name": dataset.name,
        "fingerprint": dataset.fingerprint,
        "ratings": dataset.n_ratings,
        "users": dataset.n_users,
        "movies": dataset.n_movies,
    }
    if as_json:
        print_json(counts)
    else:
        out.print(
            f"Imported {dataset.name}: {dataset.n_ratings:,} ratings of {dataset.n_movies:,} movies by {dataset.n_users:,} viewers."
        )
        note("Next: matinee train")


def _facts(description: Description) -> list[tuple[str, str]]:
    """Return what the table says, line by line."""
    counts = description.counts
    first, last = description.first_time, description.last_time
    times = "unknown" if first is None or last is None else f"{first[:10]} to {last[:10]}"
    scale = (
        f"{description.scale[0]:g} to {description.scale[1]:g}, mean {description.mean or 0:.3f}"
        if description.explicit
        else "watched"
    )
    return [
        ("Ratings", f"{counts.ratings:,}"),
        ("Viewers", f"{counts.users:,}{' (simulated)' if description.simulated else ''}"),
        ("Movies", f"{counts.movies:,}, of which {counts.rated_movies:,} rated"),
        ("Tags", f"{counts.tags:,}"),
        ("Stars", scale),
        ("Times", times),
        ("Density", f"{description.density:.2%}"),
        ("Fingerprint", description.fingerprint),
    ]
