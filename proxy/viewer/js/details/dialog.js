// The details dialog: one activity in full, from the overview to its last header.

import { activity } from "../api.js";
import { button, copy, h, icon, popover, save, stylesheet } from "../dom.js";
import { duration, visible } from "../format.js";
import { splitEndpoint, statusBadge, statusCode } from "../log/row-cells.js";
import { DIRECTION } from "../words.js";
import { finder } from "./finder.js";
import { overviewSection } from "./overview.js";
import { related } from "./related.js";
import { sides } from "./sides.js";

const FORMS = [["cURL", "curl"], ["HTTPie", "httpie"], ["Python (httpx)", "python"], ["JavaScript (fetch)", "javascript"]];
/** What the keys 1 to 5 lead to. */
const PARTS = [".overview", ".waterfall", "[aria-label=Request]", "[aria-label=Response]", ".stream, .trace"];

/**
 * Opens the dialog. `onMove(step)` wants the previous or next activity, `onClose()` follows closing,
 * `onFilter(filter)` wants the log with a filter, `onShown(row)` tells what was fetched. Returns `{show(id, compare), receive(rows), leave()}`.
 */
export function openDetails({ onClose, onMove, onFilter, onShown }) {
  let row = null;
  let left = false;
  let turn = new AbortController();
  const styled = stylesheet("details");
  const head = h("div", { class: "details-head" });
  const body = h("div", { class: "details-body", tabindex: "0", role: "region", "aria-label": "Activity" });
  const find = finder(body);
  const tools = h("div", { class: "details-tools" });
  const dialog = h("dialog", { class: "details", "aria-label": "Activity details", onclose: () => { turn.abort(); dialog.remove(); if (!left) onClose(); } },
    h("div", { class: "details-bar" },
      button({ icon: "up", label: "Previous activity (k)", class: "quiet", onclick: () => onMove(-1) }),
      button({ icon: "down", label: "Next activity (j)", class: "quiet", onclick: () => onMove(1) }),
      find.field, tools, button({ icon: "cross", label: "Close (Esc)", class: "quiet", onclick: () => dialog.close() })),
    head, body);
  dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
  dialog.addEventListener("keydown", key);
  document.body.append(dialog);
  styled.then(() => { if (!left && !dialog.open && dialog.isConnected) { dialog.showModal(); body.focus(); } });

  function key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [popover]")) return;
    const keys = { j: () => onMove(1), k: () => onMove(-1), "/": () => find.focus(), y: () => row && copy(permalink(), "Link copied"), c: () => tools.querySelector("[data-tool=compare]")?.click() };
    PARTS.forEach((selector, i) => { keys[i + 1] = () => reach(selector); });
    if (keys[event.key]) { event.preventDefault(); event.stopPropagation(); keys[event.key](); }
  }

  /** Brings a part to the top; screen readers follow the focus. */
  function reach(selector) {
    const part = body.querySelector(selector);
    if (!part) return;
    part.tabIndex = -1;
    part.scrollIntoView({ block: "start" });
    part.focus({ preventScroll: true });
  }

  const permalink = () => `${location.origin}/activities/${row.id}`;

  function fillTools() {
    tools.replaceChildren(
      popover(button({ icon: "copy", text: "Copy as", "aria-label": "Copy as" }), (close) => h("div", { class: "menu", role: "group" },
        FORMS.map(([name, make]) => h("button", { type: "button", onclick: () => { close(); copyAs(name, make); } }, name)),
        h("hr"), h("button", { type: "button", onclick: () => { close(); saveHar(); } }, icon("export"), "HAR file"))),
      popover(button({ icon: "compare", text: "Compare", "aria-label": "Compare", dataset: { tool: "compare" } }), (close) => {
        const box = h("div");
        import("./comparison.js").then(({ pickOther }) => box.append(pickOther(row, close)));
        return box;
      }),
      button({ icon: "link", label: "Copy link (y)", onclick: () => copy(permalink(), "Link copied") }));
  }

  async function copyAs(name, make) {
    const forms = await import("./snippets.js");
    await copy(forms[make](row), `${name} copied`);
  }

  async function saveHar() {
    const { harOf } = await import("./har.js");
    save(harOf(row), `wiretrail-${row.id}.har`, "application/json");
  }

  function fillHead() {
    const [host, path] = splitEndpoint(row);
    const direction = DIRECTION[row.direction];
    head.replaceChildren(
      h("div", { class: "details-title" }, statusBadge(row.status), statusCode(row),
        h("span", { class: "direction", title: direction.text }, icon(direction.icon), direction.label),
        row.response_time_ms !== null && h("span", { class: "dim" }, duration(row.response_time_ms))),
      h("h2", { class: "mono", dir: "ltr" }, h("span", { class: "method" }, visible(row.method)), " ", h("span", { class: "dim" }, host), path));
  }

  async function show(id, compare) {
    turn.abort();
    turn = new AbortController();
    const { signal } = turn;
    dialog.classList.add("loading");
    try {
      row = await activity(id, signal);
      document.title = `${row.method} ${row.path} · Wiretrail`.slice(0, 120);
      fillTools();
      fillHead();
      if (compare && compare !== id) {
        const { comparison } = await import("./comparison.js");
        body.replaceChildren(comparison(row, await activity(compare, signal)));
      } else {
        body.replaceChildren(overviewSection(row, { onFilter: (filter) => { onFilter(filter); dialog.close(); } }), sides(row), related(row, signal));
      }
      body.scrollTop = 0;
      find.clear();
      onShown?.(row);
    } catch (problem) {
      if (problem.name === "AbortError") return;
      row = null;
      tools.replaceChildren();
      head.replaceChildren(h("h2", {}, problem.status === 404 ? "There is no such activity" : "This activity could not be fetched"));
      body.replaceChildren(h("div", { class: "empty" }, icon("search"), h("p", {}, problem.status === 404
        ? "It may be past its retention, or belong to an organization that your token may not see." : problem.message),
      h("p", {}, button({ text: problem.status === 404 ? "To the log" : "Try again", onclick: () => (problem.status === 404 ? dialog.close() : show(id, compare)) }))));
    } finally {
      if (!signal.aborted) dialog.classList.remove("loading");
    }
  }

  return {
    show,
    receive(rows) {
      if (row?.status === "started" && rows.some((one) => one.id === row.id && one.status !== "started")) show(row.id);
    },
    leave() {
      left = true;
      document.title = "Log · Wiretrail";
      if (dialog.open) dialog.close();
      else dialog.remove();
    },
  };
}
