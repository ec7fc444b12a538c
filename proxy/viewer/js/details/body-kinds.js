// What a recorded body is, and the parts it falls into. Pure: no elements.

import { parseExactly } from "../api.js";
import { isObject } from "./json-text.js";

/** A header's first value, whatever its letter case. */
export function header(headers, name) {
  const found = Object.keys(headers ?? {}).find((one) => one.toLowerCase() === name);
  const value = found && headers[found];
  return Array.isArray(value) ? value[0] : value ?? null;
}

/** What stands for a part whose bytes were not kept. */
/** Lists and objects in each other; deeper ones are shown as text. */
const DEEPEST = 200;
const PART_DIGEST = /^\[binary (.*), (\d+) bytes, sha256 ([0-9a-f]{64})\]$/;

export const isBinary = (body) => isObject(body) && typeof body.binary === "string" && "sha256" in body;

/** `none`, `binary`, `json`, `form`, `multipart`, `events`, `lines` or `text`. */
export function kindOf(body, contentType) {
  const type = (contentType ?? "").toLowerCase();
  if (body === null || body === undefined) return "none";
  if (isBinary(body)) return "binary";
  if (type.startsWith("application/x-www-form-urlencoded") && (typeof body === "string" || flat(body))) return "form";
  if (type.startsWith("multipart/") && parts(body, contentType).length) return "multipart";
  if (typeof body !== "string") return "json";
  if (type.startsWith("text/event-stream")) return "events";
  if (/ndjson|jsonl|json-seq/.test(type)) return "lines";
  return "text";
}

const flat = (value) => isObject(value) && Object.values(value).every((one) => !isObject(one) || (Array.isArray(one) && one.every((two) => !isObject(two))));

/** Name and value pairs of a form body. */
export function fields(body) {
  if (typeof body === "string") return body.split("&").filter(Boolean).map((pair) => {
    const [name, ...value] = pair.split("=");
    return [decode(name), decode(value.join("="))];
  });
  return Object.entries(body).flatMap(([name, value]) => [value].flat().map((one) => [name, one === null ? "" : String(one.source ?? one)]));
}

function decode(text) {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/** The parts of a multipart body: `{name, filename, type, size, content}`. */
export function parts(body, contentType) {
  if (Array.isArray(body)) return body.filter(isObject).map((part) => ({ ...part, type: part.type ?? part.content_type, content: part.content ?? part.value ?? part.body ?? part.data }));
  const boundary = /boundary="?([^";]+)"?/i.exec(contentType ?? "")?.[1];
  if (typeof body !== "string" || !boundary) return [];
  return body.split(`--${boundary}`).slice(1).filter((piece) => !piece.startsWith("--")).map((piece) => {
    const [head, ...rest] = piece.replace(/^\r?\n/, "").split(/\r?\n\r?\n/);
    const content = rest.join("\n\n").replace(/\r?\n$/, "");
    const digest = PART_DIGEST.exec(content);
    return {
      name: /[^e]name="?([^";\r\n]*)"?/i.exec(head)?.[1], filename: /filename="?([^";\r\n]*)"?/i.exec(head)?.[1],
      type: /content-type:\s*([^\r\n]+)/i.exec(head)?.[1], size: digest ? Number(digest[2]) : new Blob([content]).size,
      content: digest ? { binary: digest[1], size: Number(digest[2]), sha256: digest[3] } : content,
    };
  });
}

/** The events of an event stream body: `{event, id, data, at}`; `times` are those of every message, comments too. */
export function streamEvents(text, times = []) {
  return text.split(/\r?\n(?:\r?\n)+/).filter(Boolean).map((block, i) => {
    const event = { event: "", id: "", data: [] };
    for (const line of block.split(/\r?\n/)) {
      const match = /^(event|id|data)(?:: ?(.*))?$/.exec(line);
      if (match?.[1] === "data") event.data.push(match[2] ?? "");
      else if (match) event[match[1]] = match[2] ?? "";
    }
    return { ...event, data: event.data.join("\n"), at: times[i] };
  }).filter((event) => event.data || event.event);
}

/**
 * The JSON that a text begins with, its open lists and objects closed: of a large body only the beginning is
 * kept. Ends after the last value that is complete; undefined where there is none.
 */
export function jsonBeginning(text) {
  if (!/^\s*[[{]/.test(text)) return undefined;
  const open = [];
  let quoted = false;
  let end = 0;
  for (let i = 0; i < text.length; i += 1) {
    const c = text[i];
    if (quoted) {
      if (c === "\\") i += 1;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === "{" || c === "[") {
      if (open.length === DEEPEST) return undefined;
      open.push(c === "{" ? "}" : "]");
      end = i + 1;
    }
    else if (c === "}" || c === "]") { open.pop(); end = i + 1; }
    else if (c === ",") end = i;
  }
  try {
    const value = parseExactly(text.slice(0, end) + open.reverse().join(""));
    return Object.keys(value).length ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A text as JSON where it is JSON. */
export function asJson(text) {
  if (typeof text !== "string" || !/^\s*[[{]/.test(text)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
