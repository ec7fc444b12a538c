// Export of exactly the filtered set, with progress and a way to stop it.

import { request } from "../api.js";
import { button, h, icon, save } from "../dom.js";
import { bytes, count } from "../format.js";
import { isEmpty } from "../filters.js";
import { withoutBodies } from "./empty.js";

const FORMATS = [
  ["csv", "CSV", "One line per activity, for spreadsheets. Cells that would run as formulas are made harmless.", "text/csv"],
  ["ndjson", "NDJSON", "One JSON object per line with headers and bodies, for programs.", "application/x-ndjson"],
  ["har", "HAR 1.2", "For browsers' developer tools and HTTP clients.", "application/json"],
];

const BLOB = 8_000_000;

/** Opens the dialog for a filter; `estimate` is how many rows match, or null; `exact` whether that was counted. */
export function openExport(filter, estimate = null, exact = true) {
  const control = new AbortController();
  const bar = h("progress", { "aria-label": "Export progress", hidden: true });
  const state = h("p", { role: "status" });
  const start = button({ text: "Export", icon: "export", class: "primary", type: "submit" });
  const form = h("form", { onsubmit: run },
    h("div", { class: "dialog-head" }, h("h2", {}, "Export"), button({ icon: "cross", label: "Close", class: "quiet", onclick: () => dialog.close() })),
    h("div", { class: "dialog-body" },
      h("p", {}, isEmpty(filter) ? "Every activity that you may see" : "The activities that match the filter", estimate === null ? "." : `: ${exact ? "" : "about "}${count(estimate)}.`),
      FORMATS.map(([value, label, text], i) => h("label", { class: "choice" }, h("input", { type: "radio", name: "format", value, checked: i === 0 }), h("span", {}, h("b", {}, label), h("br"), h("span", { class: "dim" }, text)))),
      withoutBodies("Headers and bodies are left out: your token lacks that right."),
      bar, state),
    h("div", { class: "dialog-foot" }, button({ text: "Cancel", onclick: () => dialog.close() }), start));
  const dialog = h("dialog", { class: "plain", "aria-label": "Export", onclose: () => { control.abort(); dialog.remove(); } }, form);
  document.body.append(dialog);
  dialog.showModal();

  async function run(event) {
    event.preventDefault();
    const [format, , , type] = FORMATS.find(([value]) => value === new FormData(form).get("format"));
    start.disabled = true;
    bar.hidden = false;
    const begun = performance.now();
    try {
      const params = new URLSearchParams(filter);
      params.set("format", format);
      const response = await request("/activities/export", { params, headers: { accept: "*/*" }, signal: control.signal });
      const parts = [];
      let pieces = [];
      let held = 0;
      let size = 0;
      const counter = rowCounter(format);
      for await (const piece of response.body) {
        pieces.push(piece);
        size += piece.length;
        held += piece.length;
        // The browser keeps blobs outside the page, and large ones on disk.
        if (held > BLOB) { parts.push(new Blob(pieces)); pieces = []; held = 0; }
        const rows = counter(piece);
        if (estimate) { bar.max = estimate; bar.value = Math.min(rows, estimate); }
        state.textContent = `${count(rows)} rows, ${bytes(size)} after ${((performance.now() - begun) / 1000).toFixed(0)} s`;
      }
      save(new Blob([...parts, ...pieces], { type }), `wiretrail-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.${format}`, type);
      bar.max = 1;
      bar.value = 1;
      state.replaceChildren(icon("check"), ` Done: ${count(counter())} rows, ${bytes(size)} saved.`);
      start.disabled = false;
    } catch (problem) {
      if (problem.name === "AbortError") return;
      bar.hidden = true;
      start.disabled = false;
      state.replaceChildren(icon("broken"), ` ${problem.message} Nothing was saved.`);
    }
  }
}

/** The mark of an entry in HAR; inside a recorded body its quotes would be escaped. */
const ENTRY = '"startedDateTime":';

/** `counter(piece)` takes the next bytes and tells how many whole rows came so far. */
function rowCounter(format) {
  let rows = 0;
  if (format === "har") {
    const decoder = new TextDecoder();
    let rest = "";
    return (piece) => {
      const text = rest + (piece ? decoder.decode(piece, { stream: true }) : "");
      rows += text.split(ENTRY).length - 1;
      rest = text.slice(Math.max(text.lastIndexOf(ENTRY) + ENTRY.length, text.length - ENTRY.length + 1));
      return rows;
    };
  }
  let quoted = false;
  let lines = format === "csv" ? -1 : 0;
  return (piece = []) => {
    for (const byte of piece) {
      if (byte === 10 && !quoted) lines += 1;
      else if (byte === 34 && format === "csv") quoted = !quoted;
    }
    return Math.max(0, lines);
  };
}
