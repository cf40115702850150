"""Page, style and script of the HTML report."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{{ title }} · Matinee evaluation</title>
<style>{{ style|safe }}</style>
</head>
<body>
<main>
<header>
  <p class="kicker">Matinee evaluation</p>
  <h1>{{ title }}</h1>
  <p class="badges">
    <span class="badge">{{ result.protocol.part }} part</span>
    {% if result.data.simulated %}
    <span class="badge warn">simulated viewers</span>
    {% endif %}
    <span class="badge">{{ "{:,}".format(result.data.ratings) }} ratings</span>
  </p>
  {% for remark in remarks %}
  <p class="remark">{{ remark }}</p>
  {% endfor %}
</header>

<section aria-labelledby="said">
  <h2 id="said">What came out</h2>
  <ul>
  {% for sentence in summary %}
    <li>{{ sentence }}</li>
  {% else %}
    <li>Only the baselines were measured.</li>
  {% endfor %}
  {% for row in refused %}
    <li class="worse"><strong>{{ row.name }}</strong> was refused: it {{ row.refused }}.</li>
  {% endfor %}
  {% for row in short %}
    <li class="other"><strong>{{ row.name }}</strong> gave {{ "{:,}".format(row.short_lists) }} viewers fewer movies than asked for; the missing places count as misses.</li>
  {% endfor %}
  </ul>
</section>

<section aria-labelledby="charts">
  <h2 id="charts">Intervals</h2>
  <p><label for="metric">Metric</label> <select id="metric"></select></p>
  <div class="charts">
    <figure><figcaption id="valueCaption"></figcaption><div id="value" class="chart" role="img" aria-labelledby="valueCaption"></div></figure>
    <figure><figcaption id="gapCaption"></figcaption><div id="gap" class="chart" role="img" aria-labelledby="gapCaption"></div></figure>
    <figure id="tradeFigure" hidden><figcaption>Relevance against diversity</figcaption><div id="trade" class="chart" role="img" aria-label="Each contestant by accuracy and diversity of its lists"></div></figure>
  </div>
  <noscript><p>The charts need scripts; every figure is also in the tables below.</p></noscript>
</section>

{% for table in tables %}
<section>
  <h2>{{ table.heading }}</h2>
  <div class="scroll" tabindex="0" role="region" aria-label="{{ table.heading }}">
  <table>
    <thead><tr><th scope="col">Contestant</th>{% for column in table.columns %}<th scope="col">{{ column }}</th>{% endfor %}</tr></thead>
    <tbody>
    {% for line in table.rows %}
      <tr{% if line.row.is_baseline %} class="baseline"{% endif %}><th scope="row">{{ line.row.name }}</th>
      {% for cell in line.cells %}
        <td class="{{ cell.kind }}" title="{{ cell.title }}">{{ cell.text }} <small>{{ cell.error }}</small></td>
      {% endfor %}
      </tr>
    {% endfor %}
    </tbody>
  </table>
  </div>
</section>
{% endfor %}

<section aria-labelledby="read">
  <h2 id="read">How to read this</h2>
  <p>± is the standard error over users. Colours compare with <strong>{{ result.baseline }}</strong> on the same users: a paired
  {{ "{:.0%}".format(result.confidence) }} bootstrap interval that lies wholly on one side of zero is <span class="better">better ▲</span> or
  <span class="worse">worse ▼</span>, <span class="other">different ≠</span> where neither direction is good in itself, and plain where it holds zero.
  Rows in italics are baselines. Point at a figure for its interval.</p>
</section>

<section aria-labelledby="rule">
  <h2 id="rule">The protocol</h2>
  <p>{{ result.protocol.definition }}</p>
  <div class="scroll beside" tabindex="0" role="region" aria-label="Settings and counts">
  <table>
    <caption>Settings</caption>
    <tbody>{% for name, value in result.protocol.settings.items() %}<tr><th scope="row">{{ name }}</th><td>{{ value }}</td></tr>{% endfor %}</tbody>
  </table>
  {% for split in result.splits %}
  <table>
    <caption>Counts{% if result.splits|length > 1 %}: {{ split.remarks|join(" ") }}{% endif %}</caption>
    <tbody>{% for name, count in split.counts.items() %}<tr><th scope="row">{{ name|replace("_", " ") }}</th><td>{{ "{:,}".format(count) }}</td></tr>{% endfor %}</tbody>
  </table>
  {% endfor %}
  </div>
</section>

<section aria-labelledby="who">
  <h2 id="who">Contestants</h2>
  <div class="scroll" tabindex="0" role="region" aria-label="Contestants">
  <table>
    <thead><tr><th scope="col">Name</th><th scope="col">Fit, s</th><th scope="col">Score, s</th><th scope="col" class="text">Settings</th></tr></thead>
    <tbody>
    {% for row in result.rows %}
      <tr{% if row.is_baseline %} class="baseline"{% endif %}><th scope="row">{{ row.name }}</th><td>{{ "%.2f"|format(row.fit_seconds) }}</td><td>{{ "%.2f"|format(row.score_seconds) }}</td>
      <td class="text">{% for name, value in row.settings.items() %}{{ name }} = {{ value }}{{ ", " if not loop.last }}{% else %}none{% endfor %}</td></tr>
    {% endfor %}
    </tbody>
  </table>
  </div>
</section>

<section aria-labelledby="facts">
  <h2 id="facts">Data and software</h2>
  <dl>{% for name, value in facts %}<div><dt>{{ name }}</dt><dd>{{ value }}</dd></div>{% endfor %}</dl>
  <p><a id="download" download="evaluation.json" href="#">Save these figures as JSON</a></p>
</section>
</main>
<script type="application/json" id="result">{{ json|safe }}</script>
<script type="application/json" id="data">{{ charts|safe }}</script>
<script>{{ plotly|safe }}</script>
<script>{{ script|safe }}</script>
</body>
</html>
"""

