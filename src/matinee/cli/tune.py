"""`matinee tune`: search the settings of an engine on validation data."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from matinee.cli.console import DEFAULT_HOME, AsJson, Home, home_folder, note, out, print_json, progress_bars
from matinee.cli.contest import rule_settings, subject
from matinee.cli.sources import BadRows, DataPath, MetadataPath, OnBadRow
from matinee.engines import engine_class
from matinee.evaluation.protocols import PROTOCOLS
from matinee.training.grid import parse_grid
from matinee.training.tune import Trial, Tuning
from matinee.training.tune import tune as search

_COLUMNS = 3
"""Metrics shown beside the settings; all of them are in the JSON."""


def tune(
    engine: Annotated[str, typer.Option("--engine", help="The engine whose settings are searched.")],
    grid: Annotated[
        list[str],
        typer.Option("--grid", metavar="NAME=A,B,…", help="A setting and the values to try; once for each setting."),
    ],
    protocol: Annotated[
        str, typer.Option("--protocol", help=f"How ratings are hidden and what is measured: {', '.join(PROTOCOLS)}.")
    ] = PROTOCOLS[0],
    protocol_settings: Annotated[
        list[str] | None,
        typer.Option("--protocol-setting", metavar="NAME=VALUE", help="A setting of the protocol; may be repeated."),
    ] = None,
    metric: Annotated[
        str | None, typer.Option("--metric", help="What to sort by; by default the protocol's first.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option("--seed", min=0, help="Of the split.", show_default="the protocol's own")
    ] = None,
    data: DataPath = None,
    metadata: MetadataPath = None,
    bad_rows: BadRows = OnBadRow.skip,
    journal: Annotated[
        Path | None,
        typer.Option(
            "--journal",
            help="File of finished trials, by which a stopped search goes on.",
            show_default="HOME/tuning/ENGINE.jsonl",
        ),
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Run trials anew that the journal already holds.")] = False,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Try every combination of settings on validation data; the test data stay untouched for `matinee evaluate`."""
    kind = engine_class(engine)
    points = parse_grid(kind.config_class, grid, owner=engine)
    rule = rule_settings(protocol, protocol_settings or [], seed)
    book = journal or home_folder(home) / "tuning" / f"{engine}.jsonl"
    with progress_bars() as progress:
        dataset, judge = subject(data, metadata, bad_rows, protocol, rule, progress)
        found = search(dataset, judge, kind, points, metric=metric, journal=book, fresh=fresh, progress=progress)
    if as_json:
        print_json(as_plain(found, book))
    else:
        show(found, book)


def as_plain(found: Tuning, journal: Path) -> dict[str, Any]:
    """Return the stable keys of `matinee tune --json`."""
    trials = [asdict(trial) for trial in found.trials]
    return {
        "engine": found.engine,
        "data": dict(found.data),
        "protocol": {"name": found.protocol, "part": "validation", "settings": dict(found.protocol_settings)},
        "counts": [dict(counts) for counts in found.counts],
        "metric": found.metric,
        "best": trials[0],
        "trials": trials,
        "journal": str(journal),
    }


def show(found: Tuning, journal: Path) -> None:
    """Print the trials, best first, and what to make of them."""
    shown = [found.metric, *(key for key in found.best.measures if key != found.metric)][:_COLUMNS]
    simulated = " (simulated viewers)" if found.data["simulated"] else ""
    table = Table(
        title=f"{found.engine} on {found.data['name']}{simulated} · protocol {found.protocol}, validation part",
        title_justify="left",
    )
    for heading in (*found.best.settings, *shown, "seconds"):
        table.add_column(heading, justify="right", no_wrap=True)
    for trial in found.trials:
        figures = ["failed" if trial.failed else _figure(trial, key, sure=key == found.metric) for key in shown]
        table.add_row(*(_plain(value) for value in trial.settings.values()), *figures, f"{trial.seconds:.1f}")
    out.print(table)
    out.print(f"Best by {found.metric} ({_figure(found.best, found.metric)}): {_words(found.best)}")
    for trial in found.trials:
        if trial.failed:
            note(escape(f"Failed: {_words(trial)}: {trial.failed}"))
    resumed = sum(trial.resumed for trial in found.trials)
    note(f"{resumed} of {len(found.trials)} trials were taken from {journal}; --fresh runs them anew.")
    chosen = " ".join(f"--set {found.engine}.{name}={_plain(value)}" for name, value in found.best.settings.items())
    note("The best of many is flattered by chance. For a claim, measure it once on the test part:")
    note(f"matinee evaluate --protocol {found.protocol} --engines {found.engine} {chosen} …")


def _figure(trial: Trial, key: str, *, sure: bool = True) -> str:
    """Return a figure, with its standard error where `sure` asks for it and there is one."""
    if key not in trial.measures:
        return "–"
    error = f" ± {trial.errors[key]:.4f}" if sure and key in trial.errors else ""
    return f"{trial.measures[key]:.4f}{error}"


def _words(trial: Trial) -> str:
    return ", ".join(f"{name}={_plain(value)}" for name, value in trial.settings.items())


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.12g}" if isinstance(value, float) else str(value)
