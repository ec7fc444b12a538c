// A body in the forms that suit it: tree, formatted, raw, fields, parts, events, lines.

import { button, copy, h, icon } from "../dom.js";
import { bytes, duration, visible } from "../format.js";
import { asJson, fields, header, isBinary, jsonBeginning, kindOf, parts, streamEvents } from "./body-kinds.js";
import { isObject, stringify } from "./json-text.js";
import { jsonTree, openAll } from "./json-tree.js";
import { marked } from "./redaction.js";

const LABELS = { tree: "Tree", formatted: "Formatted", raw: "Raw", fields: "Fields", parts: "Parts", events: "Events", lines: "Lines", text: "Text" };
const VIEWS = { json: ["tree", "formatted", "raw"], form: ["fields", "raw"], multipart: ["parts", "raw"], events: ["events", "raw"], lines: ["lines", "raw"], text: ["raw"] };

/** The body of one side (`request` or `response`) of an activity. */
export function bodyView(row, side) {
  const body = row[`${side}_body`];
  const type = header(row[`${side}_headers`], "content-type");
  const size = row[`${side}_size`];
  const place = `${side}.body`;
  let kind = kindOf(body, type);
  if (kind === "none") return nothing(row, side, size);
  if (kind === "binary") return binary(body, type);
  const cut = row[`${side}_truncated`];
  const hidden = kind !== "text" ? undefined : asJson(body) ?? (cut ? jsonBeginning(body) : undefined);
  const value = hidden === undefined ? body : hidden;
  if (hidden !== undefined) kind = "json";
  // Of what came back, the relay noted when.
  const times = side === "response" ? (row.metadata?.stream?.times ?? []).map((time) => Number(time?.source ?? time)) : [];
  const views = VIEWS[kind];
  const content = h("div", { class: "body-content" });
  const tabs = views.map((view) => h("button", { type: "button", "aria-pressed": "false", onclick: () => choose(view) }, LABELS[view]));
  const text = () => (typeof body === "string" ? body : stringify(value, 0));

  const choose = (view) => {
    tabs.forEach((tab, i) => tab.setAttribute("aria-pressed", String(views[i] === view)));
    content.replaceChildren(draw(view));
  };
  const draw = (view) => {
    if (view === "tree") return isObject(value) ? jsonTree(value, place, row.redaction_places) : h("pre", {}, stringify(value));
    if (view === "formatted") return h("pre", {}, coloured(stringify(value, 2), place, row.redaction_places));
    if (view === "fields") return table(["Field", "Value"], fields(body).map(([name, one]) => [visible(name), marked(one, `${place}.${name}`, row.redaction_places)]));
    if (view === "parts") return partsTable(parts(body, type), place, row);
    if (view === "events") return messages(streamEvents(body, times).map((event) => ({ label: event.event || "message", data: event.data, at: event.at })), place, row.redaction_places);
    if (view === "lines") return messages(body.split(/\r?\n/).filter(Boolean).map((data, i) => ({ data, at: times[i] })), place, row.redaction_places);
    return h("pre", {}, marked(text(), place, row.redaction_places));
  };
  choose(views[0]);
  return h("div", { class: "body" },
    h("div", { class: "body-head" },
      views.length > 1 && h("div", { class: "segments", role: "group", "aria-label": "View" }, tabs),
      h("span", { class: "dim cut" }, visible(type ?? "no type")),
      button({ icon: "copy", label: `Copy the ${side} body`, class: "quiet", onclick: () => copy(kind === "json" && !cut ? stringify(value, 2) : text(), "Body copied") })),
    cut && h("p", { class: "hint" }, icon("broken"), `The body was ${bytes(size)}; its beginning was kept.${kind === "json" ? " The tree ends where it was cut." : ""}`),
    content);
}

