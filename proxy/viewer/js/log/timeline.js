// The strip above the rows: how many of the rows that the filter finds came when, coloured by how they
// ended. A bar leads to its stretch of time. Of very many rows the newest are counted; the strip says so.

import { figures } from "../api.js";
import { stackedBars } from "../charts/stacked-bars.js";
import { h } from "../dom.js";
import { absolute, compact } from "../format.js";
import { preference } from "../preferences.js";

const WEEK = 7 * 86_400_000;

/** The viewer's time zone, as the API wants it. */
export const zone = () => preference("zone") || Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";

/** The strip. Its `total` is how many rows match, if known. */
export function timeline() {
  const strip = h("div", { class: "timeline" });
  const note = h("span", { class: "timeline-note" });

  async function load(filter, signal) {
    const params = new URLSearchParams(filter);
    if (!params.has("since")) params.set("since", weekBefore(params.get("until")));
    params.set("zone", zone());
    const { items, edges, counted, counted_since: from } = await figures("/timeline", params, signal);
    strip.total = from === null && filter.has("since") ? counted : null;
    const title = (i) => `${absolute(edges[i])} – ${absolute(edges[i + 1])}`;
    const chart = stackedBars({
      items, edges, title, height: strip.clientHeight - 10, axis: false, label: "Activities over time",
      gaps: from === null ? [] : [{ since: edges[0], until: from }],
      href: (i) => `/?${ranged(filter, edges[i], edges[i + 1])}`,
    });
    note.textContent = [filter.has("since") ? null : filter.has("until") ? "the 7 days before" : "last 7 days", from === null ? null : `counts of the newest ${compact(counted)}`].filter(Boolean).join("; ");
    strip.replaceChildren(chart, note);
  }

  return Object.assign(strip, { load, total: null });
}

function weekBefore(until) {
  const end = Date.parse(until ?? "");
  return Number.isNaN(end) ? "7d" : new Date(end - WEEK).toISOString();
}

function ranged(filter, since, until) {
  const next = new URLSearchParams(filter);
  next.set("since", new Date(since).toISOString());
  next.set("until", new Date(until).toISOString());
  return next;
}
