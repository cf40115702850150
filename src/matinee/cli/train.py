"""`matinee train`: learn from a data set, judge the result, and let it go live if it deserves to."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from matinee.cli.console import DEFAULT_HOME, AsJson, Home, home_folder, note, out, print_json, progress_bars
from matinee.cli.home import registry_of, store_of
from matinee.cli.sources import BadRows, DataPath, MetadataPath, OnBadRow, read
from matinee.data import Dataset
from matinee.errors import DataError, GateError
from matinee.evaluation import Result, Row
from matinee.store import Store
from matinee.training.train import DEFAULT_ENGINES, TrainConfig, Trained, train
from matinee.types import Progress

_ALL = ",".join(DEFAULT_ENGINES)

EngineNames = Annotated[str, typer.Option("--engines", help="Engines of the release, separated by commas.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="Replace other data of this home, and what site viewers said of them.")
]


def train_command(
    data: DataPath = None,
    engines: EngineNames = _ALL,
    sentences: Annotated[
        str,
        typer.Option("--sentences", help="Sentence model of content: auto (an installed one), lsa, or a folder."),
    ] = "auto",
    metadata: MetadataPath = None,
    bad_rows: BadRows = OnBadRow.skip,
    force: Annotated[
        str | None,
        typer.Option("--force", metavar="REASON", help="Go live whatever the gate says; the reason is recorded."),
    ] = None,
    replace: Replace = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Train a release from --data, or from what this home holds, and promote it if it passes the gate."""
    store = store_of(home)
    with progress_bars() as progress:
        dataset = read(data, metadata, bad_rows, progress) if data is not None else held_by(store, home)
        cache = home_folder(home) / "cache" / "text"
        config = TrainConfig(engines=split_names(engines), text_model=sentences, text_cache=cache, force=force)
        trained = train_and_import(dataset, store, home, config, progress, new_source=data is not None, replace=replace)
    if as_json:
        print_json(as_plain(trained))
    else:
        show(trained)
    if not trained.promoted:
        raise GateError(
            f"The gate kept {trained.release.version} back: {trained.verdict.summary}",
            hint="The live release stays. To promote it all the same: matinee train … --force REASON.",
        )


def held_by(store: Store, home: Path) -> Dataset:
    """Return everything the home's database holds.

    Raises:
        DataError: if that is nothing.
    """
    dataset = store.dataset()
    if not dataset.n_ratings:
        raise DataError(
            f"{home_folder(home)} holds no ratings to train from.",
            hint="Give a file (matinee train --data PATH), or start with the sample (matinee up).",
        )
    return dataset


def train_and_import(
    dataset: Dataset,
    store: Store,
    home: Path,
    config: TrainConfig,
    progress: Progress,
    *,
    new_source: bool,
    replace: bool,
) -> Trained:
    """Train, and once the release is live let the database hold the same data.

    Whether the data may enter the database is asked first, so that nothing is trained in vain.
    """
    if new_source:
        store.require_importable(dataset, replace=replace)
    trained = train(dataset, registry_of(home).folder, config, progress)
    if new_source and trained.promoted:
        store.import_dataset(dataset, progress, replace=replace)
    return trained


def split_names(names: str) -> tuple[str, ...]:
    """Split a list given with commas."""
    return tuple(name.strip() for name in names.split(",") if name.strip())


def as_plain(trained: Trained) -> dict[str, object]:
    """Return the stable keys of `matinee train --json`."""
    manifest = trained.release.manifest
    return {
        "release": manifest.version,
        "promoted": trained.promoted,
        "data": {
            "name": manifest.data.name,
            "fingerprint": manifest.data.fingerprint,
            "ratings": manifest.data.ratings,
        },
        "engines": list(manifest.engines),
        "ranking": manifest.ranking,
        "gate": manifest.gate,
        "metrics": manifest.metrics,
    }


def show(trained: Trained) -> None:
    """Print what the training came to."""
    if trained.verdict.result is not None:
        out.print(gate_table(trained.verdict.result))
    note(blend_line(trained.release.manifest.ranking))
    note(trained.verdict.summary)
    state = "is live" if trained.promoted else "was saved but is not live"
    out.print(f"Release {trained.release.version} {state}.")


def blend_line(ranking: Mapping[str, Any]) -> str:
    """Return where the weights of the blend come from, in one sentence."""
    receipt = ranking.get("receipt", {})
    shares = sorted(ranking["weights"].items(), key=lambda item: -item[1])
    weights = ", ".join(f"{name} {share:.0%}" for name, share in shares)
    if not receipt.get("learned"):
        return f"Blend: {weights} by default; {receipt.get('because', 'nothing was learned').rstrip('.')}."
    best = max(receipt["alone"], key=receipt["alone"].get)
    sizes = f", {len(ranking['by_size'])} profile sizes" if ranking["by_size"] else ""
    return (
        f"Blend: {weights}{sizes}; learned from {receipt['viewers']:,} validation viewers, NDCG@10 {receipt['value']:.4f} "
        f"(best alone {best} {receipt['alone'][best]:.4f}, equal weights {receipt['equal_weights']:.4f})."
    )


SHOWN = {"ndcg@10": "NDCG@10", "recall@10": "Recall@10", "hit_rate@10": "Hit rate@10"}
"""What the short table shows of the evaluation; `matinee evaluate` shows all of it."""


def gate_table(result: Result) -> Table:
    """Return the gate's evaluation in short: protocol, data and counts in the title, a row for each contestant."""
    split = result.splits[-1]
    kind = (
        "held-out ratings after one date"
        if any(row.name == "recent" for row in result.rows)
        else "each viewer's last ratings held out"
    )
    people = "simulated viewers" if result.data.simulated else "viewers"
    title = f"{result.data.name} · temporal protocol: {kind} · {split.counts['scored_users']:,} {people} scored"
    table = Table(title=title, title_justify="left", title_style="")
    table.add_column("")
    for heading in SHOWN.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for row in result.rows:
        table.add_row(row.name, *(_figure(row, key) for key in SHOWN))
    return table


def _figure(row: Row, key: str) -> str:
    measure = row.measures.get(key)
    if measure is None or measure.value is None:
        return "–"
    return f"{measure.value:.4f}" + (f" ±{measure.standard_error:.4f}" if measure.standard_error is not None else "")
