
// Findings over time: stacked steps, since a count holds from one run to the next.

const PLOT = { height: 210, left: 44, right: 12, top: 8, bottom: 26 };
const LATEST = 400;
let points = [];
let at = 0;

/** What was known after each run: the sum over the databases, each as it was last seen. */
function series(databases) {
  const events = databases.flatMap((d) => d.runs.map((run) => ({ d, run, time: Date.parse(run.at) }))).filter((e) => !Number.isNaN(e.time));
  events.sort((a, b) => a.time - b.time);
  const sum = { high: 0, medium: 0, low: 0 };
  const last = new Map();
  const out = [];
  for (const { d, run, time } of events) {
    // a run that failed counted nothing: what was known before still stands
    if (!run.error) {
      for (const level of LEVELS) sum[level] += run[level] - (last.get(d)?.[level] ?? 0);
      last.set(d, run);
    }
    // what was audited at one time is one point
    const same = out.at(-1)?.time === time ? out.pop() : null;
    const [fresh, fixed] = [run.new + (same?.fresh ?? 0), run.fixed + (same?.fixed ?? 0)];
    out.push({ time, at: run.at, fresh, fixed, error: run.error ?? same?.error, ...sum });
  }
  return out;
}

function showPlot() {
  const databases = PAGE.databases.filter((d) => !filter.database || d.name === filter.database);
  points = series(databases);
  byId("history").hidden = points.length < 2;
  if (points.length < 2) return;
  byId("history-of").replaceChildren(databases.length === 1 ? bdi(databases[0].name) : `all ${count(databases.length)} databases`, `, ${plural(databases.reduce((n, d) => n + d.runs.length, 0), "run")}`);
  at = points.length - 1;
  drawPlot();
  if (byId("runs").open) showRuns();
}

function drawPlot() {
  const box = byId("plot");
  const width = Math.max(280, box.clientWidth - 28);
  const [first, last] = [points[0].time, points.at(-1).time];
  const highest = Math.max(1, ...points.map((p) => p.high + p.medium + p.low));
  const step = niceStep(highest);
  const top = Math.ceil(highest / step) * step;
  const x = (time) => PLOT.left + ((time - first) / Math.max(1, last - first)) * (width - PLOT.left - PLOT.right);
  const y = (n) => PLOT.top + (1 - n / top) * (PLOT.height - PLOT.top - PLOT.bottom);
  const drawing = svg("svg", {
    viewBox: `0 0 ${width} ${PLOT.height}`, height: PLOT.height, tabindex: 0, role: "group",
    "aria-label": "Findings over time. Left and right arrow keys go from run to run; the table below says the same.",
  });
  for (let n = 0; n <= top; n += step) {
    drawing.append(
      svg("line", { class: "grid", x1: PLOT.left, x2: width - PLOT.right, y1: y(n), y2: y(n) }),
      svg("text", { x: PLOT.left - 8, y: y(n) + 4, "text-anchor": "end" }, count(n)));
  }
  dates(drawing, first, last, x, width);
  const base = points.map(() => 0);
  for (const level of [...LEVELS].reverse()) {
    const upper = points.map((p, i) => base[i] + p[level]);
    drawing.append(
      svg("path", { class: `area ${level}`, d: `M${steps(upper, x, y).join("L")}L${steps(base, x, y).reverse().join("L")}Z` }),
      svg("path", { class: `edge ${level}`, d: `M${steps(upper, x, y).join("L")}` }));
    upper.forEach((n, i) => (base[i] = n));
  }
  for (const p of points.filter((q) => q.error)) {
    const [cx, cy] = [x(p.time), PLOT.height - PLOT.bottom];
    drawing.append(svg("path", { class: "failed", d: `M${cx - 4} ${cy - 4}l8 8m0-8l-8 8` }, svg("title", {}, "This run failed")));
  }
  const cursor = svg("line", { class: "cursor", y1: PLOT.top, y2: PLOT.height - PLOT.bottom });
  const output = el("output", { "aria-live": "polite" });
  const point = (i) => {
    at = Math.min(points.length - 1, Math.max(0, i));
    const cx = x(points[at].time);
    cursor.setAttribute("x1", cx);
    cursor.setAttribute("x2", cx);
    output.replaceChildren(...reading(points[at]));
  };
  drawing.append(cursor);
  drawing.addEventListener("pointermove", (event) => {
    const bounds = drawing.getBoundingClientRect();
    point(nearest(first + ((((event.clientX - bounds.left) * width) / bounds.width - PLOT.left) / (width - PLOT.left - PLOT.right)) * (last - first)));
  });
  drawing.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: points.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    point(to);
  });
  box.replaceChildren(output, drawing);
  point(at);
}

