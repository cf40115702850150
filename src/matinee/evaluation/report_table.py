"""The comparison as tables for a terminal."""

from __future__ import annotations

import math

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.table import Table
from rich.text import Text

from matinee.evaluation.labels import groups, judgement, label
from matinee.evaluation.result import Measure, Result, Row

_CELL = 20
"""Characters a column needs: value, error, mark and padding."""

_MARKS = {"better": ("▲", "green"), "worse": ("▼", "red"), "other": ("≠", "yellow"), "level": ("=", "dim")}


def table(result: Result, width: int = 100) -> Group:
    """Return the result for a rich console of this many characters: title, tables, refusals, and how to read them."""
    fitting = max(1, (width - 2 - max(len(row.name) for row in result.rows)) // _CELL)
    tables = [
        _one(result, heading if not start else "", keys[start : start + step])
        for heading, keys in groups(_measured(result))
        for step in [_even(len(keys), fitting)]
        for start in range(0, len(keys), step)
    ]
    return Group(_title(result), *tables, *_notes(result))


def _measured(result: Result) -> list[str]:
    return [key for key in result.protocol.measures if any(key in row.measures for row in result.rows)]


def _even(n: int, most: int) -> int:
    """Return columns a table, so that no table has more than `most` and the last is not left with one."""
    return math.ceil(n / math.ceil(n / most))


def _one(result: Result, heading: str, keys: list[str]) -> Table:
    made = Table(title=heading or None, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    made.add_column("")
    for key in keys:
        made.add_column(label(key), justify="right", no_wrap=True)
    for row in result.rows:
        if row.refused is None:
            style = "dim" if row.is_baseline else "bold"
            made.add_row(Text(row.name, style), *(_cell(key, row.measures.get(key)) for key in keys))
    return made


def _cell(key: str, found: Measure | None) -> Text:
    if found is None or found.value is None:
        return Text("–", "dim")
    cell = Text(f"{found.value:.4f}")
    if found.standard_error is not None:
        cell.append(f" ±{found.standard_error:.4f}", "dim")
    mark, style = _MARKS.get(judgement(key, found.against_baseline), (" ", ""))
    return cell.append(f" {mark}", style)


def _title(result: Result) -> Text:
    data = result.data
    title = Text(f"{result.protocol.name} · {result.protocol.part} · {data.name}", "bold")
    if data.simulated:
        title.append("  simulated viewers", "bold yellow")
    title.append(
        f"\n{data.users:,} users, {data.movies:,} movies, {data.ratings:,} ratings · data {data.fingerprint}", "dim"
    )
    for remark in dict.fromkeys(remark for split in result.splits for remark in split.remarks):
        title.append(f"\n{remark}", "yellow" if remark.startswith("No ") else "dim")
    for split in result.splits[:1] if len(result.splits) == 1 else ():
        counts = " · ".join(f"{name.replace('_', ' ')} {count:,}" for name, count in split.counts.items())
        title.append(f"\n{counts}", "dim")
    return title


def _notes(result: Result) -> list[Text]:
    notes = [
        Text(
            f"± standard error over users · paired {result.confidence:.0%} bootstrap interval against {result.baseline}: "
            "▲ better ▼ worse ≠ differs = holds zero",
            "dim",
        )
    ]
    notes += [Text(f"{row.name} was refused: it {row.refused}.", "bold red") for row in result.rows if row.refused]
    notes += [Text(_short(row), "yellow") for row in result.rows if row.short_lists]
    return notes


def _short(row: Row) -> str:
    return (
        f"{row.name} gave {row.short_lists:,} viewers fewer movies than asked for; the missing places count as misses."
    )
