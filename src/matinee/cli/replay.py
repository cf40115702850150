"""`matinee replay`: what learning along the way is worth."""

from __future__ import annotations

from functools import partial
from typing import Annotated, cast

import typer
from rich.table import Table

from matinee.cli.console import AsJson, note, out, print_json, progress_bars
from matinee.cli.contest import contestants
from matinee.cli.sources import BadRows, DataPath, MetadataPath, OnBadRow, read_or_sample
from matinee.cli.train import split_names
from matinee.evaluation.baselines import Random
from matinee.evaluation.replay import Replay, ReplayConfig, replay
from matinee.evaluation.scorer import Scorer


def replay_command(
    data: DataPath = None,
    engines: Annotated[
        str, typer.Option("--engines", help="Engines, separated by commas; popular joins by itself.")
    ] = "popular",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="ENGINE.NAME=VALUE", help="A setting of an engine; may be repeated."),
    ] = None,
    train_share: Annotated[
        float, typer.Option("--train-share", help="Of all ratings, the oldest train; the rest is the stream.")
    ] = ReplayConfig.train_share,
    step: Annotated[
        int, typer.Option("--step", min=1, help="Ratings foretold before anybody learns them.")
    ] = ReplayConfig.step,
    refit_every: Annotated[
        int, typer.Option("--refit-every", min=0, help="Steps between new fits; 0 fits once.")
    ] = ReplayConfig.refit_every,
    metadata: MetadataPath = None,
    bad_rows: BadRows = OnBadRow.skip,
    as_json: AsJson = False,
) -> None:
    """Live through a data set's ratings in time order: foretell each like, then learn it."""
    config = ReplayConfig(train_share=train_share, step=step, refit_every=refit_every)
    names = list(dict.fromkeys(["popular", *split_names(engines)]))
    contestants(names, settings or [], stars=False)  # mistakes are said before the work begins
    with progress_bars() as progress:
        dataset = read_or_sample(data, metadata, bad_rows, progress)
        found = [replay(dataset, Random, config, progress)]
        fresh = [partial(_fresh, names, settings or [], place) for place in range(len(names))]
        found += [replay(dataset, make, config, progress) for make in fresh]
    if as_json:
        print_json({"data": dataset.name, "simulated": dataset.simulated, "replays": [_plain(each) for each in found]})
        return
    out.print(_table(dataset.name, dataset.simulated, found))
    note("Intervals: paired bootstrap over people, 95 %, against the row above of the same engine.")


def _fresh(names: list[str], settings: list[str], place: int) -> Scorer:
    return cast(Scorer, contestants(names, settings, stars=False)[place])  # engines and the hybrid all score


def _table(name: str, simulated: bool, found: list[Replay]) -> Table:
    first, cutoff = found[0], found[0].config.cutoff
    people = "simulated viewers" if simulated else "people"
    table = Table(
        title=f"{name} · replay: {first.n_events:,} likes of {first.n_people:,} {people} among {first.n_stream:,} ratings, "
        f"after {first.n_train:,} that train · mean over people",
        title_justify="left",
        title_style="",
    )
    for heading, justify in (
        ("engine", "left"),
        ("way", "left"),
        (f"HR@{cutoff}", "right"),
        (f"NDCG@{cutoff}", "right"),
        ("gain", "right"),
    ):
        table.add_column(heading, justify="left" if justify == "left" else "right", no_wrap=True)
    for each in found:
        for row, lived in enumerate(each.lived):
            gain = "" if row == 0 else _gain(each, lived.way, each.lived[row - 1].way)
            table.add_row(
                each.name if row == 0 else "",
                lived.way,
                f"{lived.hit_rate.mean():.4f}",
                f"{lived.ndcg.mean():.4f}",
                gain,
            )
    return table


def _gain(found: Replay, way: str, other: str) -> str:
    gain = found.gain_over(way, other)
    return f"{gain.difference:+.4f} ({gain.low:+.4f} to {gain.high:+.4f})"


def _plain(found: Replay) -> dict[str, object]:
    return {
        "engine": found.name,
        "train_ratings": found.n_train,
        "stream_ratings": found.n_stream,
        "events": found.n_events,
        "people": found.n_people,
        "cutoff": found.config.cutoff,
        "ways": {
            lived.way: {"hit_rate": float(lived.hit_rate.mean()), "ndcg": float(lived.ndcg.mean())}
            for lived in found.lived
        },
    }
