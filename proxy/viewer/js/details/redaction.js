// Redaction marks: `[REDACTED:3f9a1c2e]` inside recorded texts, shown as what they are.

import { h, icon } from "../dom.js";
import { visibleLines } from "../format.js";

const MARK = /\[REDACTED(?::([0-9a-f]{4,}))?[^\]\n]{0,40}\]/g;
export const hasMark = (text) => /\[REDACTED/.test(text);

const RULES = {
  header: "a header that carries credentials", cookie: "a cookie", name: "a field with a secret's name", shape: "a known credential's form",
  card: "a card number", taint: "equal to a value cut elsewhere in this exchange", path: "a secret in the path", userinfo: "a password in a URL",
};

/** Which rule cut the value at `place` (`request.headers.Authorization`, `response.body.card.number`). */
export function ruleAt(places, place) {
  const wanted = normal(place);
  let best = null;
  for (const [where, rule] of places ?? []) {
    const known = normal(where);
    if (known === wanted) return rule;
    if (wanted.startsWith(known) && (!best || known.length > best[0].length)) best = [known, rule];
  }
  return best?.[1] ?? null;
}

const normal = (place) => place.toLowerCase().replace(/^(request|response)_/, "$1.").replace(/\[(\d+|\*)?\]/g, ".$1").replace(/\.+/g, ".");

/** A text as nodes, with its redaction marks told apart and explained on hover and to screen readers. */
export function marked(text, place, places) {
  const nodes = [];
  let at = 0;
  for (const match of text.matchAll(MARK)) {
    if (match.index > at) nodes.push(visibleLines(text.slice(at, match.index)));
    nodes.push(mark(match[1], ruleAt(places, place)));
    at = match.index + match[0].length;
  }
  if (at < text.length) nodes.push(visibleLines(text.slice(at)));
  return nodes;
}

function mark(fingerprint, rule) {
  const why = rule ? `Redacted: ${RULES[rule] ?? rule}` : "Redacted";
  const same = fingerprint ? `. Equal values have the fingerprint ${fingerprint}` : "";
  return h("span", { class: "redacted", title: why + same }, h("span", { class: "sr" }, "redacted "), icon("lock"), fingerprint ?? "redacted");
}
