
// The filters above the list.

const search = el("input", {
  type: "search", placeholder: "Search names, SQL, evidence", "aria-label": "Search findings", "aria-keyshortcuts": "/",
  autocomplete: "off", spellcheck: "false", input: () => narrow({ q: search.value }),
});
const chips = [];
const choices = [];

function makeToolbar() {
  const form = byId("filters");
  form.addEventListener("submit", (event) => event.preventDefault());
  const several = new Set(FINDINGS.map((i) => i.finding.status)).size > 1;
  const place = el("span", { class: "place", hidden: true });
  const clear = el("button", { type: "button", class: "quiet", click: () => narrow(NOTHING()) }, "Clear filters");
  form.append(search, chipSet("severity", LEVELS), chipSet("confidence", LEVELS));
  if (several) form.append(chipSet("status", STATUSES));
  form.append(choice("rule", "All rules", (f) => f.finding.rule));
  if (PAGE.databases.length > 1) form.append(choice("database", "All databases", (f) => f.database));
  form.append(place, clear);
  watchers.push(() => {
    if (search.value !== filter.q) search.value = filter.q;
    chips.forEach((update) => update());
    choices.forEach((update) => update());
    clear.hidden = !isFiltered();
    place.hidden = filter.table === "";
    if (filter.table) place.replaceChildren("Table ", bdi(tableLabel(...filter.table.split("\u001f"))),
      el("button", { type: "button", "aria-label": "All tables", click: () => narrow({ table: "" }) }, "×"));
  });
  document.addEventListener("keydown", (event) => {
    const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      search.focus();
      search.select();
    } else if (event.key === "Escape" && event.target === search) narrow({ q: "" });
  });
}

function chipSet(field, values) {
  const set = el("fieldset", {}, el("legend", {}, capital(field)));
  const made = values.map((value) => {
    const box = el("input", { type: "checkbox", change: () => toggle(field, value, box.checked) });
    const number = el("span", { class: "number" });
    set.append(el("label", { class: "chip" }, box, field === "severity" ? el("span", { class: `swatch ${value}` }) : null, capital(value), number));
    return { value, box, number };
  });
  chips.push(() => {
    const counts = facet(field);
    for (const { value, box, number } of made) {
      box.checked = filter[field].has(value);
      number.textContent = count(counts.get(value) ?? 0);
    }
  });
  return set;
}

function toggle(field, value, on) {
  const set = new Set(filter[field]);
  if (on) set.add(value);
  else set.delete(value);
  narrow({ [field]: set });
}

function choice(field, all, of) {
  const values = [...new Set(FINDINGS.map(of))].sort();
  const select = el("select", { "aria-label": capital(field), change: () => narrow({ [field]: select.value, ...(field === "database" ? { table: "" } : {}) }) });
  const options = [el("option", { value: "" }, all), ...values.map((v) => el("option", { value: v }, spelt(v)))];
  select.append(...options);
  choices.push(() => {
    // of an address that somebody wrote, or a database without findings
    if (filter[field] && !values.includes(filter[field])) {
      values.push(filter[field]);
      select.append(el("option", { value: filter[field] }, spelt(filter[field])));
    }
    select.value = filter[field];
  });
  return select;
}
