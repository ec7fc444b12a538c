// Every integration with its traffic, failures, times, trend, and a plain verdict.

import { failures, total } from "../charts/stacked-bars.js";
import { trend } from "../charts/trend.js";
import { h, icon } from "../dom.js";
import { count, duration, exact, percent, relative, visible } from "../format.js";
import { providerMark } from "../log/row-cells.js";
import { sortable } from "./cards.js";

const VERDICT = { healthy: ["check", "Healthy"], degraded: ["broken", "Degraded"], failing: ["cross", "Failing"], silent: ["dot", "Silent"] };
const WORST_FIRST = ["silent", "healthy", "degraded", "failing"];

export const verdictBadge = (health) => h("span", { class: "badge", dataset: { verdict: health.verdict }, title: health.why }, icon(VERDICT[health.verdict][0]), VERDICT[health.verdict][1]);
export const integrationHref = (item) => `/integrations/${encodeURIComponent(item.integration ?? item.name)}?organization=${encodeURIComponent(item.organization)}`;

/** The share of finished calls that `pick` counts; null when none finished. */
export function share(counts, pick) {
  const finished = total(counts) - counts.started;
  return finished ? pick(counts) / finished : null;
}

const ago = (at) => (at === null ? h("span", { class: "dim" }, "never") : h("time", { datetime: new Date(at).toISOString(), title: exact(at) }, relative(at)));

/** What to say of a table that does not hold all integrations; null of one that does. */
export const cutNote = ({ items, total: all }) => (all > items.length ? `${count(items.length)} of ${count(all)}: the worst, then the most active` : null);

export function healthTable(items, { several, shown }) {
  return sortable({
    caption: "Health of integrations", items, sorted: 1, shown, none: "No integration was ever active.",
    columns: [
      { label: "Integration", by: (item) => item.integration.toLowerCase(), cell: (item) => h("span", { class: "who" }, providerMark(item), h("a", { href: integrationHref(item) }, visible(item.integration), several && h("small", {}, visible(item.organization)))) },
      { label: "Verdict", by: (item) => WORST_FIRST.indexOf(item.verdict), cell: verdictBadge },
      { label: "Requests", number: true, by: (item) => total(item.counts), cell: (item) => count(total(item.counts)) },
      { label: "Success", number: true, by: (item) => share(item.counts, (one) => one.success), cell: (item) => percent(share(item.counts, (one) => one.success)) },
      { label: "Failures", number: true, by: (item) => share(item.counts, failures), cell: (item) => percent(share(item.counts, failures)) },
      { label: "p50", number: true, by: (item) => item.latency.p50, cell: (item) => duration(item.latency.p50) || "–" },
      { label: "p95", number: true, by: (item) => item.latency.p95, cell: (item) => duration(item.latency.p95) || "–" },
      { label: "p99", number: true, by: (item) => item.latency.p99, cell: (item) => duration(item.latency.p99) || "–" },
      { label: "Last success", by: (item) => item.last_success_at, cell: (item) => ago(item.last_success_at) },
      { label: "Last failure", by: (item) => item.last_failure_at, cell: (item) => ago(item.last_failure_at) },
      { label: "Trend", cell: (item) => trend(item.trend) },
    ],
  });
}