STYLE = """
:root { --bg:#f5f6fa; --card:#fff; --ink:#17202e; --soft:#566174; --line:#dde2ea; --accent:#2459b8;
  --better:#14694a; --worse:#b02a1c; --other:#8a5a0a; --level:#566174; }
@media (prefers-color-scheme: dark) { :root { --bg:#0e131b; --card:#171e2a; --ink:#e8edf5; --soft:#a3afc2; --line:#2b3545; --accent:#8ab4ff;
  --better:#56d3a0; --worse:#ff8f80; --other:#f0b95a; --level:#a3afc2; } }
* { box-sizing:border-box }
body { margin:0; background:var(--bg); color:var(--ink); font:16px/1.55 system-ui, sans-serif }
main { max-width:72rem; margin:0 auto; padding:2rem 1rem 4rem }
h1 { font-size:clamp(1.6rem, 4vw, 2.4rem); line-height:1.15; margin:.1rem 0 .6rem; overflow-wrap:anywhere }
h2 { font-size:1.15rem; margin:0 0 .7rem }
.kicker { margin:0; color:var(--accent); font-weight:600; letter-spacing:.04em }
.badges { display:flex; flex-wrap:wrap; gap:.4rem; margin:0 0 .6rem }
.badge { border:1px solid var(--line); border-radius:99px; padding:.1rem .7rem; font-size:.85rem; color:var(--soft); background:var(--card) }
.badge.warn { color:var(--other); border-color:var(--other); font-weight:700 }
.remark { color:var(--soft); margin:.2rem 0; max-width:60rem }
section { background:var(--card); border:1px solid var(--line); border-radius:14px; padding:1.1rem 1.2rem; margin-top:1rem }
section p { max-width:60rem }
ul { margin:0; padding-left:1.2rem }
.charts { display:grid; grid-template-columns:repeat(auto-fit, minmax(min(100%, 27rem), 1fr)); gap:1rem }
figure { margin:0; min-width:0 } figcaption { color:var(--soft); font-size:.9rem }
.chart { width:100%; min-height:16rem }
select { font:inherit; color:var(--ink); background:var(--card); border:1px solid var(--line); border-radius:8px; padding:.3rem .5rem; max-width:100% }
.scroll { overflow-x:auto } .beside { display:flex; flex-wrap:wrap; gap:0 3rem; align-items:flex-start } .scroll:focus-visible, select:focus-visible, a:focus-visible { outline:3px solid var(--accent); outline-offset:2px }
table { border-collapse:collapse; font-variant-numeric:tabular-nums; margin-bottom:.6rem } caption { text-align:left; color:var(--soft); padding:.3rem 0 }
th, td { padding:.35rem .8rem .35rem 0; border-bottom:1px solid var(--line); text-align:right; white-space:nowrap; vertical-align:top }
th:first-child { text-align:left; padding-right:1.4rem } thead th { color:var(--soft); font-weight:600 } td.text, th.text { text-align:left; white-space:normal; min-width:16rem; color:var(--soft) }
tr.baseline th { font-style:italic; font-weight:400 } small { color:var(--soft) }
.better { color:var(--better) } .worse { color:var(--worse) } .other { color:var(--other) }
td.better::after { content:" ▲" } td.worse::after { content:" ▼" } td.other::after { content:" ≠" }
td.level::after, td.none::after { content:" ="; visibility:hidden }
dl { display:grid; grid-template-columns:repeat(auto-fill, minmax(13rem, 1fr)); gap:.6rem 1.2rem; margin:0 }
dt { color:var(--soft); font-size:.85rem } dd { margin:0; overflow-wrap:anywhere }
a { color:var(--accent) }
@media print { body { background:#fff } section { break-inside:avoid } }
"""

