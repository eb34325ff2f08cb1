
// The totals, the databases, and what could not be looked at.

const FIRST = 12;
const PRODUCTS = { cockroachdb: "CockroachDB", postgresql: "PostgreSQL", yugabytedb: "YugabyteDB" };
const WITH_HISTORY = PAGE.databases.some((d) => d.runs.length > 1);
const lastRun = (database) => database.runs.at(-1);
const failure = (database) => database.report.error ?? lastRun(database)?.error ?? null;

function showOverview() {
  byId("written").replaceChildren("Written ", when(PAGE.written), " UTC");
  byId("version").textContent = `dbaudit ${PAGE.version}`;
  const all = bySeverity(FINDINGS);
  const tables = PAGE.databases.reduce((sum, d) => sum + (d.report.summary?.tables ?? 0), 0);
  const failed = PAGE.databases.filter(failure).length;
  byId("totals").append(
    ...LEVELS.map((level) => total(capital(level), all[level], level)),
    total("Tables", tables),
    total("Databases", PAGE.databases.length),
    ...(failed ? [total("Failed", failed, "high")] : []));
  byId("databases").append(databaseTable());
  for (const d of PAGE.databases) byId("remarks").append(...remarks(d));
}

const total = (title, n, look = "") =>
  el("div", {}, el("dt", {}, look ? el("span", { class: `swatch ${look}`, "aria-hidden": "true" }) : null, title), el("dd", {}, count(n)));

function databaseTable() {
  const found = new Map(PAGE.databases.map((d) => [d, bySeverity((d.report.findings ?? []).map((finding) => ({ finding })))]));
  const weight = (d) => (failure(d) ? 1e12 : 0) + found.get(d).high * 1e8 + found.get(d).medium * 1e4 + found.get(d).low;
  const sorted = [...PAGE.databases].sort((a, b) => weight(b) - weight(a));
  const rowsOf = (some) => some.map((d) => databaseRow(d, found.get(d)));
  const body = el("tbody", {}, rowsOf(sorted.slice(0, FIRST)));
  const head = ["Database", "Engine", ...LEVELS.map(capital), ...(WITH_HISTORY ? ["New", "Fixed"] : []), "Last run"];
  const table = el("table", {},
    el("thead", {}, el("tr", {}, head.map((h, i) => el("th", { scope: "col", class: i > 1 && i < head.length - 1 ? "number" : null }, h)))), body);
  const frame = el("div", { class: "framed" }, table);
  if (sorted.length > FIRST) {
    const rest = el("button", { type: "button", click: () => (body.append(...rowsOf(sorted.slice(FIRST))), rest.parentElement.remove(), markDatabase()) },
      `Show all ${count(sorted.length)} databases`);
    frame.append(el("div", { class: "more" }, rest));
  }
  watchers.push(markDatabase);
  return frame;
}

function databaseRow(d, found) {
  const { product, version } = d.report.engine ?? {};
  const failed = failure(d);
  const name = el("button", { type: "button", class: "name", click: () => narrow({ database: filter.database === d.name ? "" : d.name, table: "" }) }, bdi(d.name));
  const cell = (label, n) => el("td", { class: "number", "data-label": label }, d.report.error ? "–" : count(n));
  const row = el("tr", {},
    el("th", { scope: "row" }, name, failed ? el("div", { class: "failed isolate" }, "Failed: ", shown(failed)) : null),
    el("td", { class: "wide" }, [PRODUCTS[product] ?? "any engine", version].filter(Boolean).join(" ")),
    ...LEVELS.map((level) => cell(capital(level), found[level])),
    WITH_HISTORY ? [cell("New", lastRun(d)?.new ?? 0), cell("Fixed", lastRun(d)?.fixed ?? 0)] : [],
    el("td", { class: "wide" }, when(lastRun(d)?.at ?? PAGE.written)));
  row.database = d.name;
  return row;
}

function markDatabase() {
  for (const row of byId("databases").querySelectorAll("tbody tr")) {
    if (PAGE.databases.length > 1 && row.database === filter.database) row.setAttribute("aria-current", "true");
    else row.removeAttribute("aria-current");
  }
}

/** What could not be looked at, and the settings that bear on guards; the lists are made when they are opened. */
function remarks(d) {
  const of = PAGE.databases.length > 1 ? [" in ", bdi(d.name)] : [];
  const list = (title, items, line) => {
    if (!items?.length) return [];
    const details = el("details", {}, el("summary", {}, title, of));
    details.addEventListener("toggle", () => details.append(el("ul", {}, items.map(line))), { once: true });
    return [details];
  };
  return [
    ...list(`Not looked at (${count(d.report.skipped?.length ?? 0)})`, d.report.skipped, (s) =>
      el("li", { class: "isolate" }, el("code", {}, s.rule === "*" ? "all rules" : s.rule), ": ", shown(s.reason))),
    ...list(`Settings (${count(d.report.settings?.length ?? 0)})`, d.report.settings, (s) =>
      el("li", { class: "isolate" }, el("code", {}, `${spelt(s.name)} = ${spelt(String(s.value ?? "not known"))}`), ` (${spelt(s.scope)}): `, shown(s.meaning))),
  ];
}
