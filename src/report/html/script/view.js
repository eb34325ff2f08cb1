
// Moving over the diagram: by mouse, by touch, by keys.

/** Makes a drawing that can be zoomed and moved; `size` is what there is to see. */
function makeView(drawing, layer, size) {
  const view = { x: 0, y: 0, k: 1 };
  const LEAST = 0.08, MOST = 3;
  const apply = () => layer.setAttribute("transform", `translate(${view.x.toFixed(1)} ${view.y.toFixed(1)}) scale(${view.k.toFixed(4)})`);
  const room = () => [drawing.clientWidth || 800, drawing.clientHeight || 500];
  const pan = (dx, dy) => {
    const [w, h] = room();
    // some of it always stays in sight
    view.x = Math.min(w - 60, Math.max(60 - size.width * view.k, view.x + dx));
    view.y = Math.min(h - 60, Math.max(60 - size.height * view.k, view.y + dy));
    apply();
  };
  const zoom = (factor, cx = room()[0] / 2, cy = room()[1] / 2) => {
    const k = Math.min(MOST, Math.max(LEAST, view.k * factor));
    view.x = cx - ((cx - view.x) * k) / view.k;
    view.y = cy - ((cy - view.y) * k) / view.k;
    view.k = k;
    apply();
  };
  const fit = (least = LEAST) => {
    const [w, h] = room();
    view.k = Math.min(1.15, Math.max(least, Math.min((w - 40) / size.width, (h - 40) / size.height)));
    view.x = within(20, w, size.width * view.k);
    view.y = within(20, h, size.height * view.k);
    apply();
  };
  /** Brings a box into sight, if it is not there. */
  const show = (box, centre = false) => {
    const [w, h] = room();
    const [left, top] = [box.x * view.k + view.x, box.y * view.k + view.y];
    const [right, bottom] = [left + box.width * view.k, top + box.height * view.k];
    if (!centre && left >= 0 && top >= 0 && right <= w && bottom <= h) return;
    view.x = within(w / 2 - (box.x + box.width / 2) * view.k, w, size.width * view.k);
    view.y = within(h / 2 - (box.y + box.height / 2) * view.k, h, size.height * view.k);
    apply();
  };
  byPointer(drawing, pan, zoom);
  drawing.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const own = event.target === drawing;
    const act = { "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), "0": () => fit() }[event.key] ??
      (own && { ArrowLeft: () => pan(60, 0), ArrowRight: () => pan(-60, 0), ArrowUp: () => pan(0, 60), ArrowDown: () => pan(0, -60) }[event.key]);
    if (!act) return;
    event.preventDefault();
    act();
  });
  return { zoom, fit, show };
}

/** As near to a place as there is drawing on both sides; what is smaller than its room is in the middle of it. */
function within(place, room, length) {
  return length + 40 < room ? (room - length) / 2 : Math.min(20, Math.max(room - length - 20, place));
}

function byPointer(drawing, pan, zoom) {
  const down = new Map();
  let moved = 0;
  const place = (event) => {
    const bounds = drawing.getBoundingClientRect();
    return [event.clientX - bounds.left, event.clientY - bounds.top];
  };
  drawing.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    if (down.size === 0) moved = 0;
    down.set(event.pointerId, place(event));
  });
  drawing.addEventListener("pointermove", (event) => {
    const before = down.get(event.pointerId);
    if (!before) return;
    const now = place(event);
    const [dx, dy] = [now[0] - before[0], now[1] - before[1]];
    moved += Math.abs(dx) + Math.abs(dy);
    if (moved > 4 && !drawing.hasPointerCapture(event.pointerId)) {
      drawing.setPointerCapture(event.pointerId);
      drawing.classList.add("dragged");
    }
    const other = [...down].find(([id]) => id !== event.pointerId)?.[1];
    if (other) {
      const far = ([x, y]) => Math.hypot(x - other[0], y - other[1]);
      zoom(far(now) / Math.max(1, far(before)), (now[0] + other[0]) / 2, (now[1] + other[1]) / 2);
      pan(dx / 2, dy / 2);
    } else if (moved > 4) pan(dx, dy);
    down.set(event.pointerId, now);
  });
  const up = (event) => {
    down.delete(event.pointerId);
    drawing.classList.remove("dragged");
  };
  drawing.addEventListener("pointerup", up);
  drawing.addEventListener("pointercancel", up);
  // what ended as a move is no click
  drawing.addEventListener("click", (event) => moved > 4 && event.stopPropagation(), { capture: true });
  drawing.addEventListener("wheel", (event) => {
    // without Ctrl the wheel scrolls the page, as everywhere else; a pinch comes as Ctrl
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(Math.exp(-event.deltaY * (event.deltaMode ? 0.05 : 0.004)), ...place(event));
  }, { passive: false });
}
