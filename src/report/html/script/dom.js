
"use strict";
// Elements. Whatever came from a database goes through here, and only ever as text.

/** An element of HTML; children that are `null` are left out, and text stays text. */
function el(tag, attributes = {}, ...children) {
  return build(document.createElement(tag), attributes, children);
}

/** An element of SVG. */
function svg(tag, attributes = {}, ...children) {
  return build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function build(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") node.addEventListener(key, value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null));
  return node;
}

const byId = (id) => document.getElementById(id);

// what is not seen, or turns the text around it
const INVISIBLE = "\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u2069\\ufeff";
const UNSEEN = new RegExp(`[\\t\\n${INVISIBLE}]`, "g");
const UNSEEN_IN_LINES = new RegExp(`[${INVISIBLE}]`, "g");
const code = (c) => "U+" + c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0");

/** Text as nodes, with what could not be seen in it spelt out. */
function shown(text, unseen = UNSEEN) {
  const nodes = [];
  let from = 0;
  for (const match of text.matchAll(unseen)) {
    nodes.push(text.slice(from, match.index), el("span", { class: "control" }, code(match[0])));
    from = match.index + 1;
  }
  return [...nodes, text.slice(from)];
}

/** The same in one string, for where no elements can be. */
const spelt = (text) => text.replace(UNSEEN, (c) => `[${code(c)}]`);

/** A name from a database: it cannot turn the direction of what is around it. */
const bdi = (text, properties = {}) => el("bdi", properties, shown(text));

/** SQL, or what else has lines. */
const lines = (text) => el("pre", {}, shown(text, UNSEEN_IN_LINES));

const count = (n) => n.toLocaleString("en");
const plural = (n, one, many = one + "s") => `${count(n)} ${n === 1 ? one : many}`;

/** When: the day and the minute as they were written, in UTC. */
const when = (at) => el("time", { datetime: at, title: at }, at.slice(0, 16).replace("T", " "));

const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1);
