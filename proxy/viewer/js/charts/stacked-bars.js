// Counts by status over time, stacked; failures stand on the ground, where they can be compared.

import { s } from "../dom.js";
import { compact, count } from "../format.js";
import { STATUS } from "../words.js";
import { timeChart } from "./time-chart.js";

export const ORDER = ["error", "timeout", "failed", "started", "success"];
export const failures = (counts) => counts.failed + counts.error + counts.timeout;
export const total = (counts) => ORDER.reduce((sum, name) => sum + counts[name], 0);

/** The lines of a tip for counts. */
export const countLines = (counts) => [["All", count(total(counts))], ...[...ORDER].reverse().filter((name) => counts[name]).map((name) => [STATUS[name].label, count(counts[name]), name])];

/** `items` are `{at, counts}` for each bucket of `edges`. */
export function stackedBars({ items, edges, title, href, label = "Requests by status", ...rest }) {
  const highest = Math.max(0, ...items.map((item) => total(item.counts)));
  return timeChart({
    label, edges, highest, href, format: compact, whole: true, empty: highest ? null : "No activity in this time", ...rest,
    describe: (i) => ({ title: title(i), lines: countLines(items[i].counts), none: total(items[i].counts) === 0 }),
    draw: (plot) => items.map((item, i) => {
      const [x, width] = plot.band(i);
      const gap = width > 12 ? width * 0.18 : width > 3 ? 1 : 0;
      let base = 0;
      return ORDER.filter((name) => item.counts[name]).map((name) => {
        const from = plot.y(base);
        base += item.counts[name];
        // A single failure among thousands still has to be seen.
        const tall = Math.max(1.5, from - plot.y(base));
        return s("rect", { class: "bar", "data-status": name, x: x + gap / 2, y: from - tall, width: Math.max(0.8, width - gap), height: tall });
      });
    }),
  });
}