function nothing(row, side, size) {
  if (row.bodies_withheld) return h("p", { class: "hint" }, icon("lock"), "Your token may not see headers and bodies.");
  if (row.status === "started" && side === "response") return h("p", { class: "hint" }, icon("spinner"), "Waiting for the answer.");
  if (row.status === "started") return h("p", { class: "hint" }, icon("lock"), "Kept back until the answer is complete and can be redacted with it.");
  if (row.metadata?.stream?.messages?.length) return h("p", { class: "dim" }, "Carried as messages, listed below.");
  if (size) return h("p", { class: "hint" }, `${bytes(size)} were relayed, but not kept: capture is off here, or the body's time is over.`);
  if (side === "request" || row.response_status) return h("p", { class: "dim" }, "No body.");
  const instead = row.metadata?.proxy_status;
  return h("p", { class: "dim" }, "There was no answer.", instead && ` The proxy answered ${visible(instead.source ?? instead)} in its place.`);
}

function binary(body, type) {
  const image = /^image\//.test(body.binary);
  return h("div", { class: "body binary" }, icon(image ? "inbox" : "lock"),
    h("div", {}, h("b", {}, visible(body.binary || type || "Binary data")), h("p", { class: "dim" }, `${image ? "Image" : "Binary data"}, ${bytes(number(body.size))}; size and digest are kept, not the content.`),
      digest(body)));
}

const number = (value) => Number(value?.source ?? value);

/** The digest, and of how much it is where not all was captured. */
function digest({ sha256, size, hashed }) {
  const part = hashed !== undefined && number(hashed) !== number(size);
  return [part && h("p", { class: "dim" }, `The digest is of the ${number(hashed) < number(size) ? "first " : ""}${bytes(number(hashed))} ${number(hashed) < number(size) ? "that were captured" : "after decoding"}.`),
    h("code", {}, `sha256 ${visible(sha256)}`)];
}

function table(heads, rows) {
  return h("div", { class: "table-scroll" }, h("table", { class: "pairs" }, h("thead", {}, h("tr", {}, heads.map((text) => h("th", { scope: "col" }, text)))),
    h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((one, i) => (i ? h("td", {}, one) : h("th", { scope: "row" }, one))))))));
}

function partsTable(list, place, row) {
  const places = row.redaction_places;
  const kept = (part) => (isBinary(part.content) ? [h("div", { class: "dim" }, "size and digest are kept, not the content"), digest(part.content)] : h("code", {}, visible(stringify(part.content))));
  return table(["Part", "Type", "Content"], list.map((part) => [
    [visible(part.name ?? "–"), part.filename && h("div", { class: "dim" }, visible(part.filename))],
    [visible(part.type ?? (isObject(part.content) ? part.content.binary : "text") ?? "text"), h("div", { class: "dim" }, part.size === undefined ? "" : bytes(number(part.size)))],
    isObject(part.content) ? kept(part) : marked(String(part.content ?? ""), `${place}.${part.name}`, places),
  ]));
}

/** Messages of a stream: `{at, from, label, size, data}`, each foldable, JSON as a tree. */
export function messages(list, place, places) {
  return h("ol", { class: "messages" }, list.map((message, i) => {
    const data = isObject(message.data) ? message.data : asJson(message.data);
    const line = typeof message.data === "string" ? message.data : stringify(message.data);
    const box = h("div", { class: "message-body" });
    const details = h("details", {}, h("summary", {},
      message.from && h("span", { class: "dim" }, message.from === "client" ? "↑" : "↓", h("span", { class: "sr" }, message.from === "client" ? "sent" : "received")),
      message.label && h("span", { class: "badge plain" }, visible(message.label)),
      h("span", { class: "cut mono" }, visible(line.slice(0, 300))),
      h("span", { class: "dim" }, message.at === undefined ? "" : `+${duration(message.at)}`)), box);
    details.addEventListener("toggle", () => {
      if (!box.hasChildNodes()) box.append(data === undefined ? h("pre", {}, marked(line, `${place}[${i}]`, places)) : jsonTree(data, `${place}[${i}]`, places));
    });
    return h("li", {}, details);
  }));
}

/** Formatted JSON with its kinds of values coloured; marks of redaction stay marks. */
function coloured(text, place, places) {
  if (text.length > 120_000) return text;
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g)) {
    nodes.push(text.slice(at, match.index));
    const kind = match[2] ? "key" : match[1] ? "string" : /^[tfn]/.test(match[0]) ? "null" : "number";
    nodes.push(h("span", { class: kind }, marked(match[1] ?? match[0], place, places)), match[2] ?? "");
    at = match.index + match[0].length;
  }
  nodes.push(text.slice(at));
  return nodes;
}

export { openAll };
