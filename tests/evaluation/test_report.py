"""Reports: everything that must be on the page is, and nothing that needs a network."""

from __future__ import annotations

import doctest
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console
from worlds import CoCounts, make_world

from matinee.errors import MissingExtraError
from matinee.evaluation import Rating, Result, Strong, Temporal, evaluate, labels
from matinee.evaluation.protocols import RatingConfig, StrongConfig
from matinee.evaluation.report_html import html_report
from matinee.evaluation.report_picture import save_picture
from matinee.evaluation.report_table import table
from matinee.types import FloatMatrix, Profiles

DOCS = Path(__file__).parents[2] / "docs"
WORLD = make_world()


class NotANumber(CoCounts):
    def score(self, profiles: Profiles) -> FloatMatrix:
        return np.full((len(profiles), profiles.n_movies), np.nan, np.float32)


@pytest.fixture(scope="module")
def result() -> Result:
    return evaluate(WORLD, Temporal(), [CoCounts(), NotANumber("broken")])


@pytest.fixture(scope="module")
def stars() -> Result:
    return evaluate(replace(WORLD, simulated=True), Rating(RatingConfig(method="folds", n_folds=3)), [])


def printed(result: Result, width: int = 120) -> str:
    console = Console(file=StringIO(), width=width, color_system=None)
    console.print(table(result, width))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_labels_keep_their_examples() -> None:
    failed, attempted = doctest.testmod(labels)
    assert attempted >= 3
    assert failed == 0


# --- terminal --------------------------------------------------------------------------------------------------------------


def test_the_table_has_the_baselines_first_and_every_figure(result: Result) -> None:
    text = printed(result)
    first = [line.split()[0] for line in text.splitlines() if re.match(r"\s*(random|popular|recent|co-counts)\b", line)]
    assert first[:4] == ["random", "popular", "recent", "co-counts"]
    for row in result.rows:
        for measure in row.measures.values():
            assert f"{measure.value:.4f}" in text
    assert WORLD.fingerprint in text
    assert "Global cut in time" in text


def test_the_table_names_who_was_refused_and_why(result: Result) -> None:
    assert "broken was refused: it returned scores that are not finite numbers" in printed(result, 200)


@pytest.mark.parametrize("width", [60, 80, 100, 200])
def test_the_table_fits_its_console(result: Result, width: int) -> None:
    lines = printed(result, width).splitlines()
    assert max(map(len, lines)) <= width
    assert not any("…" in line for line in lines)


def test_simulated_viewers_are_labelled_everywhere(stars: Result, tmp_path: Path) -> None:
    assert "simulated viewers" in printed(stars)
    assert "simulated viewers" in html_report(stars)
    assert stars.to_json()["data"]["simulated"] is True
    assert "simulated viewers" not in printed(evaluate(WORLD, Temporal(), []))


def test_lower_is_better_for_errors(stars: Result) -> None:
    gap = stars["constant"].measures["rmse"].against_baseline
    assert labels.judgement("rmse", gap) == "worse"
    assert "▼" in printed(stars)


# --- HTML ------------------------------------------------------------------------------------------------------------------