SCRIPT = """
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const select = document.getElementById("metric");
const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const kind = (point) => colour(point.kind === "none" ? "level" : point.kind);
data.metrics.forEach((metric, place) => select.add(new Option(metric.label, place)));

function layout(extra) {
  const axis = { gridcolor: colour("line"), zerolinecolor: colour("soft"), automargin: true, tickfont: { size: 13 } };
  return { paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)", font: { color: colour("ink"), family: "system-ui, sans-serif" },
    margin: { l: 10, r: 24, t: 24, b: 40 }, showlegend: false, height: 120 + 34 * data.rows.length,
    xaxis: { ...axis, ...extra.x }, yaxis: { ...axis, ...extra.y } };
}
const options = { displayModeBar: false, responsive: true };

function dots(rows, x, low, high, colours, text) {
  return { type: "scatter", mode: "markers", x, y: rows.map((row) => row.name), text, hovertemplate: "%{y}: %{text}<extra></extra>",
    marker: { size: 11, color: colours, symbol: rows.map((row) => (row.isBaseline ? "square" : "circle")) },
    error_x: { type: "data", symmetric: false, array: high, arrayminus: low, thickness: 2, width: 6, color: colour("soft") } };
}

function draw() {
  const metric = data.metrics[Number(select.value)];
  const shown = data.rows.map((row, place) => ({ row, point: metric.points[place] })).filter((one) => one.point);
  const y = { autorange: "reversed", categoryorder: "array", categoryarray: shown.map((one) => one.row.name) };
  const arm = shown.map((one) => 1.96 * (one.point.error || 0));
  document.getElementById("valueCaption").textContent = metric.label + " ± 1.96 standard errors" +
    (metric.better === "neither" ? "" : " (" + metric.better + " is better)");
  Plotly.react("value", [dots(shown.map((one) => one.row), shown.map((one) => one.point.value), arm, arm, shown.map((one) => kind(one.point)),
    shown.map((one) => one.point.value.toFixed(4)))], layout({ x: {}, y }), options);
  const compared = shown.filter((one) => one.point.gap);
  document.getElementById("gapCaption").textContent = compared.length
    ? "Difference from " + data.baseline + " on the same users, " + data.confidence + " bootstrap interval"
    : "This figure describes all lists together and has no interval.";
  document.getElementById("gap").style.display = compared.length ? "" : "none";
  const gaps = compared.map((one) => one.point.gap);
  Plotly.react("gap", [dots(compared.map((one) => one.row), gaps.map((gap) => gap[0]), gaps.map((gap) => gap[0] - gap[1]),
    gaps.map((gap) => gap[2] - gap[0]), compared.map((one) => kind(one.point)),
    gaps.map((gap) => gap.map((number) => (number > 0 ? "+" : "") + number.toFixed(4)).join(" / ")))],
    layout({ x: { zeroline: true, zerolinewidth: 2 }, y: { ...y, categoryarray: compared.map((one) => one.row.name) } }), options);
  trade();
}

function trade() {
  const [relevance, diversity] = ["ndcg@10", "diversity@10"].map((key) => data.metrics.find((metric) => metric.key === key));
  if (!relevance || !diversity) return;
  document.getElementById("tradeFigure").hidden = false;
  const rows = data.rows.map((row, place) => ({ row, x: relevance.points[place], y: diversity.points[place] })).filter((one) => one.x && one.y);
  Plotly.react("trade", [{ type: "scatter", mode: "markers+text", x: rows.map((one) => one.x.value), y: rows.map((one) => one.y.value),
    text: rows.map((one) => one.row.name), textposition: "top center", cliponaxis: false, hovertemplate: "%{text}: %{x:.4f}, %{y:.4f}<extra></extra>",
    marker: { size: 11, color: rows.map((one) => kind(one.x)), symbol: rows.map((one) => (one.row.isBaseline ? "square" : "circle")) } }],
    layout({ x: { title: { text: relevance.label } }, y: { title: { text: diversity.label } } }), options);
}

select.addEventListener("change", draw);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
const blob = new Blob([JSON.stringify(JSON.parse(document.getElementById("result").textContent), null, 2)], { type: "application/json" });
document.getElementById("download").href = URL.createObjectURL(blob);
draw();
"""
