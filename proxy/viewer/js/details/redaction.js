// Redaction marks: `[REDACTED:3f9a1c2e]` inside recorded texts, shown as what they are.

import { h, icon } from "../dom.js";
import { visible, visibleLines } from "../format.js";

const MARK = /\[REDACTED(?::([0-9a-f]{4,}))?[^\]\n]{0,40}\]/g;
export const hasMark = (text) => /\[REDACTED/.test(text);

/** What cut a value, by the first word of its rule: `name:password`, `shape:stripe`, `card`. */
const RULES = {
  authorization: "credentials of a request", cookie: "a cookie", name: "a field with a secret's name", shape: "the form of a known credential",
  card: "a card number", iban: "an account number", email: "an e-mail address", taint: "equal to a value cut elsewhere in this exchange", userinfo: "a user or password in a URL",
  "path template": "a secret in the path", sql: "a password in a statement", packed: "packed data that holds a secret", "private key": "a private key",
};

/** Which rule cut the value at `place` (`request.headers.Authorization`, `response.body.list[2].number`); null: unknown. */
export function ruleAt(places, place) {
  const wanted = normal(place);
  let best = [];
  for (const [where, rule] of places ?? []) {
    const known = normal(where);
    if (known !== wanted && !wanted.startsWith(`${known}.`)) continue;
    // The nearest place counts; a header with several cookies has several rules.
    if (known.length > (best[0]?.[0].length ?? 0)) best = [[known, rule]];
    else if (known === best[0][0]) best.push([known, rule]);
  }
  return best.length ? [...new Set(best.map(([, rule]) => rule))].map(inWords).join(", or ") : null;
}

export function inWords(rule) {
  const [kind, ...detail] = rule.split(":");
  return `${RULES[kind] ?? kind}${detail.length ? ` (${visible(detail.join(":"))})` : ""}`;
}

const normal = (place) => place.toLowerCase().replace(/^(request|response)_/, "$1.").replace(/\[(\d+|\*)?\]/g, "").replace(/\["(.*?)"\]/g, ".$1");

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
  const why = rule ? `Redacted: ${rule}` : "Redacted";
  const same = fingerprint ? `. Equal values have the fingerprint ${fingerprint}` : "";
  return h("span", { class: "redacted", title: why + same }, h("span", { class: "sr" }, "redacted "), icon("lock"), fingerprint ?? "redacted");
}
