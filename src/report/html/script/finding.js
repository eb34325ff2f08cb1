
// One finding: a line, and below it all that there is to say once it is opened.

/** The line of a finding. What is below is made when it is first opened. */
function findingLine(item) {
  const f = item.finding;
  const known = f.status !== "new";
  const line = el("details", { class: known ? "finding known" : "finding" },
    el("summary", {},
      el("span", { class: `badge ${f.severity}` }, capital(f.severity)),
      el("span", { class: "message isolate" }, shown(f.message)),
      el("span", { class: "turn", "aria-hidden": "true" }),
      el("span", { class: "about" },
        el("span", { class: "mono" }, objectName(item)),
        el("span", {}, f.rule),
        el("span", {}, `${f.confidence} confidence`),
        PAGE.databases.length > 1 ? bdi(item.database) : null,
        item.since ? el("span", {}, "since ", el("time", { datetime: item.since }, item.since.slice(0, 10))) : null,
        known ? el("span", { class: "status" }, f.status) : null)));
  line.addEventListener("toggle", () => line.open && fill(line, item));
  return line;
}

/** Opens a finding with its body there at once. */
function unfold(line, item) {
  line.open = true;
  fill(line, item);
}

function fill(line, item) {
  if (line.childElementCount === 1) line.append(body(item));
}

function objectName(item) {
  const columns = item.finding.object.columns.flatMap((c, i) => [i ? ", " : " (", bdi(c)]);
  return [bdi(item.label), ...columns, columns.length ? ")" : null].filter((part) => part !== null);
}

function body(item) {
  const f = item.finding;
  const days = item.since ? Math.floor((Date.parse(PAGE.written) - Date.parse(item.since)) / 86_400_000) : 0;
  return el("div", { class: "body" },
    part("Why", el("ul", { class: "reasons" }, f.evidence.map(reason)), f.evidence.length),
    part("Rows", rows(f.rows), f.rows),
    part("Statements", el("ul", {}, (f.statements ?? []).map(statement)), f.statements),
    part("In the code", el("ul", {}, (f.remedies ?? []).map(remedy)), f.remedies),
    part("Guard", sql(f.guard.sql), f.guard.sql),
    el("div", { class: "facts" },
      el("span", {}, "Fingerprint ", el("code", {}, f.fingerprint)),
      el("span", {}, "Status ", f.status),
      item.since ? el("span", {}, "First seen ", when(item.since), days > 0 ? `, ${plural(days, "day")} ago` : "") : null,
      el("span", {}, el("code", {}, f.docs ?? `dbaudit explain ${f.rule}`), " tells about the rule")));
}

const part = (title, content, there) => (there ? el("div", {}, el("h3", {}, title), content) : null);

function reason(e) {
  const [sign, word, look] = e.verdict === "supports" ? ["+", "for it: ", "for"] : ["−", "against it: ", "against"];
  return el("li", {},
    el("span", { class: look, "aria-hidden": "true" }, sign),
    el("span", { class: "isolate" }, el("span", { class: "unseen" }, word), el("span", { class: "muted" }, e.source + ": "), shown(e.text)));
}

function rows(r) {
  if (!r) return null;
  if (r.not_asked !== undefined) return el("p", { class: "isolate" }, "Not asked: ", shown(r.not_asked));
  const broken = r.violations > 0;
  const of = r.of_about ? `, a sample of about ${count(r.of_about)}` : r.sampled ? ", a sample" : "";
  return el("div", {},
    el("p", {},
      el("span", { class: broken ? "broken" : "" }, broken ? `${plural(r.violations, "row")} in the way` : "No row is in the way"),
      ` among ${plural(r.looked_at, "row")} looked at${of}.`),
    r.examples?.length ? el("ul", { class: "mono" }, r.examples.map((e) => el("li", {}, bdi(e)))) : null);
}

function statement(s) {
  const by = s.application ? [" by ", bdi(s.application)] : [];
  return el("li", { class: "statement" },
    el("span", { class: "muted" }, count(s.count) + " ×"),
    el("div", {}, el("code", { class: "isolate" }, shown(s.text)), el("div", { class: "muted" }, `transaction: ${s.transaction}`, by)));
}

function remedy(r) {
  return el("li", { class: "remedy" }, el("span", { class: "muted" }, r.framework), el("code", { class: "isolate" }, shown(r.text)));
}

function sql(text) {
  const block = lines(text);
  return el("div", { class: "sql" }, block, copyButton(text, block));
}
