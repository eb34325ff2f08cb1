
// The list of findings. Of thousands only those are made that somebody scrolls to.

const CHUNK = 40;
let matching = [];
let made = 0;

const sentinel = el("div", { "aria-hidden": "true" });
const nearEnd = new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && more(), { rootMargin: "800px" });

function refresh() {
  const wanted = words();
  matching = FINDINGS.filter((item) => passes(item, wanted));
  made = 0;
  byId("list").replaceChildren();
  byId("count").textContent =
    matching.length === FINDINGS.length ? plural(FINDINGS.length, "finding") : `${count(matching.length)} of ${plural(FINDINGS.length, "finding")}`;
  if (matching.length === 0) {
    byId("list").append(el("p", { class: "empty" }, FINDINGS.length ? "No finding matches the filter." : "No guard is missing."));
    nearEnd.disconnect();
    return;
  }
  more();
  if (matching.length === 1) unfold(byId("list").firstElementChild, matching[0]);
}

/** Makes the next lines. */
function more(n = CHUNK) {
  const next = matching.slice(made, made + n);
  made += next.length;
  sentinel.remove();
  byId("list").append(...next.map(findingLine));
  // observed anew, so that it is told again if the end is still near
  nearEnd.disconnect();
  if (made < matching.length) {
    byId("list").append(sentinel);
    nearEnd.observe(sentinel);
  }
}

watchers.push(refresh);
