// "Which integration is sick?" Health, charts over time, failures, and the slowest endpoints.

import { figures, Problem } from "../api.js";
import { card, inUse, rankedBars, sortable, tiles } from "../analytics/cards.js";
import { cutNote, healthTable, integrationHref, share } from "../analytics/health-table.js";
import { overTime } from "../analytics/over-time.js";
import { failures, total } from "../charts/stacked-bars.js";
import { h, icon } from "../dom.js";
import { ERROR } from "../errors.js";
import { parse, QUICK_RANGES, set, text } from "../filters.js";
import { absolute, compact, count, duration, exact, percent, relative, visible } from "../format.js";
import { emptyState, failedState } from "../log/empty.js";
import { providerMark } from "../log/row-cells.js";
import { zone } from "../log/timeline.js";
import { timeRange } from "../log/time-range.js";
import { go } from "../router.js";
import { overview } from "../session.js";
import { TYPE } from "../words.js";

const RANGES = [...QUICK_RANGES.filter(([value]) => ["6h", "24h", "7d", "30d"].includes(value)), ["90d", "Last 90 days"]];
const PICKS = ["organization", "integration", "direction"];
const TAKEN = ["since", "until", ...PICKS];
/** So many integrations are in the table, and so many bars are drawn; a fleet may have thousands. */
const HEALTH = "200";
const ACTIVE = 8;
const RENEW = 60_000;
const RETRY = 3_000;

export function show(main, where) {
  const page = new AnalyticsPage(main);
  page.update(where);
  return page;
}

class AnalyticsPage {
  #turn = new AbortController();

  constructor(main) {
    document.title = "Analytics · Wiretrail";
    const apply = (filter) => go(`/analytics${String(filter) ? `?${filter}` : ""}`);
    this.range = timeRange({ onChange: apply, ranges: RANGES });
    const pick = (name, label) => h("select", { class: "field", "aria-label": label, onchange: (event) => apply(set(this.filter, name, event.target.value)) });
    this.picks = { organization: pick("organization", "Organization"), integration: pick("integration", "Integration"), direction: pick("direction", "Direction") };
    this.content = h("div", { "aria-busy": "true" });
    main.append(h("div", { class: "scroll", tabindex: "-1" }, h("div", { class: "sheet" },
      h("div", { class: "page-head" }, h("h1", {}, "Analytics"), Object.values(this.picks), this.range), this.content)));
    this.timer = setInterval(() => !document.hidden && !inUse(this.content) && this.#load(), RENEW);
  }

  update(where) {
    const given = parse(where.search);
    this.filter = new URLSearchParams([...given].filter(([name]) => TAKEN.includes(name)));
    if (!this.filter.has("since") && !this.filter.has("until")) this.filter.set("since", "24h");
    this.range.update(this.filter);
    this.#fillPicks();
    return this.#load();
  }

  leave() {
    this.#turn.abort();
    clearInterval(this.timer);
  }

  async #fillPicks() {
    this.known ??= figures("/integrations").then(({ items }) => items, () => []);
    const known = await this.known;
    const fill = (name, all, values) => {
      const list = [...new Set([...values, ...this.filter.getAll(name)])];
      this.picks[name].replaceChildren(h("option", { value: "" }, all), ...list.map((value) => h("option", { value }, visible(value))));
      this.picks[name].value = this.filter.get(name) ?? "";
      this.picks[name].hidden = list.length < 2 && !this.filter.has(name);
    };
    fill("organization", "All organizations", known.map((one) => one.organization));
    fill("integration", "All integrations", known.filter((one) => !this.filter.has("organization") || one.organization === this.filter.get("organization")).map((one) => one.name));
    fill("direction", "Both directions", ["outgoing", "incoming"]);
  }

