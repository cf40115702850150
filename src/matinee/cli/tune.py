"""`matinee tune`: search the settings of an engine on validation data."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from matinee.cli.console import DEFAULT_HOME, AsJson, Home, home_folder, note, out, print_json, progress_bars
from matinee.cli.sources import BadRows, DataPath, MetadataPath, OnBadRow, read_or_sample
from matinee.data import Dataset
from matinee.engines import engine_class
from matinee.errors import SettingsError, UnknownIdError
from matinee.evaluation.protocols import (
    PROTOCOLS,
    EvaluationProtocol,
    Ncf,
    NcfConfig,
    Rating,
    RatingConfig,
    Sequential,
    SequentialConfig,
    Strong,
    StrongConfig,
    Temporal,
    TemporalConfig,
    is_sequence,
    read_ncf,
    read_sequences,
)
from matinee.training.grid import parse_grid
from matinee.training.tune import Trial, Tuning
from matinee.training.tune import tune as search
from matinee.types import Progress

_COLUMNS = 3
"""Metrics shown beside the settings; all of them are in the JSON."""

_CONFIGS: dict[str, type[Any]] = {
    "temporal": TemporalConfig,
    "strong": StrongConfig,
    "sequential": SequentialConfig,
    "ncf": NcfConfig,
    "rating": RatingConfig,
}


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
    rule = _rule_settings(protocol, protocol_settings or [])
    book = journal or home_folder(home) / "tuning" / f"{engine}.jsonl"
    with progress_bars() as progress:
        dataset, judge = _subject(data, metadata, bad_rows, protocol, rule, progress)
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
    best = ", ".join(f"{name}={_plain(value)}" for name, value in found.best.settings.items())
    out.print(f"Best by {found.metric} ({_figure(found.best, found.metric)}): {best}")
    for trial in found.trials:
        if trial.failed:
            note(
                f"Failed: {', '.join(f'{name}={_plain(value)}' for name, value in trial.settings.items())}: {trial.failed}"
            )
    resumed = sum(trial.resumed for trial in found.trials)
    note(f"{resumed} of {len(found.trials)} trials were taken from {journal}; --fresh runs them anew.")
    note("The best of many is flattered by chance: claim only what `matinee evaluate` measures on the test part.")


def _figure(trial: Trial, key: str, *, sure: bool = True) -> str:
    """Return a figure, with its standard error where `sure` asks for it and there is one."""
    if key not in trial.measures:
        return "–"
    error = f" ± {trial.errors[key]:.4f}" if sure and key in trial.errors else ""
    return f"{trial.measures[key]:.4f}{error}"


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)


def _rule_settings(protocol: str, entries: list[str]) -> dict[str, Any]:
    if protocol not in _CONFIGS:
        raise UnknownIdError(f"There is no protocol {protocol!r}.", hint=f"Protocols: {', '.join(PROTOCOLS)}.")
    found = parse_grid(_CONFIGS[protocol], entries, owner=f"The protocol {protocol}")
    for name, values in found.items():
        if len(values) > 1:
            raise SettingsError(f"A protocol has one {name}; got {', '.join(map(str, values))}.")
    return {name: values[0] for name, values in found.items()}


def _subject(
    data: Path | None,
    metadata: Path | None,
    bad_rows: OnBadRow,
    protocol: str,
    settings: dict[str, Any],
    progress: Progress,
) -> tuple[Dataset, EvaluationProtocol]:
    """Return what is divided and how."""
    if protocol == "ncf":
        if data is None:
            raise SettingsError(
                "The protocol ncf needs its published files.", hint="Give their zip or folder: --data PATH."
            )
        files = read_ncf(data)
        return files.dataset, Ncf(files, NcfConfig(**settings))
    if protocol == "sequential":
        by_order = Sequential(SequentialConfig(**settings))
        if data is not None and is_sequence(data):
            return read_sequences(data), by_order
        return read_or_sample(data, metadata, bad_rows, progress), by_order
    dataset = read_or_sample(data, metadata, bad_rows, progress)
    if protocol == "strong":
        return dataset, Strong(StrongConfig(**settings))
    if protocol == "rating":
        return dataset, Rating(RatingConfig(**settings))
    return dataset, Temporal(TemporalConfig(**settings))
