// Other activities of the same trace: what a webhook set off, what else one request caused.

import { get } from "../api.js";
import { h, icon } from "../dom.js";
import { duration, visible } from "../format.js";
import { splitEndpoint, statusBadge } from "../log/row-cells.js";
import { DIRECTION } from "../words.js";

/** A section that fills itself, and stays empty where there is nothing. */
export function related(row, signal) {
  const section = h("section", { class: "related" });
  if (!row.trace_id) return section;
  get("/activities", { trace_id: row.trace_id, limit: "50" }, signal).then(({ items }) => {
    if (items.length < 2) return;
    const oldestFirst = items.reverse();
    const cause = oldestFirst.find((one) => one.direction === "incoming");
    section.append(h("h3", {}, "Same trace", h("span", { class: "dim" }, ` ${items.length} activities${cause && cause.id !== row.id ? ", set off by an incoming call" : ""}`)),
      h("ol", { class: "trace" }, oldestFirst.map((one) => h("li", { "aria-current": one.id === row.id ? "true" : null },
        h("a", { href: `/activities/${one.id}${location.search.replace(/compare=[^&]*/, "")}` }, icon(DIRECTION[one.direction].icon, DIRECTION[one.direction].label), statusBadge(one.status),
          h("b", {}, visible(one.integration)), h("span", { class: "cut mono" }, `${one.method} ${splitEndpoint(one).join("")}`),
          h("span", { class: "dim" }, one.id === row.id ? "this one" : offset(one, row)), h("span", { class: "dim" }, duration(one.response_time_ms)))))));
  }, () => {});
  return section;
}

const offset = (one, row) => {
  const ms = Date.parse(one.created_at) - Date.parse(row.created_at);
  return ms < 0 ? `${duration(-ms)} before` : `${duration(ms)} after`;
};
