// The panel of facets: each column's values with how many rows they would leave, and duration.

import { h, icon } from "../dom.js";
import { FACETS, set, toggle } from "../filters.js";
import { compact, visible } from "../format.js";
import { DIRECTION, STATUS, TYPE } from "../words.js";
import { read, write } from "../preferences.js";

const SHOWN = 6;
const CLOSED_AT_FIRST = new Set(["organization", "error_code", "host"]);
const SAMPLED = new Set(["method", "response_status", "error_code", "host"]);
const FOLDS = "wiretrail.folds";

/** A column's value as people read it. */
export function valueLabel(name, value) {
  if (name === "status") return STATUS[value]?.label ?? value;
  if (name === "direction") return DIRECTION[value]?.label ?? value;
  if (name === "activity_type") return TYPE[value] ?? value;
  if (name === "error_code") return visible(value).replaceAll("_", " ");
  if (name === "response_status" && value === "none") return "No answer";
  return visible(value).trim() || "blank";
}

const sum = (counted) => (counted ?? []).reduce((all, one) => all + one.count, 0);

/** Among how many rows the columns that no rollup knows were counted; 0: among all. */
function partOf(facets) {
  const [part, all] = [sum(facets?.method), sum(facets?.direction)];
  return part && part < all * 0.98 ? part : 0;
}

/** HTTP status classes (`5xx`) with their sums before the single statuses. */
function withClasses(counted) {
  const sums = new Map();
  for (const { value, count } of counted) if (/^\d{3}$/.test(value)) sums.set(`${value[0]}xx`, (sums.get(`${value[0]}xx`) ?? 0) + count);
  return [...[...sums].sort().map(([value, count]) => ({ value, count })), ...counted];
}

/** The panel; `onChange(filter)`. Its `update(filter, facets)` redraws it. */
export function facetPanel({ onChange }) {
  const panel = h("aside", { class: "facets", "aria-label": "Filters", id: "facets" });
  const all = new Set();
  let state = [];

  const draw = () => {
    const [filter, facets] = state;
    const focused = document.activeElement?.dataset?.key;
    panel.replaceChildren(...FACETS.map(({ name, label }) => section(name, label, filter, facets?.[name] ?? [])).filter(Boolean), span(filter));
    if (focused) panel.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
  };

  function section(name, label, filter, counted) {
    const values = name === "response_status" ? withClasses(counted) : counted;
    const chosen = filter.getAll(name);
    // A chosen value that no row has now still has to be seen, to be taken away.
    const listed = [...values, ...chosen.filter((value) => !values.some((one) => one.value === value)).map((value) => ({ value, count: 0 }))];
    if (!listed.length || (name === "organization" && listed.length < 2 && !chosen.length)) return null;
    const sampled = SAMPLED.has(name) && !chosen.length && partOf(state[1]);
    const folds = read(FOLDS, {});
    const shown = all.has(name) ? listed : listed.filter((one, i) => i < SHOWN || chosen.includes(one.value));
    const details = h("details", { open: folds[name] ?? (!CLOSED_AT_FIRST.has(name) || chosen.length > 0) },
      h("summary", {}, label, chosen.length ? h("span", { class: "badge plain" }, String(chosen.length)) : null, icon("chevron")),
      sampled > 0 && h("p", { class: "dim sampled" }, `of the newest ${compact(sampled)}`),
      shown.map(({ value, count }) => h("label", { class: "value", title: visible(value) },
        h("input", { type: "checkbox", checked: chosen.includes(value), dataset: { key: `${name}:${value}` }, onchange: () => onChange(toggle(filter, name, value)) }),
        h("bdi", { class: "cut" }, valueLabel(name, value)),
        h("span", { class: "dim" }, count === undefined ? "" : compact(count)))),
      listed.length > shown.length && h("button", { type: "button", class: "link more", onclick: () => { all.add(name); draw(); } }, `${listed.length - shown.length} more`));
    // The click comes before the change.
    details.firstChild.addEventListener("click", () => write(FOLDS, { ...read(FOLDS, {}), [name]: !details.open }));
    return details;
  }

  function span(filter) {
    const field = (name, label) => h("input", {
      class: "field", type: "number", min: "0", step: "any", inputmode: "numeric", placeholder: label, "aria-label": `${label}, milliseconds`,
      value: filter.get(name) ?? "", dataset: { key: name }, onchange: (event) => onChange(set(filter, name, event.target.value)),
    });
    return h("details", { open: true }, h("summary", {}, "Duration", icon("chevron")),
      h("div", { class: "span" }, field("min_ms", "min ms"), "–", field("max_ms", "max ms")));
  }

  return Object.assign(panel, { update(filter, facets) { state = [filter, facets ?? state[1]]; draw(); } });
}
