
// What the page was given, and what follows from it.

const PAGE = JSON.parse(byId("data").textContent);
const LEVELS = ["high", "medium", "low"];
const STATUSES = ["new", "baseline", "suppressed"];

/** A table's name as one text; U+001F stands in no name that a person made. */
const tableKey = (schema, table) => `${schema}\u001f${table}`;

/** `schema.table`, the schema left out if it is `public`. */
const tableLabel = (schema, table) => (schema === "public" ? table : `${schema}.${table}`);

/** Every finding with its database, the worst first. */
const FINDINGS = PAGE.databases.flatMap((database) =>
  (database.report.findings ?? []).map((finding) => ({
    database: database.name,
    finding,
    table: tableKey(finding.object.schema, finding.object.table),
    label: tableLabel(finding.object.schema, finding.object.table),
    since: database.since[finding.fingerprint],
    text: null,
  })),
);
FINDINGS.sort((a, b) => order(a.finding) - order(b.finding));

function order(f) {
  return 16 * STATUSES.indexOf(f.status) + 4 * LEVELS.indexOf(f.severity) + LEVELS.indexOf(f.confidence);
}

/** How many findings of each severity count, suppressed ones left out. */
function bySeverity(items) {
  const counts = { high: 0, medium: 0, low: 0 };
  for (const { finding } of items) if (finding.status !== "suppressed") counts[finding.severity]++;
  return counts;
}

/** All that a search looks at, in lower case; made when it is first asked for. */
function searched(item) {
  if (item.text === null) {
    const f = item.finding;
    const parts = [f.message, f.rule, item.label, item.database, f.fingerprint, ...f.object.columns, f.guard.name, f.guard.sql];
    const said = [...f.evidence, ...(f.statements ?? []), ...(f.remedies ?? [])].map((s) => s.text);
    item.text = [...parts, ...said].join("\n").toLowerCase();
  }
  return item.text;
}