  async #load() {
    this.#turn.abort();
    const { signal } = (this.#turn = new AbortController());
    const filter = this.filter;
    const charts = set(filter, "zone", zone());
    const plain = (...names) => new URLSearchParams([...filter].filter(([name]) => !names.includes(name)));
    // The report is always of the last 24 hours, whatever the range.
    const report = set(plain("since", "until"), "since", "24h");
    const integrations = (order, most) => figures("/analytics/health", set(set(charts, "order", order), "limit", most), signal);
    const endpoints = (order) => set(set(plain("direction"), "order", order), "limit", "10");
    try {
      const [health, series, heat, failing, day, slow, busy, gaps] = await Promise.all([
        integrations("verdict", HEALTH), figures("/analytics/series", charts, signal), figures("/analytics/heatmap", charts, signal),
        figures("/analytics/failures", filter, signal), text(report) === text(filter) ? null : figures("/analytics/failures", report, signal),
        figures("/analytics/endpoints", endpoints("p95"), signal), figures("/analytics/endpoints", endpoints("failures"), signal),
        figures("/gaps", plain("organization", "integration", "direction"), signal).catch(() => ({ items: [] })),
      ]);
      const active = health.total > health.items.length ? (await integrations("count", String(ACTIVE))).items : [...health.items].sort((a, b) => total(b.counts) - total(a.counts));
      const never = !health.items.length && PICKS.every((name) => !filter.has(name));
      const about = never ? (await overview(signal)).about : null;
      if (signal.aborted) return;
      if (about) this.#drawEmpty(about);
      else this.#draw({ health, active, series, heat, failing: failing.items, day: (day ?? failing).items, slow: slow.items, busy: busy.items, gaps: gaps.items });
    } catch (problem) {
      if (problem.name === "AbortError" || problem.status === 401) return;
      if (!(problem instanceof Problem)) throw problem;
      this.content.replaceChildren(failedState(problem, () => this.#load(), () => go("/analytics")));
      if (problem.status === 0) setTimeout(() => !signal.aborted && this.#load(), RETRY);
    }
  }

  /** Before the first activity: what to do, instead of a page of empty charts. */
  #drawEmpty(about) {
    this.content.removeAttribute("aria-busy");
    this.content.replaceChildren(emptyState(new URLSearchParams(), about, () => {}));
  }

  #link = (since, until, more = []) => {
    const next = new URLSearchParams([...this.filter].filter(([name]) => name !== "since" && name !== "until"));
    for (const [name, value] of more) next.append(name, value);
    if (since) next.set("since", new Date(since).toISOString());
    if (until) next.set("until", new Date(until).toISOString());
    return `/?${next}`;
  };

  /** The log of the page's own range, narrowed further. */
  #within(more) {
    const next = new URLSearchParams(this.filter);
    for (const [name, value] of Object.entries(more)) if (value !== null) { next.delete(name); for (const one of [value].flat()) next.append(name, one); }
    return `/?${next}`;
  }

  #draw({ health, active, series, heat, failing, day, slow, busy, gaps }) {
    const bad = ["failed", "error", "timeout"];
    const several = new Set([health.items, active, failing, day, slow, busy].flat().map((item) => item.organization)).size > 1;
    const counts = sum(series.items.map((item) => item.counts));
    const sick = health.items.filter((item) => item.verdict === "failing" || item.verdict === "degraded");
    const sickOfAll = health.verdicts.failing + health.verdicts.degraded;
    const lost = gaps.reduce((all, gap) => all + gap.count, 0);
    const code = (item) => (ERROR[item.code] ? ERROR[item.code][0] : `HTTP ${item.code}`);
    const codeFilter = (item) => (/^\d+$/.test(item.code) ? { response_status: item.code } : item.code ? { error_code: item.code } : {});
    const grouped = (key) => [...failing.reduce((map, item) => map.set(key(item), [...(map.get(key(item)) ?? []), item]), new Map()).values()]
      .map((items) => [items[0], items.reduce((all, item) => all + item.count, 0)]).sort((a, b) => b[1] - a[1]).slice(0, 8);

