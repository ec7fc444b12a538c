// One integration: how it does, its last activities live, what was recognised, and a test of its connection.

import { figures, get, Problem, send } from "../api.js";
import { card, inUse, tiles } from "../analytics/cards.js";
import { share, verdictBadge } from "../analytics/health-table.js";
import { overTime } from "../analytics/over-time.js";
import { failures, total } from "../charts/stacked-bars.js";
import { tellConnection } from "../connection.js";
import { button, command, h, icon } from "../dom.js";
import { count, duration, exact, percent, relative, visible } from "../format.js";
import { failedState } from "../log/empty.js";
import { liveList } from "../log/live-list.js";
import { providerMark } from "../log/row-cells.js";
import { zone } from "../log/timeline.js";
import { go } from "../router.js";
import { may, whoAmI } from "../session.js";
import { TYPE } from "../words.js";

const RENEW = 60_000;
const RETRY = 3_000;
/** How long after new rows their figures follow, so that many rows cost one renewal. */
const SETTLE = 3_000;
const KINDS = [["", "All"], ["outgoing", "Calls"], ["incoming", "Webhooks"]];

export function show(main, where) {
  const page = new IntegrationPage(main, where);
  page.load();
  return page;
}

class IntegrationPage {
  #turn = new AbortController();
  #direction = "";
  #details = null;

