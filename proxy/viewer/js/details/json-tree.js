// A foldable tree of a JSON value, built of native <details>, its branches made when opened.

import { ExactNumber } from "../api.js";
import { h } from "../dom.js";
import { visible } from "../format.js";
import { isObject, pathOf } from "./json-text.js";
import { marked } from "./redaction.js";

const OPEN_DEPTH = 3;
const CHUNK = 100;
const LONG = 1200;

/** The tree; `place` and `places` name the redactions inside. `budget` bounds what opens at once. */
export function jsonTree(value, place, places, budget = { left: 400 }) {
  return h("div", { class: "tree" }, branch(null, value, place, places, 0, budget));
}

function branch(key, value, place, places, depth, budget) {
  budget.left -= 1;
  const label = key === null ? null : [h("span", { class: typeof key === "number" ? "index" : "key" }, visible(key)), ": "];
  if (!isObject(value)) return h("div", { class: "leaf" }, label, leaf(value, place, places));
  const keys = Array.isArray(value) ? value.map((_, i) => i) : Object.keys(value);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (!keys.length) return h("div", { class: "leaf" }, label, h("span", { class: "dim" }, open + close));
  const box = h("div", { class: "twigs" });
  const size = Array.isArray(value) ? `${keys.length} item${keys.length === 1 ? "" : "s"}` : `${keys.length} field${keys.length === 1 ? "" : "s"}`;
  const details = h("details", {}, h("summary", {}, label, h("span", { class: "dim" }, `${open} ${size} ${close}`)), box);
  const grow = (from) => {
    box.append(...keys.slice(from, from + CHUNK).map((one) => branch(one, value[one], pathOf(place, one), places, depth + 1, budget)));
    if (from + CHUNK < keys.length) {
      const more = h("button", { type: "button", class: "link", onclick: () => { more.remove(); grow(from + CHUNK); } }, `${keys.length - from - CHUNK} more`);
      box.append(more);
    }
  };
  details.addEventListener("toggle", () => details.open && !box.hasChildNodes() && grow(0));
  if (depth < OPEN_DEPTH && budget.left - Math.min(keys.length, CHUNK) > 0) {
    grow(0);
    details.open = true;
  }
  return details;
}

function leaf(value, place, places) {
  if (value instanceof ExactNumber) return h("span", { class: "number" }, value.source);
  if (typeof value !== "string") return h("span", { class: value === null ? "null" : typeof value }, String(value));
  const shown = value.length > LONG ? value.slice(0, LONG) : value;
  const text = h("span", { class: "string" }, marked(shown, place, places));
  if (value.length > LONG) {
    const more = h("button", { type: "button", class: "link", onclick: () => text.replaceChildren(...marked(value, place, places)) }, `show all ${value.length} characters`);
    text.append("… ", more);
  }
  return text;
}

/** Opens every branch, up to a limit that keeps the page responsive. */
export function openAll(tree, limit = 4000) {
  for (let closed; limit > 0 && (closed = tree.querySelectorAll("details:not([open])")).length;) {
    for (const details of closed) {
      limit -= 1;
      details.open = true;
      if (!details.querySelector(".twigs").hasChildNodes()) details.dispatchEvent(new Event("toggle"));
    }
  }
}