    this.content.removeAttribute("aria-busy");
    this.content.replaceChildren(
      tiles([
        ["Requests", count(total(counts)), counts.started ? `${count(counts.started)} still running` : ""],
        ["Share of failures", percent(share(counts, failures)), `${count(failures(counts))} of ${count(total(counts) - counts.started)}`],
        ["Sick integrations", count(sickOfAll), [...new Set(sick.map((item) => visible(item.integration).trim() || "blank"))].slice(0, 3).join(", ") || `of ${count(health.total)}`],
        ["Not recorded", count(lost), lost ? "relayed, but no row was kept" : "nothing was lost"],
      ]),
      h("div", { class: "cards" },
        card("Health of integrations", { wide: true, note: cutNote(health) }, healthTable(health.items, { several, shown: 10 })),
        overTime({ series, heat, gaps, link: this.#link }),
        card("Failures by type", {}, rankedBars(grouped((item) => item.activity_type).map(([item, value]) => ({ label: TYPE[item.activity_type], value, status: "failed", href: this.#within({ activity_type: item.activity_type, status: bad }) })), "No failures in this time.")),
        card("Failures by cause", {}, rankedBars(grouped((item) => item.code).map(([item, value]) => ({ label: code(item), value, status: "failed", href: this.#within({ ...codeFilter(item), status: bad }) })), "No failures in this time.")),
        card("Most active integrations", {}, rankedBars(active.filter((item) => total(item.counts)).slice(0, ACTIVE).map((item) => ({ label: several ? `${item.integration}, ${item.organization}` : item.integration, mark: providerMark(item), value: total(item.counts), href: this.#within({ integration: item.integration, organization: several ? item.organization : null }) })), "No activity in this time.")),
        card("Endpoints that fail most", {}, rankedBars(busy.filter((item) => item.failures).slice(0, 8).map((item) => ({ label: `${item.method} ${visible(item.host)}${visible(item.path)}${several ? `, ${visible(item.organization)}` : ""}`, value: item.failures, status: "failed", href: this.#within({ integration: item.integration, organization: several ? item.organization : null, method: item.method, host: item.host, path: glob(item.path), status: bad }) })), "No failures in this time.")),
        card("Slowest endpoints", { wide: true, note: "ids in paths are put together" }, endpointTable(slow, several, (item) => this.#within({ integration: item.integration, organization: several ? item.organization : null, method: item.method, host: item.host, path: glob(item.path) }))),
        card("Failed activities, last 24 hours", { wide: true }, failureTable(day, several))));
  }
}

const glob = (path) => path.replace(/\{[^}]*\}/g, "*");
const sum = (list) => list.reduce((all, one) => Object.fromEntries(Object.keys(all).map((name) => [name, all[name] + one[name]])), { started: 0, success: 0, failed: 0, error: 0, timeout: 0 });

function endpointTable(items, several, href) {
  return sortable({
    caption: "Slowest endpoints", items, sorted: 4, none: "Nothing was measured in this time.",
    columns: [
      { label: "Endpoint", by: (item) => item.host + item.path, cell: (item) => h("a", { class: "path mono", href: href(item), dir: "ltr" }, `${item.method} `, h("span", { class: "dim" }, visible(item.host)), visible(item.path)) },
      { label: "Integration", by: (item) => item.integration, cell: (item) => h("a", { href: integrationHref(item) }, visible(item.integration), several && h("small", {}, ` ${visible(item.organization)}`)) },
      { label: "Requests", number: true, by: (item) => item.count, cell: (item) => compact(item.count) },
      { label: "p50", number: true, by: (item) => item.latency.p50, cell: (item) => duration(item.latency.p50) },
      { label: "p95", number: true, by: (item) => item.latency.p95, cell: (item) => duration(item.latency.p95) },
      { label: "Longest", number: true, by: (item) => item.latency.longest, cell: (item) => duration(item.latency.longest) },
    ],
  });
}

function failureTable(items, several) {
  return sortable({
    caption: "Failed activities of the last 24 hours", items, sorted: 3, shown: 15, none: "No activity failed in the last 24 hours.",
    columns: [
      { label: "Integration", by: (item) => item.integration, cell: (item) => h("span", { class: "who" }, providerMark(item), h("a", { href: integrationHref(item) }, visible(item.integration), several && h("small", {}, visible(item.organization)))) },
      { label: "Type", by: (item) => item.activity_type, cell: (item) => [icon(item.direction === "incoming" ? "down-left" : "up-right", item.direction), " ", TYPE[item.activity_type]] },
      { label: "Cause", by: (item) => item.code, cell: (item) => [/^\d+$/.test(item.code) ? h("span", { class: "code", dataset: { class: item.code[0] } }, item.code) : h("code", {}, visible(item.code || "–")), " ", h("span", { class: "dim" }, ERROR[item.code]?.[0] ?? "")] },
      { label: "Failures", number: true, by: (item) => item.count, cell: (item) => count(item.count) },
      { label: "Last", number: true, by: (item) => item.last_at, cell: (item) => h("time", { title: exact(item.last_at), datetime: new Date(item.last_at).toISOString() }, relative(item.last_at)) },
      { label: h("span", { class: "sr" }, "Log"), cell: (item) => h("a", { href: `/?${new URLSearchParams([["integration", item.integration], ["organization", several ? item.organization : ""], ["direction", item.direction], ["activity_type", item.activity_type], /^\d+$/.test(item.code) ? ["response_status", item.code] : ["error_code", item.code], ["since", "24h"]].filter(([, value]) => value))}`, "aria-label": `Show ${item.count} failures of ${item.integration}, last ${absolute(item.last_at)}` }, "Show") },
    ],
  });
}
