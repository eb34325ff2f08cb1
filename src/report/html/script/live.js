
// A page that is served asks now and then whether there is news. It never changes under the reader's eyes.

const EVERY = 60_000;

function watchNews() {
  if (!PAGE.live) return;
  const known = JSON.stringify(PAGE.databases);
  const ask = async () => {
    if (document.hidden) return;
    try {
      const answer = await fetch("./", { cache: "no-cache", credentials: "same-origin" });
      if (!answer.ok) return;
      const [, rest] = (await answer.text()).split('type="application/json">');
      // in the data every < and > is escaped: none of it is taken for its beginning, and the first one ends it
      if (JSON.stringify(JSON.parse(rest.split("<", 1)[0]).databases) !== known) offer();
    } catch {
      // the server is away, or says something else: the next time will tell
    }
  };
  setInterval(ask, EVERY);
  document.addEventListener("visibilitychange", ask);
}

function offer() {
  if (byId("news").childElementCount > 0) return;
  byId("news").append(el("p", { class: "note" }, "There is a newer audit.", el("button", { type: "button", click: () => location.reload() }, "Reload")));
}
