// The time button: quick ranges and exact ends, in the viewer's zone.

import { button, h, icon, popover } from "../dom.js";
import { QUICK_RANGES, rangeLabel, set } from "../filters.js";
import { absolute, fromLocalInput, toLocalInput } from "../format.js";
import { preference } from "../preferences.js";

/** The button; `update(filter)` renews its label. `onChange(filter)` gets a filter with other ends. */
export function timeRange({ onChange, ranges = QUICK_RANGES }) {
  let filter = new URLSearchParams();
  const label = h("span");
  const anchor = h("button", { type: "button", class: "button", title: "Time range" }, icon("clock"), label, icon("chevron"));
  popover(anchor, (close) => {
    const pick = (since, until) => { close(); onChange(set(set(filter, "since", since), "until", until)); };
    const start = h("input", { class: "field", type: "datetime-local", value: local(filter.get("since")) });
    const end = h("input", { class: "field", type: "datetime-local", value: local(filter.get("until")) });
    const iso = (input) => (input.value ? new Date(fromLocalInput(input.value)).toISOString() : null);
    return h("div", { class: "settings" },
      h("div", { class: "menu" }, ranges.map(([value, text]) => h("button", {
        type: "button", "aria-pressed": String((filter.get("since") ?? "") === value && !filter.get("until")), onclick: () => pick(value, null),
      }, text))),
      h("form", { class: "dialog-body", onsubmit: (event) => { event.preventDefault(); pick(iso(start), iso(end)); } },
        h("label", { class: "stack" }, "From", start), h("label", { class: "stack" }, "Until", end),
        h("p", { class: "dim" }, preference("zone") || Intl.DateTimeFormat().resolvedOptions().timeZone),
        button({ text: "Apply", class: "primary", type: "submit" })));
  });
  return Object.assign(anchor, { update(next) { filter = next; label.textContent = rangeLabel(filter, (at) => absolute(at)); } });
}

/** A filter's time as the input wants it; spans are left empty. */
function local(value) {
  const at = Date.parse(value ?? "");
  return Number.isNaN(at) ? "" : toLocalInput(at);
}
