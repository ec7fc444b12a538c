// What a viewer chose for this browser: theme, times, zone, panels. Kept in localStorage where there is one.

const DEFAULTS = { theme: "system", times: "relative", zone: "", facets: "open", chart: "open" };
const KEY = "wiretrail.preferences";
const listeners = new Set();
let values = { ...DEFAULTS, ...read(KEY, {}) };

/** A JSON value of localStorage; `fallback` when it is absent, broken or forbidden. */
export function read(key, fallback) {
  try {
    return JSON.parse(localStorage.getItem(key)) ?? fallback;
  } catch {
    return fallback;
  }
}

export function write(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // A browser that forbids storage forgets, it does not fail.
  }
}

export const preference = (name) => values[name];

export function prefer(name, value) {
  values = { ...values, [name]: value };
  write(KEY, values);
  apply();
  for (const listener of listeners) listener(name);
}

/** Calls `listener(name)` after each change until the returned function is called. */
export function onPreference(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function apply() {
  const root = document.documentElement;
  if (values.theme === "system") delete root.dataset.theme;
  else root.dataset.theme = values.theme;
}
