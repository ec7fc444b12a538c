// The search field: free words and the `key:value` language, with suggestions of keys and values.
// An ARIA combobox: the focus stays in the field, the arrow keys move in the list.

import { h, icon } from "../dom.js";
import { count as grouped, visible } from "../format.js";
import { COLUMNS } from "../filters.js";

const MULTIPLE = new Set(Object.keys(COLUMNS));

/** Splits `free words status:failed -host:x "a b"` into tokens with their place in the text. */
export function tokens(text) {
  const found = [];
  for (const match of text.matchAll(/(-?)(?:([A-Za-z_]+):)?(?:"([^"]*)"?|([^\s"]\S*))?/g)) {
    if (!match[0]) continue;
    found.push({ text: match[0], start: match.index, minus: match[1] === "-", key: match[2]?.toLowerCase(), value: match[3] ?? match[4] ?? "" });
  }
  return found;
}

/** What a typed text means: column values to add to the filter, and the rest for `q`. */
export function understand(text) {
  const columns = [];
  const rest = [];
  for (const token of tokens(text)) {
    if (!token.minus && MULTIPLE.has(token.key) && token.value) columns.push([token.key, token.value]);
    else rest.push(token.text);
  }
  return { columns, q: rest.join(" ") };
}

const quote = (value) => (/[\s"]/.test(value) ? `"${value.replaceAll('"', "")}"` : value);

/**
 * The field. `onSubmit(text)` when Enter is pressed; `values(key)` resolves to `[{value, count}]`;
 * `known()` is what was counted already, `{key: [{value, count}]}`: a free word is looked for in it.
 */
export function searchBox({ onSubmit, values, known = () => ({}) }) {
  const list = h("div", { class: "suggestions", role: "listbox", id: "suggestions", "aria-label": "Suggestions", hidden: true });
  const input = h("input", {
    class: "field", type: "search", role: "combobox", id: "search", placeholder: "Search, or status:failed host:api.stripe.com -method:GET",
    "aria-label": "Search activities", "aria-autocomplete": "list", "aria-controls": "suggestions", "aria-expanded": "false",
    autocomplete: "off", spellcheck: "false", enterkeyhint: "search",
  });
  const box = h("div", { class: "search", role: "search" }, icon("search"), input, h("kbd", { "aria-hidden": "true" }, "/"), list);
  let chosen = -1;
  let turn = 0;
  const asked = new Map();

  const close = () => {
    turn += 1;
    list.hidden = true;
    chosen = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };

  const choose = (index) => {
    chosen = index;
    [...list.children].forEach((option, i) => {
      option.setAttribute("aria-selected", String(i === index));
      if (i === index) { input.setAttribute("aria-activedescendant", option.id); option.scrollIntoView({ block: "nearest" }); }
    });
  };

  const under = () => tokens(input.value).find((token) => input.selectionStart >= token.start && input.selectionStart <= token.start + token.text.length)
    ?? { text: "", start: input.selectionStart ?? input.value.length, key: undefined, value: "" };

  const accept = (insert, open) => {
    const token = under();
    const before = input.value.slice(0, token.start);
    const after = input.value.slice(token.start + token.text.length).trimStart();
    const text = `${before}${token.minus ? "-" : ""}${insert}${open ? "" : " "}`;
    input.value = text + after;
    input.setSelectionRange(text.length, text.length);
    if (open) suggest();
    else close();
  };

  const show = (options) => {
    // What was chosen with the arrow keys stays chosen while the list under it is renewed.
    const kept = options.findIndex((option) => option.label === list.children[chosen]?.dataset.label);
    chosen = -1;
    list.replaceChildren(...options.map((option, i) => h("div", {
      role: "option", id: `suggestion-${i}`, "aria-selected": "false", dataset: { label: option.label },
      onmousedown: (event) => { event.preventDefault(); accept(option.insert, option.open); },
    }, h("b", {}, visible(option.label)), h("span", { class: "dim" }, option.hint))));
    list.hidden = options.length === 0;
    input.setAttribute("aria-expanded", String(options.length > 0));
    if (kept >= 0) choose(kept);
  };

  async function suggest() {
    const mine = (turn += 1);
    const token = under();
    if (token.key && COLUMNS[token.key]) {
      if (!asked.has(token.key)) asked.set(token.key, values(token.key).catch(() => []));
      const found = await asked.get(token.key);
      if (mine !== turn) return;
      const begun = token.value.toLowerCase();
      show(found.filter(({ value }) => String(value).toLowerCase().includes(begun)).slice(0, 12).map((one) => valueOption(token.key, one, token.minus)));
      return;
    }
    const begun = token.text.replace(/^-/, "").toLowerCase();
    const keys = Object.entries(COLUMNS).filter(([key, label]) => key.startsWith(begun) || (begun && label.toLowerCase().startsWith(begun)))
      .slice(0, begun ? 6 : 9).map(([key, label]) => ({ label: `${token.minus ? "-" : ""}${key}:`, insert: `${key}:`, hint: label, open: true }));
    show([...keys, ...(begun.length > 1 ? alike(begun, token.minus) : [])]);
  }

  const valueOption = (key, { value, count }, minus) => (
    { label: `${minus ? "-" : ""}${key}:${value}`, insert: `${key}:${quote(String(value))}`, hint: count === undefined ? "" : grouped(count) });

  /** Values whose words begin like a free word: "stri" may well mean the integration Stripe. */
  function alike(begun, minus) {
    const fits = (value) => String(value).toLowerCase().split(/[^\p{L}\p{N}]+/u).some((word) => word.startsWith(begun));
    return Object.entries(known()).filter(([key]) => COLUMNS[key])
      .flatMap(([key, list]) => list.filter(({ value }) => fits(value)).slice(0, 3).map((one) => valueOption(key, one, minus))).slice(0, 6);
  }

  input.addEventListener("input", suggest);
  input.addEventListener("focus", () => { asked.clear(); suggest(); });
  input.addEventListener("blur", close);
  input.addEventListener("keydown", (event) => {
    const size = list.hidden ? 0 : list.children.length;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!size) return;
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      choose((chosen + step + (chosen < 0 && step < 0 ? 1 : 0) + size) % size);
    } else if ((event.key === "Enter" || event.key === "Tab") && chosen >= 0) {
      event.preventDefault();
      list.children[chosen].dispatchEvent(new MouseEvent("mousedown", { cancelable: true }));
    } else if (event.key === "Enter") {
      close();
      onSubmit(input.value.trim());
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    } else if (event.key === "Escape") {
      input.blur();
    }
  });
  // The cross that browsers put into search fields.
  input.addEventListener("search", () => input.value === "" && onSubmit(""));
  return Object.assign(box, {
    focusField: () => { input.focus(); input.select(); },
    /** While someone types, only `force` changes what they see. */
    setText: (text, force = false) => { if (force || document.activeElement !== input) input.value = text; },
  });
}
