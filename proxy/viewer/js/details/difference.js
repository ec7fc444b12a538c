// What differs between two activities. Pure.

import { asJson, jsonBeginning } from "./body-kinds.js";
import { isObject, pathOf, stringify } from "./json-text.js";

const FIELDS = ["status", "response_status", "error_code", "method", "endpoint", "integration", "activity_type", "response_time_ms", "request_size", "response_size", "user_id", "ip_address", "user_agent"];
const MOST = 500;

/** `[{part, place, left, right}]`; a side that has nothing there is undefined. */
export function differences(a, b) {
  const found = [];
  const add = (part, place, left, right) => found.length < MOST && found.push({ part, place, left, right });
  for (const name of FIELDS) if (a[name] !== b[name]) add("Overview", name, a[name] ?? undefined, b[name] ?? undefined);
  for (const side of ["request", "response"]) {
    const label = side === "request" ? "Request" : "Response";
    compareHeaders(a[`${side}_headers`], b[`${side}_headers`], (name, left, right) => add(`${label} headers`, name, left, right));
    walk(bodyOf(a, side), bodyOf(b, side), "body", (place, left, right) => add(`${label} body`, place, left, right));
  }
  return found;
}

/** The body as a value whose parts can be compared, where it has parts. */
function bodyOf(row, side) {
  const body = row[`${side}_body`] ?? undefined;
  return asJson(body) ?? (row[`${side}_truncated`] && typeof body === "string" ? jsonBeginning(body) : undefined) ?? body;
}

function compareHeaders(left, right, add) {
  const lower = (headers) => new Map(Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), [value].flat().join(", ")]));
  const [one, two] = [lower(left), lower(right)];
  for (const name of new Set([...one.keys(), ...two.keys()])) if (one.get(name) !== two.get(name)) add(name, one.get(name), two.get(name));
}

function walk(a, b, place, add) {
  if (isObject(a) && isObject(b) && Array.isArray(a) === Array.isArray(b)) {
    const keys = Array.isArray(a) ? [...Array(Math.max(a.length, b.length)).keys()] : [...new Set([...Object.keys(a), ...Object.keys(b)])];
    for (const key of keys) walk(a[key], b[key], pathOf(place, key), add);
  } else if (text(a) !== text(b)) {
    add(place, text(a), text(b));
  }
}

const text = (value) => (value === undefined ? undefined : typeof value === "string" ? value : stringify(value));
