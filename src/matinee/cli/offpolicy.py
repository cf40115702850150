"""`matinee offpolicy`: what each strategy would earn in the place of a page that is there to learn."""

from __future__ import annotations

import math
import time
from typing import Annotated, Any

import typer
from rich.table import Table

from matinee.cli.console import DEFAULT_HOME, AsJson, Home, note, out, print_json
from matinee.cli.home import store_of
from matinee.evaluation.offpolicy import Value
from matinee.service.slot_values import ENOUGH, SlotValue, slot_values


def offpolicy_command(
    strategies: Annotated[
        list[str] | None,
        typer.Option("--strategy", help="Whom to ask about; may be repeated. Without it all that had the place."),
    ] = None,
    home: Home = DEFAULT_HOME,
    as_json: AsJson = False,
) -> None:
    """Read the log of the exploration slot, and estimate what each strategy would have earned with all of it."""
    store = store_of(home)
    try:
        outcomes = store.slot_outcomes(before=int(time.time() // 86_400))
    finally:
        store.close()
    found = slot_values(outcomes, strategies or ())
    first, last, wanted = outcomes[0].day, outcomes[-1].day, sum(each.wanted for each in outcomes)
    if as_json:
        print_json(
            {
                "impressions": len(outcomes),
                "viewers": len({each.viewer_id for each in outcomes}),
                "days": last - first + 1,
                "wanted": wanted,
                "strategies": [_plain(each) for each in found],
            }
        )
        return
    out.print(_table(f"{len(outcomes):,} impressions of {_days(last - first + 1)}, {wanted:,} wanted", found))
    note("The share of impressions that would be wanted had the strategy always had the place; 95 % intervals.")
    if poor := [each.strategy for each in found if not each.believable]:
        note(f"Do not believe {', '.join(poor)}: fewer than {ENOUGH} effective impressions.")


def _days(n: int) -> str:
    return "1 day" if n == 1 else f"{n:,} days"


def _table(title: str, found: list[SlotValue]) -> Table:
    table = Table(title=title, title_justify="left", title_style="")
    table.add_column("strategy", no_wrap=True)
    for heading in ("shown", "wanted", "effective", "IPS", "SNIPS", "DR"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in found:
        table.add_row(
            each.strategy,
            f"{each.shown:,}",
            f"{each.wanted:,}",
            f"{each.estimates[0].effective:,.0f}",
            *(_written(value) for value in each.estimates),
        )
    return table


def _written(value: Value) -> str:
    if math.isnan(value.value):
        return "–"
    return (
        f"{value.value:.3f} ({value.low:.3f} to {value.high:.3f})"
        if not math.isnan(value.low)
        else f"{value.value:.3f}"
    )


def _plain(found: SlotValue) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return None if math.isnan(value) else round(value, 6)

    return {
        "strategy": found.strategy,
        "shown": found.shown,
        "wanted": found.wanted,
        "believable": found.believable,
        "estimates": {
            each.method: {
                "value": number(each.value),
                "low": number(each.low),
                "high": number(each.high),
                "effective": number(each.effective),
            }
            for each in found.estimates
        },
    }