class Page(HTMLParser):
    """Collects what the browser would load, the headings, and the text of data scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.loads: list[str] = []
        self.tags: list[str] = []
        self.data: dict[str, str] = {}
        self.shown = ""
        self._script: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        self.tags.append(tag)
        self.loads += [given[name] for name in ("src", "href") if given.get(name)]
        self._script = (given.get("id") or "code") if tag in ("script", "style") else None

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._script = None

    def handle_data(self, data: str) -> None:
        if self._script is None:
            self.shown += data
        else:
            self.data[self._script] = self.data.get(self._script, "") + data


def test_the_page_needs_nothing_else(result: Result) -> None:
    page = Page(html_report(result))
    assert page.loads == ["#"]
    assert "link" not in page.tags
    assert "@import" not in page.data["code"].split("plotly.js")[0]
    assert "Plotly" in page.data["code"]


def test_the_page_tells_protocol_counts_settings_and_figures(result: Result) -> None:
    page = Page(html_report(result))
    assert result.protocol.definition in page.shown
    assert result.splits[0].remarks[0] in page.shown
    for name, count in result.splits[0].counts.items():
        assert name.replace("_", " ") in page.shown
        assert f"{count:,}" in page.shown
    for name in result.protocol.settings:
        assert name in page.shown
    for row in result.rows:
        for measure in row.measures.values():
            assert f"{measure.value:.4f}" in page.shown
    assert "broken was refused" in page.shown
    assert "co-counts: NDCG@10" in page.shown


def test_the_page_carries_its_json(result: Result) -> None:
    page = Page(html_report(result))
    assert json.loads(page.data["result"]) == result.to_json()
    charts = json.loads(page.data["data"])
    assert [row["name"] for row in charts["rows"]] == ["random", "popular", "recent", "co-counts"]
    point = charts["metrics"][0]["points"][3]
    gap = result["co-counts"].measures["ndcg@10"].against_baseline
    assert gap is not None
    assert point["gap"] == [gap.difference, gap.low, gap.high]


def test_names_cannot_break_the_page() -> None:
    evil = "</script><script>alert(1)</script><b>"
    page = html_report(evaluate(replace(WORLD, name=evil), Temporal(), [CoCounts(evil)]))
    assert "alert(1)</script>" not in page
    assert "<b>" not in page
    assert json.loads(Page(page).data["result"])["data"]["name"] == evil


@pytest.mark.browser
def test_the_charts_are_drawn_offline_in_both_schemes(result: Result, tmp_path: Path) -> None:
    playwright = pytest.importorskip("playwright.sync_api")
    path = tmp_path / "report.html"
    path.write_text(html_report(result), encoding="utf-8")
    with playwright.sync_playwright() as engine:
        try:
            browser = engine.chromium.launch(executable_path=_chromium())
        except playwright.Error as error:
            pytest.skip(f"no Chromium: {error}")
        for scheme in ("light", "dark"):
            context = browser.new_context(color_scheme=scheme, offline=True, viewport={"width": 390, "height": 800})
            page = context.new_page()
            problems: list[str] = []
            page.on("pageerror", lambda error, problems=problems: problems.append(str(error)))
            page.on(
                "console", lambda said, problems=problems: problems.append(said.text) if said.type == "error" else None
            )
            page.goto(path.as_uri())
            page.wait_for_selector("#trade .scatterlayer .point")
            assert page.locator("#value .point").count() == 4
            assert page.locator("#gap .point").count() == 3
            page.select_option("#metric", label="Gini@10")
            assert page.locator("#gap").is_hidden()
            assert page.evaluate("document.documentElement.scrollWidth") <= 390
            assert problems == []
        browser.close()


def _chromium() -> str | None:
    import shutil

    return shutil.which("chromium") or shutil.which("chromium-browser")


# --- picture ---------------------------------------------------------------------------------------------------------------


def test_the_picture_is_a_png(result: Result, stars: Result, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    for name, shown in (("ranking", result), ("stars", stars)):
        path = tmp_path / f"{name}.png"
        save_picture(shown, path)
        content = path.read_bytes()
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        assert int.from_bytes(content[16:20]) > 600


def test_without_matplotlib_the_message_says_what_to_install(
    result: Result, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("matinee.evaluation.report_picture.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"matinee\[lab\]"):
        save_picture(result, tmp_path / "x.png")


# --- the documented form ---------------------------------------------------------------------------------------------------


def schema() -> dict[str, Any]:
    text = (DOCS / "evaluation-json.md").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text.split("```json\n")[1].split("```")[0])
    return found


def violations(value: Any, rule: dict[str, Any], root: dict[str, Any], path: str = "$") -> list[str]:
    """Check the part of JSON Schema the document uses, and refuse the document for using any other."""
    known = {"$ref", "$defs", "$schema", "title", "description", "type", "const", "enum", "properties", "required"}
    known |= {"additionalProperties", "items", "minimum", "minItems", "anyOf"}
    assert set(rule) <= known, f"{path}: the schema uses {set(rule) - known}"
    if "$ref" in rule:
        return violations(value, root["$defs"][rule["$ref"].removeprefix("#/$defs/")], root, path)
    if "anyOf" in rule:
        options = [violations(value, option, root, path) for option in rule["anyOf"]]
        return [] if any(not option for option in options) else [f"{path}: no option fits: {options}"]
    kinds = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool}
    kinds["null"] = type(None)
    wanted = rule.get("type", [])
    wanted = [wanted] if isinstance(wanted, str) else wanted
    is_flag = isinstance(value, bool)
    if wanted and not any(isinstance(value, kinds[kind]) and is_flag == (kind == "boolean") for kind in wanted):
        return [f"{path}: {value!r} is not {wanted}"]
    found = [] if "const" not in rule or value == rule["const"] else [f"{path}: {value!r} is not {rule['const']!r}"]
    if "enum" in rule and value not in rule["enum"]:
        found.append(f"{path}: {value!r} is not one of {rule['enum']}")
    if "minimum" in rule and value is not None and value < rule["minimum"]:
        found.append(f"{path}: {value} is below {rule['minimum']}")
    if isinstance(value, list):
        if len(value) < rule.get("minItems", 0):
            found.append(f"{path}: too short")
        for place, item in enumerate(value):
            found += violations(item, rule.get("items", {}), root, f"{path}[{place}]")
    if isinstance(value, dict):
        found += [f"{path}: {name} is missing" for name in rule.get("required", []) if name not in value]
        others = rule.get("additionalProperties", {})
        for name, item in value.items():
            if name in rule.get("properties", {}):
                found += violations(item, rule["properties"][name], root, f"{path}.{name}")
            elif others is False:
                found.append(f"{path}: {name} is not documented")
            elif others is not True:
                found += violations(item, others, root, f"{path}.{name}")
    return found


def test_results_keep_to_the_documented_form(result: Result, stars: Result) -> None:
    strong = evaluate(WORLD, Strong(StrongConfig(held_out_users=30)), [CoCounts()])
    for one in (result, stars, strong):
        assert violations(one.to_json(), schema(), schema()) == []


def test_the_documented_form_is_strict(result: Result) -> None:
    whole = result.to_json()
    for spoil in (
        lambda v: v.update(schema=2),
        lambda v: v["data"].update(simulated="no"),
        lambda v: v["rows"][0].update(surprise=1),
        lambda v: v["rows"][0]["measures"]["ndcg@10"].pop("n"),
        lambda v: v.pop("software"),
    ):
        spoiled = json.loads(json.dumps(whole))
        spoil(spoiled)
        assert violations(spoiled, schema(), schema()), spoil


def test_every_protocol_and_metric_is_in_the_documents() -> None:
    text = (DOCS / "evaluation.md").read_text(encoding="utf-8")
    for protocol in (Temporal, Strong, Rating):
        assert f"`{protocol.name}`" in text
    for key in {*Temporal.measures, *Strong.measures, *Rating.measures}:
        assert f"`{key.rpartition('/')[2].partition('@')[0]}" in text, key
