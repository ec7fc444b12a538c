// The strip above the rows: how many activities by time, coloured by how they ended. A bar leads to
// its hour. Counted from rollups, which know only some of the filters; the strip says which it left out.

import { figures } from "../api.js";
import { stackedBars, total } from "../charts/stacked-bars.js";
import { h } from "../dom.js";
import { COLUMNS } from "../filters.js";
import { absolute } from "../format.js";
import { preference } from "../preferences.js";

const KNOWN = new Set(["organization", "organization_id", "integration", "integration_id", "activity_type", "direction", "status", "since", "until"]);
const DEFAULT_SINCE = "7d";

/** The viewer's time zone, as the API wants it. */
export const zone = () => preference("zone") || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** The strip. Its `total` is how many rows match, if known. */
export function timeline() {
  const strip = h("div", { class: "timeline" });
  const note = h("span", { class: "timeline-note" });

  async function load(filter, signal) {
    const params = new URLSearchParams([...filter].filter(([name]) => KNOWN.has(name)));
    const ignored = [...new Set([...filter.keys()].filter((name) => !KNOWN.has(name)))];
    if (!params.has("since")) params.set("since", DEFAULT_SINCE);
    const span = length(params);
    params.set("step", span > 0 && span <= 14 * 86_400_000 ? "hour" : "day");
    params.set("zone", zone());
    const { items, edges } = await figures("/analytics/series", params, signal);
    strip.total = ignored.length || !filter.has("since") ? null : items.reduce((sum, item) => sum + total(item.counts), 0);
    const title = (i) => `${absolute(edges[i])} – ${absolute(edges[i + 1])}`;
    const chart = stackedBars({
      items, edges, title, height: strip.clientHeight - 10, axis: false, label: "Activities over time",
      href: (i) => `/?${ranged(filter, edges[i], edges[i + 1])}`,
    });
    const words = [filter.has("since") || filter.has("until") ? null : "last 7 days", ignored.length ? `without ${ignored.map((name) => COLUMNS[name] ?? (name === "q" ? "Search" : "Duration")).join(", ")}` : null].filter(Boolean);
    note.textContent = words.join("; ");
    strip.replaceChildren(chart, note);
  }

  return Object.assign(strip, { load, total: null });
}

function ranged(filter, since, until) {
  const next = new URLSearchParams(filter);
  next.set("since", new Date(since).toISOString());
  next.set("until", new Date(until).toISOString());
  return next;
}

const UNIT = { s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7, w: 6.048e8 };

/** How long a filter's range is, in ms; NaN when it cannot be told. */
function length(params) {
  const at = (value) => (/^\d+[smhdw]$/.test(value ?? "") ? Date.now() - parseInt(value, 10) * UNIT[value.at(-1)] : Date.parse(value ?? ""));
  const until = params.has("until") ? at(params.get("until")) : Date.now();
  return until - at(params.get("since"));
}
