
// On paper nothing can be opened: what the filter shows is printed with all that there is to say.

const ON_PAPER = 500;

function watchPrint() {
  let opened = [];
  window.addEventListener("beforeprint", () => {
    diagram.view?.fit();
    if (made < ON_PAPER) more(ON_PAPER - made);
    const lines = [...byId("list").querySelectorAll(".finding")];
    opened = lines.filter((line) => !line.open);
    lines.forEach((line, i) => i < ON_PAPER && unfold(line, matching[i]));
    if (matching.length > lines.length) byId("list").append(el("p", { class: "empty paper" }, `and ${plural(matching.length - lines.length, "finding")} more`));
  });
  window.addEventListener("afterprint", () => {
    for (const line of opened) line.open = false;
    byId("list").querySelector(".paper")?.remove();
  });
}
