"""The comparison as a picture: each metric with its intervals."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from matinee.errors import MissingExtraError
from matinee.evaluation.labels import groups, judgement, label
from matinee.evaluation.result import Result, Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = {"better": "#1a7f5a", "worse": "#c0392b", "other": "#b7791f", "level": "#5b6575", "none": "#5b6575"}
_ACROSS = 3


def require_matplotlib() -> None:
    """Find out before a long run whether its picture can be drawn.

    Raises:
        MissingExtraError: without matplotlib.
    """
    if find_spec("matplotlib") is None:
        raise MissingExtraError("A picture of the evaluation", "lab")


def save_picture(result: Result, path: Path) -> None:
    """Write a PNG (or what the ending of `path` says) with one panel a metric.

    Raises:
        MissingExtraError: without matplotlib.
    """
    require_matplotlib()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    keys = [
        key
        for _, group in groups(result.protocol.measures)
        for key in group
        if "/" not in key and any(key in row.measures for row in result.rows)
    ]
    rows = [row for row in result.rows if row.refused is None]
    across = min(_ACROSS, len(keys))
    down = -(-len(keys) // across)
    figure = Figure(figsize=(4.2 * across, 1.3 + down * (0.9 + 0.32 * len(rows))), layout="constrained")
    FigureCanvasAgg(figure)
    for place, key in enumerate(keys):
        _panel(figure.add_subplot(down, across, place + 1), rows, key, result.baseline, first=place % across == 0)
    figure.suptitle(_title(result), fontsize=11, x=0.01, ha="left")
    figure.savefig(path, dpi=150)


def _panel(axes: Axes, rows: list[Row], key: str, baseline: str, *, first: bool) -> None:
    for place, row in enumerate(reversed(rows)):
        found = row.measures.get(key)
        if found is None or found.value is None:
            continue
        error = 1.96 * (found.standard_error or 0.0)
        style: dict[str, Any] = {
            "color": _COLOURS[judgement(key, found.against_baseline)],
            "capsize": 3,
            "markersize": 5,
        }
        axes.errorbar(found.value, place, xerr=error, fmt="s" if row.is_baseline else "o", **style)
        if row.name == baseline:
            axes.axvline(found.value, color="#9aa3b2", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(rows)), [row.name for row in reversed(rows)] if first else [""] * len(rows))
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_title(label(key), fontsize=10)
    axes.tick_params(labelsize=8)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#e3e7ee", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right", "left"]].set_visible(False)


def _title(result: Result) -> str:
    simulated = " · SIMULATED VIEWERS" if result.data.simulated else ""
    scored = sum(split.counts.get("scored_users", 0) for split in result.splits)
    counts = f"{result.data.ratings:,} ratings" + (f", {scored:,} viewers scored" if scored else "")
    return (
        f"{result.protocol.name} ({result.protocol.part}) · {result.data.name}{simulated} · {counts}\n"
        f"bars: ±1.96 standard errors · colour: paired {result.confidence:.0%} interval against {result.baseline}"
    )
