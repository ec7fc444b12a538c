// Request and response side by side: headers, bodies, and what a stream carried.

import { button, copy, h } from "../dom.js";
import { bytes, visible } from "../format.js";
import { bodyView, messages } from "./body-view.js";
import { marked } from "./redaction.js";

/** Both sides, and the stream's messages below. */
export function sides(row) {
  const stream = row.metadata?.stream;
  const list = stream?.messages?.map((message) => ({ ...message, at: Number(message.at?.source ?? message.at) }));
  return h("div", {}, h("div", { class: "sides" }, side(row, "request", "Request"), side(row, "response", "Response")),
    list?.length > 0 && h("section", { class: "stream" }, h("h3", {}, "Messages", h("span", { class: "dim" }, ` first ${list.length} of ${stream.count?.source ?? stream.count}`)), messages(list, "stream", row.redaction_places)));
}

function side(row, name, label) {
  const headers = row[`${name}_headers`];
  const count = Object.keys(headers ?? {}).length;
  const size = row[`${name}_size`];
  return h("section", { class: "side", "aria-label": label },
    h("h3", {}, label, h("span", { class: "dim" }, size ? ` ${bytes(size)}` : "")),
    headers && [
      h("details", { class: "headers", open: true }, h("summary", {}, `Headers `, h("span", { class: "dim" }, String(count))),
        h("dl", { class: "header-list" }, Object.entries(headers).flatMap(([field, value]) => [value].flat().map((one) => [
          h("dt", {}, visible(field)), h("dd", {}, marked(String(one), `${name}.headers.${field}`, row.redaction_places))])))),
      button({ icon: "copy", label: `Copy the ${name} headers`, class: "quiet small", onclick: () => copy(headerText(headers), "Headers copied") })],
    bodyView(row, name));
}

const headerText = (headers) => Object.entries(headers).flatMap(([name, value]) => [value].flat().map((one) => `${name}: ${one}`)).join("\n");
