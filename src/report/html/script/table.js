
// A table of the diagram as a box, and the lines between boxes.

const BOX = { head: 28, row: 19, letter: 7.25, gutter: 30, pad: 10, widest: 330, narrowest: 170, rows: 12 };
const SHORT = [
  ["timestamp with time zone", "timestamptz"], ["timestamp without time zone", "timestamp"], ["character varying", "varchar"],
  ["double precision", "float8"], ["time without time zone", "time"], ["character", "char"],
];

/** A box for a table: which rows it shows, and how large it is. */
function boxOf(table, items, whole) {
  const open = new Map();
  for (const { finding } of items) {
    for (const c of finding.object.columns) if (!open.has(c)) open.set(c, finding.severity); // the worst comes first
  }
  const referring = new Set(table.references.flatMap((r) => r.columns));
  const telling = (c) => open.has(c.name) || c.key || referring.has(c.name);
  let columns = table.columns;
  if (!whole && columns.length > BOX.rows) {
    const kept = new Set([...columns.filter(telling), ...columns.filter((c) => !telling(c))].slice(0, BOX.rows - 1));
    columns = columns.filter((c) => kept.has(c));
  }
  const title = spelt(tableLabel(table.schema, table.name));
  const badge = items.length ? `${items.length} !` : "";
  const rows = columns.map((c) => ({ column: c, open: open.get(c.name), mark: markOf(c), name: spelt(c.name), type: typeOf(c) }));
  const longest = Math.max(wide(title) + wide(badge) + 3, ...rows.map((r) => Math.min(30, wide(r.name)) + Math.min(22, wide(r.type)) + 2));
  const width = Math.min(BOX.widest, Math.max(BOX.narrowest, longest * BOX.letter + BOX.gutter + BOX.pad));
  const more = table.columns.length - columns.length;
  return { table, key: tableKey(table.schema, table.name), items, title, badge, rows, more, width, height: BOX.head + (rows.length + (more ? 1 : 0)) * BOX.row + 6 };
}

const markOf = (c) => (c.key ? "PK" : [c.unique ? "U" : "", c.checked ? "C" : ""].join(""));

function typeOf(c) {
  const short = SHORT.reduce((type, [long, brief]) => (type.startsWith(long) ? brief + type.slice(long.length) : type), spelt(c.type));
  return short + (c.nullable ? " null" : "");
}

/** How many letters wide: some letters take two. */
const wide = (text) => [...text].reduce((sum, c) => sum + (c.codePointAt(0) > 0x10ff ? 2 : 1), 0);

function cut(text, room) {
  if (wide(text) <= room) return text;
  let out = "";
  for (const c of text) {
    if (wide(out + c) > room - 1) break;
    out += c;
  }
  return out + "…";
}

function drawTable(box) {
  const { table, width, height } = box;
  const worst = box.items[0]?.finding.severity ?? "";
  const node = svg("g", {
    class: "table", transform: `translate(${box.x} ${box.y})`, tabindex: -1, role: "button",
    "aria-label": `${box.title}: ${plural(table.columns.length, "column")}, ${plural(box.items.length, "finding")}`,
  });
  const about = table.rows === null ? "" : `, about ${plural(table.rows, "row")}`;
  node.append(
    svg("title", {}, `${box.title}${about}`),
    svg("rect", { class: "t-box", width, height, rx: 4 }),
    svg("path", { class: "t-head", d: `M1 ${BOX.head}V5a4 4 0 0 1 4-4H${width - 5}a4 4 0 0 1 4 4V${BOX.head}z` }),
    svg("line", { class: "t-rule", x1: 0, x2: width, y1: BOX.head, y2: BOX.head }),
    svg("text", { class: "t-name", x: BOX.pad, y: 19 }, cut(box.title, letters(width - 2 * BOX.pad) - wide(box.badge) - 1)));
  if (box.badge) node.append(svg("text", { class: `t-open ${worst}`, x: width - BOX.pad, y: 19, "text-anchor": "end" }, box.badge));
  box.rows.forEach((row, i) => node.append(...drawRow(row, BOX.head + 3 + i * BOX.row, width)));
  if (box.more) node.append(svg("text", { class: "t-more", x: BOX.gutter, y: height - 9 }, `+ ${plural(box.more, "more column")}`));
  return node;
}

const letters = (width) => Math.floor(width / BOX.letter);

function drawRow(row, y, width) {
  const line = y + 14;
  const type = cut(row.type, 22);
  const room = letters(width - BOX.gutter - BOX.pad) - wide(type) - 1;
  const look = row.open ? ` ${row.open}` : "";
  return [
    ...(row.open ? [svg("rect", { class: `t-row${look}`, x: 1, y, width: width - 2, height: BOX.row })] : []),
    svg("text", row.open ? { class: `t-open${look}`, x: 8, y: line } : { class: "t-mark", x: 8, y: line }, row.open ? "!" : row.mark),
    svg("text", { class: look, x: BOX.gutter, y: line }, cut(row.name, Math.max(8, room))),
    svg("text", { class: "t-type", x: width - BOX.pad, y: line, "text-anchor": "end" }, type),
  ];
}

/** A line from the column that refers to the table that it refers to, with the foot of a crow where there are many. */
function drawReference(from, to, reference) {
  const row = from.rows.findIndex((r) => reference.columns.includes(r.name));
  const y1 = from.y + (row < 0 ? BOX.head / 2 : BOX.head + 3 + (row + 0.5) * BOX.row);
  const y2 = to.y + BOX.head / 2;
  const left = from.x > to.x + to.width; // the usual case: what is referred to stands left
  const side = left ? -1 : 1;
  const x1 = left ? from.x : from.x + from.width;
  const x2 = to.x + to.width > from.x && !left && to.x > from.x + from.width ? to.x : to.x + to.width;
  const bend = left || x2 === to.x ? Math.max(30, Math.abs(x1 - x2) / 2) : 46;
  const into = x2 === to.x ? -bend : bend;
  return svg("path", {
    class: "reference",
    d: `M${x1} ${y1 - 4}L${x1 + side * 9} ${y1}L${x1} ${y1 + 4}M${x1} ${y1}h${side * 9}C${x1 + side * bend} ${y1} ${x2 + into} ${y2} ${x2} ${y2}`,
  });
}
