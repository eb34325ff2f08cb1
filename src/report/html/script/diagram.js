
// The schema as a diagram: which tables of which database, and what happens on a click.

const MOST_TABLES = 150;
const TELLING = "", ALL = "all";
const diagram = { database: null, scope: TELLING, whole: false, drawn: "", boxes: [], view: null, current: 0 };

function watchDiagram() {
  const drawable = PAGE.databases.filter((d) => d.schema.tables.length > 0);
  byId("schema").hidden = drawable.length === 0;
  if (drawable.length === 0) return;
  const worst = FINDINGS.find((item) => drawable.some((d) => d.name === item.database))?.database;
  diagram.database = drawable.find((d) => d.name === worst) ?? drawable[0];
  byId("legend").append(...legend());
  watchers.push(() => {
    const wanted = drawable.find((d) => d.name === filter.database);
    if (wanted && wanted !== diagram.database) Object.assign(diagram, { database: wanted, scope: TELLING });
    showDiagram();
  });
}

function legend() {
  const entry = (mark, text, look = null) => el("span", {}, el("b", { class: look }, mark), " " + text);
  return [
    entry("!", "a guard seems to be missing", "open"), entry("PK", "primary key"), entry("U", "in a unique key"), entry("C", "has a CHECK"),
    el("span", { class: "keys" }, "Drag to move, Ctrl and wheel or two fingers to zoom. With the keyboard: + − 0, arrows, Tab to the tables, Enter for the findings of one."),
  ];
}

/** Draws it if what is to be seen has changed, and marks the table that the list is narrowed to. */
function showDiagram() {
  const state = [diagram.database.name, diagram.scope, diagram.whole].join("\u001f");
  if (state !== diagram.drawn) {
    diagram.drawn = state;
    draw();
  }
  for (const box of diagram.boxes) {
    const chosen = filter.table === box.key;
    box.node.classList.toggle("chosen", chosen);
    box.node.setAttribute("aria-pressed", chosen);
  }
}

/** The tables that are drawn. */
function tablesShown() {
  const tables = diagram.database.schema.tables;
  if (diagram.scope === ALL || (diagram.scope === TELLING && tables.length <= MOST_TABLES)) return tables;
  const keys = new Set(tables.map((t) => tableKey(t.schema, t.name)));
  const near = new Map([...keys].map((k) => [k, new Set()]));
  for (const t of tables) {
    const from = tableKey(t.schema, t.name);
    for (const r of t.references) {
      const to = tableKey(r.schema, r.table);
      if (keys.has(to)) (near.get(from).add(to), near.get(to).add(from));
    }
  }
  const found = [...new Set(FINDINGS.filter((i) => i.database === diagram.database.name).map((i) => i.table))].filter((k) => keys.has(k));
  const centre = diagram.scope === TELLING ? found : [diagram.scope];
  // a set keeps its order: first what it is about, then what is around it
  const wanted = new Set([...centre.slice(0, MOST_TABLES), ...centre.flatMap((k) => [...near.get(k)])]);
  const first = new Set([...wanted].slice(0, MOST_TABLES));
  return first.size ? tables.filter((t) => first.has(tableKey(t.schema, t.name))) : tables.slice(0, MOST_TABLES);
}

function draw() {
  const items = Map.groupBy(FINDINGS.filter((i) => i.database === diagram.database.name && i.finding.status !== "suppressed"), (i) => i.table);
  const tables = tablesShown();
  const boxes = tables.map((t) => boxOf(t, items.get(tableKey(t.schema, t.name)) ?? [], diagram.whole));
  const index = new Map(boxes.map((box, i) => [box.key, i]));
  const references = boxes.flatMap((box, i) => box.table.references.map((r) => ({ i, j: index.get(tableKey(r.schema, r.table)), r }))).filter((l) => l.j !== undefined);
  const holder = byId("diagram");
  const size = arrange(boxes, references.map(({ i, j }) => [i, j]), Math.max(0.7, holder.clientWidth / Math.max(1, holder.clientHeight)));
  const layer = svg("g");
  const drawing = svg("svg", {
    tabindex: 0, role: "group",
    "aria-label": `Diagram of ${plural(tables.length, "table")}. Arrow keys move it, plus and minus zoom, Tab goes to the tables.`,
  }, layer);
  for (const { i, j, r } of references) {
    const path = drawReference(boxes[i], boxes[j], r);
    layer.append(path);
    for (const box of [boxes[i], boxes[j]]) (box.lines ??= []).push([path, boxes[i] === box ? boxes[j] : boxes[i]]);
  }
  for (const [i, box] of boxes.entries()) {
    box.node = drawTable(box);
    layer.append(box.node);
    box.node.addEventListener("click", () => choose(box));
    box.node.addEventListener("focus", () => (stop(i), near(box, true), diagram.view.show(box)));
    box.node.addEventListener("blur", () => near(box, false));
    box.node.addEventListener("pointerenter", () => near(box, true));
    box.node.addEventListener("pointerleave", () => near(box, false));
    box.node.addEventListener("keydown", (event) => onKey(event, box, drawing));
  }
  holder.replaceChildren(drawing);
  const least = holder.clientWidth < 600 ? 0.42 : 0.55;
  const tall = size.height * Math.max(least, Math.min(1.15, (holder.clientWidth - 40) / size.width)) + 40;
  holder.style.height = tall < 420 ? `${Math.max(200, tall)}px` : ""; // a small schema needs no large frame
  Object.assign(diagram, { boxes, view: makeView(drawing, layer, size), current: 0 });
  const worst = boxes.reduce((a, b) => (b.items.length > a.items.length ? b : a), boxes[0]);
  stop(boxes.indexOf(worst));
  // what would be too small to read begins with the table that has the most findings
  diagram.view.fit(least);
  if (size.width * least > holder.clientWidth || size.height * least > holder.clientHeight) diagram.view.show(worst, true);
  diagramTools(tables.length);
}

