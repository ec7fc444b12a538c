// Filters kept under a name, in this browser.

import { button, h, icon, popover, toast } from "../dom.js";
import { isEmpty, parse, text } from "../filters.js";
import { read, write } from "../preferences.js";

const KEY = "wiretrail.filters";
const SUGGESTED = [
  ["Failures of the last day", "status=failed&status=error&status=timeout&since=24h"],
  ["Slower than a second", "min_ms=1000"],
  ["Webhooks received", "direction=incoming"],
  ["Still running", "status=started"],
];

/** The button with the list; `current()` is the filter in force, `onChange(filter)` applies another. */
export function savedFilters({ current, onChange }) {
  const anchor = button({ icon: "bookmark", label: "Saved filters" });
  return popover(anchor, (close) => {
    const saved = read(KEY, []);
    const apply = (query) => { close(); onChange(parse(query)); };
    const forget = (name) => { write(KEY, saved.filter((one) => one.name !== name)); close(); toast(`Removed “${name}”`); };
    const name = h("input", { class: "field", "aria-label": "Name for this filter", placeholder: "Name this filter", required: true, maxlength: "60" });
    const keep = (event) => {
      event.preventDefault();
      const entry = { name: name.value.trim(), query: text(current()) };
      write(KEY, [...saved.filter((one) => one.name !== entry.name), entry]);
      close();
      toast(`Saved “${entry.name}”`);
    };
    return h("div", { class: "menu saved" },
      saved.length > 0 && h("h2", {}, "Saved"),
      saved.map((one) => h("div", { class: "saved-row" },
        h("button", { type: "button", onclick: () => apply(one.query) }, icon("bookmark"), one.name),
        h("button", { type: "button", "aria-label": `Remove ${one.name}`, onclick: () => forget(one.name) }, icon("cross")))),
      h("h2", {}, "Suggested"),
      SUGGESTED.map(([label, query]) => h("button", { type: "button", onclick: () => apply(query) }, icon("filter"), label)),
      h("hr"),
      isEmpty(current()) ? h("p", { class: "dim note-line" }, "Filter the log to save a filter of your own.")
        : h("form", { class: "span", onsubmit: keep }, name, button({ text: "Save", type: "submit" })));
  });
}
