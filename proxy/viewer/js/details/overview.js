// Who, what, when, how it ended and why, and where the time went.

import { button, copy, h, icon } from "../dom.js";
import { bytes, duration, exact, relative, visible } from "../format.js";
import { providerMark } from "../log/row-cells.js";
import { explain } from "../errors.js";
import { TYPE } from "../words.js";
import { isObject, stringify } from "./json-text.js";
import { inWords, marked } from "./redaction.js";
import { waterfall } from "./waterfall.js";

/** The upper part of the dialog. `onFilter(filter)` shows the log of a value. */
export function overviewSection(row, { onFilter }) {
  return h("div", { class: "overview" }, problem(row), facts(row, onFilter), waterfall(row));
}

/** The error in plain words, with what to try. */
function problem(row) {
  const found = explain(row);
  if (!found) return null;
  return h("div", { class: "problem", dataset: { status: row.status } }, icon(row.status === "timeout" ? "clock" : "broken"),
    h("div", {}, h("b", {}, found.what), found.hint && h("p", {}, found.hint.split("`").map((piece, i) => (i % 2 ? h("code", {}, piece) : piece))),
      row.error_message && h("p", { class: "mono" }, marked(row.error_message, "error_message", row.redaction_places)),
      row.error_code && h("p", { class: "dim" }, "Code ", h("code", {}, row.error_code))));
}

function facts(row, onFilter) {
  const list = [];
  const fact = (label, ...content) => content.some((one) => one !== null && one !== undefined && one !== false && one !== "") && list.push(h("div", {}, h("dt", {}, label), h("dd", {}, content)));
  const only = (name, value, shown = value) => value && h("button", {
    type: "button", class: "link filter", title: `Show only ${visible(value)}`, onclick: () => onFilter(new URLSearchParams({ [name]: value })),
  }, visible(shown));
  const copied = (value, what) => value && [h("code", {}, visible(value)), button({ icon: "copy", label: `Copy ${what}`, class: "quiet small", onclick: () => copy(value) })];
  const began = Date.parse(row.created_at);

  fact("Integration", providerMark(row), " ", h("a", { href: `/integrations/${encodeURIComponent(row.integration)}?organization=${encodeURIComponent(row.organization)}` }, visible(row.integration)));
  fact("Type", only("activity_type", row.activity_type, TYPE[row.activity_type]));
  fact("Organization", only("organization", row.organization));
  fact("Began", h("time", { datetime: row.created_at, title: relative(began) }, exact(began)));
  fact("Took", row.response_time_ms === null ? "still running" : duration(row.response_time_ms));
  fact("Sizes", `Request ${bytes(row.request_size)}, answer ${bytes(row.response_size)}`);
  fact("Client", only("ip_address", row.ip_address));
  fact("User agent", row.user_agent && marked(row.user_agent, "user_agent", row.redaction_places));
  fact("User", only("user_id", row.user_id));
  fact("Trace", copied(row.trace_id, "the trace id"));
  fact("Provider's request id", copied(row.provider_request_id, "the provider's request id"));
  fact("Activity", copied(row.id, "the activity's id"));
  fact("Replay of", row.replay_of && h("a", { href: `/activities/${row.replay_of}` }, row.replay_of));
  fact("Redacted", row.redactions > 0 && redactions(row));
  const { stream, ...metadata } = row.metadata ?? {};
  if (stream) fact("Stream", `${stream.kind}, ${stream.count?.source ?? stream.count} messages${stream.close_code ? `, closed with ${stream.close_code.source ?? stream.close_code}` : ""}`);
  for (const [name, value] of Object.entries(metadata)) {
    const label = name.replaceAll("_", " ").replace(/^http\b/, "HTTP");
    fact(visible(label.charAt(0).toUpperCase() + label.slice(1)), h("span", {}, marked(isObject(value) ? stringify(value) : String(value?.source ?? value), `metadata.${name}`, row.redaction_places)));
  }
  return h("dl", { class: "facts" }, list);
}

function redactions(row) {
  const places = row.redaction_places ?? [];
  return h("details", {}, h("summary", {}, `${row.redactions} value${row.redactions === 1 ? "" : "s"}`),
    h("ul", {}, places.map(([place, rule]) => h("li", {}, h("code", {}, visible(place)), " ", h("span", { class: "dim" }, inWords(rule))))));
}