/** Of all tables only one is a stop of the Tab key; the arrow keys go on from there. */
function stop(i) {
  diagram.boxes[diagram.current]?.node.setAttribute("tabindex", -1);
  diagram.current = i;
  diagram.boxes[i].node.setAttribute("tabindex", 0);
}

function near(box, on) {
  box.node.classList.toggle("near", on);
  for (const [path, other] of box.lines ?? []) {
    path.classList.toggle("near", on);
    other.node.classList.toggle("near", on);
  }
}

function choose(box) {
  narrow(filter.table === box.key ? { table: "" } : { table: box.key, database: PAGE.databases.length > 1 ? diagram.database.name : "" });
  diagramTools(diagram.boxes.length);
}

function onKey(event, box, drawing) {
  if (event.key === "Enter" || event.key === " ") choose(box);
  else if (event.key === "Escape") drawing.focus();
  else if (event.key.startsWith("Arrow")) neighbour(box, event.key)?.node.focus();
  else return;
  event.preventDefault();
}

/** The closest table in a direction. */
function neighbour(box, key) {
  const [dx, dy] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[key];
  const middle = (b) => [b.x + b.width / 2, b.y + b.height / 2];
  const [x, y] = middle(box);
  let [best, least] = [null, Infinity];
  for (const other of diagram.boxes) {
    const [ox, oy] = middle(other);
    const along = (ox - x) * dx + (oy - y) * dy;
    const aside = Math.abs((ox - x) * dy) + Math.abs((oy - y) * dx);
    if (other !== box && along > aside / 2 && along + 2 * aside < least) [best, least] = [other, along + 2 * aside];
  }
  return best;
}

function diagramTools(drawn) {
  const { database } = diagram;
  const tables = database.schema.tables;
  byId("schema-of").replaceChildren(...(PAGE.databases.length > 1 ? [bdi(database.name), ", "] : []),
    drawn === tables.length ? plural(drawn, "table") : `${count(drawn)} of ${plural(tables.length, "table")}`);
  const button = (text, label, act, look) => el("button", { type: "button", class: look, "aria-label": label, title: label, click: act }, text);
  byId("diagram-tools").replaceChildren(
    ...databaseChoice(), scopeChoice(tables), ...wholeChoice(tables), ...chosenNote(),
    el("span", { class: "push" },
      button("−", "Zoom out", () => diagram.view.zoom(0.8), "square"), button("+", "Zoom in", () => diagram.view.zoom(1.25), "square"),
      button("Fit", "Show the whole diagram", () => diagram.view.fit())));
}

function databaseChoice() {
  const drawable = PAGE.databases.filter((d) => d.schema.tables.length > 0);
  if (drawable.length < 2) return [];
  const select = el("select", { "aria-label": "Database of the diagram", change: () => again({ database: drawable[select.selectedIndex], scope: TELLING }) },
    drawable.map((d) => el("option", {}, spelt(d.name))));
  select.selectedIndex = drawable.indexOf(diagram.database);
  return [select];
}

function scopeChoice(tables) {
  const telling = tables.length > MOST_TABLES ? "Tables with findings, and around them" : "All tables";
  const select = el("select", { "aria-label": "Tables of the diagram", change: () => again({ scope: select.value }) },
    el("option", { value: TELLING }, telling),
    tables.length > MOST_TABLES ? el("option", { value: ALL }, `All ${count(tables.length)} tables (takes a while)`) : null,
    el("optgroup", { label: "Around one table" },
      tables.map((t) => el("option", { value: tableKey(t.schema, t.name) }, spelt(tableLabel(t.schema, t.name))))));
  select.value = diagram.scope;
  return select;
}

function wholeChoice(tables) {
  if (!tables.some((t) => t.columns.length > BOX.rows)) return [];
  const box = el("input", { type: "checkbox", change: () => again({ whole: box.checked }) });
  box.checked = diagram.whole;
  return [el("label", {}, box, "All columns")];
}

/** What was chosen, with the way to its findings. */
function chosenNote() {
  const box = diagram.boxes.find((b) => b.key === filter.table);
  if (!box) return [];
  const show = () => byId("findings").scrollIntoView();
  return [el("button", { type: "button", click: () => (show(), byId("findings").focus()) }, `${plural(box.items.length, "finding")} of `, bdi(box.title))];
}

function again(changes) {
  Object.assign(diagram, changes);
  showDiagram();
}
