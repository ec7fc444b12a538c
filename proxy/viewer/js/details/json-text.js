// JSON values as text, with numbers as they were written.

import { ExactNumber } from "../api.js";

export const isObject = (value) => value !== null && typeof value === "object" && !(value instanceof ExactNumber);

/** Like `JSON.stringify`, but exact; `indent` in spaces, 0 for one line. */
export function stringify(value, indent = 0, depth = 0) {
  if (value instanceof ExactNumber) return value.source;
  if (!isObject(value)) return JSON.stringify(value);
  const entries = Array.isArray(value) ? value.map((item) => stringify(item, indent, depth + 1))
    : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}:${indent ? " " : ""}${stringify(item, indent, depth + 1)}`);
  const [open, close] = Array.isArray(value) ? "[]" : "{}";
  if (!entries.length) return open + close;
  if (!indent) return open + entries.join(",") + close;
  const pad = " ".repeat(indent * (depth + 1));
  return `${open}\n${pad}${entries.join(`,\n${pad}`)}\n${" ".repeat(indent * depth)}${close}`;
}

/** `device.readings[2].unit`: how a place inside a value is written. */
export const pathOf = (parent, key) => (typeof key === "number" ? `${parent}[${key}]` : /^[\w$-]+$/.test(key) ? `${parent}.${key}` : `${parent}[${JSON.stringify(key)}]`);