  constructor(main, where) {
    this.where = where;
    document.title = `${where.parts.name} · Wiretrail`;
    this.content = h("div", { class: "sheet", "aria-busy": "true" });
    main.append(h("div", { class: "scroll", tabindex: "-1" }, this.content));
    this.list = liveList({ onOpen: (row) => this.#open(row), onState: tellConnection, none: "Nothing of this kind is recorded yet." });
    this.list.element.addEventListener("rows", ({ detail }) => {
      this.#details?.receive(detail);
      this.soon ??= setTimeout(() => { this.soon = null; this.#renew(); }, SETTLE);
    });
    this.timer = setInterval(() => !document.hidden && this.#renew(), RENEW);
  }

  update(where) {
    if (where.parts.name === this.where.parts.name && where.search === this.where.search) return;
    this.where = where;
    this.load();
  }

  leave() {
    this.#turn.abort();
    clearInterval(this.timer);
    clearTimeout(this.soon);
    tellConnection(null);
    this.list.leave();
    this.#details?.leave();
  }

  async #figures() {
    const { signal } = this.#turn;
    const { name } = this.where.parts;
    const organization = new URLSearchParams(this.where.search).get("organization");
    const params = { ...(organization && { organization }), since: "24h", zone: zone() };
    const found = await figures(`/integrations/${encodeURIComponent(name)}`, params, signal);
    const one = { integration_id: found.integration.id, since: "24h", zone: zone() };
    const [series, heat] = await Promise.all([figures("/analytics/series", one, signal), figures("/analytics/heatmap", one, signal)]);
    return { ...found, series, heat };
  }

  /** Figures and charts follow what happens; the list does so by itself, and keeps its place. */
  async #renew() {
    if (!this.found || inUse(this.charts)) return;
    // Whether there is a connection is told beside the tools.
    const found = await this.#figures().catch(() => null);
    if (found && !this.#turn.signal.aborted) this.#fill(found);
  }

  async load() {
    const { signal } = this.#turn;
    const { name } = this.where.parts;
    const organization = new URLSearchParams(this.where.search).get("organization");
    try {
      // Rights decide what is offered.
      const [found] = await Promise.all([this.#figures(), whoAmI()]);
      if (signal.aborted) return;
      this.found = found;
      this.#draw(found);
      this.#fill(found);
      this.#follow();
    } catch (problem) {
      if (problem.name === "AbortError" || problem.status === 401) return;
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === 409) this.#choose(name);
      else this.content.replaceChildren(problem.status === 404
        ? h("div", { class: "empty" }, icon("plug"), h("h2", {}, `Nothing is recorded for ${visible(name)} yet`), h("p", {}, "If a test request is configured for it, it can be tried already."),
          h("p", {}, this.#tester(true, name, organization)), h("p", {}, h("a", { href: "/integrations" }, "All integrations")))
        : failedState(problem, () => this.load()));
      if (problem.status === 0) setTimeout(() => !signal.aborted && this.load(), RETRY);
    }
  }

  /** Several organizations have an integration of this name. */
  async #choose(name) {
    const { items } = await figures("/integrations");
    const same = items.filter((one) => one.name === name);
    this.content.replaceChildren(h("div", { class: "empty" }, icon("plug"), h("h2", {}, `Several organizations have ${visible(name)}`),
      h("p", {}, same.map((one) => [h("a", { class: "button", href: `/integrations/${encodeURIComponent(name)}?organization=${encodeURIComponent(one.organization)}` }, visible(one.organization)), " "]))));
  }

  #draw({ integration, testable }) {
    this.verdict = h("span");
    this.tiles = h("div");
    this.charts = h("div", { class: "cards" });
    this.recognised = h("div");
    this.content.removeAttribute("aria-busy");
    this.content.replaceChildren(
      h("div", { class: "page-head" },
        h("div", { class: "integration-head" }, providerMark({ provider: integration.providers[0], integration: integration.name }, true), h("hgroup", {}, h("h1", {}, visible(integration.name)), h("p", {}, visible(integration.organization))), this.verdict),
        this.#tester(testable, integration.name, integration.organization_id), h("a", { class: "button", href: `/?${new URLSearchParams({ integration_id: integration.id })}` }, "Open in the log")),
      this.tiles,
      h("div", { class: "cards" },
        card("Last 50 activities", { wide: true, extra: this.#kinds() }, h("div", { class: "integration-log" }, this.list.element))),
      this.charts,
      h("div", { class: "cards" },
        card("As recognised", { wide: true }, this.recognised),
        card("In another page", { wide: true, extra: h("a", { href: `/static/sample.html?integration=${encodeURIComponent(integration.name)}`, target: "_blank" }, "Try it on a sample page") },
          h("p", { class: "dim" }, "These last activities as one element, for a settings dialog of your own. Its origin has to be named in frame_ancestors."), command(embedCode(integration)))));
  }

  #fill({ integration, health, series, heat }) {
    const log = (since, until, more = []) => `/?${new URLSearchParams([["integration_id", integration.id], ["since", new Date(since).toISOString()], ["until", new Date(until).toISOString()], ...more])}`;
    this.verdict.replaceChildren(...(health ? [verdictBadge(health)] : []));
    this.tiles.replaceChildren(...(health ? [healthTiles(health)] : []));
    this.charts.replaceChildren(...overTime({ series, heat, gaps: [], link: log }));
    this.recognised.replaceChildren(settings(integration));
  }

  #kinds() {
    const buttons = KINDS.map(([value, text]) => h("button", {
      type: "button", "aria-pressed": String(value === this.#direction),
      onclick: () => { this.#direction = value; buttons.forEach((one, i) => one.setAttribute("aria-pressed", String(KINDS[i][0] === value))); this.#follow(); },
    }, text));
    return h("div", { class: "segments", role: "group", "aria-label": "Which activities" }, buttons);
  }

  #follow() {
    const params = [["integration_id", this.found.integration.id]];
    if (this.#direction) params.push(["direction", this.#direction]);
    this.list.load(params);
  }

  /** The button that sends the configured harmless request, and what came of it. */
  #tester(testable, name, organization) {
    const why = !testable ? "No test request is configured" : !may("write") ? "Your token may not test it" : null;
    const state = h("span", { role: "status" }, why && h("span", { class: "dim" }, why));
    const test = button({ icon: "plug", text: "Test connection", disabled: why !== null, title: why ?? "Sends the configured harmless request", onclick: async () => {
      test.disabled = true;
      state.replaceChildren("Testing…");
      try {
        const whose = organization ? `?organization=${encodeURIComponent(organization)}` : "";
        const found = await send("POST", `/integrations/${encodeURIComponent(name)}/test-connection${whose}`);
        const answered = found.response_status ? `${found.response_status} after ${duration(found.response_time_ms)}` : found.error;
        state.replaceChildren(h("span", { class: "badge", dataset: { status: found.ok ? "success" : "failed" } }, icon(found.ok ? "check" : "cross"), found.ok ? "It works" : "It does not work"), ` ${answered ?? ""}`);
        if (!this.found) await this.#appear(`/integrations/${encodeURIComponent(name)}${whose}`);
      } catch (problem) {
        state.replaceChildren(problem.message);
      }
      test.disabled = false;
    } });
    return [state, test];
  }

  /** The first activity of an integration is committed a moment after its answer. */
  async #appear(path) {
    for (let turn = 0; turn < 20; turn += 1) {
      await new Promise((done) => setTimeout(done, 250));
      const there = await get(path, null, this.#turn.signal).then(() => true, () => false);
      if (there) return this.load();
    }
    return undefined;
  }

  async #open(row) {
    const { openDetails } = await import("../details/dialog.js");
    this.#details = openDetails({
      onClose: () => { this.#details = null; this.list.table.viewport.focus({ preventScroll: true }); },
      onMove: async (step) => { const next = await this.list.table.move(step); if (next) this.#details?.show(next.id); },
      onFilter: (filter) => go(`/?${filter}`),
    });
    this.#details.show(row.id);
  }
}

const healthTiles = (health) => tiles([
  ["Requests, 24 hours", count(total(health.counts)), health.why],
  ["Share of failures", percent(share(health.counts, failures)), health.last_failure_at === null ? "never failed" : `last ${relative(health.last_failure_at)}`],
  ["Response time, p95", duration(health.latency.p95) || "–", health.latency.p50 === null ? "" : `half within ${duration(health.latency.p50)}`],
  ["Last success", health.last_success_at === null ? "never" : relative(health.last_success_at), health.last_success_at === null ? "" : exact(health.last_success_at)],
]);

function embedCode({ name, organization }) {
  const quote = (text) => text.replaceAll("&", "&amp;").replaceAll('"', "&quot;");
  return `<script src="${location.origin}/embed.js" async></script>\n<integration-activity-log integration="${quote(name)}" organization="${quote(organization)}" token="…"></integration-activity-log>`;
}

function settings(integration) {
  const list = (label, values) => values.length > 0 && h("div", {}, h("dt", {}, label), h("dd", {}, values.map((value) => [h("span", { class: "badge plain" }, value), " "])));
  const when = (label, at) => at !== null && h("div", {}, h("dt", {}, label), h("dd", {}, h("time", { title: exact(at) }, relative(at))));
  return h("dl", { class: "recognised" },
    list("Provider", integration.providers.map(visible)), list("Hosts", integration.hosts.map(visible)), list("Directions", integration.directions),
    list("Types", integration.activity_types.map((type) => TYPE[type] ?? type)), when("First seen", integration.first_at), when("Last seen", integration.last_at),
    h("div", {}, h("dt", {}, "Id"), h("dd", {}, h("code", {}, integration.id))));
}
