// <activity-table>: a grid that draws only the rows in view. The focus stays on the grid and the
// active row is told by aria-activedescendant, so recycling row elements never loses it.

import { button, h, icon } from "../dom.js";
import { COLUMNS, createRow } from "./row-cells.js";
import { RowWindow } from "./row-window.js";

const OVERSCAN = 6;
const PATIENCE = 400;

export class ActivityTable extends HTMLElement {
  #elements = [];
  #active = -1;
  #frame = 0;
  #first = 0;

  connectedCallback() {
    if (this.viewport) return;
    this.rowHeight = 38;
    this.spacer = h("div", { class: "spacer", role: "presentation" });
    this.head = h("div", { class: "row head", role: "row", "aria-rowindex": "1" },
      COLUMNS.map(([name, label]) => h("div", { role: "columnheader", class: `c-${name}` }, name === "direction" ? h("span", { class: "sr" }, label) : label)));
    this.body = h("div", { role: "rowgroup", class: "rows" });
    this.viewport = h("div", { class: "viewport", role: "grid", tabindex: "0", "aria-label": "Activities, newest first", "aria-rowcount": "-1", "aria-describedby": "grid-keys" },
      h("div", { role: "rowgroup", class: "head-group" }, this.head), this.body, this.spacer);
    this.fresh = button({ class: "fresh primary", text: "", hidden: true, onclick: () => this.toTop() });
    this.note = h("div", { class: "note", role: "status" });
    this.append(h("span", { class: "sr", id: "grid-keys" }, "j and k move, Enter opens"), this.viewport, this.fresh, this.note);
    this.viewport.addEventListener("scroll", () => this.#schedule(), { passive: true });
    this.viewport.addEventListener("keydown", (event) => this.#key(event));
    this.body.addEventListener("click", (event) => this.#click(event));
    this.resize = new ResizeObserver(() => this.#measure());
    this.resize.observe(this.viewport);
    this.clock = setInterval(() => this.#tick(), 1000);
  }

  disconnectedCallback() {
    this.resize?.disconnect();
    clearInterval(this.clock);
    cancelAnimationFrame(this.#frame);
  }

  /** Shows another list from its start. `fetchPage` as in `RowWindow`. Resolves to the window. */
  async load(fetchPage) {
    const rows = new RowWindow(fetchPage);
    this.loading = rows;
    this.classList.add("loading");
    // A search may have to read for seconds; the dimmed rows are still those of before.
    const patience = setTimeout(() => this.loading === rows && this.note.replaceChildren(icon("spinner"), " Searching…"), PATIENCE);
    try {
      await rows.loadMore();
    } finally {
      clearTimeout(patience);
      if (this.loading === rows) { this.classList.remove("loading"); this.note.replaceChildren(); }
    }
    if (this.loading !== rows || !this.isConnected) return null;
    this.rows = rows;
    this.stuck = false;
    this.#active = -1;
    this.viewport.scrollTop = 0;
    this.#measure();
    this.#showFresh();
    return rows;
  }

  /** Rows of the live stream. At the top they appear; further down they are counted. */
  receive(rows) {
    if (!this.rows) return;
    const away = this.viewport.scrollTop > 4 || this.hold;
    const active = this.activeRow;
    this.rows.apply(rows, away);
    if (this.limit && !away) this.rows.cap(this.limit);
    if (active) this.#active = this.rows.indexOf(active.id);
    if (!away) this.#active = active ? this.#active : -1;
    this.#showFresh();
    this.#schedule();
  }

  /** Back to the newest row, with all that came meanwhile. */
  toTop() {
    this.viewport.scrollTop = 0;
    if (!this.rows.release()) this.dispatchEvent(new Event("stale"));
    this.#showFresh();
    this.#schedule();
    this.viewport.focus({ preventScroll: true });
  }

  get activeRow() {
    return this.#active < 0 ? undefined : this.rows?.at(this.#active);
  }

  /** Moves the active row by `step`, fetching more where needed. Resolves to the row. */
  async move(step) {
    if (!this.rows?.size) return undefined;
    const wanted = Math.max(0, this.#active < 0 ? this.#first : this.#active + step);
    if (wanted >= this.rows.size) await this.rows.loadMore().catch(() => {});
    this.#active = Math.min(wanted, this.rows.size - 1);
    if (!this.rows.at(this.#active)) await this.rows.ensure(this.#active, this.#active).catch(() => {});
    this.#reveal();
    return this.activeRow;
  }

  activate(id) {
    this.#active = this.rows?.indexOf(id) ?? -1;
    this.#schedule();
  }

  refresh() {
    for (const element of this.#elements) element.index = -1;
    this.#measure();
  }

  #measure() {
    const height = parseFloat(getComputedStyle(this).getPropertyValue("--row")) || 38;
    if (height !== this.rowHeight) {
      const first = this.viewport.scrollTop / this.rowHeight;
      this.rowHeight = height;
      this.viewport.scrollTop = first * height;
    }
    this.#draw();
  }

  #schedule() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  #draw() {
    const { rows, viewport, rowHeight } = this;
    if (!rows) return;
    const top = viewport.scrollTop;
    const shown = Math.ceil(viewport.clientHeight / rowHeight);
    this.#first = Math.floor(top / rowHeight);
    const first = Math.max(0, this.#first - OVERSCAN);
    const last = Math.min(rows.size, this.#first + shown + OVERSCAN);
    this.spacer.style.height = `${rows.size * rowHeight}px`;
    viewport.setAttribute("aria-rowcount", String(rows.complete ? rows.size + 1 : -1));
    this.#pool(last - first);
    const now = Date.now();
    this.#elements.forEach((element, i) => {
      // Each index has one element as long as it is in view: rows scroll without being refilled.
      const index = first + ((i - first) % this.#elements.length + this.#elements.length) % this.#elements.length;
      element.hidden = index >= last;
      if (element.hidden) return;
      const row = rows.at(index);
      if (element.index !== index || element.row !== row || element.seq !== row?.seq) {
        element.fill(row, index, now);
        element.index = index;
        element.seq = row?.seq;
        element.style.transform = `translateY(${index * rowHeight}px)`;
      } else if (element.height !== rowHeight) {
        element.style.transform = `translateY(${index * rowHeight}px)`;
      }
      element.height = rowHeight;
      element.setAttribute("aria-selected", String(index === this.#active));
    });
    const active = this.#elements.find((element) => element.index === this.#active && !element.hidden);
    if (active) viewport.setAttribute("aria-activedescendant", active.id);
    else viewport.removeAttribute("aria-activedescendant");
    this.#fetch(first, last);
  }

  #pool(wanted) {
    while (this.#elements.length < wanted) {
      const element = createRow(`row-${this.#elements.length}`);
      this.#elements.push(element);
      this.body.append(element);
      // A larger pool maps indexes to other elements.
      for (const other of this.#elements) other.index = -1;
    }
  }

  #fetch(first, last) {
    const { rows } = this;
    const again = () => rows === this.rows && this.#schedule();
    if (last > first) rows.ensure(first, last - 1).then((came) => came && again(), (error) => this.#failed(error));
    if (!rows.complete && !rows.loading && rows.size - last < 25 && this.isConnected && !this.stuck) {
      rows.loadMore().then(() => { this.dispatchEvent(new Event("grown")); again(); }, (error) => this.#failed(error));
    }
    if (this.stuck || this.loading !== rows) return;
    // The server looks for a bounded time only, so a page of a rare filter may come back empty, with more to search.
    const searching = !rows.complete && last === rows.size && last - first < shownRows(this);
    this.note.replaceChildren(...(searching ? [icon("spinner"), " Searching older activities…"] : rows.complete && rows.size > 20 && last === rows.size ? [h("span", { class: "sr" }, "End of the list")] : []));
  }

  #failed(error) {
    if (error.name === "AbortError") return;
    this.stuck = true;
    this.note.replaceChildren(icon("broken"), ` Older rows could not be fetched: ${error.message} `,
      h("button", { type: "button", class: "link", onclick: () => { this.stuck = false; this.note.replaceChildren(); this.#schedule(); } }, "Try again"));
  }

  #tick() {
    if (document.hidden) return;
    const now = Date.now();
    for (const element of this.#elements) if (!element.hidden && element.row) element.tick(element.row, now);
  }

  #showFresh() {
    const n = this.rows.waiting;
    this.fresh.hidden = n === 0;
    if (n) this.fresh.replaceChildren(icon("up"), `${n > 999 ? "999+" : n} new`);
  }

  #reveal() {
    const { viewport, rowHeight } = this;
    const top = this.#active * rowHeight;
    const room = viewport.clientHeight - this.head.offsetHeight - rowHeight;
    if (top < viewport.scrollTop) viewport.scrollTop = top;
    else if (top > viewport.scrollTop + room) viewport.scrollTop = top - room;
    this.#draw();
  }

  #key(event) {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    const page = Math.max(1, Math.floor(this.viewport.clientHeight / this.rowHeight) - 2);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity };
    if (event.key in steps) {
      event.preventDefault();
      if (event.key === "Home") { this.#active = 0; this.#reveal(); } else this.move(steps[event.key]);
    } else if (event.key === "Enter" && this.activeRow) {
      event.preventDefault();
      this.#open(this.activeRow);
    }
  }

  #click(event) {
    const element = event.target.closest(".row");
    if (!element?.row || event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    // A click that ends a text selection is not a wish to open.
    if (String(getSelection()).length) return;
    event.preventDefault();
    this.#active = element.index;
    this.#draw();
    this.#open(element.row);
  }

  #open(row) {
    this.dispatchEvent(new CustomEvent("open", { detail: row }));
  }
}

const shownRows = (table) => Math.ceil(table.viewport.clientHeight / table.rowHeight);

customElements.define("activity-table", ActivityTable);
