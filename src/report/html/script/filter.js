
// Which findings are shown. The address keeps it, so that a view can be sent to somebody.

const SETS = ["severity", "confidence", "status"];
const TEXTS = ["q", "rule", "database", "table"];
const filter = { severity: new Set(), confidence: new Set(), status: new Set(), q: "", rule: "", database: "", table: "" };
const watchers = [];

/** Whether a finding is shown; `except` is a field that is left out of account. */
function passes(item, words, except) {
  const f = item.finding;
  for (const field of SETS) {
    if (field !== except && filter[field].size > 0 && !filter[field].has(f[field])) return false;
  }
  if (filter.database && except !== "database" && item.database !== filter.database) return false;
  if (filter.rule && except !== "rule" && f.rule !== filter.rule) return false;
  if (filter.table && item.table !== filter.table) return false;
  return words.every((word) => searched(item).includes(word));
}

/** The words that are searched for: all of them have to be there. */
const words = () => filter.q.toLowerCase().split(/\s+/).filter(Boolean);

/** How many findings each value of a field would show. */
function facet(field) {
  const counts = new Map();
  const wanted = words();
  for (const item of FINDINGS) {
    if (!passes(item, wanted, field)) continue;
    const value = field === "database" ? item.database : item.finding[field];
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return counts;
}

const isFiltered = () => SETS.some((s) => filter[s].size > 0) || TEXTS.some((t) => filter[t] !== "");

/** Changes the filter and tells everybody. */
function narrow(changes) {
  Object.assign(filter, changes);
  const address = new URLSearchParams();
  for (const field of TEXTS) if (filter[field]) address.set(field, filter[field]);
  for (const field of SETS) if (filter[field].size > 0) address.set(field, [...filter[field]].join(","));
  // of the history there is one entry, not one for each letter
  window.history.replaceState(null, "", "#" + address);
  tell();
}

function tell() {
  const began = performance.now();
  for (const watcher of watchers) watcher();
  document.documentElement.dataset.filtered = Math.round(performance.now() - began);
}

const NOTHING = () => ({ severity: new Set(), confidence: new Set(), status: new Set(), q: "", rule: "", database: "", table: "" });

/** Takes the filter from the address. */
function readAddress() {
  const address = new URLSearchParams(location.hash.slice(1));
  Object.assign(filter, NOTHING());
  for (const field of TEXTS) filter[field] = address.get(field) ?? "";
  for (const field of SETS) filter[field] = new Set((address.get(field) ?? "").split(",").filter(Boolean));
}

window.addEventListener("hashchange", () => {
  readAddress();
  tell();
});
