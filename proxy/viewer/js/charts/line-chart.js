// Lines over time. Where nothing was measured a line breaks; a lone value is a dot.

import { s } from "../dom.js";
import { timeChart } from "./time-chart.js";

/** `series` are `{name, kind, values}`, a value or null for each bucket. */
export function lineChart({ series, edges, title, format, href, label, ...rest }) {
  const all = series.flatMap((one) => one.values).filter((value) => value !== null);
  return timeChart({
    label, edges, href, format, highest: Math.max(0, ...all), empty: all.length ? null : "Nothing was measured in this time", ...rest,
    describe: (i) => ({ title: title(i), none: series.every((one) => one.values[i] === null), lines: series.map((one) => [one.name, one.values[i] === null ? "–" : format(one.values[i]), one.kind]) }),
    // The first stands on top: where two are equal, the wider one below still shows.
    draw: (plot) => [...series].reverse().map((one) => {
      const points = one.values.map((value, i) => {
        const [x, width] = plot.band(i);
        return value === null ? null : [x + width / 2, plot.y(value)];
      });
      return runs(points).map((run) => (run.length === 1
        ? s("circle", { class: "dot", "data-kind": one.kind, cx: run[0][0], cy: run[0][1], r: 2.5 })
        : s("path", { class: "line", "data-kind": one.kind, d: `M${run.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}` })));
    }),
  });
}

/** Consecutive points, without the holes. */
export function runs(points) {
  const list = [];
  let run = null;
  for (const point of points) {
    if (!point) run = null;
    else if (run) run.push(point);
    else list.push((run = [point]));
  }
  return list;
}
