// The pieces that the analytics pages are made of: cards, tiles, ranked bars, sortable tables.

import { h } from "../dom.js";
import { count } from "../format.js";

/** A titled box; `extra` stands at the right of the title. */
export function card(title, { wide = false, extra = null, note = null } = {}, ...children) {
  return h("section", { class: `card${wide ? " wide" : ""}` }, h("div", { class: "card-head" }, h("h2", {}, title), note && h("span", { class: "dim" }, note), extra), children);
}

/** Whether someone is at work in figures: with the keyboard, or reading a tip. Then they wait with their renewal. */
export const inUse = (figures) => figures.contains(document.activeElement) || figures.querySelector(".tip:not([hidden])") !== null;

/** `[kind, text]` pairs as a legend. */
export const legend = (entries, attribute = "kind") => h("div", { class: "legend" }, entries.map(([kind, text]) => h("span", {}, h("i", { dataset: { [attribute]: kind } }), text)));

/** Large figures: `[label, value, small]`. */
export const tiles = (list) => h("dl", { class: "tiles" }, list.map(([label, value, small]) => h("div", { class: "tile" }, h("dt", {}, label), h("dd", {}, value, h("small", {}, small ?? "")))));

/** Ranked bars: `{label, value, href, mark, status}`, longest first. */
export function rankedBars(items, none) {
  if (!items.length) return h("p", { class: "dim" }, none);
  const most = Math.max(...items.map((item) => item.value));
  return h("ol", { class: "bars" }, items.map((item) => h("li", {}, h("a", { href: item.href, dataset: item.status ? { status: item.status } : {}, vars: { "--share": String(item.value / most) } },
    item.mark, h("span", { class: "cut" }, item.label), h("b", {}, count(item.value))))));
}

/** How each table was sorted and unfolded, by its caption: figures are drawn anew as they change. */
const chosen = new Map();

/**
 * A table that sorts by its heads. `columns` are `{label, cell(item), by(item), number}`; the one
 * named by `sorted` is in force at first, descending; equals stay as they were given. Beyond `shown` rows
 * a button shows the rest.
 */
export function sortable({ columns, items, sorted, caption, none, shown = Infinity }) {
  let { by, down, all } = chosen.get(caption) ?? { by: sorted, down: true, all: false };
  const choose = () => { chosen.set(caption, { by, down, all }); draw(); };
  const more = h("button", { type: "button", class: "link", onclick: () => { all = true; choose(); } });
  const body = h("tbody");
  const heads = columns.map((column, i) => h("th", { scope: "col", class: column.number ? "n" : null }, column.by
    ? h("button", { type: "button", onclick: () => { down = by === i ? !down : Boolean(column.number); by = i; choose(); } }, column.label) : column.label));
  const key = (item) => columns[by].by(item) ?? -Infinity;
  const draw = () => {
    const order = by === null ? items : [...items].sort((a, b) => {
      const [one, two] = [key(a), key(b)];
      const less = typeof one === "string" && typeof two === "string" ? one.localeCompare(two) : one < two ? -1 : one > two ? 1 : 0;
      return down ? -less : less;
    });
    heads.forEach((head, i) => (i === by ? head.setAttribute("aria-sort", down ? "descending" : "ascending") : head.removeAttribute("aria-sort")));
    more.hidden = all || order.length <= shown;
    more.textContent = `Show all ${order.length}`;
    body.replaceChildren(...(order.length ? order.slice(0, all ? Infinity : shown).map((item) => h("tr", {}, columns.map((column, i) => h(i ? "td" : "th", { scope: i ? null : "row", class: column.number ? "n" : null }, column.cell(item)))))
      : [h("tr", {}, h("td", { class: "none", colspan: String(columns.length) }, none))]));
  };
  draw();
  return h("div", {}, h("div", { class: "table-scroll", tabindex: "0", role: "region", "aria-label": caption },
    h("table", { class: "data" }, h("caption", { class: "sr" }, caption), h("thead", {}, h("tr", {}, heads)), body)), more);
}
