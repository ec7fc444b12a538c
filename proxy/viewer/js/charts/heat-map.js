// How many response times fell into which range, over time: slow tails show that averages hide.

import { s } from "../dom.js";
import { axisDuration, count, duration } from "../format.js";
import { timeChart } from "./time-chart.js";

/** Which rows of the histogram are drawn: from the first to the last that ever counted. */
function rowsInUse(items) {
  const used = items[0]?.counts.map((_, row) => items.some((item) => item.counts[row])) ?? [];
  const first = used.indexOf(true);
  return first < 0 ? [] : used.map((_, row) => row).slice(first, used.lastIndexOf(true) + 1);
}

/** `bounds` are the upper bounds of the ranges in ms. `href(i)` leads to a column's rows. */
export function heatMap({ items, edges, bounds, title, href, ...rest }) {
  const rows = rowsInUse(items);
  const most = Math.max(1, ...items.flatMap((item) => item.counts));
  const name = (row) => (row < bounds.length ? `to ${duration(bounds[row])}` : `above ${duration(bounds.at(-1))}`);
  const every = Math.ceil(rows.length / 7);
  return timeChart({
    label: "Response times over time", edges, highest: rows.length, href, empty: rows.length ? null : "Nothing was measured in this time", ...rest,
    top: rows.length, yTicks: [...Array(rows.length + 1).keys()].filter((i) => i % every === 0),
    format: (i) => (i === 0 ? "" : rows[i - 1] < bounds.length ? axisDuration(bounds[rows[i - 1]]) : "∞"),
    describe: (i) => ({ title: title(i), none: !items[i].counts.some(Boolean), lines: rows.filter((row) => items[i].counts[row]).reverse().slice(0, 12).map((row) => [name(row), count(items[i].counts[row])]) }),
    draw: (plot) => items.map((item, i) => {
      const [x, width] = plot.band(i);
      return rows.map((row, line) => item.counts[row] > 0 && s("rect", {
        class: "cell", x: x + 0.5, y: plot.y(line + 1) + 0.5, width: Math.max(0.8, width - 1), height: Math.max(1, plot.y(line) - plot.y(line + 1) - 1),
        // The root spreads the few and the many over what the eye can tell apart.
        opacity: (0.14 + 0.86 * Math.sqrt(item.counts[row] / most)).toFixed(2),
      }));
    }),
  });
}
