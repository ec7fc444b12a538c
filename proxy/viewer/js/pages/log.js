// The log page: filter in the address bar, facets, time chart, live table, details on top.

import { get, Problem } from "../api.js";
import { tellConnection } from "../connection.js";
import { button, h, icon, toast } from "../dom.js";
import { metadataPairs, parse, set, text, toggle, without } from "../filters.js";
import { count } from "../format.js";
import { follow } from "../live.js";
import "../log/activity-table.js";
import { emptyState, failedState } from "../log/empty.js";
import { facetPanel } from "../log/facet-panel.js";
import { filterChips } from "../log/filter-chips.js";
import { savedFilters } from "../log/saved-filters.js";
import { searchBox, understand } from "../log/search-box.js";
import { timeline } from "../log/timeline.js";
import { timeRange } from "../log/time-range.js";
import { onPreference, prefer, preference } from "../preferences.js";
import { go } from "../router.js";
import { overview } from "../session.js";
import { DROPPED } from "../words.js";

const PAGE = 60;
const RENEW = 15_000;
const FACET_NAMES = ["status", "direction", "activity_type", "integration", "organization", "method", "response_status", "error_code", "host"];

export function show(main, where) {
  const page = new LogPage(main);
  page.update(where);
  return page;
}

class LogPage {
  #shown = null;
  #feed = null;
  #paused = false;
  counted = null;
  #details = null;
  #turn = new AbortController();

