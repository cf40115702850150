"""The comparison as one HTML file that needs nothing else: no network, no other file."""

from __future__ import annotations

import json
from typing import Any

from jinja2 import Environment
from plotly.offline import get_plotlyjs

from matinee.evaluation.labels import better, groups, judgement, label
from matinee.evaluation.report_assets import PAGE, SCRIPT, STYLE
from matinee.evaluation.result import Measure, Result, Row


def html_report(result: Result) -> str:
    """Return the whole page: summary, interval charts, tables, definition, counts, settings, and the JSON itself."""
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(PAGE)
    return page.render(
        result=result,
        title=f"{result.protocol.name} on {result.data.name}",
        summary=_summary(result),
        tables=[_table(result, heading, keys) for heading, keys in groups(_measured(result))],
        facts=_facts(result),
        remarks=list(dict.fromkeys(remark for split in result.splits for remark in split.remarks)),
        refused=[row for row in result.rows if row.refused],
        short=[row for row in result.rows if row.short_lists],
        style=STYLE,
        script=SCRIPT,
        plotly=get_plotlyjs(),
        json=_inside_script(result.to_json()),
        charts=_inside_script(_charts(result)),
    )


def _summary(result: Result) -> list[str]:
    """Say in a sentence each what the first metric says of the contestants, best first."""
    key = _measured(result)[0]
    rows = [row for row in result.rows if not row.is_baseline and key in row.measures]
    sign = -1 if better(key) == "higher" else 1
    rows.sort(key=lambda row: sign * (row.measures[key].value or 0.0))
    return [_sentence(row, key, result) for row in rows]


def _sentence(row: Row, key: str, result: Result) -> str:
    found = row.measures[key]
    said = f"{row.name}: {label(key)} {_number(found.value)}"
    gap = found.against_baseline
    if gap is None:
        return f"{said}."
    words = {
        "better": "better than",
        "worse": "worse than",
        "level": "not distinguishable from",
        "other": "different from",
    }
    verdict = words[judgement(key, gap)]
    return (
        f"{said}, {verdict} {result.baseline} "
        f"({gap.difference:+.4f}, {result.confidence:.0%} interval {gap.low:+.4f} to {gap.high:+.4f})."
    )


def _measured(result: Result) -> list[str]:
    return [key for key in result.protocol.measures if any(key in row.measures for row in result.rows)]


def _table(result: Result, heading: str, keys: list[str]) -> dict[str, Any]:
    return {
        "heading": heading,
        "columns": [label(key) for key in keys],
        "rows": [
            {"row": row, "cells": [_cell(key, row.measures.get(key)) for key in keys]}
            for row in result.rows
            if row.refused is None
        ],
    }


def _cell(key: str, found: Measure | None) -> dict[str, str]:
    if found is None or found.value is None:
        return {"text": "–", "kind": "none", "title": "not measured"}
    gap = found.against_baseline
    error = "" if found.standard_error is None else f"± {found.standard_error:.4f}"
    title = f"{found.n:,} users"
    if gap is not None:
        title += f"; difference {gap.difference:+.4f}, interval {gap.low:+.4f} to {gap.high:+.4f}"
    return {"text": _number(found.value), "error": error, "kind": judgement(key, gap), "title": title}


def _facts(result: Result) -> list[tuple[str, str]]:
    data = result.data
    return [
        ("Data", f"{data.name} ({'stars' if data.explicit else 'no stars'})"),
        ("Fingerprint", data.fingerprint),
        ("Users", f"{data.users:,}"),
        ("Movies", f"{data.movies:,}"),
        ("Ratings", f"{data.ratings:,}"),
        ("Ratings made by", "a program: simulated viewers" if data.simulated else "people"),
        ("Seed", str(result.seed)),
        *((name, release) for name, release in result.software.items()),
    ]


def _charts(result: Result) -> dict[str, Any]:
    rows = [row for row in result.rows if row.refused is None]
    return {
        "baseline": result.baseline,
        "confidence": f"{result.confidence:.0%}",
        "rows": [{"name": row.name, "isBaseline": row.is_baseline} for row in rows],
        "metrics": [
            {
                "key": key,
                "label": label(key)
                if heading in ("Accuracy", "Beyond accuracy")
                else f"{label(key)}, {heading.partition(': ')[2]}",
                "better": better(key),
                "points": [_point(key, row.measures.get(key)) for row in rows],
            }
            for heading, keys in groups(_measured(result))
            for key in keys
        ],
    }


def _point(key: str, found: Measure | None) -> dict[str, Any] | None:
    if found is None or found.value is None:
        return None
    gap = found.against_baseline
    return {
        "value": found.value,
        "error": found.standard_error,
        "kind": judgement(key, gap),
        "gap": None if gap is None else [gap.difference, gap.low, gap.high],
    }


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4f}"


def _inside_script(value: Any) -> str:
    """Write JSON that cannot end the script element it stands in."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")
