// The public API, as every client speaks it. The session cookie signs a viewer in; an embedded
// frame is given a token and keeps it in memory only.

const BASE = "/api/v1";
let token = null;

/** A reply that is not what was asked for; `status` 0 means that none came. */
export class Problem extends Error {
  constructor(status, title, detail) {
    super(detail || title);
    this.status = status;
    this.title = title;
  }
}

/** Uses a bearer token instead of the session cookie. */
export function useToken(value) {
  token = value;
}

/** A path below the API with its parameters; `params` is anything `URLSearchParams` takes. */
export function url(path, params) {
  const query = params ? String(new URLSearchParams(params)) : "";
  return BASE + path + (query ? `?${query}` : "");
}

/** A response whose status is fine. Raises `Problem`; 401 also tells the page. */
export async function request(path, { params, headers, ...options } = {}) {
  let response;
  try {
    response = await fetch(url(path, params), {
      ...options,
      credentials: token ? "omit" : "same-origin",
      headers: { accept: "application/json", ...(token && { authorization: `Bearer ${token}` }), ...headers },
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(0, "No connection", "Wiretrail cannot be reached.");
  }
  if (response.ok) return response;
  const problem = await response.json().catch(() => ({}));
  if (response.status === 401) dispatchEvent(new Event("wiretrail:signed-out"));
  throw new Problem(response.status, problem.title ?? `Error ${response.status}`, problem.detail);
}

export async function get(path, params, signal) {
  return (await request(path, { params, signal })).json();
}

const TIMES = new Set(["at", "first_at", "last_at", "last_success_at", "last_failure_at", "since", "until", "counted_since"]);

/** Like `get`, for figures: their times come as Unix milliseconds, which charts reckon with. */
export async function figures(path, params, signal) {
  const text = await (await request(path, { params, signal })).text();
  return JSON.parse(text, (key, value) => {
    if (key === "edges") return value.map(Date.parse);
    return TIMES.has(key) && value !== null ? Date.parse(value) : value;
  });
}

export async function send(method, path, body) {
  const headers = { "content-type": "application/json" };
  const response = await request(path, { method, headers, body: JSON.stringify(body ?? {}) });
  return response.status === 204 ? null : response.json();
}

/** A number that JavaScript would change: its text in the JSON is kept (ids above 2^53, 1.0). */
export class ExactNumber {
  constructor(source) {
    this.source = source;
  }
  toJSON() {
    return Number(this.source);
  }
}

/** Parses JSON with every number as it was written, where the browser can tell. */
export function parseExactly(text) {
  return JSON.parse(text, (key, value, context) =>
    typeof value === "number" && context?.source && context.source !== String(value)
      ? new ExactNumber(context.source)
      : value);
}

const whole = new Map();
// Whoever signs in next may have fewer rights.
addEventListener("wiretrail:signed-out", () => whole.clear());

/** One activity in full. Finished ones never change, so the last few are kept. */
export async function activity(id, signal) {
  if (whole.has(id)) return whole.get(id);
  const response = await request(`/activities/${encodeURIComponent(id)}`, { signal });
  const row = parseExactly(await response.text());
  if (row.status !== "started") {
    whole.set(id, row);
    if (whole.size > 20) whole.delete(whole.keys().next().value);
  }
  for (const name of ["response_status", "response_time_ms", "request_size", "response_size", "redactions", "seq"]) {
    if (row[name] instanceof ExactNumber) row[name] = Number(row[name].source);
  }
  if (row.timing) row.timing = Object.fromEntries(Object.entries(row.timing).map(([k, v]) => [k, v === null ? null : Number(v.source ?? v)]));
  return row;
}
