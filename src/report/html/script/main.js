
// Everything in its order: first what is read first, the diagram when that is on the screen.

watchTheme();
showOverview();
makeToolbar();
watchHistory();
watchPrint();
readAddress();
tell();
watchNews();
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault(); // the address keeps the filter
  byId("findings").focus();
});
document.documentElement.dataset.ready = Math.round(performance.now());

setTimeout(() => {
  const began = performance.now();
  watchDiagram();
  if (diagram.database) watchers.at(-1)();
  document.documentElement.dataset.drawn = Math.round(performance.now() - began);
  setTimeout(() => FINDINGS.forEach(searched)); // so that the first letter of a search is as quick as the second
}, 30);
