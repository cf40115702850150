"""The receipt of a compression, as a person reads it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import RenderableType
from rich.table import Table

_TITLES = {"ndcg@10": "NDCG@10", "hit_rate@10": "HR@10"}


def receipt(plain: Mapping[str, Any]) -> Iterator[RenderableType]:
    """Yield the parts of a receipt, from what the manifest keeps."""
    yield _arrays(plain)
    yield _quality(plain["quality"])
    yield _footprint(plain["footprint"])
    yield f"{plain['quality']['how']} {_counts(plain['quality']['counts'])}"


def _arrays(plain: Mapping[str, Any]) -> Table:
    table = Table(title=f"Compressed from {plain['of']} by {plain['recipe']['name']}", title_justify="left")
    for heading in ("Array", "Shape", "Encoding"):
        table.add_column(heading, no_wrap=True)
    for heading in ("Bytes before", "after", "times"):
        table.add_column(heading, justify="right", no_wrap=True)
    for each in plain["arrays"]:
        rows, columns = each["shape"]
        shape = f"{rows:,} × {columns:,}"
        table.add_row(
            f"{each['engine']}.{each['matrix']}", shape, each["scheme"], *_sizes(each["before"], each["after"])
        )
    table.add_section()
    table.add_row("release, all files", "", "", *_sizes(plain["bytes"]["before"], plain["bytes"]["after"]))
    return table


def _sizes(before: int, after: int) -> tuple[str, str, str]:
    return f"{before:,}", f"{after:,}", f"{before / max(after, 1):.2f}×"


def _quality(plain: Mapping[str, Any]) -> Table:
    table = Table(title="Lists of 10 against float32, 95 % paired bootstrap intervals", title_justify="left")
    for heading in ("Ranking", "Metric"):
        table.add_column(heading, no_wrap=True)
    for heading in ("float32", "compressed", "kept", "interval"):
        table.add_column(heading, justify="right", no_wrap=True)
    for ranking in plain["rankings"]:
        for place, (key, kept) in enumerate(ranking["metrics"].items()):
            table.add_row(
                "" if place else ranking["name"],
                _TITLES.get(key, key),
                f"{kept['before']:.4f}",
                f"{kept['after']:.4f}",
                f"{kept['kept']:.2%}",
                f"{kept['kept_low']:.2%} to {kept['kept_high']:.2%}",
            )
        interval = f"{ranking['overlap_low']:.2%} to {ranking['overlap_high']:.2%}"
        table.add_row("", "same films", "", "", f"{ranking['overlap']:.2%}", interval)
    return table


def _footprint(plain: Mapping[str, Any]) -> Table:
    answers = plain["after"]["answers"]
    title = f"A fresh process that opens the release and answers {answers:,} people, one thread"
    table = Table(title=title, title_justify="left")
    table.add_column("", no_wrap=True)
    for heading in ("float32", "compressed"):
        table.add_column(heading, justify="right", no_wrap=True)
    before, after = plain["before"], plain["after"]
    for label, moment, key in (
        ("resident after its imports", "before", "resident"),
        ("resident after the answers", "answered", "resident"),
        ("  of it its own", "answered", "anonymous"),
        ("  of it mapped files, by share", "answered", "files"),
    ):
        table.add_row(label, *(_megabytes(each[moment], key) for each in (before, after)))
    table.add_row("opening", *(f"{each['open_seconds']:.2f} s" for each in (before, after)))
    table.add_row("one list of 10, median", *(f"{each['median_ms']:.2f} ms" for each in (before, after)))
    table.add_row("one list of 10, 99th percentile", *(f"{each['p99_ms']:.2f} ms" for each in (before, after)))
    table.add_row(
        "  of it on the processor, median", *(f"{each['median_processor_ms']:.2f} ms" for each in (before, after))
    )
    table.add_row("load of the machine", *(f"{each['load']:.1f}" for each in (before, after)))
    return table


def _megabytes(memory: Mapping[str, int] | None, key: str) -> str:
    return "not told" if memory is None else f"{memory[key] / 1e6:,.1f} MB"


def _counts(counts: Mapping[str, int]) -> str:
    return (
        f"{counts['people']:,} people, {counts['profile_ratings']:,} ratings in their profiles, "
        f"{counts['films_to_find']:,} films to find among {counts['candidate_films']:,}."
    )
