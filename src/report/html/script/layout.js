
// Where the boxes of the diagram go: in layers from left to right, each table right of those that it refers to.

const GAP = { layer: 76, column: 34, row: 22, group: 48 };
// a layer of this height stays one column
const SMALL = 460;

/** Gives every box (`width`, `height`) its `x` and `y`; links are `[from, to]`, indices of boxes. */
function arrange(boxes, links, ratio) {
  const real = links.filter(([a, b]) => a !== b);
  const blocks = components(boxes.length, real).map((group) =>
    group.length === 1 ? { group, width: boxes[group[0]].width, height: boxes[group[0]].height, at: [[0, 0]] } : layered(boxes, group, real, ratio));
  return pack(boxes, blocks, ratio);
}

/** Boxes that hang together. */
function components(n, links) {
  const parent = [...Array(n).keys()];
  const root = (i) => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]];
    return i;
  };
  for (const [a, b] of links) parent[root(a)] = root(b);
  const groups = Map.groupBy([...Array(n).keys()], root);
  return [...groups.values()];
}

function layered(boxes, group, links, ratio) {
  const [up, down] = [new Map(), new Map()];
  for (const i of group) (up.set(i, new Set()), down.set(i, new Set()));
  for (const [from, to] of links) if (up.has(from)) (up.get(from).add(to), down.get(to).add(from));
  const layers = ranked(group, up, down);
  untangle(layers, up, down);
  const area = group.reduce((sum, i) => sum + (boxes[i].width + GAP.layer) * (boxes[i].height + GAP.row), 0);
  const tallest = Math.max(...group.map((i) => boxes[i].height), SMALL, Math.sqrt(area / ratio) * 1.15);
  const columns = layers.flatMap((layer) => split(boxes, layer, tallest));
  const height = Math.max(...columns.map((c) => c.height));
  const place = new Map();
  let x = 0;
  for (const [n, column] of columns.entries()) {
    if (n > 0) x += column.first ? GAP.layer : GAP.column;
    let y = settle(boxes, column, height, up, place);
    for (const i of column.boxes) {
      place.set(i, [x, y]);
      y += boxes[i].height + GAP.row;
    }
    x += column.width;
  }
  return { group, width: x, height, at: group.map((i) => place.get(i)) };
}

/** Layers by the longest way to a table that refers to none; where references go round, the one with the fewest goes first. */
function ranked(group, up, down) {
  const left = new Map(group.map((i) => [i, up.get(i).size]));
  const rank = new Map(group.map((i) => [i, 0]));
  let ready = group.filter((i) => left.get(i) === 0);
  const layers = [];
  while (left.size > 0) {
    if (ready.length === 0) ready = [[...left.keys()].reduce((a, b) => (left.get(b) < left.get(a) ? b : a))];
    const next = [];
    for (const i of ready) {
      if (!left.delete(i)) continue;
      (layers[rank.get(i)] ??= []).push(i);
      for (const child of down.get(i)) {
        if (!left.has(child)) continue;
        rank.set(child, Math.max(rank.get(child), rank.get(i) + 1));
        left.set(child, left.get(child) - 1);
        if (left.get(child) === 0) next.push(child);
      }
    }
    ready = next;
  }
  return layers.filter(Boolean);
}

/** Puts the boxes of each layer where their neighbours are, so that fewer lines cross. */
function untangle(layers, up, down) {
  const position = new Map();
  const number = (layer) => layer.forEach((i, n) => position.set(i, n / layer.length));
  layers.forEach(number);
  const mean = (near, i) => {
    const all = [...near.get(i)];
    return all.length ? all.reduce((sum, j) => sum + position.get(j), 0) / all.length : position.get(i);
  };
  for (let sweep = 0; sweep < 6; sweep++) {
    const [order, near] = sweep % 2 ? [[...layers].reverse(), down] : [layers, up];
    for (const layer of order) {
      const wanted = new Map(layer.map((i) => [i, mean(near, i)]));
      layer.sort((a, b) => wanted.get(a) - wanted.get(b));
      number(layer);
    }
  }
}

/** A layer that is too tall becomes several columns of about one height. */
function split(boxes, layer, tallest) {
  const whole = layer.reduce((sum, i) => sum + boxes[i].height + GAP.row, -GAP.row);
  const most = Math.max(tallest, ...layer.map((i) => boxes[i].height));
  const wanted = whole / Math.ceil(whole / most);
  const columns = [];
  for (const i of layer) {
    const { width, height } = boxes[i];
    let column = columns.at(-1);
    if (!column || (column.height + GAP.row + height > most) || column.height >= wanted) {
      column = { boxes: [], width: 0, height: -GAP.row, first: columns.length === 0 };
      columns.push(column);
    }
    column.boxes.push(i);
    column.width = Math.max(column.width, width);
    column.height += GAP.row + height;
  }
  return columns;
}

/** Where a column begins: beside what its tables refer to, as far as there is room. */
function settle(boxes, column, height, up, place) {
  const middles = column.boxes.flatMap((i) => [...up.get(i)].filter((j) => place.has(j)).map((j) => place.get(j)[1] + boxes[j].height / 2));
  const middle = middles.length ? middles.reduce((a, b) => a + b, 0) / middles.length : height / 2;
  return Math.min(height - column.height, Math.max(0, middle - column.height / 2));
}

/** Groups side by side, the tallest first; tables that stand alone come last. */
function pack(boxes, blocks, ratio) {
  blocks.sort((a, b) => b.group.length - a.group.length || b.height - a.height);
  const area = blocks.reduce((sum, b) => sum + (b.width + GAP.group) * (b.height + GAP.group), 0);
  const widest = Math.max(...blocks.map((b) => b.width), Math.sqrt(area * ratio));
  let [x, y, shelf, width] = [0, 0, 0, 0];
  for (const block of blocks) {
    if (x > 0 && x + block.width > widest) [x, y, shelf] = [0, y + shelf + GAP.group, 0];
    block.group.forEach((i, n) => Object.assign(boxes[i], { x: x + block.at[n][0], y: y + block.at[n][1] }));
    width = Math.max(width, x + block.width);
    shelf = Math.max(shelf, block.height);
    x += block.width + GAP.group;
  }
  return { width, height: y + shelf };
}