  constructor(main) {
    document.title = "Log · Wiretrail";
    const onChange = (filter) => this.apply(filter);
    this.table = document.createElement("activity-table");
    this.facets = facetPanel({ onChange });
    this.chips = h("div", { class: "chips", "aria-label": "Filters in force", role: "group" });
    this.timeline = timeline();
    this.search = searchBox({ values: (key) => this.#values(key), known: () => this.known ?? {}, onSubmit: (typed) => this.#submit(typed) });
    this.range = timeRange({ onChange });
    this.pause = button({ icon: "pause", label: "Pause live rows", onclick: () => this.togglePause() });
    this.fold = button({ icon: "filter", label: "Show or hide filters", "aria-controls": "facets", onclick: () => this.toggleFacets() });
    this.over = h("div", { class: "stage-over" });
    main.append(h("h1", { class: "sr" }, "Activity log"), h("div", { class: "log" },
      h("div", { class: "toolbar" }, this.fold, this.search, this.range, this.pause,
        savedFilters({ current: () => this.filter, onChange }),
        button({ icon: "export", text: "Export", onclick: () => this.#export() })),
      this.chips, this.facets, h("div", { class: "stage" }, this.timeline, this.table, this.over)));
    this.table.addEventListener("open", (event) => go(`/activities/${event.detail.id}${location.search}`));
    this.table.addEventListener("stale", () => this.#load());
    this.table.addEventListener("grown", () => this.#showEmpty());
    this.#showFacets();
    this.off = onPreference((name) => (name === "times" || name === "zone") && this.table.refresh());
    this.onKey = (event) => this.#key(event);
    document.addEventListener("keydown", this.onKey);
    this.renew = setInterval(() => !document.hidden && !this.#paused && this.#renew(), RENEW);
  }

  /** The address changed: another filter, or another activity on top. */
  update(where) {
    this.filter = parse(where.search);
    const key = text(this.filter);
    if (key !== this.#shown) {
      this.#shown = key;
      this.search.setText(this.filter.get("q") ?? "");
      this.range.update(this.filter);
      this.chips.replaceChildren(...filterChips(this.filter, (filter) => this.apply(filter)));
      this.facets.update(this.filter);
      this.first = this.#load();
    }
    this.#showDetails(where.parts.id, new URLSearchParams(where.search).get("compare"));
  }

  /** Puts a filter into the address bar, which shows it. */
  apply(filter) {
    go(`/${String(filter) ? `?${filter}` : ""}`);
  }

  leave() {
    this.#turn.abort();
    this.#feed?.stop();
    this.off();
    clearInterval(this.renew);
    document.removeEventListener("keydown", this.onKey);
    tellConnection(null);
    this.#details?.leave();
  }

  async #load() {
    this.#turn.abort();
    this.#feed?.stop();
    const turn = (this.#turn = new AbortController());
    const { signal } = turn;
    const filter = this.filter;
    const fetchPage = (from) => {
      const params = new URLSearchParams(filter);
      // The first page is what fits the screen; whoever scrolls wants more at once.
      params.set("limit", String(from.cursor ? 4 * PAGE : PAGE));
      if (from.cursor) params.set("cursor", from.cursor);
      if (from.until) params.set("until", from.until);
      return get("/activities", params, signal);
    };
    try {
      // The position is asked for first: what is committed between the two answers comes twice, and is told apart.
      const facts = (this.facts = await overview(signal));
      const rows = await this.table.load(fetchPage);
      if (!rows || signal.aborted) return;
      this.rows = rows;
      this.#follow(filter, facts.last_seq);
      this.#accounting(facts.accounting);
      this.#showEmpty();
      this.#counts();
    } catch (problem) {
      if (problem.name === "AbortError" || signal.aborted) return;
      if (!(problem instanceof Problem)) throw problem;
      if (problem.status === 401) return;
      this.over.replaceChildren(failedState(problem, () => this.#load(), () => this.apply(new URLSearchParams())));
      this.over.hidden = false;
      if (problem.status === 0) {
        tellConnection("lost");
        setTimeout(() => !signal.aborted && this.#load(), 3000);
      }
    }
  }

  #follow(filter, after) {
    this.#feed?.stop();
    if (this.#paused) { this.resumeAt = { filter, after }; return; }
    this.#feed = follow({
      params: without(filter, "until"), after,
      onRows: (rows) => {
        const until = Date.parse(filter.get("until") ?? "");
        const fitting = Number.isNaN(until) ? rows : rows.filter((row) => Date.parse(row.created_at) < until);
        this.table.receive(fitting);
        if (!this.over.hidden) this.#showEmpty();
        this.#details?.receive(fitting);
      },
      onState: tellConnection,
    });
  }

  togglePause() {
    this.#paused = !this.#paused;
    this.pause.replaceChildren(icon(this.#paused ? "play" : "pause"));
    this.pause.setAttribute("aria-label", this.#paused ? "Resume live rows" : "Pause live rows");
    this.pause.title = this.pause.getAttribute("aria-label");
    this.pause.setAttribute("aria-pressed", String(this.#paused));
    if (this.#paused) {
      this.resumeAt = { filter: this.filter, after: this.#feed?.last ?? this.rows?.lastSeq ?? 0 };
      this.#feed?.stop();
      tellConnection("paused");
    } else if (this.resumeAt) {
      this.#follow(this.resumeAt.filter, this.resumeAt.after);
    }
  }

  #showEmpty() {
    const empty = this.rows?.size === 0 && this.rows.complete && this.rows.waiting === 0;
    this.over.hidden = !empty;
    this.over.replaceChildren(...(empty ? [emptyState(this.filter, this.facts.about, (filter) => this.apply(filter))] : []));
  }

  #accounting({ dropped }) {
    const lost = Object.entries(dropped ?? {}).filter(([, n]) => n > 0);
    this.banner?.remove();
    if (!lost.length) return;
    const total = lost.reduce((sum, [, n]) => sum + n, 0);
    const reasons = lost.map(([reason, n]) => `${count(n)} because ${DROPPED[reason] ?? reason.replaceAll("_", " ")}`).join(", ");
    this.banner = h("p", { class: "banner" }, icon("broken"), `${count(total)} exchanges were relayed but not recorded since the start: ${reasons}.`);
    this.chips.before(this.banner);
  }

  #renew() {
    this.#counts();
    overview(this.#turn.signal).then((facts) => this.#accounting(facts.accounting), () => {});
  }

  /** Facet counts and the time chart, for the filter in force. */
  async #counts() {
    const { signal } = this.#turn;
    // A large log may take longer to count than until the next time.
    if (this.counting === signal) return;
    this.counting = signal;
    const filter = this.filter;
    const facets = facetCounts(filter, FACET_NAMES, signal).then((found) => {
      if (signal.aborted) return;
      this.known = found;
      this.counted = found.direction.filter(({ value }) => !filter.has("direction") || filter.getAll("direction").includes(value)).reduce((sum, one) => sum + one.count, 0);
      this.facets.update(filter, found);
    });
    await Promise.allSettled([facets, this.timeline.load(filter, signal)]);
    if (this.counting === signal) this.counting = null;
  }

  async #values(key) {
    if (key === "metadata") return metadataPairs(this.rows?.byId.values() ?? []);
    return (await facetCounts(without(this.filter, key), [key], this.#turn.signal))[key] ?? [];
  }

  #submit(typed) {
    const { columns, q } = understand(typed);
    let filter = set(this.filter, "q", q);
    for (const [name, value] of columns) if (!filter.getAll(name).includes(value)) filter = toggle(filter, name, value);
    if (text(filter) === text(this.filter)) this.#load();
    else this.apply(filter);
    this.search.setText(q, true);
  }

  async #export() {
    const { openExport } = await import("../log/export-dialog.js");
    if (this.rows?.complete) openExport(this.filter, this.rows.size);
    else openExport(this.filter, this.timeline.total ?? this.counted, this.timeline.total !== null);
  }

  async #showDetails(id, compare) {
    if (!id) { this.#details?.leave(); this.#details = null; this.wanted = null; return; }
    this.wanted = id;
    if (!this.#details) {
      const { openDetails } = await import("../details/dialog.js").catch(() => ({}));
      if (!openDetails) { toast("Wiretrail cannot be reached", "plug"); go(`/${location.search}`, { replace: true }); return; }
      if (this.wanted !== id || this.#details) return;
      this.#details = openDetails({
        onClose: () => { this.#details = null; go(`/${location.search.replace(/([?&])compare=[^&]*&?/, "$1").replace(/[?&]$/, "")}`); this.table.viewport.focus({ preventScroll: true }); },
        onMove: (step) => this.step(step),
        onFilter: (filter) => this.apply(filter),
      });
    }
    this.#details.show(id, compare);
    if (this.table.activeRow?.id !== id) this.table.activate(id);
  }

  /** From the activity in the details to the one before or after it. */
  async step(step) {
    await this.first;
    if (this.table.activeRow?.id !== this.wanted) this.table.activate(this.wanted);
    const row = await this.table.move(step);
    if (row && row.id !== this.wanted) go(`/activities/${row.id}${String(this.filter) ? `?${this.filter}` : ""}`, { replace: true });
  }

  toggleFacets() {
    if (matchMedia("(max-width: 719px)").matches) { this.facets.hidden = !this.facets.hidden; this.fold.setAttribute("aria-expanded", String(!this.facets.hidden)); return; }
    prefer("facets", preference("facets") === "open" ? "closed" : "open");
    this.#showFacets();
  }

  #showFacets() {
    this.facets.hidden = matchMedia("(max-width: 719px)").matches || preference("facets") !== "open";
    this.fold.setAttribute("aria-expanded", String(!this.facets.hidden));
  }

  #key(event) {
    const inField = event.composedPath()[0].closest?.("input:not([type=checkbox]), textarea, select");
    if (event.ctrlKey || event.metaKey || event.altKey || inField || event.defaultPrevented || document.querySelector("dialog[open]")) return;
    const keys = {
      j: () => this.table.move(1), k: () => this.table.move(-1), "/": () => this.search.focusField(), p: () => this.togglePause(),
      t: () => this.table.toTop(), f: () => this.toggleFacets(),
      Enter: () => document.activeElement === document.body && this.table.activeRow && go(`/activities/${this.table.activeRow.id}${location.search}`),
    };
    if (!keys[event.key]) return;
    if (event.key !== "Enter") event.preventDefault();
    if (event.key === "j" || event.key === "k") this.table.viewport.focus({ preventScroll: true });
    keys[event.key]();
  }
}

/** Counts beside facet values. A column's own choice does not narrow its list. */
export async function facetCounts(filter, names, signal) {
  const params = new URLSearchParams(filter);
  params.set("names", names.join(","));
  return get("/facets", params, signal);
}
