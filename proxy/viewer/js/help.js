// What `?` shows.

import { button, h } from "./dom.js";

const KEYS = [
  [["j", "k"], "Next, previous activity"], [["Enter"], "Open its details"], [["Esc"], "Close, or leave a field"],
  [["/"], "Search"], [["p"], "Pause, resume live rows"], [["t"], "Back to the newest"], [["f"], "Show or hide the filters"],
  [["c"], "In the details: compare with…"], [["y"], "In the details: copy the link"], [["1", "…", "5"], "In the details: overview, timing, request, response, messages"],
  [["g", "l"], "Log"], [["g", "a"], "Analytics"], [["g", "i"], "Integrations"], [["?"], "This help"],
];
const SEARCH = [
  ["timeout", "word in endpoint, error, headers or bodies"], ['"no such device"', "the words in this order"],
  ["status:failed", "a column's value; Enter makes it a chip"], ["-method:GET", "not this value"],
  ["host:*.slack.com", "* stands for anything in host, path, endpoint"], ["response_status:5xx", "a class of HTTP status"],
  ["min_ms:1000", "took a second or more"],
];

export function openHelp() {
  if (document.querySelector("dialog.help")) return;
  const dialog = h("dialog", { class: "plain help", "aria-label": "Help", onclose: () => dialog.remove() },
    h("div", { class: "dialog-head" }, h("h2", {}, "Keyboard and search"), button({ icon: "cross", label: "Close", class: "quiet", onclick: () => dialog.close() })),
    h("div", { class: "dialog-body" },
      h("dl", { class: "keys" }, KEYS.map(([keys, text]) => [h("dt", {}, keys.map((key) => [h("kbd", {}, key), " "])), h("dd", {}, text)])),
      h("h3", {}, "Search"),
      h("dl", { class: "keys" }, SEARCH.map(([query, text]) => [h("dt", {}, h("code", {}, query)), h("dd", { class: "dim" }, text)]))));
  document.body.append(dialog);
  dialog.showModal();
}
