// The four charts over time, for all integrations or for one.

import { heatMap } from "../charts/heat-map.js";
import { lineChart } from "../charts/line-chart.js";
import { failures, stackedBars } from "../charts/stacked-bars.js";
import { absolute, axisDuration, axisPercent } from "../format.js";
import { card, legend } from "./cards.js";
import { share } from "./health-table.js";

const HOUR = 3_600_000;
const STATUSES = [["success", "Success"], ["started", "Started"], ["failed", "Failed"], ["timeout", "Timeout"], ["error", "Error"]];
const PERCENTILES = [["p50", "p50"], ["p95", "p95"], ["p99", "p99"]];

/** "23 Nov 14:00 – 15:00", or "so far" for the bucket that is not over. */
function bucketTitle(edges) {
  return (i) => {
    const end = edges[i + 1] > Date.now() ? "so far" : absolute(edges[i + 1] - (edges[i + 1] - edges[i] > HOUR ? 1 : 0));
    return `${absolute(edges[i])} – ${end}`;
  };
}

/** The cards. `link(since, until, more)` is the address of the log for a part of a chart. */
export function overTime({ series, heat, gaps, link }) {
  const { items, edges } = series;
  const title = bucketTitle(edges);
  const href = (more) => (i) => link(edges[i], edges[i + 1], more);
  const shared = { edges, title, gaps };
  const bad = ["failed", "error", "timeout"].map((status) => ["status", status]);
  return [
    card("Requests by status", { extra: legend(STATUSES, "status") }, stackedBars({ items, ...shared, href: href([]) })),
    card("Share of failures", {}, lineChart({
      label: "Share of failures", ...shared, format: axisPercent, href: href(bad),
      series: [{ name: "Failed, timed out or broken", kind: "failed", values: items.map((item) => share(item.counts, failures)) }],
    })),
    card("Response time", { extra: legend(PERCENTILES) }, lineChart({
      label: "Response time percentiles", ...shared, format: axisDuration, href: href([]),
      series: PERCENTILES.map(([name, text]) => ({ name: text, kind: name, values: items.map((item) => item.latency[name]) })),
    })),
    card("Response times, all of them", { note: "the stronger, the more requests" }, heatMap({ items: heat.items, bounds: heat.bounds_ms, ...shared, href: href([]) })),
  ];
}
