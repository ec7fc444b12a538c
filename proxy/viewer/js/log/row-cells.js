// One row of the table: built once, then refilled for other activities as the reader scrolls.

import { h, icon } from "../dom.js";
import { absolute, bytes, duration, exact, relative, visible } from "../format.js";
import { ICONS } from "../icons.js";
import { preference } from "../preferences.js";
import { DIRECTION, STATUS, TYPE } from "../words.js";

export const COLUMNS = [
  ["direction", "Direction"], ["status", "Status"], ["code", "HTTP"], ["method", "Method"], ["integration", "Integration"],
  ["type", "Type"], ["endpoint", "Endpoint"], ["time", "Time"], ["size", "Size"], ["when", "When"],
];

/** A hue of its own for each provider, and its first letters: marks without other people's logos. */
export function providerMark(row, large = false) {
  const mark = h("span", { class: `provider${large ? " large" : ""}`, "aria-hidden": "true" });
  fillMark(mark, row);
  return mark;
}

function fillMark(mark, row) {
  const name = row.provider || row.integration || "?";
  const words = name.split(/[^\p{L}\p{N}]+/u).filter(Boolean);
  mark.textContent = words.length > 1 ? words[0][0] + words[1][0] : [...(words[0] ?? "?")].slice(0, 2).join("");
  let hash = 7;
  for (const c of name) hash = (hash * 31 + c.codePointAt(0)) >>> 0;
  mark.style.setProperty("--hue", String((hash * 47) % 360));
}

/** A status as icon and text. */
export function statusBadge(status, text) {
  const word = STATUS[status] ?? { label: status, icon: "dot" };
  return h("span", { class: "badge", dataset: { status }, title: word.text }, icon(word.icon), h("span", {}, text ?? word.label));
}

/** A time that reads as the viewer prefers; exact on hover. */
export function timeText(iso, now = Date.now()) {
  const at = Date.parse(iso);
  return preference("times") === "relative" ? relative(at, now) : absolute(at, now);
}

export function statusCode(row) {
  const status = row.response_status;
  return h("span", { class: "code", dataset: { class: status ? String(status)[0] : "" } }, status ? String(status) : "–");
}

const cell = (name, ...children) => h("div", { role: "gridcell", class: `c-${name}` }, ...children);

/** A row element with a `fill(row, index, now)` method. */
export function createRow(id) {
  const direction = h("span", { class: "sr" });
  const arrow = icon("dot");
  const statusIcon = icon("dot");
  const statusText = h("span");
  const badge = h("span", { class: "badge" }, statusIcon, statusText);
  const code = h("span", { class: "code" });
  const method = h("span", { class: "method" });
  const mark = h("span", { class: "provider", "aria-hidden": "true" });
  const integration = h("bdi", { class: "cut" });
  const type = h("span", { class: "cut" });
  const [host, head, tail] = [h("span", { class: "host" }), h("span", { class: "head" }), h("span", { class: "tail" })];
  const link = h("a", { class: "endpoint", tabindex: "-1", dir: "ltr" }, host, head, tail);
  const time = h("span");
  const bar = h("i", { class: "speed" });
  const size = h("span");
  const when = h("time");
  const element = h("div", { role: "row", id, class: "row" },
    cell("direction", arrow, direction), cell("status", badge), cell("code", code), cell("method", method),
    cell("integration", mark, integration), cell("type", type), cell("endpoint", link), cell("time", time, bar),
    cell("size", size), cell("when", when));

  const tick = (row, now) => {
    if (row.status === "started") time.textContent = duration(Math.max(0, now - Date.parse(row.created_at)));
    when.textContent = timeText(row.created_at, now);
  };

  const show = (row, index, now) => {
    element.classList.toggle("absent", !row);
    element.setAttribute("aria-rowindex", String(index + 2));
    element.row = row;
    if (!row) return;
    arrow.firstChild.setAttribute("d", ICONS[DIRECTION[row.direction]?.icon ?? "dot"]);
    direction.textContent = DIRECTION[row.direction]?.label ?? row.direction;
    element.dataset.direction = row.direction;
    const status = STATUS[row.status] ?? { label: row.status, icon: "dot" };
    badge.dataset.status = row.status;
    badge.title = row.error_message ? visible(row.error_message) : status.text;
    statusIcon.firstChild.setAttribute("d", ICONS[status.icon]);
    statusText.textContent = status.label;
    code.textContent = row.response_status ? String(row.response_status) : "–";
    code.dataset.class = row.response_status ? String(row.response_status)[0] : "";
    method.textContent = link.dataset.method = visible(row.method);
    fillMark(mark, row);
    integration.textContent = visible(row.integration);
    integration.title = visible(row.integration);
    type.textContent = TYPE[row.activity_type] ?? row.activity_type;
    const [origin, path] = splitEndpoint(row);
    host.textContent = origin;
    // The end of a path tells more than its middle: the cut falls between the two parts.
    const cut = Math.max(0, path.length - 14);
    head.textContent = path.slice(0, cut);
    tail.textContent = path.slice(cut);
    link.href = `/activities/${row.id}${location.search}`;
    link.title = visible(row.endpoint);
    time.textContent = duration(row.response_time_ms);
    bar.style.setProperty("--share", barShare(row.response_time_ms));
    bar.dataset.status = row.status;
    size.textContent = bytes(row.response_size || row.request_size);
    size.title = `Request ${bytes(row.request_size)}, answer ${bytes(row.response_size)}`;
    when.dateTime = row.created_at;
    when.title = exact(Date.parse(row.created_at));
    tick(row, now);
  };
  return Object.assign(element, { fill: show, tick });
}

/** `[host, path and query]` of a row, safe for one line. */
export function splitEndpoint(row) {
  const rest = row.endpoint.replace(/^[a-z][a-z0-9+.-]*:\/\//i, "");
  const at = rest.search(/[/?#]/);
  return at < 0 ? [visible(rest), ""] : [visible(rest.slice(0, at)), visible(rest.slice(at, at + 600))];
}

/** Logarithmic, 1 ms to 30 s: a bar that tells fast from slow at a glance. */
const barShare = (ms) => (ms ? Math.min(1, Math.max(0.03, Math.log10(ms) / 4.5)).toFixed(3) : "0");