/** The corners of a line that goes in steps. */
function steps(values, x, y) {
  return points.flatMap((p, i) => [i && values[i - 1], values[i]].map((n) => `${x(p.time).toFixed(1)} ${y(n).toFixed(1)}`).slice(i ? 0 : 1));
}

function niceStep(highest) {
  const power = 10 ** Math.floor(Math.log10(highest / 4 || 1));
  return Math.max(1, power * [1, 2, 5, 10].find((f) => f * power * 4 >= highest));
}

function dates(drawing, first, last, x, width) {
  const n = Math.max(1, Math.min(6, Math.floor(width / 130)));
  for (let i = 0; i <= n; i++) {
    const time = first + ((last - first) * i) / n;
    const anchor = i === 0 ? "start" : i === n ? "end" : "middle";
    const day = new Date(time).toISOString();
    const text = last - first < 2 * 86_400_000 ? day.slice(5, 16).replace("T", " ") : day.slice(0, 10);
    drawing.append(svg("text", { x: x(time), y: PLOT.height - 6, "text-anchor": anchor }, text));
  }
}

/** The last run at or before a time. */
function nearest(time) {
  let best = 0;
  points.forEach((p, i) => {
    if (Math.abs(p.time - time) < Math.abs(points[best].time - time)) best = i;
  });
  return best;
}

function reading(p) {
  const levels = LEVELS.map((level) => el("span", {}, el("i", { class: `swatch ${level}` }), `${capital(level)} ${count(p[level])}`));
  const change = p.error ? el("span", { class: "broken isolate" }, "failed: ", shown(p.error)) : el("span", { class: "muted" }, `${count(p.fresh)} new, ${count(p.fixed)} fixed`);
  return [el("b", {}, when(p.at)), ...levels, change];
}

/** The same as a table, the latest first. */
function showRuns() {
  const all = PAGE.databases.filter((d) => !filter.database || d.name === filter.database).flatMap((d) => d.runs.map((run) => ({ d, run })));
  all.sort((a, b) => Date.parse(b.run.at) - Date.parse(a.run.at));
  const several = PAGE.databases.length > 1;
  const head = ["Run", several ? "Database" : null, ...LEVELS.map(capital), "New", "Fixed", "Seconds", "Result"].filter(Boolean);
  const line = ({ d, run }) => el("tr", {},
    el("th", { scope: "row" }, when(run.at)),
    several ? el("td", {}, bdi(d.name)) : null,
    [run.high, run.medium, run.low, run.new, run.fixed].map((n) => el("td", { class: "number" }, run.error ? "–" : count(n))),
    el("td", { class: "number" }, run.seconds.toFixed(1)),
    el("td", {}, run.error ? el("span", { class: "failed isolate" }, shown(run.error)) : "ok"));
  const table = el("table", {},
    el("thead", {}, el("tr", {}, head.map((h) => el("th", { scope: "col", class: /Run|Database|Result/.test(h) ? null : "number" }, h)))),
    el("tbody", {}, all.slice(0, LATEST).map(line)));
  byId("runs").lastElementChild.replaceChildren(table, all.length > LATEST ? el("p", { class: "muted" }, `The latest ${LATEST} of ${count(all.length)} runs.`) : "");
}

function watchHistory() {
  let shownOf = null;
  watchers.push(() => {
    if (shownOf === filter.database) return;
    shownOf = filter.database;
    showPlot();
  });
  byId("runs").addEventListener("toggle", () => byId("runs").open && showRuns());
  let width = 0;
  new ResizeObserver(([entry]) => {
    if (points.length < 2 || Math.abs(entry.contentRect.width - width) < 1) return;
    width = entry.contentRect.width;
    drawPlot();
  }).observe(byId("plot"));
}
