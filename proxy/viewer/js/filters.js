// A filter is the query string of the log page and of the API alike: `URLSearchParams`, never changed
// in place. What the API names, the address bar names.

/** Columns with a short list of values, in the order of the panel. */
export const FACETS = [
  { name: "status", label: "Status" },
  { name: "direction", label: "Direction" },
  { name: "activity_type", label: "Type" },
  { name: "integration", label: "Integration" },
  { name: "organization", label: "Organization" },
  { name: "method", label: "Method" },
  { name: "response_status", label: "HTTP status" },
  { name: "error_code", label: "Error" },
  { name: "host", label: "Host" },
];

/** Every column that may be filtered; the keys of the `key:value` language. */
export const COLUMNS = {
  ...Object.fromEntries(FACETS.map(({ name, label }) => [name, label])),
  provider: "Provider", path: "Path", endpoint: "Endpoint", user_id: "User", ip_address: "Address", user_agent: "User agent",
  metadata: "Metadata", trace_id: "Trace", provider_request_id: "Request id", organization_id: "Organization id", integration_id: "Integration id",
};
export const NUMBERS = { min_ms: "At least", max_ms: "At most" };
const TIMES = ["since", "until"];
const KNOWN = [...Object.keys(COLUMNS), ...Object.keys(NUMBERS), ...TIMES, "q"];

export const QUICK_RANGES = [
  ["15m", "Last 15 minutes"], ["1h", "Last hour"], ["6h", "Last 6 hours"], ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"], ["30d", "Last 30 days"], ["", "All time"],
];

/** Reads a filter out of an address; unknown and empty parameters are left out. */
export function parse(search) {
  const given = new URLSearchParams(search);
  const filter = new URLSearchParams();
  for (const name of KNOWN) {
    for (const value of new Set(given.getAll(name))) if (value.trim()) filter.append(name, value.trim());
  }
  return filter;
}

export function set(filter, name, value) {
  const next = new URLSearchParams(filter);
  next.delete(name);
  for (const one of [value].flat()) if (one !== null && one !== undefined && one !== "") next.append(name, one);
  return next;
}

/** Adds a value to its column's any-of list, or takes it out. */
export function toggle(filter, name, value) {
  const values = filter.getAll(name);
  return set(filter, name, values.includes(value) ? values.filter((one) => one !== value) : [...values, value]);
}

export const isEmpty = (filter) => [...filter.keys()].length === 0;

/** A canonical text, for comparing two filters. */
export function text(filter) {
  const sorted = new URLSearchParams(filter);
  sorted.sort();
  return String(sorted);
}

/** `key:value` of the metadata that rows have, the most frequent first; for suggestions. */
export function metadataPairs(rows) {
  const counts = new Map();
  for (const row of rows) {
    for (const [name, value] of Object.entries(row.metadata ?? {})) {
      const told = value?.source ?? value;
      const pair = typeof told === "object" ? name : `${name}:${told}`;
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
  }
  return [...counts].map(([value, count]) => ({ value, count })).sort((a, b) => b.count - a.count);
}

/** Without parts that the facet panel and charts have to see beyond. */
export function without(filter, ...names) {
  const next = new URLSearchParams(filter);
  for (const name of names) next.delete(name);
  return next;
}

/** "Last 24 hours", or exact ends; for the time button. */
export function rangeLabel(filter, formatTime) {
  const [since, until] = [filter.get("since"), filter.get("until")];
  if (!since && !until) return "All time";
  const quick = QUICK_RANGES.find(([value]) => value === since);
  const say = (value) => (Number.isNaN(Date.parse(value)) ? `${value} ago` : formatTime(Date.parse(value)));
  if (!until) return quick ? quick[1] : `Since ${say(since)}`;
  return since ? `${say(since)} – ${say(until)}` : `Until ${say(until)}`;
}
