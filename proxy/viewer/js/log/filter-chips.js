// The filters in force as chips, each with a way out, and "clear all".

import { h, icon } from "../dom.js";
import { COLUMNS, NUMBERS, set, toggle } from "../filters.js";
import { duration } from "../format.js";
import { valueLabel } from "./facet-panel.js";

/** The children of the chip row for a filter; nothing when nothing but time is filtered. */
export function filterChips(filter, onChange) {
  const chips = [];
  const chip = (label, value, next) => chips.push(h("span", { class: "chip", title: `${label}: ${value}` }, `${label} `, h("b", {}, h("bdi", {}, value)),
    h("button", { type: "button", "aria-label": `Remove filter ${label} ${value}`, onclick: () => onChange(next) }, icon("cross"))));
  for (const [name, value] of filter) {
    if (name in COLUMNS) chip(COLUMNS[name], valueLabel(name, value), toggle(filter, name, value));
    else if (name in NUMBERS) chip(NUMBERS[name], duration(Number(value)), set(filter, name, null));
    else if (name === "q") chip("Search", value, set(filter, "q", null));
  }
  if (chips.length) {
    const kept = new URLSearchParams([...filter].filter(([name]) => name === "since" || name === "until"));
    chips.push(h("button", { type: "button", class: "link", onclick: () => onChange(kept) }, "Clear all"));
  }
  return chips;
}
