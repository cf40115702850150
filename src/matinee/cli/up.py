"""`matinee up`: everything, from data to a page of personal recommendations."""

from __future__ import annotations

from pathlib import Path

from matinee.cli.console import DEFAULT_HOME, Home, note, out, progress_bars
from matinee.cli.home import recommender_of, registry_of, store_of
from matinee.cli.serve import Host, Port, listen, run
from matinee.cli.sources import BadRows, DataPath, MetadataPath, OnBadRow, read_or_sample
from matinee.cli.train import Replace, show, train_and_import
from matinee.data import Dataset
from matinee.errors import GateError, ReleaseError
from matinee.ranking import Recommender
from matinee.releases import Registry
from matinee.training.train import TrainConfig


def up(
    data: DataPath = None,
    metadata: MetadataPath = None,
    bad_rows: BadRows = OnBadRow.skip,
    replace: Replace = False,
    host: Host = "127.0.0.1",
    port: Port = 8000,
    home: Home = DEFAULT_HOME,
) -> None:
    """Prepare the sample (or --data), train, pass the gate, and serve the site.

    What is already there is used again: a second start serves at once.
    """
    with listen(host, port) as listener:
        live = None if data is not None else _live(home)
        if live is None:
            _prepare(data, metadata, bad_rows, home, replace=replace)
            live = recommender_of(home)
        run(listener, live, home)


def _live(home: Path) -> Recommender | None:
    try:
        return recommender_of(home)
    except ReleaseError:
        return None


def _prepare(data: Path | None, metadata: Path | None, bad_rows: OnBadRow, home: Path, *, replace: bool) -> None:
    store = store_of(home)
    with progress_bars() as progress:
        dataset = read_or_sample(data, metadata, bad_rows, progress)
        if _is_live(dataset, registry_of(home)):
            note(f"{dataset.name} is live already.")
            return
        trained = train_and_import(dataset, store, home, TrainConfig(), progress, new_source=True, replace=replace)
    show(trained)
    if not trained.promoted:
        if _live(home) is None:
            raise GateError(f"The gate kept the first release back: {trained.verdict.summary}")
        out.print("The release before it stays live.")


def _is_live(dataset: Dataset, registry: Registry) -> bool:
    live = registry.live_version()
    return any(
        each.version == live and each.manifest is not None and each.manifest.data.fingerprint == dataset.fingerprint
        for each in registry.survey()
    )
