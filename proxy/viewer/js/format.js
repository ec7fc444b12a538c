// Numbers, times and texts as people read them.

import { preference } from "./preferences.js";

const UNITS = [["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3600], ["minute", 60]];
const relativeFormat = new Intl.RelativeTimeFormat("en", { numeric: "always" });
const numberFormat = new Intl.NumberFormat("en");
const compactFormat = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const zoned = new Map();

export const count = (n) => numberFormat.format(n);
export const compact = (n) => (n < 10_000 ? numberFormat.format(n) : compactFormat.format(n));

/** 0.4213 -> "42.1%"; small shares keep a digit that shows they are not nothing. */
export function percent(share) {
  if (share === null || Number.isNaN(share)) return "–";
  const value = share * 100;
  if (value > 0 && value < 0.1) return "<0.1%";
  return `${value >= 99.95 || value < 0.05 ? Math.round(value) : value.toFixed(value < 10 ? 1 : 0)}%`;
}

export const axisPercent = (share) => percent(share).replace(".0%", "%");

/** Milliseconds: "1.4 ms", "842 ms", "1.24 s", "2 m 05 s", "3 h 10 m". */
export function duration(ms) {
  if (ms === null || ms === undefined) return "";
  if (ms > 0 && ms < 0.05) return "<0.1 ms";
  if (ms < 9.95) return `${Number.isInteger(ms) ? ms : ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_995) return `${(ms / 1000).toFixed(ms < 9995 ? 2 : 1)} s`;
  const seconds = Math.round(ms / 1000);
  const two = (n) => String(n).padStart(2, "0");
  if (seconds < 3600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  const hours = Math.floor(seconds / 3600);
  return hours < 48 ? `${hours} h ${two(Math.floor(seconds / 60) % 60)} m` : `${count(Math.floor(hours / 24))} d ${hours % 24} h`;
}

/** The same without idle zeros: "3 s". */
export const axisDuration = (ms) => duration(ms).replace(/(\.\d*?)0+ s/, (all, kept) => `${kept === "." ? "" : kept} s`);

/** Bytes: "0 B", "812 B", "4.1 KB", "64 KB", "1.2 MB"; decimal units. */
export function bytes(n) {
  if (n === null || n === undefined) return "";
  let value = n;
  for (const unit of ["B", "KB", "MB", "GB", "TB", "PB"]) {
    if (value < 999.5 || unit === "PB") return `${unit !== "B" && value < 9.95 ? value.toFixed(1) : Math.round(value)} ${unit}`;
    value /= 1000;
  }
  return "";
}

/** "2 minutes ago", "just now", "in 3 hours". */
export function relative(at, now = Date.now()) {
  const seconds = Math.round((at - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 5) return "just now";
  for (const [unit, length] of UNITS) {
    if (size >= length) return relativeFormat.format(Math.trunc(seconds / length), unit);
  }
  return relativeFormat.format(seconds, "second");
}

function zonedFormat(options) {
  const zone = preference("zone") || undefined;
  const key = zone + JSON.stringify(options);
  if (!zoned.has(key)) {
    try {
      zoned.set(key, new Intl.DateTimeFormat("en-GB", { ...options, timeZone: zone }));
    } catch {
      zoned.set(key, new Intl.DateTimeFormat("en-GB", options));
    }
  }
  return zoned.get(key);
}

const parts = (at, options) =>
  Object.fromEntries(zonedFormat(options).formatToParts(at).map((part) => [part.type, part.value]));
const DIGITS = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

/** "2026-11-23 09:14:07.120 +01:00": sortable, in the chosen zone, with its offset. */
export function exact(at) {
  const p = parts(at, { ...DIGITS, fractionalSecondDigits: 3, timeZoneName: "longOffset" });
  const offset = /^GMT([+-]00:00)?$/.test(p.timeZoneName) ? "UTC" : p.timeZoneName.replace("GMT", "");
  return `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}:${p.second}.${p.fractionalSecond} ${offset}`;
}

/** "09:14:07" today, "23 Nov 09:14:07" on another day. */
export function absolute(at, now = Date.now()) {
  const [p, q] = [parts(at, { ...DIGITS, month: "short" }), parts(now, { ...DIGITS, month: "short" })];
  const clock = `${p.hour}:${p.minute}:${p.second}`;
  const sameDay = p.day === q.day && p.month === q.month && p.year === q.year;
  return sameDay ? clock : `${p.day} ${p.month}${p.year === q.year ? "" : ` ${p.year}`} ${clock}`;
}

/** Calendar fields of a moment in the chosen zone, as numbers. */
export function calendar(at) {
  const p = parts(at, { ...DIGITS, weekday: "short" });
  return { year: +p.year, month: +p.month, day: +p.day, hour: +p.hour, minute: +p.minute, weekday: p.weekday };
}

/** A label for a chart axis. */
export function axisTime(at, step) {
  // Where a zone is half an hour off, rollups of whole hours begin a day a little before midnight.
  const p = parts(step >= 86_400_000 ? at + 3_600_000 : at, { ...DIGITS, month: "short" });
  if (step >= 86_400_000) return `${+p.day} ${p.month}`;
  return p.hour === "00" && p.minute === "00" ? `${+p.day} ${p.month}` : `${p.hour}:${p.minute}`;
}

/** What `<input type="datetime-local">` holds for a moment in the chosen zone, and back. */
export function toLocalInput(at) {
  const p = parts(at, DIGITS);
  return `${p.year}-${p.month}-${p.day}T${p.hour}:${p.minute}`;
}

export function fromLocalInput(text) {
  const wanted = Date.parse(`${text}Z`);
  if (Number.isNaN(wanted)) return null;
  // Two steps find the offset that holds at the wanted wall clock time.
  let at = wanted;
  for (let i = 0; i < 2; i += 1) at = wanted - (Date.parse(`${toLocalInput(at)}Z`) - Math.floor(at / 60_000) * 60_000);
  return at;
}

/** Text for one line of the interface: controls and direction overrides become visible escapes,
 * so that a recorded value cannot reorder or hide what stands beside it. */
export function visible(text) {
  // eslint-disable-next-line no-control-regex
  // The joiner inside an emoji joins nothing else.
  return String(text ?? "").replace(/(?!(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\ufe0f])\u200d\p{Extended_Pictographic})[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** The same for texts of several lines: line ends and tabs stay. */
export const visibleLines = (text) => String(text ?? "").replace(/\r\n/g, "\n").split(/([\n\t])/).map((piece) =>
  piece === "\n" || piece === "\t" ? piece : visible(piece)).join("");
