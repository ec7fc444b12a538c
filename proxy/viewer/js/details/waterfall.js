// Where the time went: connect, TLS, send, wait, receive, one after the other.

import { h, s } from "../dom.js";
import { duration } from "../format.js";

const PARTS = [["connect", "Connect"], ["tls", "TLS"], ["send", "Send"], ["wait", "Wait"], ["receive", "Receive"]];

/** The chart, or null when nothing was measured. */
export function waterfall(row) {
  const timing = row.timing ?? {};
  const measured = PARTS.filter(([name]) => timing[name] !== null && timing[name] !== undefined);
  if (!measured.length) return null;
  const total = Math.max(row.response_time_ms ?? 0, measured.reduce((sum, [name]) => sum + timing[name], 0)) || 1;
  let start = 0;
  const lines = measured.map(([name, label]) => {
    const share = (timing[name] / total) * 100;
    const bar = s("svg", { class: "part", "data-part": name, "aria-hidden": "true", preserveAspectRatio: "none", viewBox: "0 0 100 10" },
      s("rect", { x: Math.min(start, 99.4), y: 1, width: Math.max(share, 0.6), height: 8, rx: 0.4 }));
    start += share;
    return [h("dt", {}, label), h("dd", {}, bar, h("span", {}, duration(timing[name])))];
  });
  const reused = !("connect" in timing) || timing.connect === null;
  const facts = [row.response_time_ms === null ? null : `${duration(row.response_time_ms)} in all`, reused && "on a connection that was open already"].filter(Boolean);
  return h("section", { class: "waterfall" }, h("h3", {}, "Timing", h("span", { class: "dim" }, ` ${facts.join(", ")}`)),
    h("dl", {}, lines));
}
