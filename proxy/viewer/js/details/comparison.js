// Two activities beside each other: only what differs.

import { get } from "../api.js";
import { h, icon } from "../dom.js";
import { duration, exact, relative, visible } from "../format.js";
import { statusBadge } from "../log/row-cells.js";
import { go } from "../router.js";
import { differences } from "./difference.js";
import { marked } from "./redaction.js";

const SHOWN = 400;

/** What one can compare with: the latest calls of the same method and endpoint, successes first. */
export function pickOther(row, close) {
  const list = h("div", { class: "menu" }, h("h2", {}, "Compare with a call like this one"), h("p", { class: "dim note-line" }, "…"));
  const params = { integration_id: row.integration_id, method: row.method, host: row.host, limit: "40" };
  get("/activities", params).then(({ items }) => {
    const alike = (one) => (one.path === row.path ? 0 : 2) + (one.status === "success" ? 0 : 1);
    const others = items.filter((one) => one.id !== row.id && one.status !== "started").sort((a, b) => alike(a) - alike(b)).slice(0, 10);
    list.lastChild.remove();
    if (!others.length) list.append(h("p", { class: "dim note-line" }, "There is no other call of this kind."));
    list.append(...others.map((one) => h("button", {
      type: "button", onclick: () => { close(); go(withCompare(row.id, one.id)); },
    }, statusBadge(one.status), h("span", { class: "cut mono" }, visible(one.path)), h("span", { class: "dim" }, relative(Date.parse(one.created_at))))));
  }, (problem) => list.lastChild.replaceChildren(problem.message));
  return list;
}

function withCompare(id, other) {
  const params = new URLSearchParams(location.search);
  params.delete("compare");
  if (other) params.set("compare", other);
  return `/activities/${id}${String(params) ? `?${params}` : ""}`;
}

/** The table of differences. */
export function comparison(left, right) {
  const found = differences(left, right);
  const title = (row) => h("th", { scope: "col" }, statusBadge(row.status), " ", h("a", { href: `/activities/${row.id}` }, exact(Date.parse(row.created_at))), h("span", { class: "dim" }, ` ${duration(row.response_time_ms)}`));
  const cell = (value, row, place) => h("td", {}, value === undefined ? h("span", { class: "dim" }, "absent") : marked(String(value).length > SHOWN ? `${String(value).slice(0, SHOWN)}…` : String(value), place, row.redaction_places));
  let part = null;
  const lines = found.flatMap((one) => {
    const head = one.part !== part && h("tr", { class: "part-head" }, h("th", { colspan: "3", scope: "colgroup" }, (part = one.part)));
    return [head, h("tr", {}, h("th", { scope: "row" }, h("code", {}, visible(one.place))), cell(one.left, left, one.place), cell(one.right, right, one.place))].filter(Boolean);
  });
  return h("section", { class: "comparison" },
    h("p", {}, h("button", { type: "button", class: "link", onclick: () => go(withCompare(left.id, null)) }, icon("left"), " Back to the activity"),
      h("span", { class: "dim" }, found.length ? ` ${found.length}${found.length >= 500 ? " or more" : ""} differences` : " Nothing differs but the moment.")),
    h("div", { class: "table-scroll" }, h("table", { class: "pairs" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Place"), title(left), title(right))), h("tbody", {}, lines))));
}
