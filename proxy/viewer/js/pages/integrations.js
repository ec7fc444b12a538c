// Every integration that was ever recorded.

import { figures, Problem } from "../api.js";
import { card, inUse } from "../analytics/cards.js";
import { cutNote, healthTable } from "../analytics/health-table.js";
import { h } from "../dom.js";
import { emptyState, failedState } from "../log/empty.js";
import { zone } from "../log/timeline.js";
import { overview } from "../session.js";

const MOST = "1000";
const RENEW = 60_000;
const RETRY = 3_000;

export function show(main) {
  document.title = "Integrations · Wiretrail";
  const turn = new AbortController();
  const content = h("div", { "aria-busy": "true" });
  main.append(h("div", { class: "scroll", tabindex: "-1" }, h("div", { class: "sheet" }, h("div", { class: "page-head" }, h("hgroup", {}, h("h1", {}, "Integrations"), h("p", {}, "As recognised in the traffic; figures of the last 24 hours."))), content)));
  const load = async () => {
    try {
      const health = await figures("/analytics/health", { since: "24h", zone: zone(), order: "verdict", limit: MOST }, turn.signal);
      const { items } = health;
      content.removeAttribute("aria-busy");
      content.replaceChildren(items.length ? card("All integrations", { note: cutNote(health) }, healthTable(items, { several: new Set(items.map((item) => item.organization)).size > 1 }))
        : emptyState(new URLSearchParams(), (await overview()).about, () => {}));
    } catch (problem) {
      if (problem.name === "AbortError" || problem.status === 401) return;
      if (!(problem instanceof Problem)) throw problem;
      content.replaceChildren(failedState(problem, load));
      if (problem.status === 0) setTimeout(() => !turn.signal.aborted && load(), RETRY);
    }
  };
  const timer = setInterval(() => !document.hidden && !inUse(content) && load(), RENEW);
  load();
  return { leave: () => { turn.abort(); clearInterval(timer); } };
}
