// A trend as small as a word: counts by bucket, failures in their colour.

import { s } from "../dom.js";
import { failures, total } from "./stacked-bars.js";

/** A `width` x 24 picture; what it says in words stands beside it, so it is decoration. */
export function trend(buckets, width = 120) {
  const height = 24;
  const most = Math.max(1, ...buckets.map(total));
  const step = width / Math.max(1, buckets.length);
  return s("svg", { class: "trend", width, height, viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" },
    s("line", { class: "grid", x1: 0, x2: width, y1: height - 0.5, y2: height - 0.5 }),
    buckets.map((counts, i) => {
      const all = total(counts);
      if (!all) return null;
      const tall = Math.max(1.5, (all / most) * (height - 2));
      const bad = failures(counts) ? Math.max(1.5, (failures(counts) / most) * (height - 2)) : 0;
      const x = i * step;
      return [s("rect", { class: "quiet-bar", x, y: height - tall, width: Math.max(0.7, step - 0.6), height: tall }),
        bad > 0 && s("rect", { class: "bar", "data-status": "failed", x, y: height - bad, width: Math.max(0.7, step - 0.6), height: bad })];
    }).flat());
}
